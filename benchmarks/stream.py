"""What streaming costs: the gesture network on events in pieces, beside the same events in one call of the core.

Usage: python -m benchmarks.stream [CONFORMANCE_FOLDER]

Recording 1 four times, each behind the one before. Medians of five rounds, taken in turns; wall time, with everything
but loading the program.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

import neurodeploy as nd
from benchmarks.timing import GESTURE, ROUNDS, conformance_folder
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.runtime.pieces import Piece
from neurodeploy.runtime.probe_file import ProbeFile
from neurodeploy.runtime.run import RunOptions
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.events import Events
from neurodeploy.spikes.pipe import read_events, written

STEPS, REPEATS, BLOCK = GESTURE.steps, 4, 1 << 16
END = STEPS * REPEATS


def pieces(events: Events, size: int) -> Iterator[Events]:
    for first in range(0, len(events), size):
        yield events.between(first, min(first + size, len(events)))


def piped(data: bytes, form: str) -> Iterator[tuple[Events, int]]:
    blocks = iter([data[i : i + BLOCK] for i in range(0, len(data), BLOCK)])
    return read_events(lambda: next(blocks, b""), form)


def consume(session: Session, source: Iterator[Piece] | Iterator[tuple[Events, int]]) -> None:
    for _ in session.stream().run(source, END):
        pass


def recorded(session: Session, source: Iterator[Piece]) -> None:
    with tempfile.TemporaryDirectory() as folder, ProbeFile(Path(folder) / "run.h5") as file:
        stream = session.stream()
        stream.record(file)
        for _ in stream.run(source, END):
            pass


def ways(program: nd.Program, events: Events) -> dict[str, Callable[[], object]]:
    """What is compared, by name; the first is what the others are measured by."""
    image, session = load(program), Session(program)
    probing = Session(program, options=RunOptions(probes=("fc1.u", "fc1.v", "conv2.spikes")))
    data = {form: written(events.step, events.neuron, None, form) for form in ("text", "binary")}
    return {
        "one call of the core": lambda: Emulator(image).advance(events, END),
        "pieces of 1,000 events": lambda: consume(session, pieces(events, 1000)),
        "pieces of 10,000 events": lambda: consume(session, pieces(events, 10_000)),
        "binary, 64 KiB at a time": lambda: consume(session, piped(data["binary"], "binary")),
        "text, 64 KiB at a time": lambda: consume(session, piped(data["text"], "text")),
        "pieces of 10,000 events, probes to HDF5": lambda: recorded(probing, pieces(events, 10_000)),
    }


def main() -> None:
    folder = conformance_folder(sys.argv[1:])
    network = GESTURE.network(folder)
    program = nd.compile(network)
    (once,) = GESTURE.recordings(folder, network, 1)
    step = np.concatenate([once.step + i * STEPS for i in range(REPEATS)])
    events = Events(step, np.tile(once.neuron, REPEATS))
    print(f"{len(events):,} events in {END:,} steps")
    runs = ways(program, events)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            started = perf_counter()
            run()
            seconds[name].append(perf_counter() - started)
    base = statistics.median(seconds["one call of the core"])
    for name, rounds in seconds.items():
        median = statistics.median(rounds)
        print(f"{name:<42}{1e3 * median:8.1f} ms {END / median:10,.0f} steps/s {median / base:6.2f}")


if __name__ == "__main__":
    main()
