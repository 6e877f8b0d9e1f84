"""Axonal delays: floored to steps in the forward pass, their gradient −Σ ȧ · e against the sum written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodeploy.models.slayer.delays import Delay
from neurodeploy.models.slayer.filters import AlphaKernel, alpha_filter

TIMESTEP_MS = 0.5


def delay_of(values: list[float]) -> Delay:
    delay = Delay(len(values), TIMESTEP_MS)
    delay.delay.data = torch.tensor(values).reshape(-1, 1, 1)
    return delay


def test_delays_are_floored_to_steps() -> None:
    assert delay_of([0.0, 0.49, 0.5, 1.99, 2.0, 100.0, -3.0]).steps().tolist() == [0, 0, 1, 3, 4, 62, 0]
    x = torch.zeros(5, 1, 3)
    x[1] = 1
    step, _, neuron = delay_of([0.0, 0.9, 1.0])(x).nonzero().T
    assert dict(zip(neuron.tolist(), step.tolist(), strict=True)) == {0: 1, 1: 2, 2: 3}


def test_spikes_behind_the_end_are_lost_and_channels_share_delays() -> None:
    x = torch.ones(4, 2, 3, 2)
    out = delay_of([1.0, 0.0])(x)
    assert out[:2, ..., 0].sum() == 0
    assert out[2:, ..., 0].sum() == 2 * 2 * 3
    assert out[..., 1].sum() == 4 * 2 * 3


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_gradient_is_the_papers_sum(kind: torch.dtype) -> None:
    random = np.random.default_rng(0)
    s = (random.random((60, 2, 3)) < 0.2).astype(float)
    s[-10:] = 0  # behind them everything has been answered
    e = random.normal(0, 1, (60, 2, 3))
    delay, kernel = delay_of([0.0, 1.2, 2.6]).to(kind), AlphaKernel(2.0)
    x = torch.from_numpy(s).to(kind).requires_grad_()
    a = alpha_filter(delay(x), kernel)
    to_spikes, to_delay = torch.autograd.grad(a, [x, delay.delay], torch.from_numpy(e).to(kind))

    taps, steps = kernel.samples(), [0, 2, 5]
    expected_delay, expected_spikes = np.zeros(3), np.zeros_like(s)
    for n in range(3):
        for b in range(2):
            answer = [
                sum(taps[k] * s[t - k - steps[n], b, n] for k in range(len(taps)) if t - k - steps[n] >= 0)
                for t in range(60)
            ]
            for t in range(60):
                slope = (answer[t] - (answer[t - 1] if t else 0)) / TIMESTEP_MS
                expected_delay[n] -= slope * e[t, b, n]
                for k in range(len(taps)):
                    if t - k - steps[n] >= 0:
                        expected_spikes[t - k - steps[n], b, n] += taps[k] * e[t, b, n]
    np.testing.assert_allclose(to_delay.flatten().numpy(), expected_delay, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(to_spikes.numpy(), expected_spikes, rtol=1e-4, atol=1e-5)


def test_a_spike_of_the_last_step_is_lost_when_it_comes_later() -> None:
    delay, x = delay_of([1.0]), torch.zeros(5, 1, 1)
    x[2] = 1  # two steps later it is in the last one
    error = torch.zeros(5, 1, 1)
    error[4] = 3
    (gradient,) = torch.autograd.grad(delay(x), delay.delay, error)
    assert gradient.item() == -3 / TIMESTEP_MS


def test_a_delay_moves_toward_a_late_target() -> None:
    """Loss ½ Σ (ε ∗ s(t − d) − ε ∗ target)²: its gradient pushes a delay of 0 up and one that is too long down."""
    x, target = torch.zeros(80, 1, 1), torch.zeros(80, 1, 1)
    x[10], target[16] = 1, 1
    kernel = AlphaKernel(5.0)
    signs = []
    for start in (0.0, 6.0):
        delay = delay_of([start])
        loss = (alpha_filter(delay(x), kernel) - alpha_filter(target, kernel)).square().sum() / 2
        (gradient,) = torch.autograd.grad(loss, delay.delay)
        signs.append(gradient.item())
    assert signs[0] < 0 < signs[1]


def test_clamping_keeps_the_chips_range() -> None:
    delay = delay_of([-1.0, 40.0, 3.3])
    delay.clamp_()
    assert delay.delay.flatten().tolist() == pytest.approx([0, 31, 3.3])
    assert delay.steps().tolist() == [0, 62, 6]
