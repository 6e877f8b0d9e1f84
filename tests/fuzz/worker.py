"""Reads damaged files in a process of its own, which may crash, hang or ask for memory without harm to the tests.

Run as `python -m tests.fuzz.worker KIND FIRST END FOLDER`. Case n is the same file every time. Standard output gets
one JSON object a line: `{"case": n}` before each reading, so that a death can be laid to its file; at the end
`{"accepted", "refused", "slowest"}`.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from types import FrameType

import numpy as np

from neurodeploy.errors import NeurodeployError
from tests.fuzz.seeds import Files, Kind, kinds

#: Of processor time, which a busy machine does not change; and of real time, for a reading that waits.
SECONDS, REAL_SECONDS = 5, 60
MEMORY = 2**30


class TooSlowError(BaseException):
    """A reading that takes longer than it may; no `except Exception` catches it."""


def main(name: str, first: int, end: int, folder: Path) -> None:
    """Read the cases `first` … `end` − 1 of a kind."""
    warnings.simplefilter("ignore")
    kind = next(kind for kind in kinds() if kind.name == name)
    seeds = kind.seeds(folder)
    for seed in seeds:
        kind.read(_written(seed, folder))  # valid, and whatever is imported when used is imported now
    _limit_memory()
    signal.signal(signal.SIGPROF, _too_slow)
    signal.signal(signal.SIGALRM, _too_slow)
    counts = {"accepted": 0, "refused": 0, "slowest": 0.0}
    for case in range(first, end):
        print(json.dumps({"case": case}), flush=True)
        _read(kind, damaged(kind, seeds, case), folder, counts)
    print(json.dumps(counts), flush=True)


def damaged(kind: Kind, seeds: Sequence[Files], case: int) -> Files:
    """The files of a case: one of a seed's is damaged."""
    random = np.random.default_rng(case)
    files = dict(seeds[case % len(seeds)])
    name = sorted(files)[int(random.integers(len(files)))]
    others = [data for seed in seeds for data in seed.values()]
    return files | {name: kind.damage(files[name], others, random)}


def _read(kind: Kind, files: Files, folder: Path, counts: dict[str, float]) -> None:
    path = _written(files, folder)
    started = perf_counter()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, REAL_SECONDS)
    try:
        kind.read(path)
        counts["accepted"] += 1
    except NeurodeployError:
        counts["refused"] += 1
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    counts["slowest"] = max(counts["slowest"], perf_counter() - started)


def _written(files: Files, folder: Path) -> Path:
    place = folder / "damaged"
    place.mkdir(exist_ok=True)
    for name, data in files.items():
        (place / name).write_bytes(data)
    return place if len(files) > 1 else place / next(iter(files))


def _limit_memory() -> None:
    """No more than MEMORY beyond what the process has mapped by now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _too_slow(signum: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"signal {signum}: more than {SECONDS} s of processor time, or {REAL_SECONDS} s")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
