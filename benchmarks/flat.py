"""Mapped programs beside the same networks without a mapping, through the same core: equal bits, time as a ratio.

Usage: python -m benchmarks.flat [CONFORMANCE_FOLDER]

Recording 1 of each network; turns taken, medians of five rounds. Flat is one core without limits that holds every
population as a whole, each synapse's row uncut.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np

import neurodeploy as nd
from benchmarks.networks import flat_program
from benchmarks.timing import GESTURE, NMNIST, Case, conformance_folder, machine, ratio, rounds, stepping
from neurodeploy.emulator.engine import Emulator, Image, load
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events

#: Runs of a round, in which short recordings are repeated.
REPEATS = {GESTURE: 3, NMNIST: 100}


def bits(image: Image, events: Events, steps: int) -> list[IntArray]:
    """Every spike, the last u and v of every neuron, and what was counted."""
    emulator = Emulator(image)
    columns = [c for spikes in emulator.advance(events, steps).spikes for c in (spikes.step, spikes.neuron)]
    states = [emulator.state(i) for i in range(1, len(image.network.populations))]
    counters = emulator.counters()
    counted = [getattr(counters, field.name) for field in fields(counters)]
    return [*columns, *(c for state in states for c in (state.u, state.v)), *counted]


def measure(case: Case, folder: Path) -> None:
    """Print the lines of one network."""
    network = case.network(folder)
    program = nd.compile(network)
    mapped, flat = load(program), load(flat_program(network))
    (events,) = case.recordings(folder, network, 1)
    for a, b in zip(bits(mapped, events, case.steps), bits(flat, events, case.steps), strict=True):
        if not np.array_equal(a, b):
            raise AssertionError(f"{case.title}: the mapped program does otherwise than the flat network")
    repeats = REPEATS[case]

    def run(image: Image) -> float:
        return sum(stepping(image, events, case.steps) for _ in range(repeats)) / repeats

    taken = rounds(lambda: run(mapped), lambda: run(flat))
    one, other = (f"{1e3 * statistics.median(seconds):.2f} ms (best {1e3 * min(seconds):.2f})" for seconds in taken)
    print(f"{case.title}: {len(program.cores)} cores {one}, flat {other}, ratio {ratio(*taken):.2f}; bits equal")


def main() -> None:
    """Print a line per network."""
    print(f"Mapped and flat; {machine()}")
    folder = conformance_folder(sys.argv[1:])
    for case in (GESTURE, NMNIST):
        measure(case, folder)


if __name__ == "__main__":
    main()
