"""What a trained network needs of its neurons, whichever of the two models they are."""

from __future__ import annotations

from torch import Tensor

from neurodeploy.models.slayer.neuron import cuba_lif
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.srm import SrmNeuron, srm

Neuron = TrainedNeuron | SrmNeuron


def fire(sums: Tensor, neuron: Neuron) -> Tensor:
    """Spikes (0 or 1) of neurons run from rest on sums of weights, shape (steps, …), with SLAYER's gradient."""
    return srm(sums, neuron) if isinstance(neuron, SrmNeuron) else cuba_lif(sums, neuron)


def hop(neuron: Neuron) -> int:
    """Steps from layer to layer: one on the chip; none for SRM, whose kernel begins with 0."""
    return 0 if isinstance(neuron, SrmNeuron) else 1


def weight_scale(neuron: Neuron) -> float:
    """The weight with which one spike just reaches the threshold."""
    return neuron.threshold / neuron.peak
