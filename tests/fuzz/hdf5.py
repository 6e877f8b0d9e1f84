"""Damage to what an HDF5 file says, its container being in order: values, types, shapes, names, things gone."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import h5py
import numpy as np

from neurodeploy.container import BLOCK_BYTES
from tests.fuzz.mutate import EXTREMES, mutated

Random = np.random.Generator

#: What a dataset may become.
STRANGE = (
    np.array(np.nan),
    np.array([np.inf, -1.0]),
    np.zeros(0),
    np.zeros((1, 0, 3), np.int64),
    np.array(-(2**63)),
    np.array(2**64 - 1, np.uint64),
    np.zeros((2,) * 8, np.int8),
    np.bytes_(b"what"),
    "relu",
    "",
    "RF_PHASE",
)
NAMES = ("0", "1", "-1", "10000000000", "weight", "bias", "neuron", "type", "nodes", "shape", "v_reset", "tau", "é")


def damaged_hdf5(data: bytes, others: list[bytes], random: Random) -> bytes:
    """The file after one to four changes of its content; a third of the files get bytes changed as well."""
    stream = io.BytesIO(data)
    with h5py.File(stream, "r+") as file:
        for _ in range(int(random.integers(1, 5))):
            paths: list[str] = []
            file.visit(paths.append)
            if paths:
                _change(file, paths[int(random.integers(len(paths)))], random)
    result = stream.getvalue()
    return mutated(result, others, random) if random.random() < 1 / 3 else result


def damaged_container(data: bytes, others: list[bytes], random: Random) -> bytes:
    """Mostly content changed behind a header that vouches for it, so that what lies behind the checksum is read."""
    if random.random() < 0.25:
        return mutated(data, others, random)
    result = bytearray(_pushed(data, random) if random.random() < 0.5 else damaged_hdf5(data, others, random))
    if len(result) >= BLOCK_BYTES:
        result[24:64] = len(result).to_bytes(8, "little") + bytes(32)
        result[32:64] = hashlib.sha256(result).digest()
    return bytes(result)


def _pushed(data: bytes, random: Random) -> bytes:
    """The file with one or two of its whole numbers replaced, its types and shapes being as they were."""
    stream = io.BytesIO(data)
    with h5py.File(stream, "r+") as file:
        paths = [f"arrays/{name}" for name in file["arrays"] if file[f"arrays/{name}"].size]
        for _ in range(int(random.integers(1, 3))):
            node = file[paths[int(random.integers(len(paths)))]]
            values, limits = node[()], np.iinfo(node.dtype)
            extreme = EXTREMES[int(random.integers(len(EXTREMES)))] * int(random.choice([1, -1]))
            values.flat[int(random.integers(values.size))] = min(max(extreme, limits.min), limits.max)
            node[...] = values
    return stream.getvalue()


def _change(file: h5py.File, path: str, random: Random) -> None:
    kind = int(random.integers(6))
    node = file[path]
    if kind == 0:
        del file[path]
    elif kind == 1:
        name = f"{path.rpartition('/')[0]}/{NAMES[int(random.integers(len(NAMES)))]}"
        if name.lstrip("/") not in file:
            file.move(path, name)
    elif isinstance(node, h5py.Group):
        name = NAMES[int(random.integers(len(NAMES)))]
        if name not in node:
            node[name] = STRANGE[int(random.integers(len(STRANGE)))]
    elif kind == 2 or node.dtype.kind not in "iufb":
        _replace(file, path, STRANGE[int(random.integers(len(STRANGE)))])
    else:
        _replace(file, path, _other_values(node[()], kind, random))


def _other_values(values: Any, kind: int, random: Random) -> Any:
    array = np.array(values)
    if kind == 3 and array.size:
        extreme = EXTREMES[int(random.integers(len(EXTREMES)))]
        array = array.astype(np.float64)
        array.flat[int(random.integers(array.size))] = extreme if random.random() < 0.5 else -extreme
        return array
    if kind == 4 and array.ndim:
        axis = int(random.integers(array.ndim))
        return np.repeat(array, 2, axis) if random.random() < 0.5 else np.delete(array, slice(0, 1), axis)
    return array.reshape(-1) if random.random() < 0.5 else array[None]


def _replace(file: h5py.File, path: str, value: Any) -> None:
    del file[path]
    file[path] = value
