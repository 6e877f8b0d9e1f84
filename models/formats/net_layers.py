"""From a network to the layers of a `.net` file."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.net_neuron import MESSAGE_BITS
from neurodeploy.models.formats.net_synapse import keeps_channels
from neurodeploy.network import (
    Alif,
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Delta,
    Dense,
    Network,
    Neuron,
    Population,
    Projection,
    ResonateFire,
    Shape,
    Sigma,
    SigmaDelta,
    SumPool2d,
    Windowed,
)
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import IntArray

#: What lava-dl's weights can be; netx takes smaller ones only.
_WEIGHTS = (-256, 255)
_BIAS_UNIT = 64
_ASK = "write a .ndn file instead"
_NOT_IN_NETX = {"pool": "pooling", "unpool": "unpooling", "convT": "transposed convolution"}
_PARAMETERS: dict[type[Neuron], dict[str, str]] = {
    CubaLif: {"current_decay": "iDecay", "voltage_decay": "vDecay", "threshold_mantissa": "vThMant"},
    Alif: {
        "current_decay": "iDecay",
        "voltage_decay": "vDecay",
        "threshold_mantissa": "vThMant",
        "threshold_decay": "thDecay",
        "refractory_decay": "refDecay",
        "threshold_step": "vThStep",
    },
    SigmaDelta: {"threshold_mantissa": "vThMant"},
    Delta: {"threshold_mantissa": "vThMant"},
    Sigma: {},
    ResonateFire: {"sin_decay": "sinDecay", "cos_decay": "cosDecay", "threshold_mantissa": "vThMant"},
}


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer as the file will hold it.

    Attributes:
        kind: input, dense, dense_rec, conv, convT, pool or unpool.
        shape: as a reader will understand it.
        fields: weights and everything else but the neuron, by their names in the file.
        neuron: its fields; none for an input without neurons.
    """

    kind: str
    shape: Shape
    fields: dict[str, Any]
    neuron: dict[str, Any] = field(default_factory=dict)


def chained_layers(network: Network) -> tuple[list[Layer], list[str]]:
    """The layers of a network, first to last, and what to say about them.

    Raises:
        FormatError: naming the population or projection that the format cannot hold, and why.
    """
    if not network.is_integer:
        problem = "has float weights, and the format holds whole numbers"
        raise FormatError("network", problem, "quantize it: compile it and convert the .ndp file")
    notes: list[str] = []
    layers = [_input(network.input)]
    for number, population in enumerate(network.populations[1:]):
        layers.append(_layer(network, number, population, layers[-1].shape, notes))
    return layers, notes


def _input(population: Population) -> Layer:
    shape = population.shape or ()
    fields: dict[str, Any] = _delays(population)
    if population.neuron is None:
        return Layer("input", shape, fields)
    bias = _bias(population)
    if bias is not None:
        if np.any(bias != bias[0]):
            problem = "has a bias per neuron, an image, which the format does not hold"
            raise FormatError(population.name, problem, "write it without, and read it with --input-bias")
        fields |= {"weight": 64, "bias": bias[0]}
    return Layer("input", shape, fields, _neuron(population, 0))


def _layer(network: Network, number: int, population: Population, source: Shape, notes: list[str]) -> Layer:
    before = network.populations[number]
    forward, imaginary, back = _split(network, before, population)
    scaled, exponent = _scaled([forward, *imaginary, *back])
    fields: dict[str, Any]
    shape = population.shape or ()
    synapse = forward.synapse
    if isinstance(synapse, Dense):
        shape = (population.neurons,)
        kind = "dense_rec" if back else "dense"
        fields = {"inFeatures": synapse.weight.shape[1], "outFeatures": shape[0]}
        fields |= {"weight/real": scaled[0], "weight/imag": scaled[1]} if imaginary else {"weight": scaled[0]}
        fields |= {"weight_rec": scaled[-1]} if back else {}
    elif len(source) != 3:
        raise FormatError(forward.name, "treats the outputs of a dense layer as planes", _ASK)
    elif isinstance(synapse, Conv2d):
        kind, fields = "conv", _conv(synapse, shape, source, scaled[0])
    elif isinstance(synapse, ConvTranspose2d) and not synapse.learned and keeps_channels(synapse):
        kind, fields = "unpool", _unpool(synapse, scaled[0])
    elif isinstance(synapse, ConvTranspose2d):
        kind, fields = "convT", _conv(synapse, shape, source, scaled[0])
    else:
        assert isinstance(synapse, SumPool2d)
        kind, fields = "pool", _pool(forward, synapse, source, scaled[0])
    if back and np.any(population.delays()):
        raise FormatError(population.name, "is recurrent and delayed: readers disagree on which spikes wait", _ASK)
    notes += _netx_notes(population, scaled[0], kind, exponent)
    bias = _bias(population)
    if bias is not None:
        fields["bias"] = _by_channel(population, bias, "bias")
    return Layer(kind, shape, fields | _delays(population), _neuron(population, exponent))


def _split(
    network: Network, before: Population, population: Population
) -> tuple[Projection, list[Projection], list[Projection]]:
    """The forward projection of a layer, its imaginary twin and the recurrent one, if there are."""
    forward: list[Projection] = []
    imaginary: list[Projection] = []
    back: list[Projection] = []
    for projection in network.into(population.name):
        if projection.source not in (before.name, population.name):
            raise FormatError(projection.name, f"skips {before.name}, and layers are a chain", _ASK)
        if projection.source == population.name:
            back.append(projection)
        else:
            (imaginary if projection.imaginary else forward).append(projection)
    counts = (len(forward), len(imaginary), len(back))
    if counts not in ((1, 0, 0), (1, 1, 0), (1, 0, 1)) or any(p.imaginary for p in back):
        problem = f"has {len(forward)} projections from {before.name}, {len(back)} from itself; one and at most one fit"
        raise FormatError(population.name, problem, _ASK)
    for projection in (*forward, *imaginary, *back):
        plain = isinstance(projection.synapse, Dense) or (counts == (1, 0, 0))
        if not plain or not isinstance(projection.synapse, Dense | Windowed):
            kind = type(projection.synapse).__name__
            raise FormatError(projection.name, f"is {kind}, which the format does not hold here", _ASK)
    return forward[0], imaginary, back


def _scaled(projections: list[Projection]) -> tuple[list[IntArray], int]:
    """The weights, with their exponents multiplied out where they stay whole and small; else one common exponent."""
    weights = [p.synapse.weight.astype(np.int64) for p in projections]
    exponents = [p.weight_exponent for p in projections]
    shifted = [w << e if e >= 0 else w >> -e for w, e in zip(weights, exponents, strict=True)]
    exact = all(e >= 0 or np.array_equal(s << -e, w) for s, w, e in zip(shifted, weights, exponents, strict=True))
    low, high = _WEIGHTS
    if exact and all(s.min() >= low and s.max() <= high for s in shifted):
        return shifted, 0
    if len(set(exponents)) > 1:
        problem = f"has weight exponents {exponents}, and a layer has one"
        raise FormatError(projections[0].target, problem, _ASK)
    return weights, exponents[0]


def _conv(synapse: Conv2d | ConvTranspose2d, shape: Shape, source: Shape, weight: IntArray) -> dict[str, Any]:
    return {
        "inChannels": source[0],
        "outChannels": shape[0],
        "kernelSize": np.array(weight.shape[2:]),
        "stride": np.array(synapse.stride),
        "padding": np.array(synapse.padding),
        "dilation": np.array(synapse.dilation),
        "groups": synapse.groups,
        "weight": weight,
    }


def _pool(projection: Projection, synapse: SumPool2d, source: Shape, weight: IntArray) -> dict[str, Any]:
    top, bottom, left, right = synapse.padding
    more, kernel = (bottom - top, right - left), weight.shape
    rest = (source[1] % kernel[0], source[2] % kernel[1])
    if more not in ((0, 0), rest) or any((n + m) % k for n, m, k in zip(source[1:], more, kernel, strict=True) if m):
        problem = f"pads {synapse.padding}; both sides alike or SLAYER's rest {rest} at the end can be held"
        raise FormatError(projection.name, problem, _ASK)
    return {
        "kernelSize": np.array(kernel),
        "stride": np.array(synapse.stride),
        "padding": np.array([top, left]),
        "dilation": np.array([1, 1]),
        "weight": weight[None, None],
    }


def _unpool(synapse: ConvTranspose2d, weight: IntArray) -> dict[str, Any]:
    return {
        "kernelSize": np.array(weight.shape[2:]),
        "stride": np.array(synapse.stride),
        "padding": np.array(synapse.padding),
        "dilation": np.array(synapse.dilation),
        "weight": weight[:1],
    }


def _neuron(population: Population, exponent: int) -> dict[str, Any]:
    """The fields of a neuron group."""
    neuron = population.neuron
    assert neuron is not None
    fields = {
        stored: _by_channel(population, getattr(neuron, name), name)
        for name, stored in _PARAMETERS[type(neuron)].items()
    }
    if isinstance(neuron, CubaLif):
        held = _by_channel(population, neuron.refractory_delay, "refractory delay")
        if exponent == 0 and np.all(np.equal(held, 1)):
            return {"type": "CUBA", **fields, "refDelay": 1, "gradedSpike": False}
        return {"type": "LOIHI", **fields, "refDelay": held, "wgtExp": exponent}
    if isinstance(neuron, Alif):
        return {"type": "ALIF", **fields, "refDelay": 1, "wgtExp": exponent, "gradedSpike": False}
    if exponent:
        problem = f"needs weight exponent {exponent}, which the format has for CUBA and ALIF neurons only"
        raise FormatError(population.name, problem, _ASK)
    if isinstance(neuron, ResonateFire):
        return {"type": "RF_IZHIKEVICH" if neuron.izhikevich else "RF_PHASE", **fields, "gradedSpike": False}
    return _sigma_delta(population, neuron, fields)


def _sigma_delta(population: Population, neuron: Neuron, fields: dict[str, Any]) -> dict[str, Any]:
    if isinstance(neuron, Sigma):
        return {"type": "SDNN", "activation": "relu", "vThMant": 0, "sigma_output": True}
    assert isinstance(neuron, (SigmaDelta, Delta))
    plain = (neuron.spike_exponent, neuron.state_exponent, neuron.cumulative_error) == (6, 6, False)
    if not plain or (isinstance(neuron, SigmaDelta) and neuron.corrected):
        problem = "has exponents other than 6, a cumulative error or the corrected form"
        raise FormatError(population.name, problem, _ASK)
    activation = neuron.activation if isinstance(neuron, SigmaDelta) else "relu"
    return {"type": "SDNN", "activation": activation, **fields, "messageBits": MESSAGE_BITS}


def _bias(population: Population) -> IntArray | None:
    """The bias in the file's unit, (neurons,); None without one."""
    if population.bias is None:
        return None
    if population.bias.steps is not None:
        raise FormatError(population.name, "has a bias per step, which the format does not hold", _ASK)
    values = np.broadcast_to(population.bias.value(0), (population.neurons,))
    unit = 1 if isinstance(population.neuron, (SigmaDelta, Delta)) else _BIAS_UNIT
    if np.any(values % unit):
        raise FormatError(population.name, f"has a bias that is no multiple of {unit}", _ASK)
    stored: IntArray = values // unit
    if stored.min() < -4096 or stored.max() > 4095:
        raise FormatError(population.name, f"has a bias beyond -4096 … 4095 times {unit}", _ASK)
    return stored


def _delays(population: Population) -> dict[str, Any]:
    if not np.any(population.delays()):
        return {}
    return {"delay": _by_channel(population, population.axonal_delay, "axonal delay")}


def _by_channel(population: Population, value: PerNeuron, what: str) -> int | IntArray:
    """One value, or one per channel (per neuron of a line)."""
    array = np.asarray(value)
    shape = population.shape or ()
    if array.ndim == 0 or len(shape) == 1:
        return int(array) if array.ndim == 0 else array
    channels = array.reshape(shape[0], prod(shape[1:]))
    if np.any(channels != channels[:, :1]):
        problem = f"has a {what} per neuron, and the format one per channel"
        raise FormatError(population.name, problem, _ASK)
    return channels[:, 0]


def _netx_notes(population: Population, weight: IntArray, kind: str, exponent: int) -> list[str]:
    """What lava-dl 0.6.0's netx makes of a layer that the format itself can hold."""
    notes, name, neuron = [], population.name, population.neuron
    if kind in _NOT_IN_NETX:
        notes.append(f"{name}: netx has no {_NOT_IN_NETX[kind]}")
    if exponent or (isinstance(neuron, CubaLif) and np.any(np.not_equal(neuron.refractory_delay, 1))):
        notes.append(f"{name}: netx ignores weight exponents and refractory delays")
    if isinstance(neuron, Alif):
        notes.append(f"{name}: netx has no ALIF neurons")
    mixed = weight.min() < 0 < weight.max()
    if kind.startswith("dense") and (not np.any(weight) or (mixed and np.any(weight % 2)) or weight.min() < -256):
        notes.append(f"{name}: netx fails or changes weights that are all zero, odd with both signs, or below -256")
    return notes
