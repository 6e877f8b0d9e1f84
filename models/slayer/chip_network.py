"""A network of CUBA LIF neurons as it will run on the chip, trainable: every population has its own neuron, every
projection its own grid.

Any loaded network of dense layers, convolutions and pools can be trained on: forward synapses in any arrangement,
fixed axonal delays, decays and thresholds by population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from neurodeploy.errors import NetworkError
from neurodeploy.models.slayer.chip_synapses import LEARNED, Synapses, is_whole, synapses_of, trained_projection
from neurodeploy.models.slayer.delays import Delay
from neurodeploy.models.slayer.layers import dense_of
from neurodeploy.models.slayer.neuron import cuba_lif
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.sparse import Spikes, event_spikes
from neurodeploy.models.slayer.spiking import channels_last
from neurodeploy.network import CubaLif, Network, Population
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events


class ChipNetwork(nn.Module):
    """A network's populations and projections in torch, with SLAYER's gradients.

    Args:
        network: CUBA LIF populations and forward projections.
        bits: of the learned weights into a population, 1 … 8, by its name; those of others stay as they are,
            neither rounded nor trained. With weights that are no whole numbers all runs in double precision.
        tau_rho, scale_rho: of the surrogate derivative, see `TrainedNeuron`.

    Raises:
        NetworkError: what training does not have: other neuron models, neurons of a population that differ, a bias,
            a reset, loops, or synapses of another kind.
    """

    def __init__(self, network: Network, bits: Mapping[str, int], tau_rho: float = 1.0, scale_rho: float = 1.0) -> None:
        super().__init__()
        _check(network)
        self.source = network
        self.neurons = {p.name: _trained_neuron(p, tau_rho, scale_rho) for p in network.populations[1:]}
        shapes = {p.name: channels_last(p.shape or ()) for p in network.populations}
        self.synapses = nn.ModuleDict(
            {
                str(index): synapses_of(p, shapes[p.source], bits.get(p.target))
                for index, p in enumerate(network.projections)
            }
        )
        whole = all(is_whole(self._layer(number)) for number in range(len(network.projections)))
        self.precision = torch.float32 if whole else torch.float64
        self.to(self.precision)
        self.lags = {p.name: _lag(network, p) for p in network.populations}
        self.delays = nn.ModuleDict({str(i): _delay(p) for i, p in enumerate(network.populations) if _varied(p)})

    def forward(self, spikes: Tensor | Spikes) -> Tensor:
        """Run from rest.

        Args:
            spikes: of the input, as lists (`input`) or as a raster (steps, recordings, C, H, W), (…, neurons).

        Returns:
            Output spikes (steps, recordings, outputs), averaged to (steps, recordings, classes) where the network has
            classes.
        """
        out = self.layer_spikes(spikes)[self.source.output.name].flatten(2)
        classes = self.source.classes
        return out if classes is None else out.reshape(*out.shape[:2], classes, -1).mean(3)

    def layer_spikes(self, spikes: Tensor | Spikes) -> dict[str, Tensor]:
        """Spikes of every population but the input, (steps, recordings, neurons) or (…, height, width, channels)."""
        arriving: dict[str, Tensor | Spikes] = {self.source.input.name: self._delayed(0, self._arranged(spikes))}
        fired: dict[str, Tensor] = {}
        for index, population in enumerate(self.source.populations[1:], 1):
            name = population.name
            sums = [
                self._layer(number)(arriving[p.source], self.lags[p.source])
                for number, p in enumerate(self.source.projections)
                if p.target == name
            ]
            fired[name] = cuba_lif(torch.stack(sums).sum(0) if len(sums) > 1 else sums[0], self.neurons[name])
            arriving[name] = self._delayed(index, fired[name])
        return fired

    def input(self, recordings: Sequence[Events], steps: int) -> Spikes:
        """The input spikes of recordings, those from `steps` on dropped; raises DataError outside the input."""
        for events in recordings:
            events.check(self.source.input.neurons)
        return event_spikes([events.within(steps)[0] for events in recordings], self.source.input.shape or (), steps)

    def trained(self) -> Network:
        """The network with the weights as they are now, in the chip's formats: it compiles without any change."""
        projections = tuple(
            trained_projection(p, self._layer(number)) for number, p in enumerate(self.source.projections)
        )
        return replace(self.source, projections=projections)

    @torch.no_grad()
    def clamp_weights(self) -> None:
        """Keep weights in the range of their grid."""
        for layer in self.synapses.values():
            if isinstance(layer, LEARNED):
                layer.weight.clamp_(*layer.grid.range)

    @torch.no_grad()
    def output_counts(self, recordings: Sequence[Events], steps: int, batch_size: int = 128) -> IntArray:
        """Output spikes of every recording, each run from rest, shape (recordings, outputs)."""
        counts = [torch.zeros((0, self.source.output.neurons))]
        for first in range(0, len(recordings), batch_size):
            spikes = self.layer_spikes(self.input(recordings[first : first + batch_size], steps))
            counts.append(spikes[self.source.output.name].sum(0).flatten(1))
        result: IntArray = torch.cat(counts).long().numpy()
        return result

    def _layer(self, number: int) -> Synapses:
        layer: Synapses = self.synapses[str(number)]  # type: ignore[assignment]
        return layer

    def _arranged(self, spikes: Tensor | Spikes) -> Tensor | Spikes:
        if isinstance(spikes, Spikes):
            return spikes if self.precision == torch.float32 else spikes.raster().to(self.precision)
        planes = spikes.to(self.precision).reshape(*spikes.shape[:2], *(self.source.input.shape or ()))
        return planes.permute(0, 1, 3, 4, 2) if planes.ndim == 5 else planes

    def _delayed(self, index: int, spikes: Tensor | Spikes) -> Tensor | Spikes:
        key = str(index)
        if key not in self.delays:
            return spikes
        delayed: Tensor = self.delays[key](dense_of(spikes))
        return delayed


def _check(network: Network) -> None:
    """Raise NetworkError for what training does not have."""
    order = {p.name: index for index, p in enumerate(network.populations)}
    for projection in network.projections:
        if order[projection.source] >= order[projection.target]:
            raise NetworkError(projection.name, "leads back", "train networks whose synapses lead forward")
    if network.reset is not None:
        raise NetworkError("reset", "is not part of training", "train without a periodic reset")
    if network.input.neuron is not None:
        raise NetworkError(network.input.name, "has neurons", "train networks whose input are spikes")
    for population in network.populations[1:]:
        if population.bias is not None:
            raise NetworkError(population.name, "has a bias", "train networks without biases")
        if not network.into(population.name):
            raise NetworkError(population.name, "has no synapses", "connect it, or leave it out")


def _trained_neuron(population: Population, tau_rho: float, scale_rho: float) -> TrainedNeuron:
    neuron = population.neuron
    if not isinstance(neuron, CubaLif):
        model = "none" if neuron is None else neuron.NAME
        raise NetworkError(population.name, f"has neurons of the model {model}", "train CUBA LIF neurons")
    values = {}
    for name, value in neuron.parameters().items():
        different = np.unique(value)
        if len(different) != 1:
            problem = f"has neurons of {len(different)} different values of {name}"
            raise NetworkError(population.name, problem, "give all neurons of a population the same")
        values[name] = int(different[0])
    try:
        # Layers give sums of what weights mean, so the exponent is theirs, not the neuron's.
        return TrainedNeuron(**values, weight_exponent=0, tau_rho=tau_rho, scale_rho=scale_rho)
    except NetworkError as error:
        raise NetworkError(f"{population.name}: {error.subject}", error.problem, error.remedy) from error


def _varied(population: Population) -> bool:
    delays = population.delays()
    return bool((delays != delays[:1]).any())


def _lag(network: Network, population: Population) -> int:
    """Steps that all spikes of a population travel at least: one hop, but for the host's input, and its delay."""
    hop = 0 if population is network.input else 1
    return hop if _varied(population) else hop + int(population.delays()[0])


def _delay(population: Population) -> Delay:
    """The delays of neurons, or of channels, that differ; in steps, and not learned."""
    shape = population.shape or ()
    by_channel = torch.from_numpy(population.delays().copy()).reshape(shape[0], -1)
    if (by_channel != by_channel[:, :1]).any():
        raise NetworkError(population.name, "has delays that differ within a channel", "give channels one delay")
    delay = Delay(shape[0], timestep_ms=1.0)
    delay.delay.data = by_channel[:, :1].float().reshape_as(delay.delay)
    delay.delay.requires_grad = False
    return delay
