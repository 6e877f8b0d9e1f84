"""Losses on output spikes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neurodeploy.errors import OptionError


@dataclass(frozen=True)
class SpikeCountLoss:
    """SLAYER's `NumSpikes`: every output neuron should spike a given number of times.

    Args:
        true_count: desired spikes of the labelled class.
        false_count: desired spikes of every other class, 0 … below `true_count`.

    Raises:
        OptionError: counts that do not tell the classes apart.
    """

    true_count: float
    false_count: float

    def __post_init__(self) -> None:
        if not 0 <= self.false_count < self.true_count:
            problem = f"wants {self.true_count} spikes of the true class and {self.false_count} of the others"
            raise OptionError("spike count loss", problem, "choose 0 ≤ false_count < true_count")

    def __call__(self, spikes: Tensor, labels: Tensor) -> Tensor:
        """½ Σ (count − desired)² / steps over recordings and outputs: the same error in each of a neuron's steps.

        Args:
            spikes: shape (steps, recordings, outputs).
            labels: classes, shape (recordings,).
        """
        counts = spikes.sum(0)
        desired = torch.full_like(counts, self.false_count)
        desired[torch.arange(len(labels)), labels] = self.true_count
        return (counts - desired).square().sum() / (2 * len(spikes))
