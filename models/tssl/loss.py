"""Losses of TSSL-BP: on response traces, eq. (3, 4), towards desired spike trains, or on counts.

Source of the trains: Zhang and Li (2020), supplementary material, section 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neurodeploy.errors import DataError, OptionError
from neurodeploy.models.tssl.lif import filtered
from neurodeploy.models.tssl.neuron import TsslNeuron

#: For runs of 5 steps: of the labelled class; all others stay silent.
DESIRED = "01011"


@dataclass(frozen=True)
class TraceLoss:
    """½ Σ (ε ∗ d − ε ∗ s)², eq. (3, 4).

    Args:
        neuron: whose ε it is.
    """

    neuron: TsslNeuron

    def __call__(self, spikes: Tensor, desired: Tensor) -> Tensor:
        """Sum over steps, recordings and outputs.

        Args:
            spikes: shape (steps, recordings, outputs).
            desired: 0 or 1, the same shape.

        Raises:
            DataError: another shape, or values that are not finite.
        """
        if desired.shape != spikes.shape:
            problem = f"have shape {tuple(desired.shape)}, the output {tuple(spikes.shape)}"
            raise DataError("desired spikes", problem, "give (steps, recordings, outputs)")
        if not torch.isfinite(desired).all():
            raise DataError("desired spikes", "are not all finite", "give 0 or 1")
        return filtered(spikes - desired.to(spikes), self.neuron).square().sum() / 2


@dataclass(frozen=True)
class ClassTrainLoss:
    """The loss on traces where the labelled class should spike in one train and all others in another.

    Args:
        neuron: whose ε it is.
        true, false: 0 and 1, one character per step.

    Raises:
        OptionError: other characters, unequal lengths, or trains that do not tell classes apart.
    """

    neuron: TsslNeuron
    true: str = DESIRED
    false: str = "0" * len(DESIRED)

    def __post_init__(self) -> None:
        for train in (self.true, self.false):
            if not train or set(train) - {"0", "1"}:
                raise OptionError("desired spikes", f"{train[:40]!r} is no train", "write a 0 or 1 per step, as 01011")
        if len(self.true) != len(self.false) or self.true.count("1") <= self.false.count("1"):
            problem = f"of the true class {self.true[:40]!r} and of others {self.false[:40]!r}"
            raise OptionError("desired spikes", problem, "give equal lengths, and the true class more spikes")

    def __call__(self, spikes: Tensor, labels: Tensor) -> Tensor:
        """Sum over recordings; spikes (steps, recordings, outputs) and classes (recordings,).

        Raises:
            DataError: runs of another length than the trains.
        """
        if len(spikes) != len(self.true):
            problem = f"have {len(self.true)} steps, the run has {len(spikes)}"
            raise DataError("desired spikes", problem, "give trains as long as the run")
        trains = torch.tensor([[float(bit) for bit in train] for train in (self.false, self.true)]).to(spikes)
        chosen = torch.nn.functional.one_hot(labels, spikes.shape[2])
        return TraceLoss(self.neuron)(spikes, trains[chosen].permute(2, 0, 1))
