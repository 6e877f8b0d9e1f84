"""A trained TSSL network as one of CUBA LIF populations, which quantizes, compiles and runs like any other.

In training a spike arrives in the step in which it is sent, on the chip one step later, so layer l (from 1) does in
step t + l − 1 what it did in step t. The network's default steps are therefore those of training and one for each hop
between layers. Before its window a layer is at rest, as nothing has arrived; what it does behind its window arrives
behind the windows of the layers after it: the output's spikes are those of training, later by the hops.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.slayer_network import FloatArray, Slot, chained, read_parts
from neurodeploy.models.slayer.layers import Pool
from neurodeploy.models.tssl.network import TsslNetwork
from neurodeploy.network import Conv2d, Dense, Network, Population, Projection

#: Largest stored weight of mixed signs, which each layer's largest becomes.
LARGEST_WEIGHT = 254
#: θ is then 2^20, so that v clips at −8 θ and u wraps at ±8 θ; a layer of small weights gets a coarser grid instead.
LARGEST_MANTISSA = 2**14


@torch.no_grad()
def to_chip(model: TsslNetwork) -> Network:
    """The float network: weights in units of the chip, thresholds such that 8 bits lose least.

    Returns:
        Populations `input`, `conv1`, `pool1`, `fc1` …. Bit planes are channels of the input, each with a projection of
        its own and that plane's weight exponent.

    Raises:
        NetworkError: weights that are not finite.
    """
    parts = read_parts(model.architecture, lambda slot: _weights(model, slot))
    scales = [2.0 ** (1 - model.planes) if index == 0 and model.planes else 1.0 for index in range(len(parts))]
    cells, scaled = [], []
    for part, scale in zip(parts, scales, strict=True):
        weight = part.synapse.weight.astype(np.float64) * (scale * model.neuron.synapse_leak / model.neuron.threshold)
        mantissa = _mantissa(weight)
        cells.append(model.neuron.cuba(mantissa))
        scaled.append(replace(part, synapse=replace(part.synapse, weight=weight * mantissa)))
    steps = model.steps + len(parts) - 1
    network = chained(model.architecture, tuple(scaled), cells, model.timestep_ms, steps, {})
    return _with_planes(network, model.planes) if model.planes else network


def _weights(model: TsslNetwork, slot: Slot) -> FloatArray:
    layer = model.layer(slot.name)
    weight = layer.weight.detach().double().numpy()
    if not np.isfinite(weight).all():
        raise NetworkError(slot.name, "has weights that are not finite", "train with a smaller learning rate")
    return weight.reshape(layer.kernel, layer.kernel) if isinstance(layer, Pool) else weight.reshape(slot.weight_shape)


def _mantissa(weight: FloatArray) -> int:
    """The threshold at which the largest weight, in thresholds, is the largest stored one."""
    largest = float(np.abs(weight).max(initial=0.0))
    return min(LARGEST_MANTISSA, max(1, int(LARGEST_WEIGHT / largest))) if largest else LARGEST_MANTISSA


def _with_planes(network: Network, planes: int) -> Network:
    """The first projection once for each bit, with zeros where the other planes are."""
    first, *others = network.projections
    shape = network.input.shape or ()
    wide = (planes * shape[0], *shape[1:])
    synapse = first.synapse
    if not isinstance(synapse, Dense | Conv2d):
        raise NetworkError(first.target, "pools real-valued input", "begin with a dense layer or a convolution")
    projections = []
    for plane in range(planes):
        sources = synapse.weight.shape[1]
        weight = np.zeros((len(synapse.weight), planes * sources, *synapse.weight.shape[2:]))
        weight[:, plane * sources : (plane + 1) * sources] = synapse.weight
        projections.append(Projection(first.source, first.target, replace(synapse, weight=weight), plane))
    populations = (Population(network.input.name, shape=wide), *network.populations[1:])
    return replace(network, populations=populations, projections=(*projections, *others))
