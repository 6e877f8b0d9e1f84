"""NIR files made by hand, as exporters write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurodeploy.models.formats.nir.float_graph import FloatGraph, FloatRun, run
from neurodeploy.models.formats.nir.reader import read_float_graph
from neurodeploy.models.formats.options import ReadOptions

Fields = Mapping[str, Any]
Edges = Sequence[tuple[str, str]]

#: dt 1 ms for time constants in seconds.
MS = ReadOptions(dt=1.0)


def node(kind: str, **fields: Any) -> dict[str, Any]:
    """A node; fields that are None are left out, as NIR does."""
    return {"type": kind, **{name: value for name, value in fields.items() if value is not None}}


def chain(path: Path, shape: Sequence[int], *nodes: Fields, version: str = "1.0.8") -> Path:
    """A file with the nodes "a", "b", … between input and output."""
    names = ["input", *(chr(ord("a") + i) for i in range(len(nodes))), "output"]
    every = [node("Input", shape=np.asarray(shape)), *nodes, node("Output")]
    return nir_file(path, dict(zip(names, every, strict=True)), list(pairwise(names)), version)


def graph(nodes: Mapping[str, Fields], edges: Edges) -> dict[str, Any]:
    """A nested graph."""
    return {"type": "NIRGraph", "nodes": nodes, "edges": edges}


def nir_file(path: Path, nodes: Mapping[str, Fields], edges: Edges, version: str = "1.0.8") -> Path:
    """A file with one graph."""
    with h5py.File(path, "w") as file:
        file.create_dataset("version", data=version, dtype=h5py.string_dtype())
        _store(file.create_group("node"), graph(nodes, edges))
    return path


def _store(group: h5py.Group, fields: Fields) -> None:
    for name, value in fields.items():
        if name == "nodes":
            inner = group.create_group("nodes")
            for key, member in value.items():
                _store(inner.create_group(key), member)
        elif name == "edges":
            pairs = np.asarray(value, object).reshape(-1, 2)
            group.create_dataset("edges", data=pairs, dtype=h5py.string_dtype())
        elif isinstance(value, str):
            group.create_dataset(name, data=value, dtype=h5py.string_dtype())
        else:
            group.create_dataset(name, data=np.asarray(value))


def cuba(**fields: Any) -> dict[str, Any]:
    """A CubaLIF with round numbers for a step of 1 ms: decays 1/4 and 1/8, unit gains."""
    given = {"tau_syn": 4e-3, "tau_mem": 8e-3, "w_in": 4.0, "r": 8.0, "v_leak": 0.0, "v_threshold": 4.0} | fields
    return node("CubaLIF", **{name: value if value is None else np.atleast_1d(value) for name, value in given.items()})


def steps(path: Path, values: Any, options: ReadOptions = MS) -> tuple[FloatGraph, FloatRun]:
    """The discretised graph of a file, and what it does."""
    built = read_float_graph(path, options)
    return built, run(built, np.asarray(values, np.float64))
