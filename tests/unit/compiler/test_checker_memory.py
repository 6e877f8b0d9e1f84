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
from neurodeploy.precision import IntArray

#: Contiguous targets, and words per source axon by nengo-loihi and by NxTF (8 bits, dense, no delay).
WORDS = [
    (1, 1, 1),
    (10, 2, 2),
    (60, 8, 8),
    (62, 8, 9),
    (64, 9, 9),
    (128, 18, 17),
    (256, 36, 34),
    (512, 72, 67),
    (1024, 144, 134),
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


@pytest.mark.parametrize(("targets", "nengo", "nxtf"), WORDS)
def test_words_of_one_source(targets: int, nengo: int, nxtf: int) -> None:
    assert nengo_words(np.array([targets])).tolist() == [nengo]
    assert dense_nxtf_words(np.array([targets])).tolist() == [nxtf]


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
