"""Which synapse of an axon is stored in which format: the cheapest sequence of lists, found for all axons at once.

The states of the search are the formats. Going on in a list costs the zeros in between (dense) or nothing; a new
list, in whatever format, costs what stands in front of it and, where lists take whole words, begins at a word. Bits
that fill no word yet are counted as they are: of two ways into the same format the shorter one stays the shorter,
whatever follows, so that the lists found take fewest words. Only dense lists that grow beyond what one may hold are
counted as one and cut afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.memory import (
    LIST_SYNAPSES,
    PREFIX_BITS,
    WORD_BITS,
    Compression,
    Lists,
    ListTable,
    SynapseFormat,
    list_numbers,
)
from neurodeploy.precision import IntArray

#: Bits that rounding to words is taken to waste where lists are compared without it: most of half a word.
WASTE_BITS = 25
#: Low bits of a sum that hold the format it ends in.
STATE_BITS = 3
STATES = (1 << STATE_BITS) - 1
#: Above every real cost of an axon's lists, small enough to be added three times.
NEVER = np.int32(1 << 29)


@dataclass(frozen=True)
class Costs:
    """What the search counts, in bits.

    Attributes:
        index_bits: width of an index.
        rounded: whether every list is rounded up to whole words (nengo-loihi) or only every axon (NxTF).
    """

    index_bits: int
    rounded: bool

    def synapse(self, form: SynapseFormat) -> int:
        """Bits of a synapse that is not zero."""
        return form.synapse_bits(self.index_bits)

    def zero(self, form: SynapseFormat) -> int:
        """Bits of a zero between two synapses of one list."""
        return form.synapse_bits(0) if form.compression is Compression.DENSE else 0

    def longest_gap(self, form: SynapseFormat) -> int:
        """The most zeros between two synapses of one list."""
        return (1 << form.skip_bits) - 1 if form.compression is Compression.RUN_LENGTH else LIST_SYNAPSES * WIDE

    def opening(self, form: SynapseFormat) -> int:
        """Bits that a list more costs on average: its prefix and, where lists are rounded, what that wastes."""
        return self.prefix(form) + (WASTE_BITS if self.rounded else 0)

    def prefix(self, form: SynapseFormat) -> int:
        """Bits in front of a list."""
        return PREFIX_BITS + (0 if self.rounded or form.compression is Compression.SPARSE else self.index_bits)


#: A dense list may be opened over any gap: what its zeros cost decides.
WIDE = 1 << 16


@dataclass(frozen=True, eq=False)
class Ragged:
    """Synapses of axons: first synapse of each axon, (axons + 1,), and position of each synapse, (synapses,)."""

    start: IntArray
    position: IntArray

    @property
    def gap(self) -> IntArray:
        """Zeros between a synapse and the one before it, (synapses,); meaningless for the first of an axon."""
        return np.diff(self.position, prepend=0) - 1

    @property
    def opens(self) -> NDArray[np.bool_]:
        """Whether a synapse is the first of its axon, (synapses,)."""
        first = np.zeros(len(self.position), bool)
        first[self.start[:-1][np.diff(self.start) > 0]] = True
        return first


def best_lists(
    axons: Ragged, value: IntArray, formats: tuple[SynapseFormat, ...], costs: Costs, one_per_axon: bool = False
) -> Lists:
    """The lists that store every synapse exactly.

    Args:
        axons: the synapses, none of them zero.
        value: weight · 2^exponent of each, (synapses,).
        formats: to choose from; the first holds every value.
        costs: what to count.
        one_per_axon: whether an axon may use one format only.
    """
    if len(formats) == 1:
        state = np.zeros(len(value), np.int8)
        return _lists(axons, state, _single(axons, formats[0], costs), formats, costs)
    if one_per_axon:
        holds = np.stack([f.holds(value) for f in formats])
        state = _one_format(axons, holds, formats, costs)
        new = np.stack([_single(axons, f, costs) for f in formats])[state, np.arange(len(value))]
    else:
        state, new = _search(axons, value, formats, costs)
    return _lists(axons, state, new, formats, costs)


def _single(axons: Ragged, form: SynapseFormat, costs: Costs) -> NDArray[np.bool_]:
    """Where lists of one format begin: where zeros would cost more than a new list."""
    gap = axons.gap
    dear = gap * costs.zero(form) >= costs.opening(form)
    return axons.opens | dear | (gap > costs.longest_gap(form))


def _one_format(
    axons: Ragged, holds: NDArray[np.bool_], formats: tuple[SynapseFormat, ...], costs: Costs
) -> NDArray[np.int8]:
    """The cheapest format of each axon that holds all of it, for each synapse."""
    used = np.flatnonzero(np.diff(axons.start))
    begin = axons.start[used]
    price = np.zeros((len(formats), len(used)), np.int64)
    for i, form in enumerate(formats):
        new = _single(axons, form, costs)
        bits = costs.synapse(form) + np.where(new, costs.opening(form), axons.gap * costs.zero(form))
        price[i] = np.where(np.logical_and.reduceat(holds[i], begin), np.add.reduceat(bits, begin), NEVER)
    chosen = np.zeros(len(axons.start) - 1, np.int8)
    chosen[used] = price.argmin(axis=0)
    return np.repeat(chosen, np.diff(axons.start))


def _search(
    axons: Ragged, value: IntArray, formats: tuple[SynapseFormat, ...], costs: Costs
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Format of every synapse, and whether a list begins there; synapse by synapse, all axons side by side.

    Sums carry their format in the low bits, so that one minimum finds the least sum and its format.
    """
    at, ends = _side_by_side(axons)
    forms = np.arange(len(formats), dtype=np.int32)[:, None]
    prefix, zero, far = (
        np.array([[cost(f)] for f in formats], np.int32) for cost in (costs.prefix, costs.zero, costs.longest_gap)
    )
    below_word = ((WORD_BITS if costs.rounded else 1) << STATE_BITS) - 1
    gap = axons.gap.astype(np.int32)[at]
    price = _prices(value[at], formats, costs)
    longer = price + np.where(gap <= far, np.minimum(gap, WIDE >> 4) * zero << STATE_BITS, NEVER)
    price += (prefix << STATE_BITS) + forms
    total = np.empty((len(formats), int(ends[0]) if len(ends) else 0), np.int32)
    best = np.zeros(total.shape[1], np.int32)
    came = np.empty(len(at), np.int8)  # in which format the cheapest lists up to the synapse before end
    goes_on = np.zeros(price.shape, bool)  # whether the list of the synapse before is the cheaper one
    first = 0
    for rank, end in enumerate(ends.tolist()):
        count = end - first
        came[first:end] = best[:count] & STATES
        now = ((best[:count] + below_word - STATES) & ~below_word) + price[:, first:end]
        if rank:
            on = total[:, :count] + longer[:, first:end]
            np.less(on, now, out=goes_on[:, first:end])
            np.minimum(on, now, out=now)
        np.minimum(now, NEVER + forms, out=total[:, :count])
        total[:, :count].min(axis=0, out=best[:count])
        first = end
    return _walk_back(at, ends, (best & STATES).astype(np.int8), came, goes_on)


def _prices(value: IntArray, formats: tuple[SynapseFormat, ...], costs: Costs) -> NDArray[np.int32]:
    """What each synapse costs in each format beside the format's number, (formats, synapses).

    The values of a projection are few and lie close together in units of their largest common power of two, so that
    prices are looked up.
    """
    common = int(np.bitwise_or.reduce(value, initial=0))
    grid = max((common & -common).bit_length() - 1, 0)
    units = value >> grid
    least = int(units.min(initial=0))
    table = np.arange(least, int(units.max(initial=0)) + 1) << grid
    price = np.array([np.where(f.holds(table), costs.synapse(f) << STATE_BITS, NEVER) for f in formats], np.int32)
    return price.take(units - least, axis=1)


def _walk_back(
    at: IntArray, ends: IntArray, last: NDArray[np.int8], came: NDArray[np.int8], goes_on: NDArray[np.bool_]
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    state, new = np.empty(len(came), np.int8), np.empty(len(came), bool)
    now = last.copy()
    axon = np.arange(len(last))
    for first, end in zip([0, *ends[:-1].tolist()][::-1], ends[::-1].tolist(), strict=True):
        here = now[: end - first]
        on = goes_on[:, first:end][here, axon[: end - first]]
        state[at[first:end]], new[at[first:end]] = here, ~on
        now[: end - first] = np.where(on, here, came[first:end])
    return state, new


def _side_by_side(axons: Ragged) -> tuple[IntArray, IntArray]:
    """The synapses ordered by their rank in their axon, longest axons first, and where each rank ends."""
    length = np.diff(axons.start)
    order = np.argsort(-length, kind="stable")
    counts = np.searchsorted(-length[order], -np.arange(int(length.max(initial=0))), side="left")
    ends = np.cumsum(counts)
    rank = np.repeat(np.arange(len(counts)), counts)
    return axons.start[:-1][order[np.arange(len(rank)) - (ends - counts)[rank]]] + rank, ends


def _lists(
    axons: Ragged,
    state: NDArray[np.int8],
    new: NDArray[np.bool_],
    formats: tuple[SynapseFormat, ...],
    costs: Costs,
) -> Lists:
    """The lists that begin at `new`, cut where a list is full."""
    dense = np.array([f.compression is Compression.DENSE for f in formats])
    begin = np.flatnonzero(new)
    lengths = np.diff(begin, append=len(new))
    place = axons.position - np.repeat(axons.position[begin], lengths)
    if not dense.all():
        rank = np.arange(len(new)) - np.repeat(begin, lengths)
        place = np.where(dense[state], place, rank)
    piece = place // LIST_SYNAPSES
    if costs.rounded and len(new):
        for i in np.flatnonzero(dense).tolist():
            _cut_dense(piece, place, begin, lengths, np.flatnonzero(state[begin] == i), formats[i])
    begin = np.flatnonzero(new | (np.diff(piece, prepend=0) != 0))
    end = np.append(begin, len(new))[1:] - 1
    span = axons.position[end] - axons.position[begin] + 1
    form = state[begin].astype(np.int64)
    return ListTable(
        axons=len(axons.start) - 1,
        formats=formats,
        axon=np.searchsorted(axons.start, begin, side="right") - 1,
        form=form,
        first=axons.position[begin],
        span=span,
        stored=np.where(dense[form], span, end - begin + 1),
    )


def _cut_dense(
    piece: IntArray, place: IntArray, begin: IntArray, lengths: IntArray, runs: IntArray, form: SynapseFormat
) -> None:
    """Write down which list of its run each synapse of the long runs of one dense format belongs to."""
    span = place[begin[runs] + lengths[runs] - 1] + 1
    long = span > LIST_SYNAPSES
    if not long.any():
        return
    number = list_numbers(form.synapse_bits(0), 1 << int(span.max()).bit_length())
    mine = runs[long]
    at = np.repeat(begin[mine], lengths[mine]) + _counted(lengths[mine])
    piece[at] = number[np.repeat(span[long], lengths[mine]), place[at]]


def _counted(lengths: IntArray) -> IntArray:
    """0 … n − 1 for each length n, one after the other."""
    return np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
