"""Reading the arrays of an HDF5 file that nobody vouches for: every claim is checked before memory is spent on it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError

Array = NDArray[np.generic]

MAX_ARRAY_BYTES = 2**31
MAX_ARRAYS = 4096
MAX_DEPTH = 8

_AGAIN = "write the file again"
_KINDS = {"i": "integers", "u": "integers", "f": "floats", "b": "booleans"}
_CONTIGUOUS = [h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT]
_FILTERS = [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE]


class Arrays(Mapping[str, Array]):
    """The arrays of a file by name, read-only.

    Args:
        arrays: what was read.
        where: name of the file, for messages.
    """

    def __init__(self, arrays: Mapping[str, Array], where: str) -> None:
        self._arrays = dict(arrays)
        self._where = where

    def __getitem__(self, name: str) -> Array:
        """The array of that name; raises FormatError when there is none."""
        if name not in self._arrays:
            raise FormatError(f"{self._where}: {name}", "is missing", _AGAIN)
        return self._arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def integers(self, name: str, *shape: int | None) -> NDArray[np.integer[Any]]:
        """Integers in their stored type, None for an axis of any length; raises FormatError for anything else."""
        return cast("NDArray[np.integer[Any]]", self._checked(name, shape, "integers"))

    def floats(self, name: str, *shape: int | None) -> NDArray[np.float64]:
        """Floats of that shape, None for an axis of any length; raises FormatError for anything else."""
        return self._checked(name, shape, "floats").astype(np.float64, copy=False)

    def _checked(self, name: str, shape: tuple[int | None, ...], kind: str) -> Array:
        array = self[name]
        fits = array.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
        if not fits or _KINDS[array.dtype.kind] != kind:
            wanted = "(" + ", ".join("…" if n is None else str(n) for n in shape) + ")"
            problem = f"is {array.dtype} of shape {array.shape}, not {kind} of shape {wanted}"
            raise FormatError(f"{self._where}: {name}", problem, _AGAIN)
        return array


def read_arrays(file: h5py.File, group: str, stored_bytes: int, where: str) -> Arrays:
    """Every array below a group.

    Args:
        file: opened HDF5 file.
        group: name of the group.
        stored_bytes: length of the file, which no stored chunk can exceed.
        where: name of the file, for messages.

    Raises:
        FormatError: links that lead elsewhere, types other than plain numbers, more than 2^31 bytes in all,
            unknown filters, or content that is shorter or longer than its header claims.
    """
    datasets: dict[str, h5py.Dataset] = {}
    if group in file:
        _collect(file, group, "", datasets, where)
    size = sum(prod(d.shape) * d.dtype.itemsize for d in datasets.values())
    if size > MAX_ARRAY_BYTES:
        raise FormatError(where, f"claims {size} bytes of arrays, more than {MAX_ARRAY_BYTES}", "give a smaller file")
    return Arrays({name: _read(dataset, stored_bytes, f"{where}: {name}") for name, dataset in datasets.items()}, where)


def _collect(parent: h5py.Group, key: str, prefix: str, into: dict[str, h5py.Dataset], where: str) -> None:
    node = parent[key] if isinstance(parent.get(key, getlink=True), h5py.HardLink) else None
    if isinstance(node, h5py.Dataset):
        _check_type(node, f"{where}: {prefix}")
        into[prefix] = node
    elif not isinstance(node, h5py.Group) or prefix.count("/") >= MAX_DEPTH:
        raise FormatError(f"{where}: {prefix or key}", "is neither an array nor a shallow group", _AGAIN)
    else:
        for name in node:
            _collect(node, name, f"{prefix}/{name}" if prefix else name, into, where)
    if len(into) > MAX_ARRAYS:
        raise FormatError(where, f"holds more than {MAX_ARRAYS} arrays", "give a file that neurodeploy wrote")


def _check_type(dataset: h5py.Dataset, where: str) -> None:
    kind = dataset.dtype.kind
    if kind not in _KINDS or dataset.dtype.itemsize > 8 or dataset.shape is None:
        raise FormatError(where, f"holds {dataset.dtype}, not numbers of up to 64 bits", _AGAIN)
    # The stored type must be numpy's own: no padded or enumerated integers.
    if not h5py.h5t.py_create(np.dtype(dataset.dtype.str), logical=True).equal(dataset.id.get_type()):
        raise FormatError(where, "holds numbers of an unusual type", _AGAIN)


def _read(dataset: h5py.Dataset, stored_bytes: int, where: str) -> Array:
    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    if plan.get_layout() in _CONTIGUOUS and plan.get_external_count() == 0 and not filters:
        if not dataset.nbytes <= dataset.id.get_storage_size() <= stored_bytes:
            raise FormatError(where, "is not as long as it claims", _AGAIN)
        array: Array = dataset[()]
    elif plan.get_layout() == h5py.h5d.CHUNKED and filters == _FILTERS and dataset.chunks == dataset.shape:
        array = _inflated(dataset, stored_bytes, where)
    else:
        raise FormatError(where, "is stored in a way that neurodeploy never uses", _AGAIN)
    array = np.asarray(array)
    if array.dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
        raise FormatError(where, "holds truth values other than 0 and 1", _AGAIN)
    array = array.astype(array.dtype.newbyteorder("="))
    array.flags.writeable = False
    return array


def _inflated(dataset: h5py.Dataset, stored_bytes: int, where: str) -> Array:
    """The only chunk, inflated here: libhdf5 would inflate without bound."""
    problem = FormatError(where, "is not the data it claims", _AGAIN)
    if dataset.id.get_num_chunks() != 1 or dataset.id.get_chunk_info(0).size > stored_bytes:
        raise problem
    skipped, raw = dataset.id.read_direct_chunk((0,) * dataset.ndim)
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(raw, dataset.nbytes + 1)
    except zlib.error as error:
        raise problem from error
    if skipped or not inflate.eof or len(data) != dataset.nbytes:
        raise problem
    # The filter shuffle has put the first bytes of all numbers together, then the second ones, …
    planes = np.frombuffer(data, np.uint8).reshape(dataset.dtype.itemsize, -1)
    array: Array = np.ascontiguousarray(planes.T).reshape(-1).view(dataset.dtype)
    return array.reshape(dataset.shape)
