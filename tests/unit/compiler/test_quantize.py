from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.errors import QuantizationError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.precision import SignMode, WeightFormat


def layer(weight: Any, exponent: int = 0, grid: int | None = None) -> Network:
    return Network(
        (Population("input", shape=(np.shape(weight)[1],)), Population("fc1", CubaLif(1024, 128, 80))),
        (Projection("input", "fc1", Dense(np.asarray(weight)), exponent, weight_grid=grid),),
    )


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=20), st.sampled_from([0, 1, 3, 7]))
def test_networks_on_the_integer_grid_come_through_unchanged(halves: list[int], exponent: int) -> None:
    weight = 2 * np.array([halves])
    network, (error,) = quantize(layer(weight, exponent))
    np.testing.assert_array_equal(network.projections[0].synapse.weight, weight)
    assert network.projections[0].weight_exponent == exponent
    assert (error.changed, error.clipped, error.rms, error.worst) == (0, 0, 0.0, 0.0)


@given(st.lists(st.floats(-120, 120), min_size=1, max_size=20))
def test_trained_grid_is_kept_exactly(weights: list[float]) -> None:
    """Loihi-aware SLAYER rounds to 2 · rint(w / 2); a finer grid would be another network."""
    network, (error,) = quantize(layer([weights], grid=2))
    np.testing.assert_array_equal(network.projections[0].synapse.weight[0], 2 * np.rint(np.array(weights) / 2))
    assert (network.projections[0].weight_exponent, error.changed) == (0, 0)


@settings(max_examples=200)
@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=12), st.integers(1, 8))
def test_least_loss_of_all_formats(weights: list[float], bits: int) -> None:
    """No sign mode and exponent comes nearer, by brute force over the stored values."""
    network, (error,) = quantize(layer([weights]), QuantizeOptions(bits))
    projection = network.projections[0]
    wanted = np.array(weights)
    meant = projection.synapse.weight[0] * 2.0**projection.weight_exponent
    best = np.inf
    for mode in SignMode:
        step = 2 ** (8 - bits + (mode is SignMode.MIXED))
        low, high = mode.range
        for exponent in range(-7, 8):
            stored = [w for w in range(low, high + 1) if w % step == 0 and w % 2 ** max(-exponent, 0) == 0]
            grid = np.array(stored) * 2.0**exponent
            best = min(best, float(np.sum(np.min(np.abs(wanted[:, None] - grid), axis=1) ** 2)))
    assert np.sum((meant - wanted) ** 2) == pytest.approx(best, rel=1e-9, abs=1e-12)
    assert error.rms == pytest.approx(np.sqrt(np.mean((meant - wanted) ** 2)), abs=1e-12)
    assert error.changed == np.count_nonzero(meant != wanted)


@pytest.mark.parametrize(
    ("weights", "exponent", "form"),
    [
        ([1, 255], 0, WeightFormat(SignMode.EXCITATORY)),
        ([-1, -255], 0, WeightFormat(SignMode.INHIBITORY)),
        ([300, 510], 1, WeightFormat(SignMode.EXCITATORY)),
        ([-127, 3], -1, WeightFormat(SignMode.MIXED)),
        ([-512, 508], 1, WeightFormat(SignMode.MIXED)),
        ([0, 0], 0, WeightFormat(SignMode.MIXED)),
    ],
)
def test_integers_that_some_format_holds(weights: list[int], exponent: int, form: WeightFormat) -> None:
    network, (error,) = quantize(layer([weights]))
    projection = network.projections[0]
    assert (projection.weight_exponent, projection.weight_format, error.changed) == (exponent, form, 0)
    np.testing.assert_array_equal(np.ldexp(projection.synapse.weight[0].astype(float), exponent), weights)


def test_integers_that_no_format_holds_are_never_rounded_silently() -> None:
    network = layer([[-255, 3]])
    with pytest.raises(QuantizationError, match=r"fc1: 2 of 2 weights .*--weight-bits 8"):
        quantize(network)
    with pytest.raises(QuantizationError, match=r"fc1: 2 of 4 weights \(the worst is 1000\)"):
        quantize(layer([[2, 1000], [3, 4]]))
    _, (error,) = quantize(network, QuantizeOptions(8))
    assert error.changed == 2


def test_clipped_weights_are_counted() -> None:
    _, (error,) = quantize(layer([[1e6, 1.0]]), QuantizeOptions(8))
    assert (error.clipped, error.exponent) == (1, 7)


def test_weight_bits_are_checked() -> None:
    with pytest.raises(QuantizationError, match=r"9 is outside 1 … 8"):
        quantize(layer([[1.0]]), QuantizeOptions(9))
