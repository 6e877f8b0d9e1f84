"""Damaged files of every kind: refused with our own error or read, in time and within memory; never a crash."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fuzz.seeds import kinds

ROOT = Path(__file__).resolve().parents[2]
#: Cases in `make test`: of all kinds together, and of each kind that a process of its own parses.
CASES, CHILD_CASES = 2_000, 40
MANY_CASES, MANY_CHILD_CASES = 200_000, 10_000
BATCH = 5_000


def fuzz(name: str, first: int, end: int, folder: Path) -> dict[str, float]:
    """Read the cases in a process; fails with the case and the end of what the process said."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.fuzz.worker", name, str(first), str(end), str(folder)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 0, f"{name}, case {lines and lines[-1]}: {result.returncode} {result.stderr[-2000:]}"
    counts: dict[str, float] = lines[-1]
    return counts


def fuzz_all(cases: int, child_cases: int, folder: Path) -> str:
    """So many cases over all kinds; a table of what came of them."""
    names = {kind.name: kind.child for kind in kinds()}
    own = [name for name, child in names.items() if not child]
    each = -(-(cases - child_cases * (len(names) - len(own))) // len(own))
    jobs = [
        (name, first, min(first + BATCH, count))
        for name, child in names.items()
        for count in (child_cases if child else each,)
        for first in range(0, count, BATCH)
    ]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda job: fuzz(job[0], job[1], job[2], folder / f"{job[0]} {job[1]}"), jobs))
    rows = []
    for name in names:
        counts = [c for job, c in zip(jobs, found, strict=True) if job[0] == name]
        accepted, refused = (int(sum(c[what] for c in counts)) for what in ("accepted", "refused"))
        slowest = max(c["slowest"] for c in counts)
        rows.append(f"{name:16} {accepted:7,} read {refused:7,} refused, slowest {slowest:.2f} s")
        assert refused > accepted / 1000, f"{name}: hardly anything is refused"
    return "\n".join(rows)


def test_damaged_files(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    record_property("summary", fuzz_all(CASES, CHILD_CASES, tmp_path))


@pytest.mark.evidence
@pytest.mark.timeout(14400)
def test_many_damaged_files(
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("summary", fuzz_all(MANY_CASES, MANY_CHILD_CASES, tmp_path))
