"""Reading the arrays of an HDF5 file that nobody vouches for: every claim is checked before memory is spent on it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
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


def read_arrays(file: h5py.h5f.FileID, group: bytes, stored_bytes: int, where: str) -> Arrays:
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
    stored: dict[str, _Stored] = {}
    if group in file:
        _collect(file, group, "", stored, where)
    size = sum(each.nbytes for each in stored.values())
    if size > MAX_ARRAY_BYTES:
        raise FormatError(where, f"claims {size} bytes of arrays, more than {MAX_ARRAY_BYTES}", "give a smaller file")
    return Arrays({name: _read(each, stored_bytes, f"{where}: {name}") for name, each in stored.items()}, where)


@dataclass(frozen=True, eq=False)
class _Stored:
    """A dataset and what it claims to be; h5py's own `Dataset` asks libhdf5 again each time, in four times the time."""

    at: h5py.h5d.DatasetID
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """Of the array."""
        return prod(self.shape) * self.dtype.itemsize


def _collect(parent: h5py.h5g.GroupID, key: bytes, prefix: str, into: dict[str, _Stored], where: str) -> None:
    is_here = parent.links.get_info(key).type == h5py.h5l.TYPE_HARD
    node = h5py.h5o.open(parent, key) if is_here else None
    if isinstance(node, h5py.h5d.DatasetID):
        into[prefix] = _claimed(node, f"{where}: {prefix}")
    elif not isinstance(node, h5py.h5g.GroupID) or prefix.count("/") >= MAX_DEPTH:
        problem = "is neither an array nor a shallow group"
        raise FormatError(f"{where}: {prefix or key.decode(errors='replace')}", problem, _AGAIN)
    else:
        for name in node:
            text = name.decode(errors="surrogateescape")
            _collect(node, name, f"{prefix}/{text}" if prefix else text, into, where)
    if len(into) > MAX_ARRAYS:
        raise FormatError(where, f"holds more than {MAX_ARRAYS} arrays", "give a file that neurodeploy wrote")


def _claimed(dataset: h5py.h5d.DatasetID, where: str) -> _Stored:
    kind, space = dataset.get_type(), dataset.get_space()
    dtype = kind.dtype
    is_null = space.get_simple_extent_type() == h5py.h5s.NULL
    if dtype.kind not in _KINDS or dtype.itemsize > 8 or is_null:
        raise FormatError(where, f"holds {dtype}, not numbers of up to 64 bits", _AGAIN)
    # The stored type must be numpy's own: no padded or enumerated integers.
    if not _type_of(dtype.str).equal(kind):
        raise FormatError(where, "holds numbers of an unusual type", _AGAIN)
    return _Stored(dataset, space.shape, np.dtype(dtype.str))


@lru_cache(64)
def _type_of(text: str) -> h5py.h5t.TypeID:
    """The type in a file of numbers of that numpy type; there are some twenty."""
    return h5py.h5t.py_create(np.dtype(text), logical=True)


def _read(stored: _Stored, stored_bytes: int, where: str) -> Array:
    plan = stored.at.get_create_plist()
    layout = plan.get_layout()
    filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    if layout in _CONTIGUOUS and plan.get_external_count() == 0 and not filters:
        if not stored.nbytes <= stored.at.get_storage_size() <= stored_bytes:
            raise FormatError(where, "is not as long as it claims", _AGAIN)
        array: Array = np.empty(stored.shape, stored.dtype)
        if array.size:
            stored.at.read(h5py.h5s.ALL, h5py.h5s.ALL, array)
    elif layout == h5py.h5d.CHUNKED and filters == _FILTERS and plan.get_chunk() == stored.shape:
        array = _inflated(stored, stored_bytes, where)
    else:
        raise FormatError(where, "is stored in a way that neurodeploy never uses", _AGAIN)
    if array.dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
        raise FormatError(where, "holds truth values other than 0 and 1", _AGAIN)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    array.flags.writeable = False
    return array


def _inflated(stored: _Stored, stored_bytes: int, where: str) -> Array:
    """The only chunk, inflated here: libhdf5 would inflate without bound."""
    problem = FormatError(where, "is not the data it claims", _AGAIN)
    if stored.at.get_num_chunks() != 1 or stored.at.get_chunk_info(0).size > stored_bytes:
        raise problem
    skipped, raw = stored.at.read_direct_chunk((0,) * len(stored.shape))
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(raw, stored.nbytes + 1)
    except zlib.error as error:
        raise problem from error
    if skipped or not inflate.eof or len(data) != stored.nbytes:
        raise problem
    # The filter shuffle has put the first bytes of all numbers together, then the second ones, …
    planes = np.frombuffer(data, np.uint8).reshape(stored.dtype.itemsize, -1)
    numbers = np.zeros(planes.shape[::-1], np.uint8)
    for position, plane in enumerate(planes):
        if plane.any():  # small numbers have bytes that are all 0
            numbers[:, position] = plane
    array: Array = numbers.reshape(-1).view(stored.dtype).reshape(stored.shape)
    return array
