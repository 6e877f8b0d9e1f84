"""How far two runs spike alike: shares of equal spikes by population, and the first spike that only one has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray

Flags = NDArray[np.bool_]


class SpikeList(Protocol):
    """Spikes of one population: `Spikes` of a run, `LayerSpikes` of a record."""

    @property
    def step(self) -> IntArray:
        """Of each spike, (spikes,)."""

    @property
    def neuron(self) -> IntArray:
        """Of each spike, (spikes,)."""

    @property
    def payload(self) -> IntArray | None:
        """Of graded spikes, (spikes,)."""


@dataclass(frozen=True)
class LayerAgreement:
    """Spikes of one population in two runs: how many each has, and how many are equal in step, neuron and payload."""

    name: str
    first: int
    second: int
    equal: int

    @property
    def share(self) -> float | None:
        """Equal spikes over all different ones, 1 − |symmetric difference| / |union|; None where neither spiked."""
        union = self.first + self.second - self.equal
        return self.equal / union if union else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "spikes": [self.first, self.second], "equal": self.equal, "share": self.share}


def spike_counts(first: Sequence[SpikeList], second: Sequence[SpikeList]) -> IntArray:
    """Spikes of each run and equal ones, of one recording or, added up, of many, (populations, 3).

    A neuron that a file lists twice in a step has spiked once.
    """
    rows = []
    for a, b in zip(first, second, strict=True):
        _, here, there = placed(a, b)
        rows.append((here.sum(), there.sum(), (here & there).sum()))
    return np.array(rows, np.int64).reshape(-1, 3)


def agreements(names: Sequence[str], counts: IntArray) -> tuple[LayerAgreement, ...]:
    """Sums of `spike_counts` with the names of the populations."""
    return tuple(LayerAgreement(name, *row) for name, row in zip(names, counts.tolist(), strict=True))


def overall(layers: Sequence[LayerAgreement]) -> LayerAgreement:
    """All populations as one."""
    return LayerAgreement("all", *(sum(getattr(la, part) for la in layers) for part in ("first", "second", "equal")))


def first_apart(first: Sequence[SpikeList], second: Sequence[SpikeList]) -> tuple[int, int, int] | None:
    """The first spike that only one of two runs has, or that differs in its payload.

    Returns:
        Step, position of the population and neuron: the earliest step, in it the first population, in it the lowest
        neuron; None where all are equal.
    """
    found = []
    for position, (a, b) in enumerate(zip(first, second, strict=True)):
        places, here, there = placed(a, b)
        if (here != there).any():
            step, neuron = places[:, np.argmax(here != there)].tolist()
            found.append((step, position, neuron))
    return min(found, default=None)


def placed(first: SpikeList, second: SpikeList) -> tuple[IntArray, Flags, Flags]:
    """All different spikes of two runs in order, and which of them each run has.

    Returns:
        Step and neuron, (2, spikes), ascending; equal places with different payloads are different spikes; then, by
        run, (spikes,).
    """
    step, neuron = (
        np.concatenate([getattr(spikes, name) for spikes in (first, second)]) for name in ("step", "neuron")
    )
    if first.payload is None and second.payload is None:
        width = 1 + int(neuron.max(initial=0))
        keys, number = np.unique(step * width + neuron, return_inverse=True)
        places = np.stack(np.divmod(keys, width))
    else:
        payload = np.concatenate([_payloads(first), _payloads(second)])
        rows, number = np.unique(np.stack((step, neuron, payload)), axis=1, return_inverse=True)
        places, number = rows[:2], number.reshape(-1)
    has = np.zeros((2, places.shape[1]), np.bool_)
    has[0, number[: len(first.step)]] = True
    has[1, number[len(first.step) :]] = True
    return places, has[0], has[1]


def _payloads(spikes: SpikeList) -> IntArray:
    return np.ones(len(spikes.step), np.int64) if spikes.payload is None else spikes.payload
