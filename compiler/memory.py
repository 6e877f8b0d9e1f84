"""Synapse memory of a core by both published packing rules.

The synapses of an input axon are stored as lists. nengo-loihi counts the bits of each list, rounded up to a word;
NxTF counts words per source axon, and puts the index of the first compartment in front of dense and run-length
lists. The `conservative` rule demands both of the same lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray, SignMode, WeightFormat

WORD_BITS = 64
#: NxTF's limit of synapses in one list, below nengo-loihi's 64.
LIST_SYNAPSES = 60
#: Format number (4 bits) and synapse count (6 bits) in front of every list, in both rules.
PREFIX_BITS = 10
#: Legal index widths (nengo-loihi, NxTF); 0 is no index.
INDEX_BITS = (6, 7, 8, 9, 10, 11, 12)
#: Widest skip field of a run-length synapse: a gap of 32 zeros ends the list (NxTF).
SKIP_BITS = 5
#: Longest delays that need no field, and fields of 3, 4 and 5 bits; 6 bits hold every delay (see `delay_bits`).
DELAYS = (0, 6, 14, 30)
#: Widths of a weight that have a code; 7 has none (nengo-loihi `block.py`).
CODED_BITS = (1, 2, 3, 4, 5, 6, 8)


class Compression(IntEnum):
    """How a list says which compartments it drives; the values are the chip's codes (nengo-loihi, NxTF)."""

    SPARSE = 0
    RUN_LENGTH = 1
    DENSE = 3


@dataclass(frozen=True)
class SynapseFormat:
    """A row of a core's synapse formats, all but the width of its index.

    Attributes:
        sign_mode, bits: of the stored weight; bits is one of CODED_BITS.
        grid: what is stored are multiples of 2^grid, in units of weight · 2^exponent.
        delay_bits: width of the delay field of each synapse.
        compression: how compartments are given.
        skip_bits: width of the gap field of each synapse of a run-length list, else 0.
    """

    sign_mode: SignMode
    bits: int
    grid: int
    delay_bits: int = 0
    compression: Compression = Compression.DENSE
    skip_bits: int = 0

    @property
    def exponent(self) -> int:
        """The weight exponent that makes the format's step mean 2^grid."""
        return self.grid - (WeightFormat(self.sign_mode, self.bits).step.bit_length() - 1)

    def holds(self, value: IntArray) -> NDArray[np.bool_]:
        """Which of the values (weight · 2^exponent) the format stores exactly."""
        low, high = {
            SignMode.MIXED: (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1),
            SignMode.EXCITATORY: (0, (1 << self.bits) - 1),
            SignMode.INHIBITORY: (1 - (1 << self.bits), 0),
        }[self.sign_mode]
        stored = value >> self.grid
        result: NDArray[np.bool_] = (stored << self.grid == value) & (stored >= low) & (stored <= high)
        return result

    def synapse_bits(self, index_bits: int) -> int:
        """Bits of one stored synapse."""
        index = index_bits if self.compression is Compression.SPARSE else 0
        return self.bits + self.delay_bits + self.skip_bits + index


class Lists(Protocol):
    """How the axons of one projection on one core are stored."""

    @property
    def axons(self) -> int:
        """How many there are."""

    @property
    def formats(self) -> tuple[SynapseFormat, ...]:
        """The formats that lists may be stored in."""

    @property
    def axon(self) -> IntArray:
        """The axon each list belongs to, ascending, (lists,)."""

    @property
    def form(self) -> IntArray:
        """Position in `formats`, (lists,)."""

    @property
    def first(self) -> IntArray:
        """The first compartment that each list covers, (lists,)."""

    @property
    def span(self) -> IntArray:
        """How many compartments it covers, (lists,)."""

    @property
    def stored(self) -> IntArray:
        """Synapses that the list holds: `span` if it is dense, else those that are not zero, (lists,)."""

    @property
    def used(self) -> tuple[SynapseFormat, ...]:
        """The formats that some list is stored in."""

    def memory(self, index_bits: int, padded: bool = False) -> Memory:
        """What the lists take.

        Args:
            index_bits: width of an index.
            padded: whether every axon takes as many words as the longest (NxTF's groups).
        """


@dataclass(frozen=True, eq=False)
class ListTable:
    """`Lists` written out."""

    axons: int
    formats: tuple[SynapseFormat, ...]
    axon: IntArray
    form: IntArray
    first: IntArray
    span: IntArray
    stored: IntArray

    @property
    def used(self) -> tuple[SynapseFormat, ...]:
        """See `Lists`."""
        return tuple(self.formats[i] for i in np.flatnonzero(np.bincount(self.form)).tolist())

    def memory(self, index_bits: int, padded: bool = False) -> Memory:
        """See `Lists`."""
        return memory_of(*axon_memory(self, index_bits), padded)


def axon_memory(lists: Lists, index_bits: int) -> tuple[IntArray, IntArray]:
    """Words of each axon when compartments are addressed by `index_bits`: by nengo-loihi's rule, by NxTF's."""
    width = np.array([f.synapse_bits(index_bits) for f in lists.formats])
    start = np.array([0 if f.compression is Compression.SPARSE else index_bits for f in lists.formats])
    axon, form = lists.axon, lists.form
    bits = PREFIX_BITS + lists.stored * width[form]
    rounded = np.bincount(axon, weights=-(-bits // WORD_BITS), minlength=lists.axons)
    per_axon = np.bincount(axon, weights=bits + start[form], minlength=lists.axons).astype(np.int64)
    return rounded.astype(np.int64), nxtf_words(per_axon)


def memory_of(nengo_words: NDArray[np.integer[Any]], nxtf: NDArray[np.integer[Any]], padded: bool) -> Memory:
    """All axons of a projection together, from the words of each by both rules, (axons,)."""
    longest = int(nxtf.max(initial=0))
    return Memory(
        nengo_bits=int(nengo_words.sum()) * WORD_BITS,
        nxtf_words=longest * len(nxtf) if padded else int(nxtf.sum()),
        longest_axon=longest,
    )


@dataclass(frozen=True)
class Memory:
    """What the axons of one projection take on one core.

    Attributes:
        nengo_bits: by the rule of nengo-loihi.
        nxtf_words: by the rule of NxTF, padding included where it is demanded.
        longest_axon: words of the longest axon by the rule of NxTF.
    """

    nengo_bits: int
    nxtf_words: int
    longest_axon: int


@cache
def list_numbers(synapse_bits: int, longest: int) -> NDArray[np.uint8]:
    """How dense runs are best cut where every list takes whole words: in fewest words, then in fewest lists.

    Args:
        synapse_bits: of the run's format.
        longest: the longest run.

    Returns:
        The list that synapse s of a run of n belongs to, (longest + 1, longest) by n and s.
    """
    words = -(-(PREFIX_BITS + np.arange(1, LIST_SYNAPSES + 1) * synapse_bits) // WORD_BITS)
    price = words * (2 * longest) + 1
    total, number = np.zeros(longest + 1, np.int64), np.zeros((longest + 1, longest), np.uint8)
    for length in range(1, longest + 1):
        most = min(length, LIST_SYNAPSES)
        options = price[:most] + total[length - most : length][::-1]
        first = most - int(np.argmin(options[::-1]))
        total[length] = options[first - 1]
        number[length, first:length] = number[length - first, : length - first] + 1
    return number


def index_bits(compartments: int) -> int:
    """Smallest legal index width that addresses the compartments of a core."""
    needed = max(compartments - 1, 0).bit_length()
    return min(bits for bits in INDEX_BITS if bits >= needed)


def delay_bits(delay: int) -> int:
    """Width of the delay field: 8, 16, 32 or 64 dendritic accumulators must exceed `delay` + 1; 0 without delays.

    Source: NxTF's delay bits 3 … 6 and the published SLAYER mapper.
    """
    return 0 if delay == 0 else max((delay + 1).bit_length(), 3)


def nxtf_words(axon_bits: IntArray) -> IntArray:
    """Words of each axon from the bits of its lists, with NxTF's spare word, shape (axons,)."""
    spare = (axon_bits > 0) & ((axon_bits % WORD_BITS == 0) | (axon_bits % WORD_BITS >= 59))
    words: IntArray = -(-axon_bits // WORD_BITS) + spare
    return words
