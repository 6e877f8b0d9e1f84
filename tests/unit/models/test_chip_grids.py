"""The grids of quantization-aware training: steps, ranges, gradients, and that the compiler chooses and keeps them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.errors import NetworkError
from neurodeploy.models.slayer.grids import ChipGrid, best_grid
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.precision import SignMode, WeightFormat


@pytest.mark.parametrize("exponent", [-7, -6, -3, 0, 2, 7])
@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("mode", list(SignMode))
def test_levels_are_exactly_what_the_format_holds(mode: SignMode, bits: int, exponent: int) -> None:
    """By listing: every stored weight of the format that all rounding rules agree on, and nothing else."""
    form = WeightFormat(mode, bits)
    low, high = form.range
    meant = [w * 2.0**exponent for w in range(low, high + 1) if w % form.step == 0]
    allowed = sorted(w for w in meant if w == int(w))
    grid = ChipGrid(form, exponent)
    first, last = grid.range
    levels = torch.arange(first, last + 1)
    used = grid(levels)
    assert used.tolist() == allowed
    stored = grid.stored(levels)
    assert form.holds(stored.astype(np.int64))
    np.testing.assert_array_equal(np.ldexp(stored.astype(np.float64), exponent), used.numpy())


def test_steps_and_ranges_by_hand() -> None:
    four = ChipGrid(WeightFormat(bits=4), 0)
    assert (four.unit, four.range) == (32.0, (-8.0, 7.0))
    assert ChipGrid(WeightFormat(bits=4), 3).unit == 256.0
    assert ChipGrid(WeightFormat(bits=4), -2).unit == 8.0
    assert (ChipGrid(WeightFormat(bits=8), -4).unit, ChipGrid(WeightFormat(bits=8), -4).range) == (1.0, (-16.0, 15.0))
    positive = ChipGrid(WeightFormat(SignMode.EXCITATORY, 2), 0)
    assert (positive.unit, positive.range) == (64.0, (0.0, 3.0))
    np.testing.assert_array_equal(four.steps(np.array([-1000.0, -48.0, 16.0, 1000.0])), [-8, -1.5, 0.5, 7])


def test_the_gradient_passes_the_grid() -> None:
    """Straight through, times the step; also where the weight is rounded up, down, or lies outside."""
    weight = torch.tensor([-9.3, -1.5, -0.4, 0.4, 0.5, 2.6, 9.0], requires_grad=True)
    used = ChipGrid(WeightFormat(bits=4), 1)(weight)
    assert used.tolist() == [64.0 * level for level in (-8, -2, 0, 0, 0, 3, 7)]
    factor = torch.tensor([1.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.0])
    torch.autograd.backward((used * factor).sum())
    assert weight.grad is not None
    assert weight.grad.tolist() == (64 * factor).tolist()


def test_bits_out_of_range() -> None:
    with pytest.raises(NetworkError, match="9 bits are outside 1 … 8"):
        best_grid(np.ones(3), 9)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(-7, 7), st.sampled_from([-1.0, 0.0, 1.0]),
    st.floats(-3, 14),
)  # fmt: skip
def test_the_compiler_chooses_the_same_grid(seed: int, bits: int, exponent: int, bias: float, size: float) -> None:
    """Two implementations of one rule: the least squared error, the layer's own exponent first."""
    random = np.random.default_rng(seed)
    weight = (random.normal(size=(5, 7)) + 3 * bias) * 2.0**size
    projection = Projection("input", "out", Dense(weight), weight_exponent=exponent)
    network = Network((Population("input", shape=(7,)), Population("out", CubaLif(100, 100, 100))), (projection,))
    quantized, _ = quantize(network, QuantizeOptions(bits))
    grid = best_grid(np.ldexp(weight, exponent), bits, exponent)
    found = quantized.projections[0]
    assert (found.weight_format, found.weight_exponent) == (grid.format, grid.exponent)
    stored = grid.stored(torch.from_numpy(grid.steps(np.ldexp(weight, exponent))))
    np.testing.assert_array_equal(found.synapse.weight, stored)
