"""A recurrent block: a dense layer whose neurons also drive each other, their spikes arriving one step later.

Steps cannot be separated from the product here, so the recursion runs in torch, one matrix product a step for all
recordings and neurons. The error of a spike adds what it causes through the recurrent weights one step later.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.models.slayer.grids import WeightGrid
from neurodeploy.models.slayer.layers import Dense
from neurodeploy.models.slayer.neuron import State, surrogate
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.sparse import Spikes
from neurodeploy.network import Shape


class Recurrent(nn.Module):
    """A dense layer of CUBA LIF neurons with dense synapses among them.

    Args:
        source: shape of the layer before, (neurons,) or (height, width, channels).
        outputs: neurons.
        neuron: the integer CUBA LIF.
        grid: rounds both weights, `forward_weight.weight` and `recurrent_weight.weight` (outputs, outputs, 1, 1, 1).
    """

    def __init__(self, source: Shape, outputs: int, neuron: TrainedNeuron, grid: WeightGrid) -> None:
        super().__init__()
        self.shape, self.neuron = (outputs,), neuron
        self.forward_weight = Dense(source, outputs, grid)
        self.recurrent_weight = Dense((outputs,), outputs, grid)

    def forward(self, spikes: Tensor | Spikes, lag: int = 0) -> Tensor:
        """Spikes (0 or 1), (steps, recordings, outputs)."""
        sums = self.forward_weight(spikes, lag)
        out: Tensor = _Recurrent.apply(sums, self.recurrent_weight.used(), self.neuron)  # type: ignore[no-untyped-call]
        return out


class _Recurrent(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, sums: Tensor, weight: Tensor, neuron: TrainedNeuron) -> Tensor:
        spikes, voltages = torch.empty_like(sums), torch.empty_like(sums)
        state = State.rest(sums, neuron)
        for step, arriving in enumerate(sums):
            total = arriving + spikes[step - 1] @ weight if step else arriving
            spikes[step], voltages[step] = state.advance(total)
        ctx.save_for_backward(spikes, voltages, weight)
        ctx.neuron = neuron
        return spikes

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor, Tensor, None]:
        spikes, voltages, weight = ctx.saved_tensors
        neuron: TrainedNeuron = ctx.neuron
        slope = surrogate(voltages.double(), neuron).to(error.dtype)
        gradient = torch.empty_like(error)
        by_voltage, by_current = torch.zeros_like(error[0]), torch.zeros_like(error[0])
        for step in range(len(error) - 1, -1, -1):
            caused = gradient[step + 1] @ weight.t() if step + 1 < len(error) else 0
            by_voltage = slope[step] * (error[step] + caused) + neuron.keep_voltage * by_voltage
            by_current = by_voltage + neuron.keep_current * by_current
            gradient[step] = by_current * neuron.gain
        to_weight = spikes[:-1].flatten(0, 1).t() @ gradient[1:].flatten(0, 1)
        return gradient, to_weight, None
