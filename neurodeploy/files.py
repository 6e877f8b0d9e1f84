"""Files, read and written with care: sizes are checked before anything is allocated, and writing is all or nothing."""

from __future__ import annotations

import ast
import os
import secrets
import stat
import struct
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError

NPY_MAGIC = b"\x93NUMPY"
#: Longest header that numpy itself reads without being told to trust the file.
MAX_NPY_HEADER = 10_000
_AGAIN = "write it again with numpy.save"


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; raises FormatError when nothing is there or it cannot be reached."""
    return stat.S_ISDIR(_status(path).st_mode)


def list_folder(path: Path) -> list[Path]:
    """List what a folder holds, sorted, without hidden files; raises FormatError when it cannot be read."""
    try:
        return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise _unreadable(path, error) from error


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a regular file.

    Args:
        path: the file.
        limit: largest size in bytes.

    Raises:
        FormatError: missing, unreadable, no regular file, or larger than `limit`.
    """
    size = check_file(path, limit)
    try:
        with path.open("rb") as file:
            return file.read(size)  # room for so much is taken at once
    except OSError as error:
        raise _unreadable(path, error) from error


def check_file(path: Path, limit: int) -> int:
    """Size of a file; raises FormatError for one that is missing, no regular file, or larger than `limit` bytes."""
    status = _status(path)
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise FormatError(str(path), f"is {kind}", "give a file")
    if status.st_size > limit:
        problem = f"has {status.st_size} bytes, more than the {limit} that are read here"
        raise FormatError(str(path), problem, "check that it is the right file")
    return status.st_size


def check_output(path: Path, overwrite: bool = False) -> None:
    """Refuse before long work what `write_atomic` would refuse behind it.

    Args:
        path: a file to be written.
        overwrite: whether one of that name may be replaced.

    Raises:
        FormatError: the file exists and `overwrite` is false, or its folder is missing or cannot be written to.
    """
    if path.exists() and not overwrite:
        raise FormatError(str(path), "exists already", "choose another name or pass --force")
    if not path.parent.is_dir():
        raise FormatError(str(path.parent), "is no folder", "make it first")
    if not os.access(path.parent, os.W_OK):
        raise FormatError(str(path.parent), "cannot be written to", "choose a folder that is writable")


def write_atomic(path: Path, data: bytes, overwrite: bool = False) -> None:
    """Write a file so that it holds either all of `data` or what it held before, even after a crash.

    Args:
        path: where to; its folder must exist.
        data: the whole content.
        overwrite: whether a file of that name may be replaced (`--force`).

    Raises:
        FormatError: the file exists and `overwrite` is false, it is no regular file, or the system refuses
            (full disk, no permission, missing folder); nothing is left behind then.
    """
    name = str(path)
    if os.path.lexists(path):
        if not path.is_file():
            raise FormatError(name, "exists and is no regular file", "choose another name")
        if not overwrite:
            raise FormatError(name, "exists already", "choose another name or pass --force")
    temporary = path.parent / f".neurodeploy-{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, ValueError) as error:
        problem = f"cannot be written ({_reason(error)})"
        raise FormatError(name, problem, "choose a folder that exists, is writable and has room") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def parse_npy(data: bytes, name: str) -> NDArray[Any]:
    """Read the numbers in the bytes of a `.npy` file; nothing is ever unpickled.

    Args:
        data: the whole file.
        name: the file, for messages.

    Returns:
        An integer or floating-point array in the shape and byte order of this machine.

    Raises:
        FormatError: no `.npy`, no plain numbers, or a header that disagrees with the size of the file.
    """
    start, header = _npy_header(data, name)
    try:
        kind, order, shape = np.dtype(header["descr"]), header["fortran_order"], tuple(header["shape"])
    except (KeyError, TypeError, ValueError, SyntaxError) as error:
        raise FormatError(name, "has a damaged header", _AGAIN) from error
    if kind.kind not in "iuf" or not all(type(n) is int and n >= 0 for n in shape) or len(shape) > 8:
        raise FormatError(name, "holds no plain numbers", "store an array of integers or floats")
    declared, held = prod(shape) * kind.itemsize, len(data) - start
    if declared != held:
        raise FormatError(name, f"declares {declared} bytes of numbers and holds {held}", _AGAIN)
    values = np.frombuffer(data, kind, offset=start).astype(kind.newbyteorder("="))
    return values.reshape(shape, order="F" if order else "C")


def _npy_header(data: bytes, name: str) -> tuple[int, dict[str, Any]]:
    """Find where the numbers start, and the header's dictionary."""
    if not data.startswith(NPY_MAGIC) or len(data) < 12 or data[6] not in (1, 2, 3):
        raise FormatError(name, "is no .npy file", "write it with numpy.save")
    code, start = ("<H", 10) if data[6] == 1 else ("<I", 12)
    (length,) = struct.unpack(code, data[8:start])
    if length > min(MAX_NPY_HEADER, len(data) - start):
        raise FormatError(name, f"declares a header of {length} bytes", _AGAIN)
    try:
        header = ast.literal_eval(data[start : start + length].decode("utf-8"))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise FormatError(name, "has a damaged header", _AGAIN) from error
    if not isinstance(header, dict):
        raise FormatError(name, "has a damaged header", _AGAIN)
    return start + length, header


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError as error:
        raise FormatError(str(path), "does not exist", "check the path") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError | ValueError) -> FormatError:
    return FormatError(str(path), f"cannot be read ({_reason(error)})", "check the path and its permissions")


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
