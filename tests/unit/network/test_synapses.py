"""Synapses: the shapes they give and the values they refuse, each with object, value, limit and remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.errors import NetworkError
from neurodeploy.network import Conv2d, Dense, OneToOne, Shape, Sparse, SumPool2d, Synapse

ONES = np.ones((2, 3), np.int32)
KERNEL = np.ones((4, 1, 3, 3), np.int32)
PAIR = np.ones(2, np.int32)


@pytest.mark.parametrize(
    ("synapse", "source", "shape"),
    [
        (Dense(ONES), (3,), (2,)),
        (Dense(ONES), (3, 1, 1), (2,)),
        (OneToOne(PAIR), (2, 1, 1), (2, 1, 1)),
        (OneToOne(np.array([7], np.int32)), (5,), (5,)),
        (Sparse(PAIR, np.array([0, 1]), np.array([0, 3]), 4), (2,), (4,)),
        (SumPool2d(np.ones((4, 4)), (4, 4)), (2, 128, 128), (2, 32, 32)),
        (SumPool2d(np.ones((2, 2)), (2, 2), (0, 1, 2, 0)), (1, 5, 5), (1, 3, 3)),
        (Conv2d(KERNEL), (1, 5, 3), (4, 3, 1)),
        (Conv2d(KERNEL, (2, 2), (1, 1), (1, 1), 2), (2, 6, 6), (4, 3, 3)),
    ],
)
def test_output_shape(synapse: Synapse, source: Shape, shape: Shape) -> None:
    assert synapse.output_shape(source) == shape


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolution_has_the_shape_of_torch(stride: int, padding: int, dilation: int) -> None:
    expected = torch.nn.Conv2d(2, 4, (3, 2), stride, padding, dilation, 2)(torch.zeros(2, 7, 9)).shape
    conv = Conv2d(np.ones((4, 1, 3, 2)), (stride, stride), (padding, padding), (dilation, dilation), 2)
    assert conv.output_shape((2, 7, 9)) == tuple(expected)


def loose(kind: object) -> Any:
    """A constructor that the type checker lets us call wrongly."""
    return kind


#: What is built, and what its one sentence must say.
REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: Dense(np.ones(3)), "weights: have shape 3 and type float64; give numbers of shape (targets, sources)"),
    (lambda: Dense(np.ones((0, 3))), "weights: have shape 0x3"),
    (lambda: Dense(np.ones((2, 2), complex)), "type complex128"),
    (lambda: Dense(np.array([["a"]])), "type <U1"),
    (lambda: Dense(np.array([[1, np.nan, np.inf]])), "weights: 2 are NaN or infinite; repair the checkpoint"),
    (lambda: Dense(np.array([[1, 2**31]])), "weights: reach 2147483648, beyond 32 bits; rescale them"),
    (lambda: Dense(np.array([[-(2**63)]])), "weights: reach 9223372036854775808, beyond 32 bits"),
    (lambda: loose(Dense)(np.array([[1, 2**40]], np.uint64)), "weights: reach 1099511627776, beyond 32 bits"),
    (lambda: Dense(ONES).output_shape((2, 2, 2)), "dense weight: has 3 columns, the source 2x2x2 has 8 neurons; check"),
    (lambda: Conv2d(np.ones((2, 1, 0, 3))), "weights: have shape 2x1x0x3"),
    (lambda: Conv2d(KERNEL, (0, 1)), "convolution stride: 0 is less than 1; choose at least 1"),
    (lambda: Conv2d(KERNEL, padding=(0, -1)), "convolution padding: -1 is less than 0; choose at least 0"),
    (lambda: Conv2d(KERNEL, dilation=(1, 0)), "convolution dilation: 0 is less than 1"),
    (lambda: loose(Conv2d)(KERNEL, (1, 1, 1)), "convolution stride: (1, 1, 1) is not one or 2 whole numbers"),
    (lambda: loose(Conv2d)(KERNEL, (1.5, 1)), "convolution stride: (1.5, 1) is not one or 2 whole numbers"),
    (lambda: Conv2d(KERNEL, groups=3), "convolution: 3 groups do not divide 4 output channels; choose"),
    (lambda: Conv2d(KERNEL, groups=0), "convolution: 0 groups do not divide 4 output channels"),
    (
        lambda: Conv2d(KERNEL).output_shape((2, 5, 5)),
        "convolution weight: reads 1 channels, the source has shape 2x5x5",
    ),
    (lambda: Conv2d(KERNEL).output_shape((25,)), "convolution weight: reads 1 channels, the source has shape 25"),
    (
        lambda: Conv2d(KERNEL).output_shape((1, 2, 9)),
        "kernel: of 3 (dilation 1) does not fit 2 + 0 rows or columns; pad",
    ),
    (lambda: Conv2d(KERNEL, dilation=(1, 2)).output_shape((1, 4, 4)), "kernel: of 3 (dilation 2) does not fit 4 + 0"),
    (
        lambda: SumPool2d(np.ones(4), (2, 2)),
        "weights: have shape 4 and type float64; give numbers of shape (height, width)",
    ),
    (lambda: SumPool2d(ONES, (2, 0)), "pooling stride: 0 is less than 1; choose at least 1"),
    (lambda: SumPool2d(ONES, (2, 2), (0, 0, 0, -1)), "pooling padding: -1 is less than 0; choose at least 0"),
    (lambda: loose(SumPool2d)(ONES, (2, 2), (1, 1)), "pooling padding: (1, 1) is not one or 4 whole numbers"),
    (
        lambda: SumPool2d(ONES, (2, 2)).output_shape((16,)),
        "pooling: needs a source (channels, height, width), not 16; pool",
    ),
    (lambda: OneToOne(ONES), "weights: have shape 2x3 and type int32; give numbers of shape (neurons,)"),
    (
        lambda: OneToOne(PAIR).output_shape((3,)),
        "one-to-one weight: has 2 values for 3 neurons; give one, or one per neuron",
    ),
    (lambda: Sparse(PAIR, np.array([0]), np.array([0, 1]), 2), "sparse source: is no list of 2 neuron numbers; give"),
    (lambda: Sparse(PAIR, np.array([0, 1]), np.array([0.0, 1.0]), 2), "sparse target: is no list of 2 neuron numbers"),
    (lambda: Sparse(PAIR, np.array([0, 1]), np.array([0, 2]), 2), "sparse target: neuron 2 is outside 0 … 1; renumber"),
    (lambda: Sparse(PAIR, np.array([0, 1]), np.array([-1, 1]), 2), "sparse target: neuron -1 is outside 0 … 1"),
    (
        lambda: Sparse(PAIR, np.array([0, 5]), np.array([0, 1]), 2).output_shape((5,)),
        "sparse source: neuron 5 is outside 0 … 4; renumber the synapses",
    ),
]


@pytest.mark.parametrize(("build", "message"), REFUSED)
def test_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        build()
    assert message in str(caught.value)
    assert caught.value.remedy


def test_arrays_are_frozen_copies() -> None:
    weight, source = np.ones((2, 2)), np.array([0, 1])
    dense = Dense(weight)
    sparse = Sparse(PAIR, source, source, 2)
    weight[0, 0], source[0] = 9, 1
    assert dense.weight[0, 0] == 1
    assert sparse.source[0] == 0
    for array in (dense.weight, sparse.weight, sparse.source, sparse.target):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(("given", "kept"), [(np.float32, np.float64), (np.int8, np.int32), (np.int64, np.int32)])
def test_weights_are_float64_or_int32(given: type, kept: type) -> None:
    assert Dense(np.ones((1, 1), given)).weight.dtype == kept


def test_an_empty_list_of_synapses_is_a_synapse() -> None:
    nothing = np.zeros(0, np.int64)
    assert Sparse(np.zeros(0), nothing, nothing, 3).output_shape((2,)) == (3,)
