"""A trained SRM network from its checkpoint, as the one that training left."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import torch

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.models.formats.slayer_alpha import AlphaNeuron
from neurodeploy.models.formats.slayer_network import Part
from neurodeploy.models.formats.slayer_pt import Layers, read_layers
from neurodeploy.models.slayer.delays import Delay
from neurodeploy.models.slayer.layers import Pool, Unpool
from neurodeploy.models.slayer.recurrent import Recurrent
from neurodeploy.models.slayer.spiking import Extras, SpikingNetwork, build_network, channels_last
from neurodeploy.models.slayer.srm import SrmNeuron


def read_srm(path: Path, options: ReadOptions) -> Layers:
    """The layers of an SRMALPHA checkpoint of slayerPytorch.

    Args:
        path: the `.pt` file.
        options: `arch` and `yaml`, as `read_pt` takes them.

    Raises:
        FormatError: a file that cannot be read.
        NetworkError: neurons of another type.
    """
    read = read_layers(path, options)
    if not isinstance(read.neuron, AlphaNeuron):
        problem = "has LOIHI neurons, which are the chip's own"
        raise NetworkError(str(path), problem, "leave out the recordings: there is nothing to calibrate")
    return read


@torch.no_grad()
def srm_network(read: Layers, steps: int) -> SpikingNetwork:
    """The network in torch, with the file's weights and delays.

    Args:
        read: of `read_srm`.
        steps: length of a run, at least 1.

    Raises:
        NetworkError: a threshold of 0, or a layer that the trainer does not have: planes whose neurons differ in their
            delays, pools whose weights differ, or sizes that pools do not divide on one side alone.
    """
    neuron = read.neuron
    assert isinstance(neuron, AlphaNeuron)
    trained = SrmNeuron(neuron.threshold, neuron.synapse, neuron.refractory, neuron.depth)
    extras = Extras(delayed=set(read.delays))
    model = build_network(read.architecture, trained, steps, read.timestep_ms, extras)
    for part in read.parts:
        _load(model, part)
    for name, delays in read.delays.items():
        delay = model.get_submodule(model.delays[name])
        assert isinstance(delay, Delay)
        by_channel = np.broadcast_to(delays, prod(_shape(read, name))).reshape(len(delay.delay), -1)
        if (by_channel != by_channel[:, :1]).any():
            raise NetworkError(name, "has delays that differ within a channel", "give channels one delay")
        # In the middle of a step, so that no rounding of the division by its length moves it.
        middle = (torch.from_numpy(by_channel[:, 0].copy()) + 0.5) * read.timestep_ms
        delay.delay.copy_(middle.reshape_as(delay.delay))
    return model.eval()


def _shape(read: Layers, name: str) -> tuple[int, ...]:
    return next(part.shape for part in read.parts if part.name == name)


def _load(model: SpikingNetwork, part: Part) -> None:
    layer = model.layer(part.name)
    assert not isinstance(layer, Recurrent)
    if layer.shape != channels_last(part.shape):
        problem = f"gives planes of {part.shape}, the trainer's layer {layer.shape} (height, width, channels)"
        raise NetworkError(part.name, problem, "train with sizes that the pools divide")
    weight = torch.from_numpy(part.synapse.weight.astype(np.float64)).to(layer.weight)
    if isinstance(layer, Pool | Unpool) and (weight != weight.flatten()[0]).any():
        raise NetworkError(part.name, "has weights that differ within its windows", "give a pool one weight")
    layer.weight.copy_(weight.reshape(layer.weight.shape))
