"""The checker's two packing rules against figures worked out from the published rules without this package."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.compiler.checker.layout import index_bits
from neurodeploy.compiler.checker.memory import (
    HEADER_BITS,
    NXTF_LIST,
    WORD,
    nengo_loihi_bits,
    nxtf_words,
    weight_bits,
)
from neurodeploy.compiler.memory import Compression, ListTable, SynapseFormat
from neurodeploy.precision import IntArray, SignMode

#: Contiguous targets, and words per source axon with 8 bits and no delay: by nengo-loihi dense and sparse, by NxTF
#: dense, run-length (skips of 2 bits) and sparse.
WORDS = [
    (1, 1, 1, 1, 1, 1),
    (10, 2, 3, 2, 2, 3),
    (60, 8, 14, 8, 10, 14),
    (62, 8, 14, 9, 11, 14),
    (64, 9, 15, 9, 11, 15),
    (128, 18, 32, 17, 21, 30),
    (256, 36, 68, 34, 42, 63),
    (512, 72, 144, 67, 83, 131),
    (1024, 144, 304, 134, 166, 277),
]
#: Fan-in, and the most dense neurons of one core by nengo-loihi and by NxTF. 972 neurons take 17 entries of
#: 20 bits and 7,776 bits, 52 in word 127; with 973 neurons 60 bits would stand in that word, which costs one more.
MOST_NEURONS = [
    (128, 910, 972),
    (256, 454, 481),
    (512, 230, 238),
    (1024, 118, 115),
    (2048, 62, 53),
    (2312, 54, 53),
    (4096, 30, 21),
]


def nengo_words(targets: IntArray, width: int = 8) -> IntArray:
    return nengo_loihi_bits(targets, np.full(len(targets), width)) // WORD


def dense_nxtf_words(targets: IntArray, width: int = 8) -> IntArray:
    entries = -(-targets // NXTF_LIST)
    return nxtf_words(entries * (HEADER_BITS + index_bits(targets)) + targets * width)


@pytest.mark.parametrize(("targets", "nengo", "nengo_sparse", "nxtf", "nxtf_run", "nxtf_sparse"), WORDS)
def test_words_of_one_source(
    targets: int, nengo: int, nengo_sparse: int, nxtf: int, nxtf_run: int, nxtf_sparse: int
) -> None:
    many, index = np.array([targets]), index_bits(np.array([targets]))
    entries = -(-many // NXTF_LIST)
    assert nengo_words(many).tolist() == [nengo]
    assert nengo_words(many, 8 + int(index[0])).tolist() == [nengo_sparse]
    assert dense_nxtf_words(many).tolist() == [nxtf]
    assert nxtf_words(entries * (HEADER_BITS + index) + many * (8 + 2)).tolist() == [nxtf_run]
    sizes = np.array([min(NXTF_LIST, targets - first) for first in range(0, targets, NXTF_LIST)])
    width = index_bits(np.cumsum(sizes))  # each list takes the index its last target needs
    assert nxtf_words(np.sum(HEADER_BITS + sizes * (8 + width), keepdims=True)).tolist() == [nxtf_sparse]


def test_lists_of_the_published_unit_tests() -> None:
    """`test_dnn_partitioner.py`: bits of sparse, run-length and dense lists, indices given, weights of 8 bits."""
    assert HEADER_BITS + 4 * (8 + 6) == 66
    assert [HEADER_BITS + 2 * (8 + 6)] * 2 == [38, 38]
    sizes = [stored_bits(Compression.SPARSE, 4, 6), stored_bits(Compression.RUN_LENGTH, 4, 7, skip=3)]
    assert sizes == [66, 17 + 44]
    assert [stored_bits(Compression.DENSE, n, 8) for n in (1, 2, 1)] == [18 + 8, 18 + 16, 18 + 8]


def stored_bits(compression: Compression, synapses: int, index: int, skip: int = 0) -> int:
    """Bits of one list as the compiler counts them: what makes NxTF's words of the axon."""
    form = SynapseFormat(SignMode.EXCITATORY, 8, 0, 0, compression, skip)
    start = 0 if compression is Compression.SPARSE else index
    return HEADER_BITS + start + synapses * form.synapse_bits(index)


@pytest.mark.parametrize(("targets", "nengo", "nengo_sparse", "nxtf", "nxtf_run", "nxtf_sparse"), WORDS)
def test_the_compilers_lists_count_the_same(
    targets: int, nengo: int, nengo_sparse: int, nxtf: int, nxtf_run: int, nxtf_sparse: int
) -> None:
    first = np.arange(0, targets, NXTF_LIST)
    stored = np.minimum(targets - first, NXTF_LIST)
    index = int(index_bits(np.array([targets]))[0])
    zeros = np.zeros(len(first), np.int64)
    for compression, skip, words in (
        (Compression.DENSE, 0, nxtf),
        (Compression.RUN_LENGTH, 2, nxtf_run),
        *([(Compression.SPARSE, 0, nxtf_sparse)] if targets <= 64 else []),  # one index width for all lists of a core
    ):
        form = SynapseFormat(SignMode.EXCITATORY, 8, 0, 0, compression, skip)
        memory = ListTable(1, (form,), zeros, zeros, first, stored, stored).memory(index)
        assert memory.nxtf_words == memory.longest_axon == words
        rounded = -(-(HEADER_BITS + stored * form.synapse_bits(index)) // WORD) * WORD
        assert memory.nengo_bits == rounded.sum()
    if targets <= NXTF_LIST:  # beyond, the compiler's lists of 60 keep both rules where nengo-loihi's have 64
        form = SynapseFormat(SignMode.EXCITATORY, 8, 0)
        assert ListTable(1, (form,), zeros, zeros, first, stored, stored).memory(index).nengo_bits == nengo * WORD


@pytest.mark.parametrize(("fan_in", "nengo", "nxtf"), MOST_NEURONS)
def test_dense_neurons_of_one_core(fan_in: int, nengo: int, nxtf: int) -> None:
    neurons = np.arange(1, 1025)
    assert neurons[fan_in * nengo_words(neurons) <= 16384].max() == nengo
    assert neurons[fan_in * dense_nxtf_words(neurons) < 16384].max() == nxtf


def test_seven_bit_weights_take_eight() -> None:
    np.testing.assert_array_equal(weight_bits(np.arange(1, 9)), [1, 2, 3, 4, 5, 6, 8, 8])


def test_delay_bits_widen_every_synapse() -> None:
    # 10 · (8 + 6) + 10 = 150 bits for nengo-loihi, 10 + 6 + 140 = 156 for NxTF: 3 words each instead of 2.
    assert nengo_words(np.array([10]), 14).tolist() == [3]
    assert dense_nxtf_words(np.array([10]), 14).tolist() == [3]


def test_a_word_that_is_full_or_nearly_costs_one_more() -> None:
    np.testing.assert_array_equal(
        nxtf_words(np.array([0, 1, 58, 59, 63, 64, 65, 122, 123, 128])), [0, 1, 1, 2, 2, 2, 2, 2, 3, 3]
    )


@pytest.mark.parametrize(
    ("compartments", "bits"), [(1, 6), (64, 6), (65, 7), (512, 9), (1024, 10), (1025, 11), (4096, 12)]
)
def test_index_width_follows_the_core(compartments: int, bits: int) -> None:
    assert index_bits(np.array([compartments])).tolist() == [bits]
