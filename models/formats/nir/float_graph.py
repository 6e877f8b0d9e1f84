"""The discretised graph in floating point: what a NIR graph means once a time step and a rule are chosen.

It is what frameworks compute to float tolerance, and what the integer network is derived from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError
from neurodeploy.network import Dense, Shape, Synapse, connections

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FloatNeuron:
    """Coefficients of a linear neuron with a threshold; x is the input of a step, u and v start at 0::

        u ← keep_current · u + current_gain · x
        v ← keep_voltage · v + voltage_gain · u + leak
        spike ⇔ v > threshold (strictly), and then v ← reset

    Each is an array of shape () or (neurons,); a threshold of +∞ is a read-out that never fires.
    """

    keep_current: Floats
    current_gain: Floats
    keep_voltage: Floats
    voltage_gain: Floats
    leak: Floats
    threshold: Floats
    reset: Floats

    @property
    def fires(self) -> bool:
        """Whether any neuron has a threshold that can be reached."""
        return bool(np.any(np.isfinite(self.threshold)))


@dataclass(frozen=True, eq=False)
class FloatPopulation:
    """Neurons of one node.

    Args:
        name: the node's.
        shape: (neurons,) or (channels, height, width).
        neuron: None for the input.
        constant: part of x that is there in every step (biases of Affine and Conv nodes), () or (neurons,).
        delay: extra steps between a spike and its delivery, () or (neurons,).
    """

    name: str
    shape: Shape
    neuron: FloatNeuron | None
    constant: Floats
    delay: Integers

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return prod(self.shape)


@dataclass(frozen=True, eq=False)
class FloatProjection:
    """Weights between two populations: a spike of `source` adds them to x of `target`."""

    source: str
    target: str
    synapse: Synapse


@dataclass(frozen=True, eq=False)
class FloatGraph:
    """A discretised graph.

    Args:
        populations: the input first, then so that projections lead forward, except those that close a cycle.
        projections: in any order.
        output: name of the population whose spikes (or voltages) are the output.
        step_ms: length of a step.
        notes: what was assumed on the way.
    """

    populations: tuple[FloatPopulation, ...]
    projections: tuple[FloatProjection, ...]
    output: str
    step_ms: float
    notes: tuple[str, ...] = ()

    def forward(self, projection: FloatProjection) -> bool:
        """Whether a projection leads to a later population."""
        names = [p.name for p in self.populations]
        return names.index(projection.source) < names.index(projection.target)

    def depths(self) -> dict[str, int]:
        """Longest number of forward projections from the input to every population."""
        order = {p.name: i for i, p in enumerate(self.populations)}
        depth = dict.fromkeys(order, 0)
        for name, place in order.items():
            sources = [p.source for p in self.projections if p.target == name and order[p.source] < place]
            depth[name] = max((depth[source] + 1 for source in sources), default=0)
        return depth


@dataclass(frozen=True, eq=False)
class FloatRun:
    """What happened: by population, spikes bool and voltages after each step, both (steps, neurons)."""

    spikes: Mapping[str, NDArray[np.bool_]]
    voltages: Mapping[str, Floats]


def run(graph: FloatGraph, values: Floats, *, hops: bool = False) -> FloatRun:
    """Step a graph.

    Args:
        graph: discretised.
        values: input, (steps, neurons).
        hops: False: a layer sees the spikes that the layer before it emits in the same step, and a cycle is closed
            by the step before, as frameworks do. True: every spike is delivered one step after it was emitted, as
            on the chip (input in its own step).

    Raises:
        DataError: an input of another width.
    """
    if values.ndim != 2 or values.shape[1] != graph.populations[0].neurons:
        raise DataError("input", f"has shape {values.shape}", f"give (steps, {graph.populations[0].neurons})")
    steps = len(values)
    history = {p.name: np.zeros((steps, p.neurons)) for p in graph.populations}
    voltages = {p.name: np.zeros((steps, p.neurons)) for p in graph.populations[1:]}
    history[graph.populations[0].name][:] = values
    into = {
        p.name: [(_Product(q, graph), _lag(graph, q, hops)) for q in graph.projections if q.target == p.name]
        for p in graph.populations
    }
    current = {p.name: np.zeros(p.neurons) for p in graph.populations}
    voltage = {p.name: np.zeros(p.neurons) for p in graph.populations}
    for step in range(steps):
        for population in graph.populations[1:]:
            name, neuron = population.name, population.neuron
            assert neuron is not None
            x = np.broadcast_to(population.constant, (population.neurons,)).copy()
            for product, lag in into[name]:
                x += product.of(history[product.source], step - lag)
            current[name] = neuron.keep_current * current[name] + neuron.current_gain * x
            v = neuron.keep_voltage * voltage[name] + neuron.voltage_gain * current[name] + neuron.leak
            fired = v > neuron.threshold
            voltage[name] = np.where(fired, neuron.reset, v)
            history[name][step], voltages[name][step] = fired, voltage[name]
    return FloatRun({name: rows != 0 for name, rows in history.items()}, voltages)


def _lag(graph: FloatGraph, projection: FloatProjection, hops: bool) -> int:
    """Steps that a spike takes along a projection beside its axonal delay."""
    if hops:
        return 0 if projection.source == graph.populations[0].name else 1
    return 0 if graph.forward(projection) else 1


class _Product:
    """Weights of a projection times what its source emitted."""

    def __init__(self, projection: FloatProjection, graph: FloatGraph) -> None:
        source = next(p for p in graph.populations if p.name == projection.source)
        target = next(p for p in graph.populations if p.name == projection.target)
        self.source = projection.source
        self._delay = np.broadcast_to(source.delay, (source.neurons,))
        self._targets = target.neurons
        self._dense = projection.synapse.weight if isinstance(projection.synapse, Dense) else None
        self._listed = None if self._dense is not None else connections(projection.synapse, source.shape)

    def of(self, history: Floats, step: int) -> Floats:
        """The input that what was emitted in `step`, or a delay earlier, gives the target neurons."""
        sent = step - self._delay
        values = np.where(sent >= 0, history[np.maximum(sent, 0), np.arange(history.shape[1])], 0.0)
        if self._dense is not None:
            return np.asarray(self._dense @ values, np.float64)
        assert self._listed is not None
        weighted = self._listed.weight * values[self._listed.source]
        return np.bincount(self._listed.target, weighted, self._targets).astype(np.float64)
