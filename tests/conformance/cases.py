"""The conformance cases: real networks with their recordings, compiled once, and what they must give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.spikes.events import Events

BACKENDS = ("reference", "emulator", "torch")

GESTURE_ARCH = "128x128x2-4a-16c5z-2a-32c3z-2a-512-11"
NMNIST_ARCH = "34x34x2-512-10"


@dataclass(frozen=True)
class Case:
    """A network that `load` can read, and how."""

    folder: str
    arch: str | None = None


CASES = {
    "gesture": Case("slayer_loihi/dvs_gesture_cnn", GESTURE_ARCH),
    "nmnist": Case("slayer_loihi/nmnist_mlp", NMNIST_ARCH),
    "oxford": Case("slayer_loihi/oxford/oxfordNet.pt"),
}


@cache
def network(name: str, conformance: Path) -> Network:
    """The network of a case, as its file has it."""
    case = CASES[name]
    return api.read(conformance / case.folder, case.arch).network


@cache
def program(name: str, conformance: Path) -> nd.Program:
    """The network of a case, compiled."""
    return nd.compile(network(name, conformance))


def chip_recording_network(folder: Path) -> Network:
    """The 250-25-1 network of the chip recording; weights are `round(4 w / 2) · 2` of what was learned."""
    neuron = CubaLif(1024, 128, 80)
    weights = [(np.rint(4 * np.loadtxt(folder / f"w{i}learned.txt", ndmin=2) / 2) * 2).astype(int) for i in (1, 2)]
    return Network(
        (Population("input", shape=(250,)), Population("hidden", neuron), Population("output", neuron)),
        (Projection("input", "hidden", Dense(weights[0])), Projection("hidden", "output", Dense(weights[1]))),
        timestep_ms=0.1,
        steps=499,
    )


def chip_recording_events(folder: Path) -> Events:
    """Its input: times in ms and neurons from 1, shifted as on the chip."""
    time_ms, neuron = np.loadtxt(folder / "spikeIn.txt").T
    step = np.rint(time_ms / 0.1).astype(int) + 49
    kept = step < 499
    return Events(step[kept], neuron[kept].astype(int) - 1)
