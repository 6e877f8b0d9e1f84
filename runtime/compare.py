"""Verification: two backends side by side on the same input, and the first thing in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Chunk, Options, Spikes
from neurodeploy.errors import OptionError
from neurodeploy.network import Network
from neurodeploy.precision import STATE_BITS, VOLTAGE_LIMIT, IntArray
from neurodeploy.runtime.backend import open_backend
from neurodeploy.runtime.run import RunOptions, default_steps
from neurodeploy.runtime.session import Input, stimulus

SCHEMA = "neurodeploy.verify/1"
#: u and v of every neuron are held for so many steps at a time.
CHUNK_STEPS = 64


@dataclass(frozen=True)
class Difference:
    """The first difference: where, when, in what, and what each backend has there."""

    recording: str | None
    population: str
    neuron: int
    step: int
    variable: str
    values: tuple[int, int]
    likely_cause: str


@dataclass
class _Layer:
    """What has been counted for one population."""

    spikes: list[int] = field(default_factory=lambda: [0, 0])
    differing: int = 0
    first_step: int | None = None


@dataclass(frozen=True)
class Verification:
    """The answer of `verify`.

    Attributes:
        backends: the two names.
        spikes_compared: spikes of the first backend that were looked for in the second, host input left out.
        states_compared: values of u and v compared.
        layers: per population: name, spikes of each backend, differing spikes, first step of a difference.
        first_difference: None when all are equal.
    """

    backends: tuple[str, str]
    spikes_compared: int
    states_compared: int
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
            "offset_steps": dict.fromkeys(self.backends, 0),
            "layers": list(self.layers),
            "first_difference": first
            and {
                "backends": list(self.backends),
                "recording": first.recording,
                "population": first.population,
                "neuron": first.neuron,
                "step": first.step,
                "variable": first.variable,
                "values": list(first.values),
                "likely_cause": first.likely_cause,
            },
        }


class Verifier:
    """Two backends with the same program; feed it recordings, then ask for the result.

    Raises:
        OptionError: not exactly two different backends.
    """

    def __init__(self, program: Program, backends: Sequence[str], options: RunOptions | None = None) -> None:
        if len(backends) != 2 or backends[0] == backends[1]:
            raise OptionError(
                "backends", f"{', '.join(backends) or 'none'} given", "name two different ones, as reference,emulator"
            )
        self._options = options or RunOptions()
        self._network = program.network
        self._names = (backends[0], backends[1])
        bits = Options(self._options.profile, self._options.drop_first_step)
        self._backends = [open_backend(name, program, bits) for name in backends]
        self._layers = [_Layer() for _ in program.network.populations]
        self._states = 0
        self._first: Difference | None = None

    def compare(self, data: Input) -> None:
        """Run one recording in both backends and count what differs."""
        given = stimulus(data, self._network, self._options.binning)
        given.events.check(self._network.input.neurons)
        steps = self._options.steps or given.steps or default_steps(self._network, given.events, self._options)
        events, _ = given.events.within(steps)
        simulations = [backend.simulation() for backend in self._backends]
        recorded = [i for i, p in enumerate(self._network.populations) if p.neuron is not None]
        for first in range(0, steps, CHUNK_STEPS):
            count = min(CHUNK_STEPS, steps - first)
            low, high = (int(i) for i in np.searchsorted(events.step, (first, first + count)))
            left, right = (s.advance(events.between(low, high), count, recorded) for s in simulations)
            self._states += 2 * count * sum(self._network.populations[i].neurons for i in recorded)
            self._count(left, right)
            if self._first is None:
                self._first = _first_difference(self._network, left, right, given.file)

    def result(self) -> Verification:
        """What all recordings so far came to."""
        host_input = self._network.input.neuron is None
        counted = self._layers[1:] if host_input else self._layers
        names = [p.name for p in self._network.populations]
        return Verification(
            backends=self._names,
            spikes_compared=sum(layer.spikes[0] for layer in counted),
            states_compared=self._states,
            layers=tuple(
                {
                    "name": name,
                    "spikes": dict(zip(self._names, layer.spikes, strict=True)),
                    "differing": layer.differing,
                    "first_step": layer.first_step,
                }
                for name, layer in zip(names, self._layers, strict=True)
            ),
            first_difference=self._first,
        )

    def _count(self, left: Chunk, right: Chunk) -> None:
        for layer, a, b, population in zip(
            self._layers, left.spikes, right.spikes, self._network.populations, strict=True
        ):
            layer.spikes[0] += len(a.step)
            layer.spikes[1] += len(b.step)
            apart = np.setxor1d(a.step * population.neurons + a.neuron, b.step * population.neurons + b.neuron)
            layer.differing += len(apart)
            if len(apart) and layer.first_step is None:
                layer.first_step = int(apart[0]) // population.neurons


def _first_difference(network: Network, left: Chunk, right: Chunk, recording: str | None) -> Difference | None:
    """The earliest step; in it the first population, u before v before spikes, the lowest neuron."""
    found = []
    for i, population in enumerate(network.populations):
        rasters = [_dense(chunk.spikes[i], chunk, population.neurons) for chunk in (left, right)]
        pairs = {"spikes": (rasters[0], rasters[1])}
        if i in left.states:
            a, b = left.states[i], right.states[i]
            pairs = {"u": (a.u, b.u), "v": (a.v, b.v)} | pairs
        for rank, (name, (one, other)) in enumerate(pairs.items()):
            rows, neurons = np.nonzero(one != other)
            if len(rows):
                at = (int(rows[0]), int(neurons[0]))
                values = (int(one[at]), int(other[at]))
                found.append(
                    (
                        left.first + at[0],
                        i,
                        rank,
                        Difference(
                            recording,
                            population.name,
                            at[1],
                            left.first + at[0],
                            name,
                            values,
                            _likely_cause(name, values),
                        ),
                    )
                )
    return min(found, key=lambda row: row[:3])[3] if found else None


def _dense(spikes: Spikes, chunk: Chunk, neurons: int) -> IntArray:
    raster = np.zeros((chunk.steps, neurons), np.int64)
    raster[spikes.step - chunk.first, spikes.neuron] = 1
    return raster


def _likely_cause(variable: str, values: tuple[int, int]) -> str:
    """What two values of the first difference alone can tell."""
    if variable == "u" and (values[0] - values[1]) % 2**STATE_BITS == 0:
        return "wrap"
    if variable == "v" and VOLTAGE_LIMIT in (abs(values[0]), abs(values[1])):
        return "clip"
    return "threshold" if variable == "spikes" else "unknown"
