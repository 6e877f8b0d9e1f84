"""Training a network of Loihi neurons by gradient descent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from neurodeploy.models.slayer.loss import SpikeCountLoss
from neurodeploy.models.slayer.network import LoihiMlp

#: Gradients carry the factor 1/θ once per layer, some 10^-7 in all; Adam's usual 10^-8 would damp them.
ADAM_EPSILON = 1e-12


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    Args:
        epochs: passes over the data.
        batch_size: recordings per update.
        learning_rate: first step of Adam in units of weight; it falls to 0 along half a cosine.
        seed: of the order of recordings.
    """

    epochs: int
    batch_size: int = 32
    learning_rate: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """What one pass over the data came to.

    Args:
        number: from 1.
        loss: mean per recording.
        accuracy: share of recordings whose true class spiked most, while the weights were changing.
    """

    number: int
    loss: float
    accuracy: float


def train(
    model: LoihiMlp, rasters: Tensor, labels: Tensor, loss: SpikeCountLoss, options: TrainingOptions
) -> Iterator[Epoch]:
    """Train `model` in place, one epoch each time the iterator is advanced.

    Args:
        model: the network; its weights stay in the range of the chip.
        rasters: input spikes, uint8, shape (recordings, steps, inputs).
        labels: classes, int64, shape (recordings,).
        loss: what to make small.
        options: how.
    """
    updates = options.epochs * -(-len(labels) // options.batch_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate, eps=ADAM_EPSILON)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    generator = torch.Generator().manual_seed(options.seed)
    for epoch in range(1, options.epochs + 1):
        total, right = 0.0, 0
        order = torch.randperm(len(labels), generator=generator)
        for first in range(0, len(labels), options.batch_size):
            batch = order[first : first + options.batch_size]
            spikes = model(rasters[batch].transpose(0, 1).float())
            value = loss(spikes, labels[batch])
            optimizer.zero_grad()
            torch.autograd.backward(value)
            optimizer.step()
            schedule.step()
            model.clamp_weights()
            total += value.item()
            right += int((spikes.sum(0).argmax(1) == labels[batch]).sum())
        yield Epoch(epoch, total / len(labels), right / len(labels))
