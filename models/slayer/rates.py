"""A fast start for spiking networks: the same weights, trained first as a network of rates.

A recording is cut into a few windows, and what a neuron of integers does in one is taken for its firing rate,

    r = softplus((x − k) · s) / s, at most 1,    x = Σ w · r_in / drive,    drive = θ · iDecay / 4096 / 2^(6 + e),

where `drive` is the sum of weights per step that makes a neuron without leak fire in every step, and k, a share of
vDecay / 4096, is what leaks away. That is close to the truth for rates well below 1, where trained networks are; of
spikes that come every few steps it says too many, as a reset forgets what was above the threshold. Trained spikes
follow.

Rates are never negative and there are no biases, so nearly all of a sum is the same for every recording, and gradient
descent crawls. Weights are therefore trained as W = V − (V m − b) mᵀ / |m|², m the mean input of the layer: V acts on
the input's distance from its mean, b on the mean, and both are folded into W, as one matrix without a bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from neurodeploy.errors import OptionError
from neurodeploy.models.slayer.layers import Conv, Dense, Pool
from neurodeploy.models.slayer.loss import CountEntropyLoss
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.sparse import Spikes
from neurodeploy.models.slayer.spiking import SpikingNetwork
from neurodeploy.precision import DECAY_ONE
from neurodeploy.spikes.recording import Recording

#: Sharpness of the knee of r in 1 / rate, and its place in units of vDecay / 4096.
SHARPNESS, KNEE = 150.0, 0.3
#: Slope of the outputs below the knee while training, so that silent ones learn too.
LEAK = 0.3
#: Weights begin so that sums deviate by this share of `drive` in hidden layers, whose spikes pools must not lose, and
#: by that in the last one, and with a mean of this share of the deviation.
HIDDEN, LAST, MEAN = 0.04, 0.1, 0.3


class RateNetwork(nn.Module):
    """A network of rates whose weights become those of a spiking network.

    Args:
        network: of integer neurons; dense layers, convolutions and pools without delays.
        recordings: some of the training data, for the layers' mean inputs.
        windows: into which a recording is cut, 1 … its steps.

    Raises:
        OptionError: another kind of neuron or layer, no recordings, or a number of windows outside its range.
    """

    def __init__(self, network: SpikingNetwork, recordings: Sequence[Recording], windows: int = 3) -> None:
        super().__init__()
        neuron = network.neuron
        layers = [layer for name in network.names if isinstance(layer := network.layer(name), Dense | Conv | Pool)]
        if not isinstance(neuron, TrainedNeuron) or len(layers) < len(network.names):
            problem = "is of integer neurons in dense layers, convolutions and pools"
            raise OptionError("training by rates", problem, "train with spikes from the start: --rate-epochs 0")
        if not 1 <= windows <= network.steps or not recordings:
            raise OptionError("windows", f"{windows} of {network.steps} steps", f"choose 1 … {network.steps}")
        self.windows, self.steps, self.names = windows, network.steps, network.names
        self.drive = neuron.threshold * neuron.current_decay / DECAY_ONE / neuron.gain
        self.knee = KNEE * neuron.voltage_decay / DECAY_ONE
        rates = window_rates(network.input(recordings), windows).flatten(0, 1)
        with torch.no_grad():
            for name, layer in zip(self.names, layers, strict=True):
                spread = self.drive * (LAST if name == self.names[-1] else HIDDEN)
                rate = _Pooled(layer) if isinstance(layer, Pool) else _Weights(layer, rates, spread)
                self.add_module(name, rate)
                sums = rate(rates)
                rates = sums.clamp(max=1) if isinstance(rate, _Pooled) else self.rate(sums)

    def rate(self, sums: Tensor) -> Tensor:
        """Spikes per step of neurons, 0 … 1, from their sums of weights per step."""
        over = sums / self.drive - self.knee
        return (functional.softplus(over * SHARPNESS) / SHARPNESS).clamp(max=1)

    def forward(self, rates: Tensor) -> Tensor:
        """Output spikes expected in a recording, shape (1, recordings, outputs); negative ones only in training.

        Args:
            rates: of the input, shape (recordings, windows, height, width, channels) or (…, neurons).
        """
        x = rates.flatten(0, 1)
        for name in self.names[:-1]:
            layer = self.get_submodule(name)
            sums = layer(x)
            x = sums.clamp(max=1) if isinstance(layer, _Pooled) else self.rate(sums)
        sums = self.get_submodule(self.names[-1])(x).flatten(1)
        over = sums / self.drive - self.knee
        out = torch.where(over > 0, over, LEAK * over) if self.training else self.rate(sums)
        return out.view(len(rates), self.windows, -1).mean(1)[None] * self.steps

    @torch.no_grad()
    def fold_into(self, network: SpikingNetwork) -> None:
        """Give the weights to the spiking network, within the range of its grid."""
        for name in self.names:
            rate, layer = self.get_submodule(name), network.layer(name)
            if isinstance(rate, _Weights):
                assert isinstance(layer, Dense | Conv)
                layer.weight.copy_(rate.matrix())
        network.clamp_weights()


@dataclass(frozen=True)
class RateLoss:
    """Cross entropy of classes whose evidence is their count, and a price on counts above `most`.

    Args:
        evidence: logits per spike.
        most: spikes in a recording from which on more are not wanted.
    """

    evidence: float = 0.2
    most: float = 80.0

    def __call__(self, counts: Tensor, labels: Tensor) -> Tensor:
        """Sum over recordings; counts of shape (1, recordings, outputs)."""
        flat = counts[0]
        return (
            CountEntropyLoss(self.evidence)(counts, labels)
            + 1e-4 * functional.relu(flat - self.most).square().mean(1).sum()
        )


def window_rates(spikes: Spikes, windows: int) -> Tensor:
    """Mean input spikes per step, shape (recordings, windows, …); steps are dealt out to windows in order."""
    raster = torch.zeros(spikes.recordings, windows, _size(spikes.shape))
    row = torch.repeat_interleave(torch.from_numpy(spikes.start).diff())
    step, recording = row // spikes.recordings, row % spikes.recordings
    place = (recording, step * windows // spikes.steps, torch.from_numpy(spikes.column).long())
    raster.index_put_(place, torch.from_numpy(spikes.value), accumulate=True)
    return raster.view(spikes.recordings, windows, *spikes.shape) * (windows / spikes.steps)


class _Pooled(nn.Module):
    """Rates of a pool's neurons, whose weight is just above the threshold: the sum of those before."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.kernel, self.padding = pool.kernel, pool.padding

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (0, 0, 0, self.padding[1], 0, self.padding[0]))
        count, height, width, channels = x.shape
        k = self.kernel
        return x.reshape(count, height // k, k, width // k, k, channels).sum((2, 4))


class _Weights(nn.Module):
    """A dense layer or convolution on rates, trained around its mean input."""

    mean: Tensor
    scale: Tensor

    def __init__(self, layer: Dense | Conv, rates: Tensor, spread: float) -> None:
        super().__init__()
        self.conv = layer.layer if isinstance(layer, Conv) else None
        self.grid = layer.grid
        self.register_buffer("mean", self._mean_input(rates))
        self.bias = nn.Parameter(torch.zeros(len(layer.weight)))
        self.value = nn.Parameter(layer.weight.detach() / layer.weight.detach().std())
        self.register_buffer("scale", torch.ones(2))
        self.scale[0] = spread / self._sums(rates, self.matrix()).std()
        self.scale[1] = spread
        self.bias.fill_(MEAN)

    def _mean_input(self, rates: Tensor) -> Tensor:
        """Mean rate of every input of a neuron, in the order of its weights; of a channel for convolutions."""
        if self.conv is None:
            return self._ordered(rates).mean(0)
        return rates.mean((0, 1, 2))[:, None].expand(-1, self.conv.kernel**2).flatten().clone()

    def _ordered(self, rates: Tensor) -> Tensor:
        """Inputs of a dense layer in the order of its weights, C, H, W."""
        return (rates.permute(0, 3, 1, 2) if rates.ndim == 4 else rates).flatten(1)

    def weight(self) -> Tensor:
        """W as spikes will meet it: rounded by the layer's grid and within its range."""
        return self.grid(self.matrix().clamp(*self.grid.range))

    def matrix(self) -> Tensor:
        """W in the chip's units and the shape of the checkpoint, not rounded."""
        value = self.value.flatten(1) * self.scale[0]
        excess = value @ self.mean - self.bias * self.scale[1]
        return (value - torch.outer(excess, self.mean / self.mean.dot(self.mean))).view_as(self.value)

    def forward(self, rates: Tensor) -> Tensor:
        """Sums of weights per step, (…, neurons) or (…, height, width, channels)."""
        return self._sums(rates, self.weight())

    def _sums(self, rates: Tensor, weight: Tensor) -> Tensor:
        if self.conv is None:
            return self._ordered(rates) @ weight.flatten(1).t()
        c = self.conv
        planes = functional.conv2d(
            rates.permute(0, 3, 1, 2), weight.squeeze(-1), None, c.stride, c.padding, c.dilation, c.groups
        )
        return planes.permute(0, 2, 3, 1)


def _size(shape: Sequence[int]) -> int:
    return int(torch.Size(shape).numel())
