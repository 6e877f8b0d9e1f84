"""The answer of `verify`: what was compared, what differed, and the first difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.emulator.simulation import Chunk, Spikes
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.shown import Shown

SCHEMA = "neurodeploy.verify/1"
_VARIABLES = ("u", "v", "spikes")


@dataclass(frozen=True)
class Difference:
    """The first difference: between which two, where, when, in what, what each has there, and why."""

    backends: tuple[str, str]
    recording: str | None
    population: str
    neuron: int
    step: int
    variable: str
    values: tuple[int, int]
    likely_cause: str = "unknown"


@dataclass(frozen=True)
class Verification(Shown, drawn_by="neurodeploy.plotting.answers"):
    """The answer of `verify`.

    Attributes:
        backends: the names, the yardstick first.
        spikes_compared: spikes of the yardstick that were looked for in every other one, host input left out.
        states_compared: values of u and v of the yardstick that were compared with every other one's.
        offset_steps: by backend, how many steps late it ran where that alone explains its first difference, else 0.
        layers: per population: name, spikes of each backend, places where not all have one, first such step.
        first_difference: None when all are equal.
    """

    backends: tuple[str, ...]
    spikes_compared: int
    states_compared: int
    offset_steps: dict[str, int]
    layers: tuple[dict[str, Any], ...]
    first_difference: Difference | None

    @property
    def equal(self) -> bool:
        """Whether something was compared and nothing differed."""
        return self.first_difference is None and self.spikes_compared > 0

    def as_dict(self) -> dict[str, Any]:
        """The object of `verify --json`."""
        first = self.first_difference
        return {
            "schema": SCHEMA,
            "backends": list(self.backends),
            "equal": self.equal,
            "spikes_compared": self.spikes_compared,
            "states_compared": self.states_compared,
            "offset_steps": dict(self.offset_steps),
            "layers": list(self.layers),
            "first_difference": first
            and {
                "backends": list(first.backends),
                "recording": first.recording,
                "population": first.population,
                "neuron": first.neuron,
                "step": first.step,
                "variable": first.variable,
                "values": list(first.values),
                "likely_cause": first.likely_cause,
            },
        }


def order(network: Network, found: Difference) -> tuple[int, int, int]:
    """What comes first: the earliest step; in it the first population, u before v before spikes."""
    return found.step, network.index(found.population), _VARIABLES.index(found.variable)


def first_difference(network: Network, left: Chunk, right: Chunk) -> Difference | None:
    """The first difference of two chunks by `order`, then the lowest neuron; its backends are still to be named."""
    found = []
    for i, population in enumerate(network.populations):
        rasters = [_dense(chunk.spikes[i], chunk, population.neurons) for chunk in (left, right)]
        pairs = {"spikes": (rasters[0], rasters[1])}
        if i in left.states:
            a, b = left.states[i], right.states[i]
            pairs = {"u": (a.u, b.u), "v": (a.v, b.v)} | pairs
        for name, (one, other) in pairs.items():
            rows, neurons = np.nonzero(one != other)
            if len(rows):
                at = (int(rows[0]), int(neurons[0]))
                values = (int(one[at]), int(other[at]))
                found.append(Difference(("", ""), None, population.name, at[1], left.first + at[0], name, values))
    return min(found, key=lambda place: order(network, place)) if found else None


def _dense(spikes: Spikes, chunk: Chunk, neurons: int) -> IntArray:
    raster = np.zeros((chunk.steps, neurons), np.int64)
    raster[spikes.step - chunk.first, spikes.neuron] = spikes.payloads
    return raster
