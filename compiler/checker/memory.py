"""Synapse memory, by the two published packing rules; target.memory_rule says which of them must accept a core.

Bits and words of 64-bit memory. A synapse takes its weight bits and its delay bits; signs and indices are
accounted for as each rule says: a sparse synapse takes its index, a run-length one the zeros before it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.compiler.checker.layout import RUN_LENGTH, SPARSE, Layout
from neurodeploy.compiler.checker.violation import Violation, exceeded, wrong
from neurodeploy.precision import IntArray

WORD = 64
#: Format number (4 bits) and synapse count (6 bits) that precede every list: nengo-loihi and NxTF agree.
HEADER_BITS = 4 + 6
NENGO_LOIHI_LIST = 64
NXTF_LIST = 60


def weight_bits(bits: IntArray) -> IntArray:
    """Stored bits of a weight: the chip has codes for 1 … 6 and 8 bits, 7 take 8 (nengo-loihi `block.py`)."""
    return np.where(bits == 7, 8, bits)


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
    """nengo-loihi: every list is rounded up to whole words, at most 16,384 of them per core; it has no run-length
    lists.
    """
    if layout.program.target.memory_rule == "nxtf":
        return
    run_length = layout.list_format[:, 4] == RUN_LENGTH
    yield from wrong("synapse memory (nengo-loihi)", run_length, layout.core_of_list, "list is run-length coded")
    bits = nengo_loihi_bits(layout.stored, _synapse_bits(layout))
    used = layout.per_core(layout.core_of_list, bits)
    maximum = layout.program.target.core.synapse_words * WORD
    yield from exceeded("synapse memory (nengo-loihi)", used, maximum, "bits of synapse memory")


def nxtf_memory(layout: Layout) -> Iterator[Violation]:
    """NxTF: lists of at most 60 synapses with header and, unless sparse, start index, unrounded within a source;
    fewer than 16,384 words per core. Where the target's software demands it, all sources of a projection on a core
    are padded to the longest.
    """
    if layout.program.target.memory_rule == "nengo-loihi":
        return
    words = source_words(layout)
    if layout.program.target.stack.whole_projection_padding:
        group = _groups(layout)
        longest = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
        np.maximum.at(longest, group, words)
        words = longest[group]
    used = layout.per_core(layout.core_of_axon, words)
    maximum = layout.program.target.core.synapse_words - 1
    yield from exceeded("synapse memory (nxtf)", used, maximum, "words of synapse memory")


def words_per_axon(layout: Layout) -> Iterator[Violation]:
    """NxTF: at most 256 words of synapse memory behind one input axon."""
    if layout.program.target.memory_rule == "nengo-loihi":
        return
    used, maximum = np.zeros(layout.cores, np.int64), layout.program.target.core.words_per_axon
    np.maximum.at(used, layout.core_of_axon, source_words(layout))
    yield from exceeded("words per axon", used, maximum, "words behind one input axon")


def list_length(layout: Layout) -> Iterator[Violation]:
    """A list holds at most 60 synapses (NxTF), 64 by nengo-loihi, and at least one."""
    most = NENGO_LOIHI_LIST if layout.program.target.memory_rule == "nengo-loihi" else NXTF_LIST
    used = np.zeros(layout.cores, np.int64)
    np.maximum.at(used, layout.core_of_list, layout.stored)
    yield from exceeded("synapses per list", used, most, "synapses in one list")
    yield from wrong("synapses per list", layout.stored < 1, layout.core_of_list, "list without synapses")


def source_words(layout: Layout) -> IntArray:
    """NxTF words behind each axon, (axons,)."""
    start = np.where(layout.list_format[:, 4] == SPARSE, 0, layout.list_format[:, 5])
    bits = np.zeros(len(layout.core_of_axon), np.int64)
    np.add.at(bits, layout.axon_of_list, HEADER_BITS + start + layout.stored * _synapse_bits(layout))
    return nxtf_words(bits)


def _groups(layout: Layout) -> IntArray:
    """Number of the core and projection that each axon belongs to: program-wide and without gaps, (axons,)."""
    key = layout.core_of_axon * max(len(layout.source), 1) + np.asarray(layout.program.axons.projection, np.int64)
    return np.unique(key, return_inverse=True)[1].reshape(-1)


def _synapse_bits(layout: Layout) -> IntArray:
    """Bits of one synapse of each list, (lists,)."""
    _, weight, _, delay, compression, index, skip = layout.list_format.T
    place = np.where(compression == SPARSE, index, np.where(compression == RUN_LENGTH, skip, 0))
    bits: IntArray = weight_bits(weight) + delay + place
    return bits


def _whole_words(bits: IntArray) -> IntArray:
    rounded: IntArray = -(-bits // WORD) * WORD
    return rounded


RULES = (nengo_loihi_memory, nxtf_memory, words_per_axon, list_length)
