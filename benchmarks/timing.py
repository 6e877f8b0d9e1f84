"""What the benchmarks share: rounds of timings taken in turns, the networks and recordings they run on."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import neurodeploy as nd
from neurodeploy.emulator.engine import Emulator, Image
from neurodeploy.network import Network
from neurodeploy.runtime.session import stimulus
from neurodeploy.spikes.events import Events
from neurodeploy.spikes.samples import find_samples

ROUNDS = 5


@dataclass(frozen=True)
class Case:
    """A published network of the conformance data: folders of its weights and recordings, layers, steps of one."""

    title: str
    folder: str
    data: str
    arch: str
    steps: int

    def network(self, conformance: Path) -> Network:
        """The integer network."""
        network = nd.load(conformance / "slayer_loihi" / self.folder, arch=self.arch)
        assert isinstance(network, Network)
        return network

    def recordings(self, conformance: Path, network: Network, count: int) -> list[Events]:
        """The first recordings."""
        files = sorted((conformance / "datasets" / self.data).glob("*.bs2"))[:count]
        samples = [find_samples(file)[0] for file in files]
        return [stimulus(sample, network, "or").events.within(self.steps)[0] for sample in samples]


GESTURE = Case("DVS Gesture", "dvs_gesture_cnn", "dvs_gesture", "128x128x2-4a-16c5z-2a-32c3z-2a-512-11", 1450)
NMNIST = Case("N-MNIST", "nmnist_mlp", "nmnist", "34x34x2-512-10", 300)


def conformance_folder(arguments: list[str]) -> Path:
    """The first argument, else what NEURODEPLOY_CONFORMANCE says, else the folder beside the repository."""
    default = os.environ.get("NEURODEPLOY_CONFORMANCE", Path(__file__).resolve().parents[2] / "shared" / "conformance")
    return Path(arguments[0] if arguments else default)


def calibration() -> float:
    """Seconds of a fixed pure-Python loop: what a second on this machine is worth."""
    started = perf_counter()
    total = 0
    for i in range(5_000_000):
        total += i & 7
    return perf_counter() - started


def machine() -> str:
    """What the machine has to do besides, and what a second on it is worth."""
    return f"calibration loop {calibration():.2f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"


def stepping(image: Image, events: Events, steps: int) -> float:
    """Seconds that a recording takes from zero state."""
    emulator = Emulator(image)
    started = perf_counter()
    emulator.advance(events, steps)
    return perf_counter() - started


def rounds(*calls: Callable[[], float]) -> list[list[float]]:
    """Seconds of each call, turns taken; a first round warms up and does not count."""
    table = [[call() for call in calls] for _ in range(ROUNDS + 1)]
    return [list(column) for column in zip(*table[1:], strict=True)]


def ratio(above: list[float], below: list[float]) -> float:
    """The median of each round's ratio, so that what slows a whole round down does not count."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))
