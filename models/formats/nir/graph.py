"""A NIR file as one flat graph: nodes with their fields, and edges; nothing is interpreted yet.

Layout (NIR 0.2 … 1.0.8): HDF5 with `/version` and `/node`, a `NIRGraph` of `nodes/<name>/…` and `edges` (E, 2); each
node has a `type` and one dataset per field, and fields that are None are absent. Graphs nest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.hdf5_tree import Group, Text, Value

Floats = NDArray[np.float64]
Edge = tuple[str, str]

_AGAIN = "export it again"
MAX_NODES = 4096
MAX_DEPTH = 8

#: Fields of every type: what must be there, and what may be.
FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Affine": (("weight",), ("bias",)),
    "AvgPool2d": (("kernel_size", "stride"), ("padding",)),
    "Conv1d": (("weight",), ("input_shape", "stride", "padding", "dilation", "groups", "bias")),
    "Conv2d": (("weight",), ("input_shape", "stride", "padding", "dilation", "groups", "bias")),
    "CubaLI": (("tau_mem", "tau_syn", "r", "v_leak"), ("w_in",)),
    "CubaLIF": (("tau_mem", "tau_syn", "r", "v_leak", "v_threshold"), ("v_reset", "w_in")),
    "Delay": (("delay",), ()),
    "Flatten": ((), ("input_type", "start_dim", "end_dim")),
    "I": (("r",), ()),
    "IF": (("r", "v_threshold"), ("v_reset",)),
    "Input": (("shape",), ()),
    "LI": (("tau", "r", "v_leak"), ()),
    "LIF": (("tau", "r", "v_leak", "v_threshold"), ("v_reset",)),
    "Linear": (("weight",), ()),
    "Output": ((), ("shape",)),
    "Scale": (("scale",), ()),
    "SumPool2d": (("kernel_size", "stride"), ("padding",)),
    "Threshold": (("threshold",), ()),
}
#: Ports of nested graphs after flattening.
PORT = "Port"


@dataclass(frozen=True, eq=False)
class Node:
    """One node.

    Args:
        name: in the flat graph: names of the graphs around it and its own, joined by dots.
        kind: its type in NIR, or `PORT`.
        fields: its datasets.
    """

    name: str
    kind: str
    fields: Group

    def error(self, problem: str, remedy: str) -> FormatError:
        """What is wrong with it."""
        return FormatError(f"node {self.name} ({self.kind})", problem, remedy)

    def has(self, field: str) -> bool:
        """Whether a field is there."""
        return field in self.fields

    def numbers(self, field: str) -> Floats:
        """A field as float64 in its own shape; raises FormatError for text or values that are not finite."""
        array = self._array(field).astype(np.float64)
        if not np.all(np.isfinite(array)):
            raise self.error(f"{field} holds NaN or infinite values", "repair the network")
        return array

    def constants(self, field: str) -> Floats:
        """A field as float64 in which +∞ is allowed: time constants and thresholds that are never reached."""
        array = self._array(field).astype(np.float64)
        if np.any(np.isnan(array) | (array == -np.inf)):
            raise self.error(f"{field} holds NaN or -∞", "repair the network")
        return array

    def wholes(self, field: str) -> tuple[int, ...]:
        """A field as whole numbers, flattened; raises FormatError for fractions, or numbers outside 32 bits."""
        values = self._array(field).reshape(-1).tolist()
        if len(values) > 8 or any(not isfinite(v) or v != int(v) or abs(v) >= 2**31 for v in values):
            raise self.error(f"{field} is no short list of whole numbers", _AGAIN)
        return tuple(int(v) for v in values)

    def whole(self, field: str, absent: int) -> int:
        """A field of one whole number, `absent` where there is none; raises FormatError as `wholes` does."""
        values = self.wholes(field) if self.has(field) else (absent,)
        if len(values) != 1:
            raise self.error(f"has {field} {values}", "give one value")
        return values[0]

    def word(self, field: str) -> str | None:
        """A field that is text; None when it holds numbers."""
        member = self.fields[field]
        return self.fields.text(field) if isinstance(member, Value) and isinstance(member.data, Text) else None

    def _array(self, field: str) -> NDArray[np.generic]:
        array: NDArray[np.generic] = self.fields.array(field)
        return array


@dataclass(frozen=True, eq=False)
class Graph:
    """A flat graph.

    Args:
        nodes: by name, one `Input`, one `Output` and no nested graphs.
        edges: without repetition, sorted.
        version: of NIR that wrote it, as the file says.
        metadata: of the outermost graph; None without.
    """

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    version: str
    metadata: Group | None

    def before(self) -> dict[str, list[str]]:
        """The sources of the edges into every node."""
        sources: dict[str, list[str]] = {name: [] for name in self.nodes}
        for source, target in self.edges:
            sources[target].append(source)
        return sources

    def one(self, kind: str) -> Node:
        """The only node of a kind."""
        return next(node for node in self.nodes.values() if node.kind == kind)


def graph(root: Group) -> Graph:
    """The graph of a file.

    Args:
        root: everything the file holds.

    Raises:
        FormatError: what is no NIR graph, unknown types or fields, edges that lead nowhere, other than one input and
            one output, or more than 4,096 nodes.
    """
    top = root.group("node")
    nodes: dict[str, Node] = {}
    edges: set[Edge] = set()
    ports = _collect(top, "", nodes, edges, 0)
    for name in ports:
        nodes[name] = Node(name, "Input" if name == ports[0] else "Output", nodes[name].fields)
    for source, target in edges:
        if target == ports[0] or source == ports[1]:
            raise FormatError(f"edge {source} -> {target}", "ends in the input or starts at the output", _AGAIN)
    version = root.text("version") if "version" in root else "unknown"
    return Graph(nodes, tuple(sorted(edges)), version, top.group("metadata") if "metadata" in top else None)


def _collect(group: Group, prefix: str, nodes: dict[str, Node], edges: set[Edge], depth: int) -> Edge:
    """Add a graph's nodes and edges; returns the names of its input and its output."""
    if group.text("type") != "NIRGraph" or depth > MAX_DEPTH:
        raise FormatError(group.where, f"is no NIRGraph, or lies more than {MAX_DEPTH} graphs deep", _AGAIN)
    inner: dict[str, Edge] = {}
    for name, member in group.group("nodes").items():
        if not isinstance(member, Group):
            raise FormatError(member.where, "is no node", _AGAIN)
        full = prefix + name
        if member.text("type") == "NIRGraph":
            inner[name] = _collect(member, f"{full}.", nodes, edges, depth + 1)
            continue
        if full in nodes or len(nodes) >= MAX_NODES:
            raise FormatError(f"node {full}", f"is there twice, or is one of more than {MAX_NODES}", "rename nodes")
        nodes[full] = _node(full, member)
        inner[name] = (full, full)
    for source, target in _edges(group):
        for name in (source, target):
            if name not in inner:
                raise FormatError(f"edge {source} -> {target}", f"names no node {name}", _AGAIN)
        edges.add((inner[source][1], inner[target][0]))
    return _port(group, prefix, "Input", nodes, inner.values()), _port(group, prefix, "Output", nodes, inner.values())


def _node(name: str, fields: Group) -> Node:
    node = Node(name, fields.text("type"), fields)
    if node.kind not in FIELDS:
        raise node.error("is of a type that is not known", f"use {', '.join(FIELDS)}")
    required, optional = FIELDS[node.kind]
    missing = [field for field in required if field not in fields]
    unknown = set(fields) - {"type", "metadata", *required, *optional}
    if missing or unknown:
        problem = f"lacks {', '.join(missing)}" if missing else f"has unknown fields {', '.join(sorted(unknown))}"
        raise node.error(problem, _AGAIN)
    return node


def _port(group: Group, prefix: str, kind: str, nodes: dict[str, Node], inner: Iterable[Edge]) -> str:
    """The only input or output of a graph itself, turned into a node that passes on what it gets."""
    found = [name for name, other in inner if name == other and nodes[name].kind == kind]
    if len(found) != 1:
        raise FormatError(
            prefix.rstrip(".") or "graph", f"has {len(found)} nodes of type {kind}", "leave exactly one in each graph"
        )
    nodes[found[0]] = Node(found[0], PORT, nodes[found[0]].fields)
    return found[0]


def _edges(group: Group) -> Iterator[Edge]:
    """The edges of a graph; a file without edges may hold an empty list of numbers."""
    member = group["edges"]
    if isinstance(member, Value) and not isinstance(member.data, Text) and member.data.size == 0:
        return
    texts = group.texts("edges")
    if len(texts.shape) != 2 or texts.shape[1] != 2:
        raise FormatError(group.place("edges"), f"have shape {texts.shape}, not (edges, 2)", _AGAIN)
    yield from zip(texts.values[::2], texts.values[1::2], strict=True)
