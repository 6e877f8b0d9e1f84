"""The synapse lists of every kind of synapse against loops that spell out the definition."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import NetworkError
from neurodeploy.network import Conv2d, Dense, OneToOne, Shape, Sparse, SumPool2d, Synapse, connections

Listed = dict[tuple[int, int], float]


def listed(synapse: Synapse, source: Shape) -> Listed:
    """The synapses by (source, target); every pair must occur once and lie inside the populations."""
    result = connections(synapse, source)
    pairs = list(zip(result.source.tolist(), result.target.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert all(0 <= s < prod(source) and 0 <= t < prod(synapse.output_shape(source)) for s, t in pairs)
    return dict(zip(pairs, result.weight.tolist(), strict=True))


def windows(
    weight: np.ndarray[tuple[int, ...], np.dtype[np.int32]],
    source: Shape,
    out: Shape,
    stride: tuple[int, int],
    start: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> Listed:
    """Every tap of every output neuron, one after the other; `weight` is (out, in / groups, height, width)."""
    found: Listed = {}
    per_group_out, per_group_in = weight.shape[0] // groups, weight.shape[1]
    for channel, row, column in product(*map(range, out)):
        for member, tap_y, tap_x in product(*map(range, weight.shape[1:])):
            y = row * stride[0] + tap_y * dilation[0] - start[0]
            x = column * stride[1] + tap_x * dilation[1] - start[1]
            if 0 <= y < source[1] and 0 <= x < source[2]:
                plane = channel // per_group_out * per_group_in + member
                origin = (plane * source[1] + y) * source[2] + x
                target = (channel * out[1] + row) * out[2] + column
                found[origin, target] = float(weight[channel, member, tap_y, tap_x])
    return found


def numbered(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Weights that all differ."""
    return np.arange(1, prod(shape) + 1, dtype=np.int32).reshape(shape)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    groups=st.integers(1, 3),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
def test_convolution(
    groups: int,
    channels: tuple[int, int],
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> None:
    source = (channels[1] * groups, *size)
    weight = numbered(channels[0] * groups, channels[1], *kernel)
    conv = Conv2d(weight, stride, padding, dilation, groups)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if any(n + 2 * p < s for n, p, s in zip(size, padding, spans, strict=True)):
        with pytest.raises(NetworkError, match=r"kernel: of .* does not fit"):
            conv.output_shape(source)
        return
    out = conv.output_shape(source)
    assert out[0] == channels[0] * groups
    assert listed(conv, source) == windows(weight, source, out, stride, padding, dilation, groups)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    channels=st.integers(1, 3),
    size=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.tuples(*[st.integers(0, 3)] * 4),
)
def test_pooling(
    channels: int,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
) -> None:
    source, weight = (channels, *size), numbered(*kernel)
    pool = SumPool2d(weight, stride, padding)
    per_channel = np.broadcast_to(weight, (channels, 1, *kernel))
    expected = windows(per_channel, source, pool.output_shape(source), stride, padding[::2], (1, 1), channels)
    assert listed(pool, source) == expected


def test_dense() -> None:
    weight = numbered(3, 8)
    assert listed(Dense(weight), (2, 2, 2)) == {(s, t): weight[t, s] for s in range(8) for t in range(3)}


def test_one_to_one() -> None:
    assert listed(OneToOne(np.array([5, 6, 7], np.int32)), (3,)) == {(0, 0): 5, (1, 1): 6, (2, 2): 7}
    assert listed(OneToOne(np.array([4], np.int32)), (1, 1, 2)) == {(0, 0): 4, (1, 1): 4}


def test_sparse_adds_parallel_synapses_up() -> None:
    sparse = Sparse(np.array([1, 2, 4, 8], np.int32), np.array([0, 2, 0, 1]), np.array([3, 1, 3, 3]), 5)
    assert listed(sparse, (3,)) == {(0, 3): 5, (2, 1): 2, (1, 3): 8}


def test_sparse_sums_may_not_leave_32_bits() -> None:
    sparse = Sparse(np.full(2, 2**31 - 1, np.int32), np.array([0, 0]), np.array([0, 0]), 1)
    with pytest.raises(NetworkError, match="weights: reach 4294967294, beyond 32 bits; rescale them"):
        connections(sparse, (1,))


def test_float_weights_stay_float() -> None:
    sparse = Sparse(np.array([0.5, 0.25]), np.array([0, 0]), np.array([0, 0]), 1)
    assert connections(sparse, (1,)).weight.tolist() == [0.75]
    for synapse in (Dense(np.ones((2, 2))), OneToOne(np.ones(2)), Conv2d(np.ones((1, 1, 1, 1)))):
        assert connections(synapse, (1, 1, 2)).weight.dtype == np.float64
