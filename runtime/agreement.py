"""How far two runs spike alike: shares of equal spikes by population, and the first spike that only one has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from neurodeploy.precision import IntArray


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
    """Spikes of each run and equal ones, of one recording or, added up, of many, (populations, 3)."""
    rows = [(len(a.step), len(b.step), _equal(a, b)) for a, b in zip(first, second, strict=True)]
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
        for spikes, mine in zip((a, b), _common(a, b), strict=True):
            lonely = np.ones(len(spikes.step), np.bool_)
            lonely[mine] = False
            if lonely.any():
                at = int(np.lexsort((spikes.neuron[lonely], spikes.step[lonely]))[0])
                found.append((int(spikes.step[lonely][at]), position, int(spikes.neuron[lonely][at])))
    return min(found, default=None)


def _equal(first: SpikeList, second: SpikeList) -> int:
    return len(_common(first, second)[0])


def _common(first: SpikeList, second: SpikeList) -> tuple[IntArray, IntArray]:
    """Positions of equal spikes in either list; a neuron spikes at most once a step."""
    width = 1 + max((int(s.neuron.max()) for s in (first, second) if len(s.neuron)), default=0)
    key, other = (spikes.step * width + spikes.neuron for spikes in (first, second))
    _, mine, theirs = np.intersect1d(key, other, assume_unique=True, return_indices=True)
    if first.payload is not None or second.payload is not None:
        alike = _payloads(first)[mine] == _payloads(second)[theirs]
        mine, theirs = mine[alike], theirs[alike]
    return mine, theirs


def _payloads(spikes: SpikeList) -> IntArray:
    return np.ones(len(spikes.step), np.int64) if spikes.payload is None else spikes.payload
