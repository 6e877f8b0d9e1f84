"""Synapse memory, by the two published packing rules; target.memory_rule says which of them must accept a core.

Bits and words of 64-bit memory. A synapse takes its weight bits and its delay bits; signs and indices are
accounted for as each rule says.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.checker.layout import Layout
from neurodeploy.compiler.checker.violation import Violation, exceeded, wrong
from neurodeploy.precision import IntArray

WORD = 64
#: Format number (4 bits) and synapse count (6 bits) that precede every list: nengo-loihi and NxTF agree.
HEADER_BITS = 4 + 6
NENGO_LOIHI_LIST = 64
NXTF_LIST = 60
INDEX_BITS = (6, 7, 8, 9, 10, 11, 12)


def weight_bits(bits: IntArray) -> IntArray:
    """Stored bits of a weight: the chip has codes for 1 … 6 and 8 bits, 7 take 8 (nengo-loihi `block.py`)."""
    return np.where(bits == 7, 8, bits)


def index_bits(compartments: IntArray) -> IntArray:
    """Smallest legal index width that addresses a core's compartments (NxTF; 12 where even that is too narrow)."""
    sizes = np.left_shift(1, INDEX_BITS[:-1])
    return np.array(INDEX_BITS)[np.searchsorted(sizes, compartments)]


def nengo_loihi_bits(synapses: IntArray, width: IntArray) -> IntArray:
    """Bits of dense lists: chunks of 64 synapses, each with its header rounded up to whole words
    (nengo-loihi `SynapseConfig.bits_per_axon`, no index bits for dense).

    Args:
        synapses: length of each list.
        width: weight and delay bits of one synapse of it.
    """
    full, rest = np.divmod(synapses, NENGO_LOIHI_LIST)
    chunk = _whole_words(NENGO_LOIHI_LIST * width + HEADER_BITS)
    last = np.where(rest > 0, _whole_words(rest * width + HEADER_BITS), 0)
    return full * chunk + last


def nxtf_words(bits: IntArray) -> IntArray:
    """Words of a source's entries of `bits` in all: rounded up, one more if 0 or at least 59 bits fall into the
    last word (NxTF `synapse_compression.py`).
    """
    last = bits % WORD
    spare = (bits > 0) & ((last == 0) | (last >= 59))
    words: IntArray = -(-bits // WORD) + spare
    return words


def nengo_loihi_memory(layout: Layout) -> Iterator[Violation]:
    """nengo-loihi: each run of neighbouring compartments of an axon is one dense list of its own; at most
    16,384 words of 64 bits per core.
    """
    if layout.program.target.memory_rule == "nxtf":
        return
    axon, length = contiguous_runs(layout)
    bits = nengo_loihi_bits(length, _synapse_bits(layout)[axon])
    used = layout.per_core(layout.core_of_axon[axon], bits)
    maximum = layout.program.target.core.synapse_words * WORD
    yield from exceeded("synapse memory (nengo-loihi)", used, maximum, "bits of synapse memory")


def nxtf_memory(layout: Layout) -> Iterator[Violation]:
    """NxTF: entries of at most 60 synapses with header and start index, unrounded within a source; all sources of a
    projection on a core form a group, each padded to the longest; fewer than 16,384 words per core.
    """
    if layout.program.target.memory_rule == "nengo-loihi":
        return
    words = source_words(layout)
    group = layout.core_of_axon * len(layout.source) + layout.program.axons.projection
    groups, member, sources = np.unique(group, return_inverse=True, return_counts=True)
    longest = np.zeros(len(groups), np.int64)
    np.maximum.at(longest, member, words)
    used = layout.per_core(groups // max(len(layout.source), 1), longest * sources)
    maximum = layout.program.target.core.synapse_words - 1
    yield from exceeded("synapse memory (nxtf)", used, maximum, "words of synapse memory")


def words_per_axon(layout: Layout) -> Iterator[Violation]:
    """NxTF: at most 256 words of synapse memory behind one input axon."""
    if layout.program.target.memory_rule == "nengo-loihi":
        return
    used, maximum = np.zeros(layout.cores, np.int64), layout.program.target.core.words_per_axon
    np.maximum.at(used, layout.core_of_axon, source_words(layout))
    yield from exceeded("words per axon", used, maximum, "words behind one input axon")


def entry_length(layout: Layout) -> Iterator[Violation]:
    """A synapse entry holds at most 60 synapses (NxTF), 64 by nengo-loihi, and at least one."""
    most = NENGO_LOIHI_LIST if layout.program.target.memory_rule == "nengo-loihi" else NXTF_LIST
    core = layout.core_of_axon[layout.axon_of_entry]
    used = np.zeros(layout.cores, np.int64)
    np.maximum.at(used, core, layout.synapses)
    yield from exceeded("synapses per entry", used, most, "synapses in one entry")
    yield from wrong("synapses per entry", layout.synapses < 1, core, "entry without synapses")


def source_words(layout: Layout) -> IntArray:
    """NxTF words behind each axon, (axons,)."""
    prefix = HEADER_BITS + index_bits(layout.compartments)[layout.core_of_axon]
    entry = prefix[layout.axon_of_entry] + layout.synapses * _synapse_bits(layout)[layout.axon_of_entry]
    bits = np.zeros(len(layout.core_of_axon), np.int64)
    np.add.at(bits, layout.axon_of_entry, entry)
    return nxtf_words(bits)


def contiguous_runs(layout: Layout) -> tuple[IntArray, IntArray]:
    """Axon and length of every run of neighbouring compartments, however its synapses are cut into entries."""
    first = np.asarray(layout.program.axons.compartment, np.int64)
    order = np.lexsort((first, layout.axon_of_entry))
    axon, begin, length = layout.axon_of_entry[order], first[order], layout.synapses[order]
    new: NDArray[np.bool_] = np.ones(len(order), np.bool_)
    new[1:] = (axon[1:] != axon[:-1]) | (begin[1:] != begin[:-1] + length[:-1])
    total = np.zeros(np.count_nonzero(new), np.int64)
    np.add.at(total, np.cumsum(new) - 1, length)
    return axon[new], total


def _synapse_bits(layout: Layout) -> IntArray:
    """Weight and delay bits of a synapse of each axon, (axons,)."""
    bits: IntArray = weight_bits(layout.formats[:, 1]) + layout.formats[:, 3]
    return bits


def _whole_words(bits: IntArray) -> IntArray:
    rounded: IntArray = -(-bits // WORD) * WORD
    return rounded


RULES = (nengo_loihi_memory, nxtf_memory, words_per_axon, entry_length)
