"""Messages between the backend and its worker: one JSON object and named arrays, behind a prefix.

Both sides use this module, so it must run on Python 3.10 and needs numpy alone.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

_MAGIC = b"NDLAVA1\n"
_PREFIX = struct.Struct("<8sQ")
_LIMIT = 2**33
_HEADER = "header"


class GarbledError(Exception):
    """Bytes that are no message."""


def pack(header: Mapping[str, Any], arrays: Arrays | None = None) -> bytes:
    """One message.

    Args:
        header: what JSON can hold.
        arrays: of numbers, by names other than "header".
    """
    body = io.BytesIO()
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(body, **{_HEADER: text}, **(arrays or {}))  # type: ignore[arg-type]
    content = body.getvalue()
    return _PREFIX.pack(_MAGIC, len(content)) + content


def unpack(read: Callable[[int], bytes]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The next message.

    Args:
        read: gives exactly as many bytes as it is asked for, or raises.

    Raises:
        GarbledError: bytes that are no message.
    """
    magic, length = _PREFIX.unpack(read(_PREFIX.size))
    if magic != _MAGIC or length > _LIMIT:
        raise GarbledError(repr(magic))
    try:
        with np.load(io.BytesIO(read(length)), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(arrays.pop(_HEADER).tobytes())
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        EOFError,
        OSError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise GarbledError(str(error)) from error
    if not isinstance(header, dict):
        raise GarbledError("no object")
    return header, arrays
