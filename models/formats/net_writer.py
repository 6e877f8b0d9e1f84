"""Writes `.net` files as lava-dl's blocks do, for netx and for this package's own reader."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import h5py
import numpy as np

from neurodeploy.models.formats.net_layers import Layer, chained_layers
from neurodeploy.models.formats.options import WriteOptions
from neurodeploy.models.formats.written import Written
from neurodeploy.network import Network, Population

#: Largest whole number up to which float32 holds all.
_FLOAT32_WHOLE = 2**24


def write_net(network: Network, name: str, options: WriteOptions) -> Written:
    """The `.net` file of a chain of layers.

    Args:
        network: integer.
        name: not used; the file holds none.
        options: none apply.

    Raises:
        FormatError: what the format cannot hold: float weights, a network that is no chain, sparse or one-to-one
            synapses, a bias per step or between the units of 64, values per neuron in layers of planes.
    """
    layers, notes = chained_layers(network)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["simulation/Ts"] = network.timestep_ms
        if network.steps is not None:
            file["simulation/tSample"] = network.steps * network.timestep_ms
        number = 0
        for before, layer in pairwise([None, *layers]):
            assert layer is not None
            if before is not None and layer.kind.startswith("dense") and len(before.shape) == 3:
                neurons = int(np.prod(before.shape))
                _write(file.create_group(f"layer/{number}"), "flatten", {"shape": np.array([neurons, 1, 1])}, {})
                number += 1
            _write(file.create_group(f"layer/{number}"), layer.kind, _values(layer), layer.neuron)
            number += 1
        if network.classes is not None:
            _write(file.create_group(f"layer/{number}"), "average", {"shape": np.array([network.classes, 1, 1])}, {})
    return Written({".net": buffer.getvalue()}, (*notes, *_said(network)))


def _values(layer: Layer) -> dict[str, Any]:
    return {"shape": np.array(layer.shape), **layer.fields}


def _write(group: h5py.Group, kind: str, values: Mapping[str, Any], neuron: Mapping[str, Any]) -> None:
    """One layer: its type as a fixed-length text, that of its neuron as a variable-length one, as producers do."""
    group.create_dataset("type", (1,), "S10", [kind.encode("ascii")])
    for name, value in values.items():
        group[name] = _stored(name, value)
    for name, value in neuron.items():
        group[f"neuron/{name}"] = value


def _stored(name: str, value: Any) -> Any:
    """Weights, biases and delays are stored as floats that hold whole numbers."""
    if name.partition("/")[0] not in ("weight", "weight_rec", "bias", "delay"):
        return value
    array = np.asarray(value)
    return array.astype(np.float32 if np.abs(array).max(initial=0) <= _FLOAT32_WHOLE else np.float64)


def _said(network: Network) -> list[str]:
    """What the file leaves out, and what netx leaves out of the file."""
    notes = []
    if network.reset is not None:
        given = f"--reset-interval {network.reset.interval} --reset-offset {network.reset.offset}"
        notes.append(f"the file holds no resets: read it with {given}")
    if network.input.neuron is not None:
        notes.append("the file's input transform is weight 64: the network holds none")
    if network.classes is not None:
        notes.append("netx has no average layers: give it num_layers without the last one")
    delayed = [p.name for p in network.populations if np.any(p.delays()) and _netx_ignores_delays(network, p)]
    if delayed:
        notes.append(f"netx ignores the delays of {', '.join(delayed)}: input layers and convolutions")
    return notes


def _netx_ignores_delays(network: Network, population: Population) -> bool:
    return population is network.input or len(population.shape or ()) == 3
