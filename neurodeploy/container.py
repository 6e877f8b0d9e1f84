"""The container of our own files: HDF5 behind a 512-byte user block that is checked before libhdf5 sees a byte.

User block, little-endian (`docs/file-format.md`)::

    0   8 bytes   magic
    8   8 bytes   kind: "network", "program", "run" or "snapshot", padded with zeros
    16  uint32    schema version
    20  uint32    size of this block, 512
    24  uint64    length of the whole file
    32  32 bytes  SHA-256 of the whole file with these 32 bytes taken as zeros
    64  …         zeros

Behind it: `meta`, one JSON object as a UTF-8 string, and `arrays/…`, one dataset per array, stored plainly or
as a single chunk with the filters shuffle and deflate.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson

from neurodeploy.arrays import MAX_ARRAY_BYTES, Array, Arrays, read_arrays
from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes, write_atomic

#: As in PNG: a byte that is no text, and line ends that a text transfer would change.
MAGIC = b"\x89NDF\r\n\x1a\n"
#: Networks have transposed convolutions since 2, and programs, which hold networks, since 3; networks have the float
#: network they came from since 3; runs have outputs since 2.
VERSIONS = {"network": 3, "program": 3, "run": 2, "snapshot": 1}
BLOCK_BYTES = 512
MAX_FILE_BYTES = 2**32
MAX_META_BYTES = 2**26

_HEAD = struct.Struct("<8s8sIIQ32s")
_HASH_AT = 32
_COMPRESS_FROM = 4096
_GZIP_LEVEL = 2


def encode(kind: str, meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """The bytes of a file; equal input gives equal bytes.

    Args:
        kind: a key of `VERSIONS`.
        meta: what `json.dumps` takes, without NaN.
        arrays: integers, floats or booleans by name; slashes in a name make groups.

    Raises:
        FormatError: more than 2^31 bytes of arrays or 64 MiB of JSON.
    """
    text = json.dumps(meta, allow_nan=False, separators=(",", ":")).encode()
    size = sum(array.nbytes for array in arrays.values())
    if size > MAX_ARRAY_BYTES or len(text) > MAX_META_BYTES:
        problem = f"{size} bytes of arrays and {len(text)} of JSON are beyond {MAX_ARRAY_BYTES} and {MAX_META_BYTES}"
        raise FormatError(kind, problem, "leave something out")
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=BLOCK_BYTES) as file:
        string = h5py.string_dtype("utf-8", len(text))
        file.create_dataset("meta", data=np.bytes_(text), dtype=string, track_times=False)
        group = file.create_group("arrays")
        for name, array in arrays.items():
            packing = {"chunks": array.shape, "shuffle": True, "compression": "gzip", "compression_opts": _GZIP_LEVEL}
            options = packing if array.nbytes >= _COMPRESS_FROM else {}
            group.create_dataset(name, data=array, track_times=False, **options)
    data = bytearray(stream.getvalue())
    data[: _HEAD.size] = _HEAD.pack(MAGIC, kind.encode(), VERSIONS[kind], BLOCK_BYTES, len(data), bytes(32))
    data[_HASH_AT : _HASH_AT + 32] = hashlib.sha256(data).digest()
    return bytes(data)


def decode(kind: str, data: bytes, where: str) -> tuple[dict[str, Any], Arrays]:
    """The meta data and the arrays of a file of that kind.

    Args:
        kind: a key of `VERSIONS`.
        data: the whole file.
        where: its name, for messages.

    Raises:
        FormatError: anything but an undamaged file of that kind and of a schema version known here.
    """
    _check_head(kind, data, where)
    try:
        file = h5py.h5f.open_file_image(data)
        return _read_meta(file, where), read_arrays(file, b"arrays", len(data), where)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:  # what h5py makes of libhdf5's errors
        raise FormatError(where, f"has no valid content ({error})", "write it again") from error


def read_container(path: Path, kind: str) -> tuple[dict[str, Any], Arrays]:
    """`decode` of the file at `path`."""
    return decode(kind, read_bytes(path, MAX_FILE_BYTES), str(path))


def write_container(
    path: Path, kind: str, meta: Mapping[str, Any], arrays: Mapping[str, Array], *, overwrite: bool
) -> None:
    """`encode` to the file at `path`, all of it or nothing; raises FormatError when that fails."""
    write_atomic(path, encode(kind, meta, arrays), overwrite=overwrite)


def checksum(data: bytes) -> str:
    """SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it: what provenance names a file by."""
    return hashlib.sha256(data).hexdigest()


def _check_head(kind: str, data: bytes, where: str) -> None:
    remedy = "write it again or fetch a fresh copy"
    if len(data) < BLOCK_BYTES or not data.startswith(MAGIC):
        raise FormatError(where, f"is no neurodeploy {kind} file", f"give one that neurodeploy wrote as a {kind}")
    _, found, version, block, length, digest = _HEAD.unpack_from(data)
    if length != len(data):
        problem = f"has {len(data)} bytes where its header says {length}, so it is cut short or damaged"
        raise FormatError(where, problem, remedy)
    hasher = hashlib.sha256(data[:_HASH_AT] + bytes(32))
    hasher.update(memoryview(data)[_HASH_AT + 32 :])
    if hasher.digest() != digest:
        raise FormatError(where, "is damaged: its content does not match its SHA-256", remedy)
    name = found.rstrip(b"\0").decode("ascii", "replace")
    if name != kind:
        raise FormatError(where, f"holds a {name}, not a {kind}", f"give a {kind} file")
    if version > VERSIONS[kind] or version < 1 or block != BLOCK_BYTES:
        problem = f"has schema version {version}, this neurodeploy reads 1 … {VERSIONS[kind]}"
        raise FormatError(where, problem, "update neurodeploy")


def _read_meta(file: h5py.h5f.FileID, where: str) -> dict[str, Any]:
    is_here = b"meta" in file and file.links.get_info(b"meta").type == h5py.h5l.TYPE_HARD
    node = h5py.h5o.open(file, b"meta") if is_here else None
    if not isinstance(node, h5py.h5d.DatasetID) or not _is_text(node) or not _stored_plainly(node):
        raise FormatError(where, "holds no meta data", "write it again")
    text = np.empty((), node.dtype)
    node.read(h5py.h5s.ALL, h5py.h5s.ALL, text)
    try:
        meta = _parsed(text.item())
    except (ValueError, RecursionError) as error:
        raise FormatError(where, f"has meta data that are no JSON ({error})", "write it again") from error
    if not isinstance(meta, dict):
        raise FormatError(where, "has meta data that are no JSON object", "write it again")
    return meta


def _is_text(node: h5py.h5d.DatasetID) -> bool:
    return bool(node.get_space().get_simple_extent_type() == h5py.h5s.SCALAR and node.dtype.kind == "S")


def _stored_plainly(text: h5py.h5d.DatasetID) -> bool:
    plan = text.get_create_plist()
    is_virtual = plan.get_layout() == h5py.h5d.VIRTUAL
    return plan.get_external_count() == 0 and not is_virtual and text.dtype.itemsize <= MAX_META_BYTES


def _parsed(text: bytes) -> Any:
    """JSON; raises ValueError or RecursionError for anything else.

    orjson takes a quarter of the time. What it refuses and Python's own parser takes is a text with half a surrogate
    pair, as a file name that is no UTF-8 is written.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text.decode(), parse_constant=_no_constant)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
