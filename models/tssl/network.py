"""A feed-forward network of TSSL neurons: dense layers, convolutions and pools on spikes or on real-valued images."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.notation import Architecture, ConvLayer, DenseLayer, PoolLayer, WeightLayer
from neurodeploy.models.slayer.grids import FloatGrid
from neurodeploy.models.slayer.layers import Conv, Dense, Pool
from neurodeploy.models.slayer.sparse import Spikes, input_spikes
from neurodeploy.models.slayer.spiking import channels_last
from neurodeploy.models.tssl.lif import tssl_lif
from neurodeploy.models.tssl.neuron import TsslNeuron
from neurodeploy.network import Shape
from neurodeploy.precision import IntArray
from neurodeploy.spikes.bit_planes import MAX_PLANES
from neurodeploy.spikes.recording import Recording


class TsslNetwork(nn.Module):
    """Layers `conv1`, `pool1`, `fc1` … of one kind of neuron; a spike arrives in the step in which it is sent.

    Args:
        architecture: the layers; its input is the image, without bit planes.
        neuron: of all of them.
        steps: length of a run, at least 1.
        timestep_ms: length of a step.
        planes: 0: the input are spikes. 1 … 8: each channel comes as so many bit planes, channel k · C + c being bit k
            of channel c, and is put together to Σ 2^k bit_k / 2^(planes − 1), a real-valued current.
        gain: factor on the initial weights' deviation, τ_s V_th / √fan-in.
        seed: of the initial weights.

    Raises:
        NetworkError: a layer that TSSL-BP does not have or that does not suit the one before, or a value outside its
            range.
    """

    def __init__(
        self,
        architecture: Architecture,
        neuron: TsslNeuron,
        steps: int,
        timestep_ms: float = 1.0,
        planes: int = 0,
        gain: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if steps < 1:
            raise NetworkError("steps", f"{steps} is less than 1", "give at least one step")
        if not 0 <= planes <= MAX_PLANES:
            raise NetworkError("bit planes", f"{planes} is outside 0 … {MAX_PLANES}", "give 0 for spikes")
        if not 0 < gain < float("inf"):
            raise NetworkError("gain", f"{gain} is no factor above 0", "choose for example 1")
        self.architecture, self.neuron, self.steps, self.timestep_ms = architecture, neuron, steps, timestep_ms
        self.planes = planes
        shape = architecture.input.shape
        #: Of the recordings: with planes (planes · C, H, W).
        self.input_shape: Shape = (max(planes, 1) * shape[0], *shape[1:])
        source, named = channels_last(shape), architecture.named()
        self.names = [name for name, _ in named]
        for name, spec in named:
            layer = _made(name, spec, source, neuron)
            self.add_module(name, layer)
            source = layer.shape
        self._initialize(gain, seed)

    def _initialize(self, gain: float, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        for layer in self.children():
            if isinstance(layer, Dense | Conv):
                deviation = gain * self.neuron.threshold / self.neuron.synapse_leak / layer.fan_in**0.5
                nn.init.normal_(layer.weight, std=deviation, generator=generator)

    def layer(self, name: str) -> Dense | Conv | Pool:
        """A layer by name; raises KeyError for none."""
        layer = self._modules[name]
        assert isinstance(layer, Dense | Conv | Pool)
        return layer

    def forward(self, spikes: Tensor | Spikes) -> Tensor:
        """Run from rest.

        Args:
            spikes: of the input, as lists (`input`) or as a raster (steps, recordings, C, H, W),
                (steps, recordings, neurons), with the input's bit planes, if any, as channels.

        Returns:
            Output spikes (steps, recordings, outputs).
        """
        return self.layer_spikes(spikes)[self.names[-1]].flatten(2)

    def layer_spikes(self, spikes: Tensor | Spikes) -> dict[str, Tensor]:
        """Run as `forward` does, giving the spikes of every layer, (steps, recordings, neurons) or (…, H, W, C)."""
        x: Tensor | Spikes = spikes if isinstance(spikes, Spikes) else self._arranged(spikes)
        x = self._together(x) if self.planes else x
        result: dict[str, Tensor] = {}
        for name in self.names:
            x = result[name] = tssl_lif(self.layer(name)(x), self.neuron)
        return result

    def _arranged(self, raster: Tensor) -> Tensor:
        """Put the channels of a raster last."""
        planes = raster.reshape(*raster.shape[:2], *self.input_shape)
        return planes.permute(0, 1, 3, 4, 2) if planes.ndim == 5 else planes

    def _together(self, x: Tensor | Spikes) -> Tensor:
        """Bit planes as the numbers they stand for."""
        raster = x.raster() if isinstance(x, Spikes) else x
        bits = raster.reshape(*raster.shape[:-1], self.planes, -1)
        value = torch.ldexp(torch.ones(self.planes), torch.arange(self.planes) + 1 - self.planes)
        return torch.einsum("...kc,k->...c", bits, value.to(bits)).contiguous()

    def input(self, recordings: Sequence[Recording]) -> Spikes:
        """The input spikes of recordings; raises DataError for an event outside the input shape."""
        return input_spikes(recordings, self.input_shape, self.steps, self.timestep_ms)

    @torch.no_grad()
    def output_counts(self, recordings: Sequence[Recording], batch_size: int = 32) -> IntArray:
        """Output spikes of every recording, each run from rest, shape (recordings, outputs)."""
        counts = [torch.zeros((0, prod(self.layer(self.names[-1]).shape)))]
        for first in range(0, len(recordings), batch_size):
            counts.append(self(self.input(recordings[first : first + batch_size])).sum(0))
        result: IntArray = torch.cat(counts).long().numpy()
        return result


def _made(name: str, spec: WeightLayer, source: Shape, neuron: TsslNeuron) -> Dense | Conv | Pool:
    if isinstance(spec, DenseLayer):
        return Dense(source, spec.neurons, FloatGrid())
    if not isinstance(spec, ConvLayer | PoolLayer):
        raise NetworkError(name, f"is a layer of kind {spec.kind}", "use dense layers, convolutions and pools")
    if len(source) != 3:
        raise NetworkError(name, f"needs planes before it, not {source[0]} neurons", "put it before the dense layers")
    if isinstance(spec, PoolLayer):
        return Pool(source, spec.kernel, neuron.pool_weight())
    return Conv(source, spec, FloatGrid())
