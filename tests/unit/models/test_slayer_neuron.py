"""SLAYER's neuron: forward pass against plain integers, gradient against values worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import NetworkError
from neurodeploy.models.slayer.neuron import cuba_lif, integrate, surrogate
from neurodeploy.models.slayer.parameters import TrainedNeuron

PUBLISHED = TrainedNeuron(
    threshold_mantissa=80, voltage_decay=128, current_decay=1024, refractory_delay=1, weight_exponent=0
)
#: One unit of weight adds 1 to u, θ = 64, u and v keep 1/2 and 3/4; the response per unit of weight peaks at 1.
SMALL = TrainedNeuron(
    threshold_mantissa=1, voltage_decay=1024, current_decay=2048, refractory_delay=1, weight_exponent=-6
)


def decayed(value: int, decay: int) -> int:
    magnitude = abs(value) * (4096 - decay) >> 12
    return magnitude if value >= 0 else -magnitude


def run_in_integers(sums: list[int], neuron: TrainedNeuron) -> tuple[list[int], list[int]]:
    """The compartment's equations in Python's integers, for one neuron."""
    u = v = r = 0
    spikes, voltages = [], []
    for total in sums:
        r = max(r - 1, 0)
        q = total * 2 ** (6 + neuron.weight_exponent) if neuron.weight_exponent >= -6 else total // 2
        u = (decayed(u, neuron.current_decay) + q + 2**23) % 2**24 - 2**23
        v = max(-(2**23) + 1, min(2**23 - 1, decayed(v, neuron.voltage_decay) + u))
        if r > 0:
            v = 0
        voltages.append(v)
        spikes.append(int(v > neuron.threshold_mantissa * 64))
        if spikes[-1]:
            v, r = 0, neuron.refractory_delay
    return spikes, voltages


def column(values: list[int]) -> torch.Tensor:
    """Steps of a single neuron, shape (steps, 1)."""
    return torch.tensor(values, dtype=torch.float32)[:, None]


def integrated(sums: list[int], neuron: TrainedNeuron) -> tuple[list[int], list[int]]:
    spikes, voltages = integrate(column(sums), neuron)
    return spikes.flatten().int().tolist(), voltages.flatten().long().tolist()


neurons = st.builds(
    TrainedNeuron,
    threshold_mantissa=st.one_of(st.integers(1, 200), st.just(2**17 - 1)),
    voltage_decay=st.integers(1, 4096),
    current_decay=st.integers(1, 4096),
    refractory_delay=st.integers(1, 5),
    weight_exponent=st.integers(-7, 7),
)
even_sums = st.one_of(st.integers(-100, 100), st.integers(-(2**22), 2**22)).map(lambda half: 2 * half)


@settings(max_examples=200, deadline=None)
@given(neuron=neurons, sums=st.lists(even_sums, min_size=1, max_size=40))
def test_forward_pass_equals_integer_arithmetic(neuron: TrainedNeuron, sums: list[int]) -> None:
    assert integrated(sums, neuron) == run_in_integers(sums, neuron)


def test_current_wraps_at_24_bits() -> None:
    assert integrated([2**17 - 2, 0], replace(PUBLISHED, current_decay=4096))[1][0] == 2**23 - 128
    assert integrated([2**17, 0], PUBLISHED) == ([0, 0], [-(2**23) + 1, -(2**23) + 1])


def test_voltage_clips_at_23_bits() -> None:
    neuron = replace(PUBLISHED, threshold_mantissa=2**17 - 1)
    assert neuron.threshold == 2**23 - 64
    assert integrated([-(2**17) + 2, -2], neuron)[1][1] == -(2**23) + 1
    assert integrated([2**16, 0], neuron)[1] == [2**22, 2**22 * 31 // 32 + 2**22 * 3 // 4]


def test_threshold_is_strict_and_decay_truncates_toward_zero() -> None:
    unit = replace(PUBLISHED, weight_exponent=-6, threshold_mantissa=1)
    assert integrated([64], unit)[0] == [0]
    assert integrated([66], unit)[0] == [1]
    assert integrated([-2, 0, 0], replace(SMALL, voltage_decay=4096))[1] == [-2, -1, 0]


def test_refractory_delay_holds_the_voltage_for_one_step_less() -> None:
    neuron = replace(PUBLISHED, current_decay=4096, refractory_delay=3)
    assert integrated([100, 100, 100, 100, 0], neuron) == ([1, 0, 0, 1, 0], [6400, 0, 0, 6400, 0])


def test_neurons_are_independent_in_every_axis() -> None:
    sums = torch.zeros(3, 2, 4)
    sums[:, 1, 2] = torch.tensor([100.0, 0, 0])
    spikes, _ = integrate(sums, PUBLISHED)
    # u: 6400, 4800, 3600. v: 6400 (spike), 4800, 4650 + 3600 (spike).
    assert spikes.nonzero().tolist() == [[0, 1, 2], [2, 1, 2]]


def test_surrogate_is_slayers_formula() -> None:
    voltage = torch.tensor([5120.0, 0.0, 10240.0, -5120.0], dtype=torch.float64)
    height = 1 / (195 * 5120)
    expected = [height, height / math.e, height / math.e, height / math.e**2]
    assert surrogate(voltage, PUBLISHED).tolist() == pytest.approx(expected, rel=1e-12)
    wide = replace(PUBLISHED, tau_rho=2.0, scale_rho=3.0)
    assert surrogate(voltage, wide)[1].item() == pytest.approx(3 / (195 * 2 * 5120) * math.exp(-0.5), rel=1e-12)


def test_gradient_through_time_by_hand() -> None:
    # u: 100, 50, 25. v: 100 (spike, reset), 50, trunc(37.5) + 25 = 62.
    sums = column([100, 0, 0]).double().requires_grad_()
    spikes = cuba_lif(sums, SMALL)
    assert spikes.flatten().tolist() == [1, 0, 0]
    (gradient,) = torch.autograd.grad(spikes, sums, column([0, 0, 1]).double())
    # An impulse answers u 1, 1/2, 1/4 and v 1, 3/4 + 1/2, 9/16 + 3/8 + 1/4 = 19/16; read from the end.
    delta = math.exp(-2 / 64) / 64
    assert gradient.flatten().tolist() == pytest.approx([19 / 16 * delta, 5 / 4 * delta, delta], rel=1e-12)


def test_gradient_adds_the_errors_of_all_steps_and_the_gain_of_the_exponent() -> None:
    neuron = replace(SMALL, weight_exponent=-5)
    assert (neuron.peak, neuron.gain) == (2.5, 2)
    sums = column([2, 0]).double().requires_grad_()
    # u: 4, 2. v: 4, 3 + 2 = 5.
    (gradient,) = torch.autograd.grad(cuba_lif(sums, neuron), sums, column([10, -1]).double())
    first, second = (math.exp(-(64 - v) / 64) / 64 / 2.5 for v in (4, 5))
    assert gradient.flatten().tolist() == pytest.approx([2 * (10 * first - 5 / 4 * second), -2 * second], rel=1e-12)


@pytest.mark.parametrize("name", ["threshold_mantissa", "current_decay", "voltage_decay", "tau_rho", "scale_rho"])
def test_what_cannot_be_trained_is_refused(name: str) -> None:
    with pytest.raises(NetworkError, match=f"{name}: 0 is not above 0"):
        replace(PUBLISHED, **{name: 0})
