"""Transposed convolutions: torch's `conv_transpose2d` judges every form they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.compiler.checker.replay import _evaluate
from neurodeploy.emulator.synapses import accumulate
from neurodeploy.network import ConvTranspose2d, Projection, Shape, connections, synapse_count
from neurodeploy.precision import IntArray


@dataclass(frozen=True)
class Drawn:
    """A transposed convolution, whole-numbered planes that enter it, and what torch makes of them."""

    synapse: ConvTranspose2d
    source: Shape
    planes: IntArray
    sums: IntArray


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """Random geometries, those whose padding leaves nothing left out; float64 holds every sum exactly."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    groups, per_group, size = draw(st.integers(1, 3)), draw(pair), draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    kernel, stride, dilation = draw(pair), draw(pair), draw(pair)
    more = [draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)]
    spans = [
        (n - 1) * s + d * (k - 1) + 1 + m for n, s, d, k, m in zip(size, stride, dilation, kernel, more, strict=True)
    ]
    padding = [draw(st.integers(0, min(4, (n - 1) // 2))) for n in spans]
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    source = (groups * per_group[0], *size)
    weight = random.integers(-9, 10, (source[0], per_group[1], *kernel))
    planes = random.integers(-9, 10, source)
    synapse = ConvTranspose2d(weight, stride, (padding[0], padding[1]), (more[0], more[1]), dilation, groups)
    sums = torch.nn.functional.conv_transpose2d(
        torch.tensor(planes[None], dtype=torch.float64),
        torch.tensor(weight, dtype=torch.float64),
        stride=stride,
        padding=padding,
        output_padding=more,
        groups=groups,
        dilation=dilation,
    )[0]
    return Drawn(synapse, source, planes, sums.numpy().astype(np.int64))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(case=drawn())
def test_torch_is_the_judge(case: Drawn) -> None:
    """Of the shape, the listed synapses and their number, the reference's sums and the checker's."""
    synapse = case.synapse
    assert synapse.output_shape(case.source) == case.sums.shape
    every = connections(synapse, case.source)
    pairs = every.source.astype(np.int64) * case.sums.size + every.target
    assert len(np.unique(pairs)) == len(pairs)
    total = np.zeros(case.sums.size, np.int64)
    np.add.at(total, every.target, every.weight.astype(np.int64) * case.planes.reshape(-1)[every.source])
    np.testing.assert_array_equal(total, case.sums.reshape(-1))
    assert synapse_count(synapse, case.source) == np.count_nonzero(every.weight)
    weight, spikes = synapse.weight.astype(np.int64), np.flatnonzero(case.planes)
    sums = accumulate(synapse, weight, case.source, spikes, case.planes.reshape(-1)[spikes])
    np.testing.assert_array_equal(sums, case.sums.reshape(-1))
    np.testing.assert_array_equal(
        _evaluate(Projection("a", "b", synapse), case.planes).reshape(-1), case.sums.reshape(-1)
    )


def test_an_unpooling_repeats_every_pixel() -> None:
    synapse = ConvTranspose2d.unpooling(np.full((2, 3), 4), 2, (2, 3))
    assert not synapse.learned
    planes = np.arange(8).reshape(2, 2, 2)
    expected = 4 * planes.repeat(2, axis=1).repeat(3, axis=2)
    sums = accumulate(synapse, synapse.weight.astype(np.int64), (2, 2, 2), np.arange(8), np.arange(8))
    np.testing.assert_array_equal(sums.reshape(expected.shape), expected)
