"""What a training plan asks of the outputs."""

from __future__ import annotations

import torch

from neurodeploy.models.slayer.loss import SpikeCountLoss, SpikeProbabilityLoss
from neurodeploy.models.slayer.plan import TrainingPlan


def test_counts_and_probabilities_are_those_of_slayers_nmnist() -> None:
    assert TrainingPlan("4-3", steps=150).criterion() == SpikeCountLoss(30.0, 10 / 300 * 150)
    wanted = TrainingPlan("4-3", steps=150, loss="probability").criterion()
    assert wanted == SpikeProbabilityLoss(60 / 300, 10 / 300, 20)
    assert TrainingPlan("4-3", steps=7, loss="probability").criterion() == SpikeProbabilityLoss(60 / 300, 10 / 300, 7)


def test_even_trains_of_the_right_classes_have_no_loss_of_times() -> None:
    """Twelve spikes in 60 steps from the true class, two from each other one."""
    loss = TrainingPlan("4-3", steps=60, loss="time").criterion()
    labels = torch.tensor([2, 0])
    spikes = torch.zeros(60, 2, 3)
    spikes[::30] = 1
    spikes[::5, [0, 1], labels] = 1
    assert spikes.sum(0).tolist() == [[2, 2, 12], [12, 2, 2]]
    assert float(loss(spikes, labels)) == 0
    assert float(loss(spikes, labels.flip(0))) > 0
    missing = spikes.clone()
    missing[30, 0, 1] = 0
    assert float(loss(missing, labels)) > 0
