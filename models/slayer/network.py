"""A feed-forward network of Loihi neurons, trained on the chip's own integers.

Its state dict is a slayerPytorch LOIHI checkpoint: `fc1.weight`, `fc2.weight`, … of shape (out, in, 1, 1, 1) and the
buffers `slayer.srmKernel` and `slayer.refKernel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from neurodeploy.models.slayer.grids import round_even
from neurodeploy.models.slayer.kernels import Kernels
from neurodeploy.models.slayer.neuron import cuba_lif
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.precision import IntArray, SignMode
from neurodeploy.spikes.events import bin_recording
from neurodeploy.spikes.recording import Recording


class Dense(nn.Module):
    """All-to-all synapses on the even integers.

    Args:
        inputs: neurons before.
        outputs: neurons after.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, 1, 1, 1))

    def forward(self, spikes: Tensor) -> Tensor:
        """Accumulate weights: spikes (…, inputs) to sums (…, outputs), exact in float32 below 2^24."""
        return nn.functional.linear(spikes, round_even(self.weight).flatten(1))


class LoihiMlp(nn.Module):
    """Dense layers `fc1`, `fc2`, … of CUBA LIF neurons; spikes hop from layer to layer in one step.

    Args:
        shape: input shape, (C, H, W) or (neurons,).
        widths: neurons of each layer.
        neuron: parameters of all neurons.
        steps: default length of a run.
        timestep_ms: length of a step.
        seed: of the initial weights, drawn normally with the deviation `θ / peak / √inputs`.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        widths: Sequence[int],
        neuron: TrainedNeuron,
        steps: int,
        timestep_ms: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.shape, self.steps, self.timestep_ms, self.neuron = shape, steps, timestep_ms, neuron
        self.slayer = Kernels(neuron)
        generator = torch.Generator().manual_seed(seed)
        for index, (inputs, outputs) in enumerate(pairwise((prod(shape), *widths)), 1):
            layer = Dense(inputs, outputs)
            nn.init.normal_(layer.weight, std=neuron.threshold / neuron.peak / inputs**0.5, generator=generator)
            self.add_module(f"fc{index}", layer)

    def layers(self) -> list[Dense]:
        """The layers in order."""
        return [module for module in self.children() if isinstance(module, Dense)]

    def forward(self, raster: Tensor) -> Tensor:
        """Run from rest: input spikes (steps, recordings, inputs) to output spikes (steps, recordings, outputs)."""
        first, *others = self.layers()
        spikes = cuba_lif(first(raster), self.neuron)
        for layer in others:
            arriving = torch.cat([torch.zeros_like(spikes[:1]), spikes[:-1]])
            spikes = cuba_lif(layer(arriving), self.neuron)
        return spikes

    @torch.no_grad()
    def clamp_weights(self) -> None:
        """Keep all weights in the range of a mixed-sign synapse."""
        low, high = SignMode.MIXED.range
        for layer in self.layers():
            layer.weight.clamp_(low, high)


def rasters(model: LoihiMlp, recordings: Sequence[Recording]) -> Tensor:
    """The input spikes of recordings, at most one per step and neuron, later events dropped.

    Returns:
        uint8, shape (recordings, steps, inputs).

    Raises:
        DataError: an event outside the model's input shape.
    """
    result = np.zeros((len(recordings), model.steps, prod(model.shape)), np.uint8)
    for raster, recording in zip(result, recordings, strict=True):
        events, _ = bin_recording(recording, model.shape, model.timestep_ms).within(model.steps)
        raster[events.step, events.neuron] = 1
    return torch.from_numpy(result)


@torch.no_grad()
def output_counts(model: LoihiMlp, recordings: Sequence[Recording], batch_size: int = 128) -> IntArray:
    """Output spikes of every recording, each run from rest, shape (recordings, outputs).

    Raises:
        DataError: an event outside the model's input shape.
    """
    counts = [np.zeros((0, model.layers()[-1].weight.shape[0]), np.int64)]
    for first in range(0, len(recordings), batch_size):
        raster = rasters(model, recordings[first : first + batch_size])
        counts.append(model(raster.transpose(0, 1).float()).sum(0).long().numpy())
    return np.concatenate(counts)
