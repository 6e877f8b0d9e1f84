"""A network of SLAYER layers, built from an architecture; its state dict is a slayerPytorch checkpoint.

Keys are `conv1.weight`, `pool1.weight`, `fc1.weight` …, `delayN.delay` behind the N-th layer that is no pool, and the
two kernels of the neuron, `slayer.srmKernel` and `slayer.refKernel`: `neurodeploy.load` reads what training wrote, and
a network of integer neurons then gives the same spikes on every backend.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.notation import (
    Architecture,
    ConvLayer,
    DenseLayer,
    PoolLayer,
    TransposedLayer,
    WeightLayer,
)
from neurodeploy.models.slayer.delays import Delay
from neurodeploy.models.slayer.fire import Neuron, fire, hop, weight_scale
from neurodeploy.models.slayer.grids import FloatGrid, SignedGrid, WeightGrid
from neurodeploy.models.slayer.kernels import Kernels
from neurodeploy.models.slayer.layers import Conv, Dense, Pool, TransposedConv, Unpool
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.recurrent import Recurrent
from neurodeploy.models.slayer.sparse import Spikes, input_spikes
from neurodeploy.network import Shape
from neurodeploy.precision import IntArray
from neurodeploy.spikes.recording import Recording


@dataclass(frozen=True)
class RecurrentLayer:
    """A dense layer with dense synapses among its neurons; integer neurons only."""

    neurons: int
    kind = "rec"


LayerSpec = WeightLayer | RecurrentLayer
Synapses = Dense | Conv | Pool | TransposedConv | Unpool | Recurrent


@dataclass(frozen=True)
class Extras:
    """What a trained network has besides its layers and neurons.

    Args:
        delayed: layers whose spikes get learned axonal delays, by name; True: all but pools and the last layer.
        dropout: share of each layer's neurons, the last one's excepted, that are silent in a recording, 0 … below 1.
            They are drawn anew for every batch in training mode. Spikes are not scaled up for it: they stay 0 and 1.
        grid: of the weights; None: the chip's even integers for integer neurons, no rounding for SRM.
        gain: factor on the initial weights' deviation, θ / peak / √inputs.
        seed: of the initial weights, and of dropout.
    """

    delayed: bool | Collection[str] = False
    dropout: float = 0.0
    grid: WeightGrid | None = None
    gain: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise NetworkError("dropout", f"{self.dropout} is outside 0 … 1", "choose a share below 1")
        if not 0 < self.gain < float("inf"):
            raise NetworkError("gain", f"{self.gain} is no factor above 0", "choose for example 1")


class Dropout(nn.Module):
    """Silences neurons for whole recordings while training.

    Args:
        share: probability of each neuron.
        generator: of the random numbers.
    """

    def __init__(self, share: float, generator: torch.Generator) -> None:
        super().__init__()
        self.share, self.generator = share, generator

    def forward(self, spikes: Tensor) -> Tensor:
        """Spikes (steps, recordings, …) without those of the neurons drawn."""
        if not self.training or not self.share:
            return spikes
        kept = torch.rand(spikes.shape[1:], generator=self.generator) >= self.share
        return spikes * kept.to(spikes)


class SpikingNetwork(nn.Module):
    """Layers of one kind of neuron.

    Args:
        shape: of the input, (C, H, W) or (neurons,).
        layers: what follows, first to last.
        neuron: the integer CUBA LIF or SRM.
        steps: default length of a run.
        timestep_ms: length of a step.
        extras: delays, dropout, weight grid and initial weights.

    Raises:
        NetworkError: a layer that does not suit the one before or the neuron, or a delay without a layer.
    """

    def __init__(
        self,
        shape: Shape,
        layers: Sequence[LayerSpec],
        neuron: Neuron,
        steps: int,
        timestep_ms: float = 1.0,
        extras: Extras | None = None,
    ) -> None:
        super().__init__()
        extras = extras or Extras()
        self.input_shape, self.neuron, self.steps, self.timestep_ms = shape, neuron, steps, timestep_ms
        self.grid = extras.grid or (SignedGrid() if isinstance(neuron, TrainedNeuron) else FloatGrid())
        self.generator = torch.Generator().manual_seed(extras.seed)
        self.slayer = Kernels(neuron)
        self.dropout = Dropout(extras.dropout, self.generator)
        self.specs, self.names = tuple(layers), _names(layers)
        source = channels_last(shape)
        for name, spec in zip(self.names, layers, strict=True):
            layer = _made(name, spec, source, neuron, self.grid)
            self.add_module(name, layer)
            source = layer.shape
        self._initialize(extras.gain)
        self.delays = self._add_delays(extras.delayed)

    def _initialize(self, gain: float) -> None:
        for layer in self.modules():
            if isinstance(layer, Dense | Conv | TransposedConv):
                deviation = gain * weight_scale(self.neuron) / layer.fan_in**0.5
                nn.init.normal_(layer.weight, std=deviation, generator=self.generator)

    def _add_delays(self, delayed: bool | Collection[str]) -> dict[str, str]:
        """Add delays; their names by layer."""
        learned = [name for name in self.names if not isinstance(self.layer(name), Pool | Unpool)]
        wanted = {name for name in learned if name != self.names[-1]} if delayed is True else set(delayed or ())
        if missing := sorted(wanted - set(learned)):
            raise NetworkError(missing[0], "has no delays", f"choose from {', '.join(learned)}")
        numbers = {name: f"delay{number}" for number, name in enumerate(learned, 1) if name in wanted}
        for name, delay in numbers.items():
            self.add_module(delay, Delay(self.layer(name).shape[-1], self.timestep_ms))
        return numbers

    def layer(self, name: str) -> Synapses:
        """A layer by name; raises KeyError for none."""
        layer = self._modules[name]
        assert isinstance(layer, Dense | Conv | Pool | TransposedConv | Unpool | Recurrent)
        return layer

    def forward(self, spikes: Tensor | Spikes) -> Tensor:
        """Run from rest.

        Args:
            spikes: of the input, as lists (`input_spikes`) or as a raster (steps, recordings, C, H, W),
                (steps, recordings, neurons).

        Returns:
            Output spikes (steps, recordings, neurons), or (steps, recordings, C, H, W) of a last layer of planes.
        """
        x = self.layer_spikes(spikes)[self.names[-1]]
        return x.permute(0, 1, 4, 2, 3) if x.ndim == 5 else x

    def layer_spikes(self, spikes: Tensor | Spikes) -> dict[str, Tensor]:
        """Run as `forward` does, giving the spikes of every layer as they leave it (after dropout and delays),
        (steps, recordings, neurons) or (steps, recordings, height, width, channels).
        """
        x: Tensor | Spikes = spikes if isinstance(spikes, Spikes) else self._arranged(spikes)
        result: dict[str, Tensor] = {}
        lag = 0
        for name in self.names:
            x = result[name] = self._run(name, x, lag)
            lag = hop(self.neuron)
        return result

    def _run(self, name: str, x: Tensor | Spikes, lag: int) -> Tensor:
        layer = self.layer(name)
        out: Tensor = layer(x, lag)
        if not isinstance(layer, Recurrent):
            out = fire(out, self.neuron)
        if name != self.names[-1]:
            out = self.dropout(out)
        delayed: Tensor = self.get_submodule(self.delays[name])(out) if name in self.delays else out
        return delayed

    def _arranged(self, raster: Tensor) -> Tensor:
        """Put the channels of a raster last."""
        planes = raster.reshape(*raster.shape[:2], *self.input_shape)
        return planes.permute(0, 1, 3, 4, 2) if planes.ndim == 5 else planes

    def input(self, recordings: Sequence[Recording]) -> Spikes:
        """The input spikes of recordings; raises DataError for an event outside the input shape."""
        return input_spikes(recordings, self.input_shape, self.steps, self.timestep_ms)

    @torch.no_grad()
    def clamp_weights(self) -> None:
        """Keep weights in the range of their grid, and delays in 0 … 62 steps."""
        for module in self.modules():
            if isinstance(module, Dense | Conv | TransposedConv):
                module.weight.clamp_(*module.grid.range)
            elif isinstance(module, Delay):
                module.clamp_()

    @torch.no_grad()
    def output_counts(self, recordings: Sequence[Recording], batch_size: int = 32) -> IntArray:
        """Output spikes of every recording, each run from rest, shape (recordings, outputs)."""
        training = self.training
        self.eval()
        batches = [recordings[first : first + batch_size] for first in range(0, len(recordings), batch_size)]
        counts = [self(self.input(batch)).sum(0).flatten(1).long() for batch in batches]
        self.train(training)
        outputs = prod(self.layer(self.names[-1]).shape)
        result: IntArray = torch.cat([torch.zeros((0, outputs), dtype=torch.long), *counts]).numpy()
        return result


def build_network(
    architecture: Architecture,
    neuron: Neuron,
    steps: int,
    timestep_ms: float = 1.0,
    extras: Extras | None = None,
) -> SpikingNetwork:
    """The untrained network of an architecture, as `parse_architecture` and yaml files give it."""
    return SpikingNetwork(architecture.input.shape, architecture.layers, neuron, steps, timestep_ms, extras)


def channels_last(shape: Shape) -> Shape:
    """(C, H, W) as (H, W, C); others unchanged."""
    return shape if len(shape) == 1 else (*shape[1:], shape[0])


def _names(layers: Sequence[LayerSpec]) -> list[str]:
    """conv1, pool1, conv2, fc1 … by kind and order."""
    counts: dict[str, int] = {}
    names = []
    for layer in layers:
        counts[layer.kind] = counts.get(layer.kind, 0) + 1
        names.append(f"{layer.kind}{counts[layer.kind]}")
    return names


def _made(name: str, spec: LayerSpec, source: Shape, neuron: Neuron, grid: WeightGrid) -> Synapses:
    if isinstance(spec, DenseLayer):
        return Dense(source, spec.neurons, grid)
    if isinstance(spec, RecurrentLayer):
        if not isinstance(neuron, TrainedNeuron):
            raise NetworkError(name, "is recurrent and its neurons are SRM", "use integer neurons")
        return Recurrent(source, spec.neurons, neuron, grid)
    if len(source) != 3:
        raise NetworkError(name, f"needs planes before it, not {source[0]} neurons", "put it before the dense layers")
    if isinstance(spec, TransposedLayer):
        return TransposedConv(source, spec, grid)
    if isinstance(spec, ConvLayer):
        return Conv(source, spec, grid)
    if isinstance(spec, PoolLayer):
        return Pool(source, spec.kernel, neuron.pool_weight())
    return Unpool(source, spec.kernel, neuron.pool_weight())
