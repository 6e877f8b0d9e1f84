"""Neuron parameters, bias and reset: ranges at both ends and one beyond, and what they come to."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.errors import NetworkError
from neurodeploy.network import Bias, CubaLif, Reset

GOOD = {"current_decay": 1024, "voltage_decay": 128, "threshold_mantissa": 80, "refractory_delay": 1}


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("current_decay", 0, 4096),
        ("voltage_decay", 0, 4096),
        ("threshold_mantissa", 0, 131071),
        ("refractory_delay", 1, 63),
    ],
)
def test_ranges(name: str, low: int, high: int) -> None:
    for value in (low, high):
        assert CubaLif(**GOOD | {name: value}).parameters()[name] == value
    for value in (low - 1, high + 1):
        for bad in (value, np.array([low, value])):
            with pytest.raises(NetworkError) as caught:
                CubaLif(**GOOD | {name: bad})
            expected = f"{name}: {value} is outside {low} … {high}; choose a value from {low} to {high}."
            assert str(caught.value) == expected


@pytest.mark.parametrize("value", [1.5, "7", np.array([[1]]), np.array([1.0]), None, True])
def test_only_whole_numbers(value: object) -> None:
    with pytest.raises(
        NetworkError, match=r"threshold_mantissa: .* is not an integer or a list of integers; give whole"
    ):
        CubaLif(1, 1, value)  # type: ignore[arg-type]


def test_parameters_in_the_order_of_the_constructor() -> None:
    neuron = CubaLif(1, 2, np.array([3, 4]), 5)
    assert list(neuron.parameters()) == list(GOOD)
    assert neuron.current_decay == 1
    assert np.asarray(neuron.threshold_mantissa).tolist() == [3, 4]


def test_arrays_are_frozen_copies() -> None:
    values = np.array([3, 4])
    neuron = CubaLif(1, 2, values)
    values[0] = 9
    kept = np.asarray(neuron.threshold_mantissa)
    assert kept[0] == 3
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 1


def test_constant_bias() -> None:
    bias = Bias(np.array([-4096, 0, 4095]), 7)
    assert bias.steps is None
    assert bias.value(3).tolist() == [-524288, 0, 524160]
    assert Bias(np.array(-3), 2).value(0) == -12


def test_bias_per_step() -> None:
    bias = Bias(np.array([[1, 2], [3, 4], [5, 6]]), 1)
    assert bias.steps == 3
    assert bias.value(2).tolist() == [10, 12]


@pytest.mark.parametrize(
    ("mantissa", "exponent", "message"),
    [
        ([4096], 0, "bias: mantissa 4096 is outside -4096 … 4095; raise the bias exponent or rescale."),
        ([-4097], 0, "bias: mantissa -4097 is outside -4096 … 4095"),
        ([[-4097, 5000]], 0, "bias: mantissa -4097 is outside -4096 … 4095"),
        ([1], 8, "bias: exponent 8 is outside 0 … 7; choose 0 to 7."),
        ([1], -1, "bias: exponent -1 is outside 0 … 7"),
        ([1.5], 0, "bias: is not an integer array of at most two axes; give (neurons,) or (steps, neurons)."),
        ([[[1]]], 0, "bias: is not an integer array of at most two axes"),
        (np.zeros((0, 2), int), 0, "bias: has no rows; give one row per step."),
    ],
)
def test_bias_refused(mantissa: object, exponent: int, message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        Bias(np.asarray(mantissa), exponent)
    assert message in str(caught.value)


def test_reset_shifts_by_one_step_per_layer() -> None:
    reset = Reset(5, 3)
    due = [[step for step in range(16) if reset.due(step, depth)] for depth in range(3)]
    assert due == [[3, 8, 13], [4, 9, 14], [5, 10, 15]]
    assert [step for step in range(5) if Reset(1).due(step, 2)] == [2, 3, 4]


@pytest.mark.parametrize(("interval", "offset"), [(0, 0), (-1, 0), (1, -1)])
def test_reset_refused(interval: int, offset: int) -> None:
    with pytest.raises(
        NetworkError, match=f"reset: interval {interval}, offset {offset}; use an interval of at least 1"
    ):
        Reset(interval, offset)
