"""Losses on spike times and probabilities, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from neurodeploy.errors import OptionError
from neurodeploy.models.slayer.loss import CountEntropyLoss, SpikeProbabilityLoss, SpikeTimeLoss

KERNEL = torch.tensor([1.0, 0.5])


def test_spike_time_loss() -> None:
    spikes = torch.zeros(5, 1, 2)
    spikes[1, 0, 0] = spikes[2, 0, 1] = 1
    desired = torch.zeros(1, 5, 2)
    desired[0, 1, 0] = desired[0, 4, 1] = 1
    # Neuron 0 agrees; neuron 1 leaves 1, 1/2 at steps 2 and 3, and −1 at step 4, whose other half is cut off.
    assert SpikeTimeLoss(KERNEL)(spikes, desired).item() == pytest.approx((1 + 0.25 + 1) / 2)


def test_spike_time_loss_of_a_late_output_and_its_gradient() -> None:
    spikes = torch.zeros(4, 1, 1, requires_grad=True)
    desired = torch.zeros(1, 4, 1)
    desired[0, 2] = 1
    loss = SpikeTimeLoss(KERNEL, delay=1)(spikes, desired)
    assert loss.item() == pytest.approx(1.25 / 2)
    (gradient,) = torch.autograd.grad(loss, spikes)
    # The trace is −1 at step 2 and −1/2 at step 3; a spike of step t answers 1 at t + 1 and 1/2 at t + 2.
    assert gradient.flatten().tolist() == pytest.approx([-0.5, -1.25, -0.5, 0])


def test_spike_probability_loss() -> None:
    spikes = torch.zeros(5, 1, 2)
    spikes[0, 0, 0] = spikes[1, 0, 0] = spikes[4, 0, 0] = 1
    loss = SpikeProbabilityLoss(0.5, 0.25, window=2)(spikes, torch.tensor([0]))
    # Windows 0–1 and 2–3, the fifth step is no window. Class 0: p 5/6 and 1/6, q 1/2. Class 1: p 1/6, q 1/4.
    true = -0.5 * (math.log(5 / 6) + math.log(1 / 6)) * 2
    false = -2 * (0.25 * math.log(1 / 6) + 0.75 * math.log(5 / 6))
    assert loss.item() == pytest.approx(true + false, rel=1e-6)


@pytest.mark.parametrize("kind", [torch.float64])
def test_losses_pass_gradcheck(kind: torch.dtype) -> None:
    spikes = torch.rand(6, 2, 3, dtype=kind, requires_grad=True)
    desired = torch.rand(2, 6, 3, dtype=kind)
    assert torch.autograd.gradcheck(lambda s: SpikeTimeLoss(KERNEL.double(), 2)(s, desired), (spikes,))
    labels = torch.tensor([0, 2])
    assert torch.autograd.gradcheck(lambda s: SpikeProbabilityLoss(0.8, 0.1, 3)(s, labels), (spikes,))


def test_values_outside_their_ranges_are_refused() -> None:
    with pytest.raises(OptionError, match="a delay of -1"):
        SpikeTimeLoss(KERNEL, -1)
    with pytest.raises(OptionError, match="windows of 0 steps"):
        SpikeProbabilityLoss(0.5, 0.1, 0)
    with pytest.raises(OptionError, match=r"wants 0\.1 and 0\.5"):
        SpikeProbabilityLoss(0.1, 0.5, 3)


def test_the_entropy_of_counts_is_that_of_their_softmax() -> None:
    spikes = torch.zeros(20, 2, 3)
    spikes[:12, 0, 1], spikes[:5, 0, 2], spikes[:7, 1, 0] = 1, 1, 1
    labels = torch.tensor([1, 2])
    exact = 0.0
    for counts, label in (([0, 12, 5], 1), ([7, 0, 0], 2)):
        share = np.exp(0.3 * np.array(counts)) / np.exp(0.3 * np.array(counts)).sum()
        wanted = np.full(3, 0.1 / 3) + 0.9 * (np.arange(3) == label)
        exact -= float(wanted @ np.log(share))
    loss = CountEntropyLoss(evidence=0.3, smoothing=0.1)
    assert float(loss(spikes, labels)) == pytest.approx(exact, rel=1e-5)
    assert float(loss(spikes, torch.tensor([0, 2]))) > exact
