"""What every population of neurons offers the reference emulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.emulator.snapshot import Kept
from neurodeploy.network import Population
from neurodeploy.precision import ACCUMULATOR_LIMIT, IntArray

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Input:
    """What reaches a population in a step, in units of u: q of each neuron, (neurons,); bias, () or (neurons,).

    `imaginary` is what imaginary projections deliver, (neurons,).
    """

    q: IntArray
    imaginary: IntArray
    bias: IntArray

    @property
    def overflowing(self) -> Flags:
        """Where |q| ≥ 2^21, (neurons,)."""
        return np.abs(self.q) >= ACCUMULATOR_LIMIT


@dataclass(frozen=True, eq=False)
class Output:
    """What a population did in a step: who fired, (spikes,), with which payloads, and what `Counters` counts."""

    neurons: IntArray
    payload: IntArray
    counts: tuple[int, ...]


class Cells(Protocol):
    """State of a population; u and v are what traces show of it, (neurons,)."""

    @property
    def u(self) -> IntArray:
        """U, or the state that the model shows instead."""

    @property
    def v(self) -> IntArray:
        """V, or the state that the model shows instead."""

    def clear(self) -> None:
        """Back to the state before step 0."""

    def update(self, given: Input, profile: str) -> Output:
        """One step."""

    def kept(self) -> Kept:
        """U, v, r and s as a snapshot has them."""

    def resume(self, kept: Kept) -> None:
        """Take over what `kept` gave."""


def parameter(population: Population, name: str) -> IntArray:
    """A parameter of every neuron, (neurons,)."""
    assert population.neuron is not None
    values = np.asarray(population.neuron.parameters()[name], np.int64)
    return np.broadcast_to(values, (population.neurons,))


def outcome(payload: IntArray, wraps: Flags, clips: Flags, overflows: Flags, active: Flags) -> Output:
    """The output of a step; payload 0 is no spike; each argument (neurons,)."""
    neurons = np.flatnonzero(payload)
    busy = int(np.count_nonzero(active))
    counted = (int(np.count_nonzero(flags)) for flags in (wraps, clips, overflows))
    return Output(neurons, payload[neurons], (len(neurons), *counted, busy, len(payload) - busy))
