"""NIR files made by hand, as exporters write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurodeploy.models.formats.hdf5_tree import Group, Text, Value
from neurodeploy.models.formats.nir.float_graph import FloatGraph, FloatRun, run
from neurodeploy.models.formats.nir.reader import float_graph_of
from neurodeploy.models.formats.options import ReadOptions

Fields = Mapping[str, Any]
Edges = Sequence[tuple[str, str]]

#: dt 1 ms for time constants in seconds.
MS = ReadOptions(dt=1.0)


def node(kind: str, **fields: Any) -> dict[str, Any]:
    """A node; fields that are None are left out, as NIR does."""
    return {"type": kind, **{name: value for name, value in fields.items() if value is not None}}


def chain(shape: Sequence[int], *nodes: Fields, version: str = "1.0.8") -> Group:
    """What a file holds with the nodes "a", "b", … between input and output."""
    names = ["input", *(chr(ord("a") + i) for i in range(len(nodes))), "output"]
    every = [node("Input", shape=np.asarray(shape)), *nodes, node("Output")]
    return tree(dict(zip(names, every, strict=True)), list(pairwise(names)), version)


def graph(nodes: Mapping[str, Fields], edges: Edges) -> dict[str, Any]:
    """A nested graph."""
    return {"type": "NIRGraph", "nodes": nodes, "edges": edges}


def tree(nodes: Mapping[str, Fields], edges: Edges, version: str = "1.0.8") -> Group:
    """What a file with one graph holds, without the file."""
    return Group({"version": Value(Text((version,), ())), "node": _group(graph(nodes, edges), "/node")}, where="")


def _group(fields: Fields, where: str) -> Group:
    members: dict[str, Group | Value] = {}
    for name, value in fields.items():
        place = f"{where}/{name}"
        if isinstance(value, Mapping):
            members[name] = _group(value, place)
        elif name == "edges":
            members[name] = Value(Text(tuple(end for edge in value for end in edge), (len(value), 2)), where=place)
        elif isinstance(value, str):
            members[name] = Value(Text((value,), ()), where=place)
        else:
            members[name] = Value(np.asarray(value), where=place)
    return Group(members, where=where)


def nir_file(path: Path, root: Group) -> Path:
    """A file that holds a tree."""
    with h5py.File(path, "w") as file:
        _store(file, root)
    return path


def _store(group: h5py.Group, members: Group) -> None:
    for name, value in members.items():
        if isinstance(value, Group):
            _store(group.create_group(name), value)
        elif isinstance(value.data, Text):
            texts = np.asarray(value.data.values, object).reshape(value.data.shape)
            group.create_dataset(name, data=texts, dtype=h5py.string_dtype())
        else:
            group.create_dataset(name, data=value.data)


def held(content: bytes) -> Group:
    """What a file holds, parsed here: for files that the tests wrote themselves."""
    with h5py.File(BytesIO(content), "r") as file:
        return _held(file, "")


def _held(group: h5py.Group, where: str) -> Group:
    members: dict[str, Group | Value] = {}
    for name, item in group.items():
        place = f"{where}/{name}"
        if isinstance(item, h5py.Group):
            members[name] = _held(item, place)
        elif h5py.check_string_dtype(item.dtype):
            texts = np.asarray(item.asstr()[()], object)
            members[name] = Value(Text(tuple(texts.reshape(-1).tolist()), texts.shape), where=place)
        else:
            members[name] = Value(np.asarray(item[()]), where=place)
    return Group(members, where=where)


def cuba(**fields: Any) -> dict[str, Any]:
    """A CubaLIF with round numbers for a step of 1 ms: decays 1/4 and 1/8, unit gains."""
    given = {"tau_syn": 4e-3, "tau_mem": 8e-3, "w_in": 4.0, "r": 8.0, "v_leak": 0.0, "v_threshold": 4.0} | fields
    return node("CubaLIF", **{name: value if value is None else np.atleast_1d(value) for name, value in given.items()})


def steps(root: Group, values: Any, options: ReadOptions = MS) -> tuple[FloatGraph, FloatRun]:
    """The discretised graph, and what it does."""
    built = float_graph_of(root, options)
    return built, run(built, np.asarray(values, np.float64))
