"""Seconds to compile the DVS Gesture network and to run a recording of 1.45 s, beside a calibration loop.

Usage: python benchmarks/gesture.py [CONFORMANCE_FOLDER]
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import neurodeploy as nd
from neurodeploy.network import Network
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.samples import find_samples

ARCH = "128x128x2-4a-16c5z-2a-32c3z-2a-512-11"
ROUNDS = 5


def calibration() -> float:
    """Seconds of a fixed pure-Python loop: what a second on this machine is worth."""
    started = perf_counter()
    total = 0
    for i in range(5_000_000):
        total += i & 7
    return perf_counter() - started


def timed(call: Callable[[], float]) -> str:
    """Median, least and most of five rounds."""
    seconds = [call() for _ in range(ROUNDS)]
    return f"{statistics.median(seconds):7.3f} s  ({min(seconds):.3f} … {max(seconds):.3f})"


def main() -> None:
    """Print the table."""
    default = os.environ.get("NEURODEPLOY_CONFORMANCE", Path(__file__).resolve().parents[2] / "shared" / "conformance")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else default)

    def load() -> Network:
        network = nd.load(folder / "slayer_loihi/dvs_gesture_cnn", arch=ARCH)
        assert isinstance(network, Network)
        return network

    def compiling() -> float:
        started = perf_counter()
        nd.compile(load())
        return perf_counter() - started

    program = nd.compile(load())
    (sample,) = find_samples(folder / "datasets/dvs_gesture/1.bs2")
    emulator, reference = Session(program, "emulator"), Session(program, "reference")
    print(f"calibration loop                       {timed(calibration)}")
    print(f"read and compile the gesture network   {timed(compiling)}")
    print(f"emulator, 1,450 steps on one core      {timed(lambda: emulator.run(sample).seconds)}")
    print(f"reference, 1,450 steps, once           {reference.run(sample).seconds:7.3f} s")


main()
