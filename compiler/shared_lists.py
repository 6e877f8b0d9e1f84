"""Lists and entries of fragments that many axons share: found once, counted and written out as often as they occur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.entries import Entries, entries
from neurodeploy.compiler.layout import scaled
from neurodeploy.compiler.memory import ListTable, Memory, SynapseFormat, axon_memory, memory_of
from neurodeploy.compiler.ragged import Grown, Integers, Pool
from neurodeploy.compiler.viterbi import Costs, Ragged, best_lists
from neurodeploy.precision import IntArray


class _Places:
    """Which row of a store belongs to a fragment."""

    def __init__(self) -> None:
        self._place = Grown(np.int64)
        self._known = 0

    def missing(self, fragment: IntArray, fragments: int) -> IntArray:
        """Those that have none yet, ascending; they have one from now on, in this order."""
        self._place.add(np.full(fragments - len(self._place), -1))
        new = np.unique(fragment[self._place.values[fragment] < 0])
        self._place.values[new] = self._known + np.arange(len(new))
        self._known += len(new)
        return new

    def __getitem__(self, fragment: IntArray) -> Integers:
        return self._place.values[fragment]


def _synapses(fragments: Pool, chosen: IntArray) -> tuple[Ragged, Integers]:
    """Positions and weights of some fragments."""
    rows = fragments.rows(chosen)
    start = np.concatenate([[0], np.cumsum(fragments.length[chosen], dtype=np.int64)])
    return Ragged(start, fragments["position"][rows].astype(np.int64)), fragments["weight"][rows]


class ListStore:
    """The lists of fragments in one choice of formats.

    Args:
        fragments: columns position and weight.
        exponent: of the weights.
        formats, costs, one_per_axon: see `best_lists`.
    """

    def __init__(
        self, fragments: Pool, exponent: int, formats: tuple[SynapseFormat, ...], costs: Costs, one_per_axon: bool
    ) -> None:
        self.formats = formats
        self._fragments = fragments
        self._exponent = exponent
        self._costs = costs
        self._one_per_axon = one_per_axon
        self._places = _Places()
        self.pool = Pool(form=np.int64, first=np.int64, span=np.int64, stored=np.int64)
        self._forms = Grown(np.int64)
        self._words: dict[int, tuple[Grown, Grown]] = {}

    def lists(self, fragment: IntArray, shift: IntArray) -> SharedLists:
        """The lists of axons with these fragments, whose origins lie at `shift`; (axons,) each."""
        new = self._places.missing(fragment, len(self._fragments))
        if len(new):
            axons, weight = _synapses(self._fragments, new)
            value = scaled(weight, self._exponent)
            found = best_lists(axons, value, self.formats, self._costs, self._one_per_axon)
            count = np.bincount(found.axon, minlength=len(new))
            self.pool.add(count, form=found.form, first=found.first, span=found.span, stored=found.stored)
            forms = np.zeros(len(new), np.int64)
            np.bitwise_or.at(forms, found.axon, 1 << found.form)
            self._forms.add(forms)
        return SharedLists(self, self._places[fragment], shift)

    def used(self, row: Integers) -> tuple[SynapseFormat, ...]:
        """The formats that some of these rows use."""
        union = int(np.bitwise_or.reduce(self._forms.values[row], initial=0))
        return tuple(form for i, form in enumerate(self.formats) if union >> i & 1)

    def words(self, row: Integers, index_bits: int) -> tuple[Integers, Integers]:
        """Words by nengo-loihi's rule and by NxTF's of some rows; see `axon_memory`."""
        nengo, nxtf = self._words.setdefault(index_bits, (Grown(np.int64), Grown(np.int64)))
        if len(nengo) < len(self.pool):
            new = SharedLists(self, np.arange(len(nengo), len(self.pool)), np.zeros(len(self.pool) - len(nengo), int))
            for column, values in zip((nengo, nxtf), axon_memory(new.table(), index_bits), strict=True):
                column.add(values)
        return nengo.values[row], nxtf.values[row]


@dataclass(frozen=True, eq=False)
class SharedLists:
    """`Lists` of which only the rows in a store are known, (axons,), and where they start, (axons,)."""

    store: ListStore
    row: Integers
    shift: IntArray

    @property
    def axons(self) -> int:
        """See `Lists`."""
        return len(self.row)

    @property
    def formats(self) -> tuple[SynapseFormat, ...]:
        """See `Lists`."""
        return self.store.formats

    @property
    def used(self) -> tuple[SynapseFormat, ...]:
        """See `Lists`."""
        return self.store.used(self.row)

    @property
    def axon(self) -> IntArray:
        """See `Lists`."""
        return np.repeat(np.arange(len(self.row)), self._count)

    @property
    def form(self) -> IntArray:
        """See `Lists`."""
        return self._column("form")

    @property
    def first(self) -> IntArray:
        """See `Lists`."""
        return self._column("first") + np.repeat(self.shift, self._count)

    @property
    def span(self) -> IntArray:
        """See `Lists`."""
        return self._column("span")

    @property
    def stored(self) -> IntArray:
        """See `Lists`."""
        return self._column("stored")

    @property
    def _count(self) -> Integers:
        return self.store.pool.length[self.row]

    def _column(self, name: str) -> IntArray:
        return np.asarray(self.store.pool[name][self.store.pool.rows(self.row)], np.int64)

    def table(self) -> ListTable:
        """The same lists written out."""
        return ListTable(self.axons, self.formats, self.axon, self.form, self.first, self.span, self.stored)

    def memory(self, index_bits: int, padded: bool = False) -> Memory:
        """See `Lists`."""
        return memory_of(*self.store.words(self.row, index_bits), padded)


class EntryStore:
    """The entries of fragments, given as columns position and weight."""

    def __init__(self, fragments: Pool) -> None:
        self._fragments = fragments
        self._places = _Places()
        self._entries = Pool(position=np.int32, size=np.int32)
        self._weights = Pool(weight=np.int16)

    def entries(self, fragment: IntArray, shift: IntArray) -> Entries:
        """The entries of axons with these fragments, whose origins lie at `shift`; (axons,) each."""
        new = self._places.missing(fragment, len(self._fragments))
        if len(new):
            axons, weight = _synapses(self._fragments, new)
            found = entries(axons.start, axons.position, weight)
            self._entries.add(found.per_axon, position=found.position, size=found.length)
            ends = np.concatenate([[0], np.cumsum(found.length)])[np.cumsum(found.per_axon)]
            self._weights.add(np.diff(ends, prepend=0), weight=found.weight)
        row = self._places[fragment]
        per_axon, entry = self._entries.length[row], self._entries.rows(row)
        position = self._entries["position"][entry] + np.repeat(shift, per_axon)
        held = self._weights["weight"][self._weights.rows(row)].astype(np.int16, copy=False)
        return Entries(per_axon, position, self._entries["size"][entry], held)
