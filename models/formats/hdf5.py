"""Foreign HDF5 files: parsed in a child process with limits on time and memory, because libhdf5 crashes on some
damaged files. What comes back is a tree of plain values.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from threading import Timer
from typing import IO, Any

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.files import check_file
from neurodeploy.models.formats.hdf5_tree import Array, Group, Text, Value

_CHILD = Path(__file__).with_name("hdf5_child.py")
#: No filters from elsewhere, no locks, no threads that reserve memory.
_SETTINGS = {"HDF5_PLUGIN_PRELOAD": "::", "HDF5_USE_FILE_LOCKING": "FALSE", "OPENBLAS_NUM_THREADS": "1"}
_INHERITED = ("PATH", "SYSTEMROOT")
_DTYPES = {np.dtype(f"<{kind}").str for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")}
#: Characters of JSON per object at most: a name of 256 characters, each as `\\uXXXX`, and what stands around it.
_JSON_PER_OBJECT = 2048


@dataclass(frozen=True)
class Hdf5Limits:
    """How much a file may hold, and what reading it may take.

    Attributes:
        file_bytes: of the file.
        total_bytes: of all arrays together.
        objects: groups, datasets, attributes and texts together.
        depth: groups inside each other.
        text_bytes: of all texts together.
        memory_bytes: that the child may use beyond what it has when it starts.
        cpu_seconds: of processor time, its start included.
        seconds: from start to answer.
    """

    file_bytes: int = 2**28
    total_bytes: int = 2**28
    objects: int = 20_000
    depth: int = 32
    text_bytes: int = 2**20
    memory_bytes: int = 3 * 2**28
    cpu_seconds: int = 4
    seconds: float = 20.0


def read_foreign_hdf5(path: Path, limits: Hdf5Limits | None = None) -> Group:
    """Everything that an HDF5 file holds.

    Args:
        path: the file.
        limits: None: the defaults.

    Returns:
        The root group. Taken are numbers up to 8 bytes, truth values (as 0 and 1), enumerations (as their numbers)
        and UTF-8 text of fixed or variable length, with the filters deflate, shuffle, fletcher32 and lzf.

    Raises:
        FormatError: a file that is missing, no HDF5, damaged, beyond a limit, or that holds anything else: links
            other than hard ones, a group under two names, data in other files.
    """
    limits = limits or Hdf5Limits()
    check_file(path, limits.file_bytes)
    command = [sys.executable, "-I", str(_CHILD), str(path.absolute()), json.dumps(asdict(limits))]
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | _SETTINGS
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
    except (OSError, ValueError) as error:
        raise FormatError(str(path), f"cannot be parsed: no process can be started ({error})", "try again") from error
    timer = Timer(limits.seconds, child.kill)
    timer.start()
    try:
        assert child.stdout is not None
        return _parsed(child.stdout, path, limits)
    except _GarbledError as error:
        problem = "is damaged: its parser dies, or needs more time or memory than it is given"
        raise FormatError(str(path), problem, "export it again") from error
    finally:
        timer.cancel()
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


class _GarbledError(Exception):
    """The child's answer is no answer."""


def _parsed(stream: IO[bytes], path: Path, limits: Hdf5Limits) -> Group:
    """Read the child's answer; raises _GarbledError unless every part of it is as `hdf5_child` says."""
    length = int.from_bytes(_exactly(stream, 8), "big")
    if length > limits.objects * _JSON_PER_OBJECT + limits.text_bytes * 6:
        raise _GarbledError
    try:
        header = json.loads(_exactly(stream, length))
        if "error" in header:
            where, problem = header["error"]
            raise FormatError(f"{path}{where and ': '}{where}", problem, "export it again with plain data")
        tree = header["tree"]
        size = _size(tree)
        if size > limits.total_bytes:
            raise _GarbledError
        root = _node(tree, _exactly(stream, size), f"{path}: ")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _GarbledError from error
    if not isinstance(root, Group):
        raise _GarbledError
    return root


def _exactly(stream: IO[bytes], size: int) -> bytearray:
    """Read `size` bytes, whose space is taken as they come."""
    data = bytearray()
    while len(data) < size:
        block = stream.read(min(size - len(data), 2**20))
        if not block:
            raise _GarbledError
        data += block
    return data


def _size(node: dict[str, Any]) -> int:
    """Where the last array of a tree ends."""
    below = [_size(member) for part in ("group", "attributes") for member in node.get(part, {}).values()]
    own = node["at"] + prod(node["shape"]) * np.dtype(node["array"]).itemsize if "array" in node else 0
    return max([own, *below])


def _node(node: dict[str, Any], data: bytearray, where: str) -> Group | Value:
    attributes = {name: _value(item, data, f"{where}@{name}") for name, item in node.get("attributes", {}).items()}
    if "group" not in node:
        return _value(node, data, where, attributes)
    members = {name: _node(item, data, f"{where}/{name}") for name, item in node["group"].items()}
    return Group(members, attributes, where)


def _value(node: dict[str, Any], data: bytearray, where: str, attributes: dict[str, Value] | None = None) -> Value:
    shape = tuple(int(n) for n in node["shape"])
    content: Array | Text
    if "text" in node:
        content = Text(tuple(str(value) for value in node["text"]), shape)
        if len(content.values) != prod(shape):
            raise _GarbledError
    else:
        if node["array"] not in _DTYPES or node["at"] < 0 or min(shape, default=0) < 0:
            raise _GarbledError
        stored = np.frombuffer(data, node["array"], prod(shape), node["at"]).reshape(shape)
        content = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        content.flags.writeable = False
    return Value(content, attributes or {}, where)
