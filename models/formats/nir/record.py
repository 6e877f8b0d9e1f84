"""What NIR has no words for, in the metadata of files that neurodeploy wrote: with it a file gives the same bits back.

`metadata/neurodeploy` holds `description`, JSON: {"format": "neurodeploy.nir/1", "discretisation": "euler",
"time_unit": "s", "dt": seconds, "network": as in `.ndn`, "arrays": names, "held": weight arrays that the nodes hold,
by name [node, exponent, dtype]}, and the arrays as "0", "1", … in that order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodeploy.arrays import Array, Arrays
from neurodeploy.errors import FormatError
from neurodeploy.models.formats.hdf5_tree import Group
from neurodeploy.models.formats.nir.description import Description, description
from neurodeploy.models.formats.nir.graph import Graph, Node
from neurodeploy.network import Network
from neurodeploy.network.codec import network_from_parts, network_to_parts

FORMAT = "neurodeploy.nir/1"
MEMBER = "neurodeploy"
_TYPES = ("int32", "float64")


def record(network: Network, described: Description) -> tuple[str, dict[str, Array]]:
    """The text and the arrays that restore a network from its description."""
    meta, arrays = network_to_parts(network, "network")
    held = {}
    for i, (projection, node) in enumerate(zip(network.projections, described.weights, strict=True)):
        if node is not None:
            name = f"network/projections/{i}/weight"
            held[name] = [node, projection.weight_exponent, str(arrays.pop(name).dtype)]
    text = {
        "format": FORMAT,
        "discretisation": "euler",
        "time_unit": "s",
        "dt": network.timestep_ms / 1000,
        "network": meta,
        "arrays": list(arrays),
        "held": held,
    }
    return json.dumps(text, sort_keys=True), {str(i): array for i, array in enumerate(arrays.values())}


def recorded(graph: Graph) -> tuple[Network | None, tuple[str, ...]]:
    """The network that a file's metadata describes, if neurodeploy wrote it and its nodes still say the same.

    Raises:
        FormatError, NetworkError: metadata that are damaged.
    """
    if graph.metadata is None or MEMBER not in graph.metadata:
        return None, ()
    group = graph.metadata.group(MEMBER)
    where = group.where
    try:
        meta = json.loads(group.text("description"))
        if meta["format"] != FORMAT:
            raise FormatError(where, f"is of format {meta['format']!r}, not {FORMAT}", "use a newer neurodeploy")
        arrays: dict[str, Array] = {name: group.array(str(i)) for i, name in enumerate(meta["arrays"])}
        for name, (node, exponent, kind) in meta["held"].items():
            arrays[name] = _held(graph, node, exponent, kind)
        network = network_from_parts(meta["network"], Arrays(arrays, where), where)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(where, f"is damaged ({error!r})", "remove the metadata, or export it again") from error
    if not _same(graph, description(network)):
        return None, ("the file was changed after neurodeploy wrote it: its metadata are not used",)
    return network, ("written by neurodeploy: decays, thresholds, weights and delays are restored exactly",)


def _held(graph: Graph, name: str, exponent: int, kind: str) -> Array:
    node = graph.nodes[name]
    if type(exponent) is not int or kind not in _TYPES or abs(exponent) > 7:
        raise ValueError(f"{kind} with exponent {exponent!r}")
    weight = np.ldexp(node.numbers("weight"), -exponent)
    if kind == "int32" and np.abs(weight).max(initial=0.0) >= 2**31:
        raise ValueError(f"weights of {name} exceed 32 bits")
    return weight.astype(kind)


def _same(graph: Graph, described: Description) -> bool:
    """Whether a file's nodes and edges are those of a description, to the bit."""
    return (
        set(graph.edges) == set(described.edges)
        and set(graph.nodes) == set(described.nodes)
        and all(_same_node(node, *described.nodes[name]) for name, node in graph.nodes.items())
    )


def _same_node(node: Node, kind: str, fields: Mapping[str, Any]) -> bool:
    stored: Group = node.fields
    if node.kind != kind or set(stored) - {"metadata"} != {"type", *fields}:
        return False
    return all(node.word(name) is None and np.array_equal(stored.array(name), value) for name, value in fields.items())
