"""Parses one HDF5 file that nobody vouches for: a program of its own, which may die without harm to who started it.

Run as `python -I hdf5_child.py FILE LIMITS`, LIMITS being a JSON object of the fields of `hdf5.Hdf5Limits`. It imports
nothing of this package, so that it starts fast. Its answer on standard output: eight bytes, the length of the header,
big-endian; the header, JSON; then the bytes of all arrays, little-endian and in C order, one behind the other. The
header is `{"tree": GROUP}` or `{"error": [where, problem]}`; a GROUP is `{"group": {name: node}, "attributes": {name:
node}}`, other nodes are `{"array": dtype, "shape": [...], "at": offset in those bytes}` and `{"text": [...], "shape":
[...]}`; those of datasets have attributes too. A dataset of lists of numbers is a GROUP of two arrays, `values`, all
lists one behind the other, and `lengths`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from math import prod
from typing import Any, BinaryIO

import h5py
import numpy as np

MAX_NAME = 256
MAX_AXES = 8
#: Filters that h5py itself brings: deflate, shuffle, fletcher32, lzf.
KNOWN_FILTERS = {1, 2, 3, 32000}

Node = dict[str, Any]


class RefusedError(Exception):
    """What the file holds is not taken: where, and why."""


class Collector:
    """Walks through a file and counts what it takes, before it reads.

    Args:
        limits: the fields of `hdf5.Hdf5Limits`.
    """

    def __init__(self, limits: dict[str, float]) -> None:
        self._limits = limits
        self._objects = 0
        self._bytes = 0
        self._text_bytes = 0
        self._offset = 0
        self._groups: set[int] = set()
        self.arrays: list[Any] = []

    def group(self, group: h5py.Group, where: str, depth: int) -> Node:
        """Everything below a group; raises RefusedError."""
        if depth > self._limits["depth"]:
            raise RefusedError(where, f"lies deeper than {self._limits['depth']} groups")
        address = h5py.h5o.get_info(group.id).addr
        if address in self._groups:
            raise RefusedError(where, "is a group that the file holds under another name too")
        self._groups.add(address)
        self._count(len(group), where)
        return {
            "group": {name: self._member(group, name, f"{where}/{name}", depth) for name in _names(group, where)},
            "attributes": self._attributes(group, where),
        }

    def _member(self, group: h5py.Group, name: str, where: str, depth: int) -> Node:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise RefusedError(where, "is a link to another place")
        item = group[name]
        if isinstance(item, h5py.Group):
            return self.group(item, where, depth + 1)
        if not isinstance(item, h5py.Dataset):
            raise RefusedError(where, "is neither a group nor a dataset")
        _check_storage(item, where, self._limits["total_bytes"])
        kind = h5py.check_vlen_dtype(item.dtype)
        if kind is not None and h5py.check_string_dtype(item.dtype) is None:
            return self._lists(item, np.dtype(kind), where)
        return self._value(item, where) | {"attributes": self._attributes(item, where)}

    def _attributes(self, item: h5py.Group | h5py.Dataset, where: str) -> dict[str, Node]:
        self._count(len(item.attrs), where)
        return {name: self._value(item.attrs.get_id(name), f"{where}@{name}") for name in _names(item.attrs, where)}

    def _value(self, item: Any, where: str) -> Node:
        """A dataset or the id of an attribute; numbers are read later, text now."""
        shape = item.shape
        if shape is None or len(shape) > MAX_AXES:
            raise RefusedError(where, "is empty" if shape is None else f"has {len(shape)} axes, more than {MAX_AXES}")
        text = h5py.check_string_dtype(item.dtype)
        if text is None and (item.dtype.kind not in "iufb" or item.dtype.itemsize > 8):
            raise RefusedError(where, f"holds {str(item.dtype)[:60]}, neither plain numbers nor text")
        self._bytes += prod(shape) * item.dtype.itemsize
        if self._bytes > self._limits["total_bytes"]:
            raise RefusedError(where, f"brings the data to more than {self._limits['total_bytes']} bytes")
        if text is not None:
            return {"text": self._text(item, where), "shape": list(shape)}
        self.arrays.append((item, where))
        at, self._offset = self._offset, self._offset + prod(shape) * item.dtype.itemsize
        return {"array": _stored_type(item.dtype).str, "shape": list(shape), "at": at}

    def _lists(self, item: h5py.Dataset, kind: np.dtype[Any], where: str) -> Node:
        """A row of lists of numbers, read now, as nothing tells their lengths before."""
        if len(item.shape) != 1 or kind.kind not in "iuf" or kind.itemsize > 8:
            raise RefusedError(where, "holds lists that are not of numbers, or not in a row")
        lists = [np.asarray(values, kind) for values in item[()]]
        lengths = np.array([len(values) for values in lists], np.int64)
        values = np.concatenate([np.zeros(0, kind), *lists])
        return {
            "group": {"values": self._value(values, where), "lengths": self._value(lengths, where)},
            "attributes": self._attributes(item, where),
        }

    def _text(self, item: Any, where: str) -> list[str]:
        self._count(prod(item.shape), where)
        values = np.asarray(_read(item)).reshape(-1).tolist()
        raw = [value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape") for value in values]
        self._text_bytes += sum(map(len, raw))
        if self._text_bytes > self._limits["text_bytes"]:
            raise RefusedError(where, f"brings the file to more than {self._limits['text_bytes']} bytes of text")
        try:
            return [value.decode("utf-8") for value in raw]
        except UnicodeDecodeError as error:
            raise RefusedError(where, "holds text that is not UTF-8") from error

    def _count(self, more: int, where: str) -> None:
        self._objects += more
        if self._objects > self._limits["objects"]:
            raise RefusedError(where, f"brings the file to more than {self._limits['objects']} objects and texts")


def _names(items: Any, where: str) -> Iterator[str]:
    for name in items:
        if len(name) > MAX_NAME or not name.isprintable():  # a lone surrogate, which is no UTF-8, cannot be printed
            raise RefusedError(where, f"holds a name of {len(name)} characters, or one that cannot be printed")
        yield name


def _check_storage(dataset: h5py.Dataset, where: str, largest: float) -> None:
    """Refuse data in other files, unknown filters, and chunks that outgrow every limit."""
    plan = dataset.id.get_create_plist()
    if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count():
        raise RefusedError(where, "keeps its data in other files")
    filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
    if not filters <= KNOWN_FILTERS:
        raise RefusedError(where, f"is stored with the filters {sorted(filters)}, known are {sorted(KNOWN_FILTERS)}")
    if dataset.chunks is not None and prod(dataset.chunks) * dataset.dtype.itemsize > largest:
        raise RefusedError(where, f"is stored in chunks of {dataset.chunks}, more than {largest} bytes each")


def _read(item: Any) -> Any:
    if isinstance(item, np.ndarray):
        return item
    if isinstance(item, h5py.Dataset):
        return item[()]
    array = np.empty(item.shape, item.dtype)
    item.read(array)
    return array


def _stored_type(kind: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype("u1") if kind.kind == "b" else np.dtype(f"<{kind.kind}{kind.itemsize}")


def _numbers(item: Any, where: str) -> bytes:
    array = np.asarray(_read(item))
    if array.dtype.kind == "b":
        array = array.view(np.uint8)
        if array.max(initial=0) > 1:
            raise RefusedError(where, "holds truth values other than 0 and 1")
    return array.astype(_stored_type(array.dtype), copy=False).tobytes()


def _limit(limits: dict[str, float]) -> None:
    """Limit memory, processor time, files and core dumps, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the limit
        return
    wanted = {"RLIMIT_CPU": limits["cpu_seconds"], "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    with suppress(OSError):  # elsewhere than on Linux the size of the address space is neither told nor limited
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - pathlib would slow the start
            pages = int(file.read().split()[0])
        wanted["RLIMIT_AS"] = pages * resource.getpagesize() + limits["memory_bytes"]
    for name, value in wanted.items():
        with suppress(OSError, ValueError, AttributeError):
            resource.setrlimit(getattr(resource, name), (int(value), int(value)))


def _answer(path: str, limits: dict[str, float], out: BinaryIO) -> None:
    blocks: list[bytes] = []
    try:
        with h5py.File(path, "r") as file:
            collector = Collector(limits)
            header: Node = {"tree": collector.group(file, "", 0)}
            blocks = [_numbers(item, where) for item, where in collector.arrays]
    except RefusedError as refused:
        header, blocks = {"error": list(refused.args)}, []
    # What libhdf5 and h5py raise for damage is not documented; whatever it is, the file is not taken.
    except Exception as error:
        header, blocks = {"error": ["", f"is no HDF5 file, or a damaged one ({type(error).__name__})"]}, []
    text = json.dumps(header).encode("ascii")
    out.write(len(text).to_bytes(8, "big") + text)
    for block in blocks:
        out.write(block)
    out.flush()


def main(path: str, limits: str) -> None:
    """Answer for one file and end at once, without any cleaning up that damage could disturb."""
    values = json.loads(limits)
    _limit(values)
    _answer(path, values, sys.stdout.buffer)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
