"""Pieces: what one core holds of one population, stored as its formats allow, and what that takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.configuration import neuron_rows, thresholds
from neurodeploy.compiler.formats import FormatChoice
from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.limits import Load
from neurodeploy.compiler.memory import Lists, Memory, SynapseFormat, delay_bits, index_bits
from neurodeploy.compiler.target import Target
from neurodeploy.compiler.viterbi import Costs
from neurodeploy.network import Population
from neurodeploy.precision import IntArray

Row = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Piece:
    """A stretch of a population on a core.

    Attributes:
        population: position in the network.
        first, last: positions first … last − 1 of its layout.
        sources: source neuron of each axon, by the projection's position in the network.
        lists: how the axons are stored, by the same.
        delay_bits: the widest delay field of its axons.
        neuron_rows, thresholds: distinct rows of its neurons.
        formats: distinct synapse formats.
        binding: the limit that kept it from being longer, None at the end of the population.
    """

    population: int
    first: int
    last: int
    sources: dict[int, IntArray]
    lists: dict[int, Lists]
    delay_bits: int
    neuron_rows: frozenset[Row]
    thresholds: frozenset[Row]
    formats: frozenset[SynapseFormat]
    binding: str | None = None
    _memory: dict[tuple[int, bool], tuple[Memory, ...]] = field(default_factory=dict)

    @property
    def neurons(self) -> int:
        """How many there are."""
        return self.last - self.first

    @property
    def axons(self) -> int:
        """Input axons."""
        return sum(len(source) for source in self.sources.values())

    def memory(self, width: int, padded: bool) -> tuple[Memory, ...]:
        """What each projection takes when compartments are addressed by `width` bits; see `Lists.memory`."""
        if (width, padded) not in self._memory:
            self._memory[width, padded] = tuple(lists.memory(width, padded) for lists in self.lists.values())
        return self._memory[width, padded]


def load_of(pieces: Sequence[Piece], output_slots: int, target: Target, crosses: bool | None = None) -> Load:
    """What a core with these pieces holds.

    Args:
        pieces: of the core.
        output_slots: that their neurons take.
        target: whose rules hold.
        crosses: whether axons leave the chip; None: they do if the target has several.
    """
    neurons = sum(piece.neurons for piece in pieces)
    width = index_bits(min(neurons, target.core.compartments))
    memory = [m for piece in pieces for m in piece.memory(width, target.stack.whole_projection_padding)]
    return Load(
        compartments=neurons,
        delay_bits=max((piece.delay_bits for piece in pieces), default=0),
        input_axons=sum(piece.axons for piece in pieces),
        output_slots=output_slots,
        crosses=target.chips > 1 if crosses is None else crosses,
        nengo_bits=sum(m.nengo_bits for m in memory),
        nxtf_words=sum(m.nxtf_words for m in memory),
        longest_axon=max((m.longest_axon for m in memory), default=0),
        neuron_rows=_union(piece.neuron_rows for piece in pieces),
        threshold_rows=_union(piece.thresholds for piece in pieces),
        synapse_formats=_union(piece.formats for piece in pieces),
    )


def _union(sets: Iterable[frozenset[Row]] | Iterable[frozenset[SynapseFormat]]) -> int:
    return len({item for items in sets for item in items})


class Cutter:
    """Makes pieces of one population.

    Args:
        population: on cores.
        index: its position in the network.
        order: its layout.
        incoming: the projections into it, by their position in the network, with their formats.
        target: whose software limits are kept.
        costs: what the choice of lists counts.
        row_width: columns of a neuron row.
    """

    def __init__(
        self,
        population: Population,
        index: int,
        order: IntArray,
        incoming: dict[int, tuple[LaidOut, FormatChoice]],
        target: Target,
        costs: Costs,
        row_width: int,
    ) -> None:
        self.population = population
        self.index = index
        self._incoming = incoming
        self._target = target
        self._costs = costs
        self._rows = _Rows(neuron_rows(population, row_width)[order])
        self._thresholds = _Rows(thresholds(population)[order, None])

    @property
    def most_formats(self) -> int:
        """The most formats that any of its projections can use."""
        return max((len(choice.formats) for _, choice in self._incoming.values()), default=1)

    def piece(self, first: int, last: int, formats: int) -> Piece:
        """Positions first … last − 1, each projection stored in at most so many formats."""
        sources: dict[int, IntArray] = {}
        lists: dict[int, Lists] = {}
        delay = 0
        for j, (laid, choice) in self._incoming.items():
            part = laid.part(first, last)
            if not len(part.source):
                continue
            sources[j] = part.source
            bits = delay_bits(int(laid.delays[part.source].max()))
            delay = max(delay, bits)
            lists[j] = part.lists(choice.first(formats, bits), self._costs, self._target.stack.one_format_per_axon)
        used = [form for each in lists.values() for form in each.used]
        return Piece(
            population=self.index,
            first=first,
            last=last,
            sources=sources,
            lists=lists,
            delay_bits=delay,
            neuron_rows=self._rows.among(first, last),
            thresholds=self._thresholds.among(first, last),
            formats=frozenset(used),
        )


class _Rows:
    """Distinct rows of a table, asked for by stretches."""

    def __init__(self, table: NDArray[np.integer[Any]]) -> None:
        distinct, self._which = distinct_rows(table)
        self._distinct = [tuple(row) for row in distinct.tolist()]

    def among(self, first: int, last: int) -> frozenset[Row]:
        """The rows of a stretch."""
        if len(self._distinct) == 1:
            return frozenset(self._distinct)
        return frozenset(self._distinct[i] for i in np.unique(self._which[first:last]).tolist())


def distinct_rows(table: NDArray[np.integer[Any]]) -> tuple[IntArray, IntArray]:
    """The distinct rows of a table in ascending order, and which of them each row is, (rows,)."""
    if len(table) and np.all(table == table[0]):  # most populations have one parameter set, and sorting takes long
        return np.asarray(table[:1], np.int64), np.zeros(len(table), np.int64)
    distinct, which = np.unique(np.asarray(table, np.int64), axis=0, return_inverse=True)
    return distinct, which.reshape(-1)
