"""Synapse memory of a core by both published packing rules, for dense entries.

An axon's synapses are stored as runs of consecutive compartments. nengo-loihi counts bits per chunk of 64
synapses, each rounded up to a word; NxTF counts words per source axon, every axon of a group padded to the
group's longest. The `conservative` rule demands both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.precision import IntArray

WORD_BITS = 64
#: NxTF's limit of synapses in one entry, below nengo-loihi's 64.
ENTRY_SYNAPSES = 60
NENGO_CHUNK = 64
#: Format number (4 bits) and synapse count (6 bits) in front of every entry, in both rules.
PREFIX_BITS = 10
#: Legal index widths (nengo-loihi, NxTF); 0 is no index.
INDEX_BITS = (6, 7, 8, 9, 10, 11, 12)


@dataclass(frozen=True)
class EntryFormat:
    """Widths of a stored synapse: weight bits, delay bits, and index bits of an entry's first compartment."""

    weight_bits: int
    delay_bits: int
    index_bits: int

    @property
    def synapse_bits(self) -> int:
        """Bits of one synapse in a dense entry; no chip code exists for 7 weight bits, they take 8."""
        return (8 if self.weight_bits == 7 else self.weight_bits) + self.delay_bits


@dataclass(frozen=True)
class Memory:
    """What the axons of one projection take on one core.

    Attributes:
        nengo_bits: by the rule of nengo-loihi.
        nxtf_words: by the rule of NxTF, padding included.
        longest_axon: words of the longest axon by the rule of NxTF.
    """

    nengo_bits: int
    nxtf_words: int
    longest_axon: int


def index_bits(compartments: int) -> int:
    """Smallest legal index width that addresses the compartments of a core."""
    needed = max(compartments - 1, 0).bit_length()
    return min(bits for bits in INDEX_BITS if bits >= needed)


def delay_bits(delay: int) -> int:
    """Width of the delay field: 8, 16, 32 or 64 dendritic accumulators must exceed `delay` + 1; 0 without delays.

    Source: NxTF's delay bits 3 … 6 and the published SLAYER mapper.
    """
    return 0 if delay == 0 else max((delay + 1).bit_length(), 3)


def nengo_bits(runs: IntArray, form: EntryFormat) -> IntArray:
    """Bits of each run of consecutive synapses by nengo-loihi's `SynapseConfig.bits_per_axon`, shape (runs,)."""

    def rounded(synapses: IntArray) -> IntArray:
        raw = synapses * form.synapse_bits + PREFIX_BITS
        return -(-raw // WORD_BITS) * WORD_BITS

    full, rest = np.divmod(runs, NENGO_CHUNK)
    return full * rounded(np.array(NENGO_CHUNK)) + np.where(rest > 0, rounded(rest), 0)


def nxtf_words(axon_bits: IntArray) -> IntArray:
    """Words of each axon from the bits of its entries, with NxTF's spare word, shape (axons,)."""
    spare = (axon_bits % WORD_BITS == 0) | (axon_bits % WORD_BITS >= 59)
    words: IntArray = -(-axon_bits // WORD_BITS) + spare
    return words


def dense_memory(runs: IntArray, axon_of_run: IntArray, axons: int, form: EntryFormat) -> Memory:
    """Memory of the axons of one projection on one core.

    Args:
        runs: length of each run of consecutive synapses, (runs,).
        axon_of_run: which axon it belongs to, 0 … axons − 1, (runs,).
        axons: how many there are.
        form: widths of the entries.
    """
    if axons == 0:
        return Memory(0, 0, 0)
    entries = -(-runs // ENTRY_SYNAPSES)
    bits = entries * (PREFIX_BITS + form.index_bits) + runs * form.synapse_bits
    words = nxtf_words(np.bincount(axon_of_run, weights=bits, minlength=axons).astype(np.int64))
    longest = int(words.max())
    return Memory(int(nengo_bits(runs, form).sum()), longest * axons, longest)
