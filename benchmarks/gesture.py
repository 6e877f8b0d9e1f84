"""Seconds to compile the DVS Gesture network and to run a recording of 1.45 s, beside a calibration loop.

Usage: python -m benchmarks.gesture [CONFORMANCE_FOLDER]
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from time import perf_counter

import neurodeploy as nd
from benchmarks.timing import GESTURE, ROUNDS, calibration, conformance_folder
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.samples import find_samples


def timed(call: Callable[[], float]) -> str:
    """Median, least and most of five rounds."""
    seconds = [call() for _ in range(ROUNDS)]
    return f"{statistics.median(seconds):7.3f} s  ({min(seconds):.3f} … {max(seconds):.3f})"


def main() -> None:
    """Print the table."""
    folder = conformance_folder(sys.argv[1:])

    def compiling() -> float:
        started = perf_counter()
        nd.compile(GESTURE.network(folder))
        return perf_counter() - started

    program = nd.compile(GESTURE.network(folder))
    (sample,) = find_samples(folder / "datasets/dvs_gesture/1.bs2")
    emulator, reference = Session(program, "emulator"), Session(program, "reference")
    print(f"calibration loop                       {timed(calibration)}")
    print(f"read and compile the gesture network   {timed(compiling)}")
    print(f"emulator, 1,450 steps on one core      {timed(lambda: emulator.run(sample).seconds)}")
    print(f"reference, 1,450 steps, once           {reference.run(sample).seconds:7.3f} s")


if __name__ == "__main__":
    main()
