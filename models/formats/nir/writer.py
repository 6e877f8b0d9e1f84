"""Writing NIR files."""

from __future__ import annotations

from io import BytesIO

import h5py
import numpy as np

from neurodeploy.arrays import Array
from neurodeploy.models.formats.nir.description import Description, description
from neurodeploy.models.formats.nir.record import MEMBER, record
from neurodeploy.models.formats.options import WriteOptions
from neurodeploy.models.formats.written import Written
from neurodeploy.network import CubaLif, Network

#: The version of NIR whose layout this is.
VERSION = "1.0.8"


def write_nir(network: Network, stem: str, options: WriteOptions) -> Written:
    """A network as a NIR file.

    Args:
        network: integer or float.
        stem: not used.
        options: none.

    Raises:
        FormatError: what NIR has no words for: input neurons, other models than CUBA LIF, a bias per step.
    """
    described = description(network)
    text, arrays = record(network, described)
    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("version", data=VERSION, dtype=h5py.string_dtype())
        _store(file.create_group("node"), described, text, arrays)
    return Written({".nir": buffer.getvalue()}, (*_notes(network), *_unchecked(described)))


def _store(top: h5py.Group, described: Description, text: str, arrays: dict[str, Array]) -> None:
    """Fill the group of the graph."""
    texts = h5py.string_dtype()
    top.create_dataset("type", data="NIRGraph", dtype=texts)
    top.create_dataset("edges", data=np.asarray(described.edges, object), dtype=texts)
    nodes = top.create_group("nodes")
    for name, (kind, fields) in described.nodes.items():
        node = nodes.create_group(name)
        node.create_dataset("type", data=kind, dtype=texts)
        for field, values in fields.items():
            _array(node, field, values)
    own = top.create_group("metadata").create_group(MEMBER)
    own.create_dataset("description", data=text, dtype=texts)
    for field, values in arrays.items():
        _array(own, field, values)


def _array(group: h5py.Group, name: str, values: Array) -> None:
    group.create_dataset(name, data=values, compression="gzip" if values.size > 1 else None)


def _notes(network: Network) -> tuple[str, ...]:
    notes = [
        f"time constants are seconds for a step of {network.timestep_ms:g} ms under forward Euler; "
        "readers with exponential decays give other dynamics",
        "a tool that passes spikes on within a step is one step earlier per layer than the chip",
    ]
    held = [
        p.name
        for p in network.populations
        if isinstance(p.neuron, CubaLif) and np.any(np.asarray(p.neuron.refractory_delay) > 1)
    ]
    if held:
        notes.append(f"NIR has no refractory period: that of {', '.join(held)} stands in the metadata alone")
    if network.reset is not None:
        notes.append("NIR has no periodic reset: it stands in the metadata alone")
    return tuple(notes)


def _unchecked(described: Description) -> tuple[str, ...]:
    """Convolutions whose shape the package nir gets wrong (1.0.8): it takes the kernel's height for its width, and
    the channels of one group for all.
    """
    wrong = [
        name
        for name, (kind, fields) in described.nodes.items()
        if kind == "Conv2d" and (int(fields["groups"]) != 1 or len(set(fields["weight"].shape[2:])) != 1)
    ]
    return (f"nir.read needs type_check=False: it computes other shapes for {', '.join(wrong)}",) if wrong else ()
