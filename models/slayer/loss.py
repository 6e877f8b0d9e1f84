"""Losses on output spikes: their number, their times, or their probability (Shrestha and Orchard 2018, section 3.3).

A loss takes output spikes (steps, recordings, outputs) and, recording by recording, what was desired: class labels, or
for spike times rasters (recordings, steps, outputs). It is a sum over recordings.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from neurodeploy.errors import OptionError
from neurodeploy.models.slayer.filters import fir


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


@dataclass(frozen=True)
class CountEntropyLoss:
    """Cross entropy of classes whose evidence is how often their outputs spike; silence is not asked of the others.

    Args:
        evidence: logits per spike, above 0.
        smoothing: share of certainty given to all classes alike, so that counts stay finite.
    """

    evidence: float = 0.2
    smoothing: float = 0.05

    def __call__(self, spikes: Tensor, labels: Tensor) -> Tensor:
        """Sum over recordings; spikes (steps, recordings, outputs) and classes (recordings,)."""
        logits = spikes.sum(0) * self.evidence
        return functional.cross_entropy(logits, labels, label_smoothing=self.smoothing, reduction="sum")


@dataclass(frozen=True, eq=False)
class SpikeTimeLoss:
    """SLAYER's `SpikeTime`: distance of filtered spike trains, as van Rossum's, ½ Σ (ε ∗ (out − desired))².

    Args:
        kernel: ε, shape (taps,), float32; for LOIHI neurons SLAYER takes `srmKernel` over its peak.
        delay: steps by which the output is late: a spike of step t is compared with the desired one of t + delay.

    Raises:
        OptionError: a negative delay, or an empty kernel.
    """

    kernel: Tensor
    delay: int = 0

    def __post_init__(self) -> None:
        if self.delay < 0 or self.kernel.ndim != 1 or not len(self.kernel):
            problem = f"has a delay of {self.delay} and a kernel of shape {tuple(self.kernel.shape)}"
            raise OptionError("spike time loss", problem, "give a delay from 0 and a kernel (taps,)")

    def __call__(self, spikes: Tensor, desired: Tensor) -> Tensor:
        """Sum over steps, recordings and outputs; what comes behind the last step does not count.

        Args:
            spikes: shape (steps, recordings, outputs).
            desired: 0 or 1, shape (recordings, steps, outputs).
        """
        late = torch.cat([torch.zeros_like(spikes[: self.delay]), spikes[: len(spikes) - self.delay]])
        difference = late - desired.transpose(0, 1).to(spikes)
        return fir(difference, self.kernel.to(spikes)).square().sum() / 2


@dataclass(frozen=True)
class SpikeProbabilityLoss:
    """SLAYER's `ProbSpikes`: in every window of steps the true class spikes with one probability, others with another.

    An output's probability in a window is estimated from its spikes there, (count + ½) / (window + 1), which is never 0
    or 1; the loss is the cross entropy −Σ q ln p + (1 − q) ln(1 − p) with the desired probability q.

    Args:
        true_probability, false_probability: desired spikes per step, 0 … 1, the first above the second.
        window: steps; those behind the last whole window do not count.

    Raises:
        OptionError: values outside their ranges.
    """

    true_probability: float
    false_probability: float
    window: int

    def __post_init__(self) -> None:
        if not 0 <= self.false_probability < self.true_probability <= 1 or self.window < 1:
            problem = f"wants {self.true_probability} and {self.false_probability} in windows of {self.window} steps"
            raise OptionError("spike probability loss", problem, "choose 0 ≤ false < true ≤ 1 and at least one step")

    def __call__(self, spikes: Tensor, labels: Tensor) -> Tensor:
        """Sum over windows, recordings and outputs.

        Args:
            spikes: shape (steps, recordings, outputs), at least one window long.
            labels: classes, shape (recordings,).
        """
        windows = len(spikes) // self.window
        counts = spikes[: windows * self.window].reshape(windows, self.window, *spikes.shape[1:]).sum(1)
        probability = (counts + 0.5) / (self.window + 1)
        desired = torch.full_like(counts, self.false_probability)
        desired[:, torch.arange(len(labels)), labels] = self.true_probability
        return torch.nn.functional.binary_cross_entropy(probability, desired, reduction="sum")
