"""An ONNX file that nobody vouches for: its bytes are counted before they are parsed, its tensors before they are read.

Imports onnx: let it be imported only when a file is read. No operator of the file is run, nothing outside it is opened.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError, Message
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto

from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes

MAX_ONNX_BYTES = 2**30
MAX_NODES = 10_000

#: Types of tensors that are read, and the field that holds their numbers when `raw_data` does not.
_KINDS: dict[int, tuple[str, str]] = {
    TensorProto.FLOAT: ("<f4", "float_data"),
    TensorProto.DOUBLE: ("<f8", "double_data"),
    TensorProto.INT8: ("<i1", "int32_data"),
    TensorProto.UINT8: ("<u1", "int32_data"),
    TensorProto.INT16: ("<i2", "int32_data"),
    TensorProto.INT32: ("<i4", "int32_data"),
    TensorProto.INT64: ("<i8", "int64_data"),
}
_EXPORT = "export the model again"


def read_model(path: Path) -> ModelProto:
    """Parse a model.

    Args:
        path: the file, at most 1 GiB.

    Raises:
        FormatError: missing, too large, damaged, with more nodes than a network has, or with functions of its own.
    """
    data = read_bytes(path, MAX_ONNX_BYTES)
    model = ModelProto()
    try:
        model.ParseFromString(data)
        empty = not model.graph.node and not model.graph.output
    except (DecodeError, ValueError) as error:  # ValueError: text that is no UTF-8
        raise FormatError(str(path), "is no ONNX model, or a damaged one", _EXPORT) from error
    if len(model.graph.node) <= MAX_NODES and not _is_text(model):
        raise FormatError(str(path), "holds names that are no UTF-8", _EXPORT)
    if empty:
        raise FormatError(str(path), "holds no graph", _EXPORT)
    if len(model.graph.node) > MAX_NODES:
        problem = f"has {len(model.graph.node)} nodes, more than the {MAX_NODES} that are read here"
        raise FormatError(str(path), problem, "give a smaller model")
    if model.functions:
        raise FormatError(str(path), "defines functions of its own", "inline them")
    return model


def _is_text(message: Message) -> bool:
    """Whether every text below a message is one; protobuf hands out bytes where it is not."""
    for entry, value in message.ListFields():
        if entry.type == entry.TYPE_STRING:
            texts = [value] if isinstance(value, (str, bytes)) else value
            if not all(isinstance(text, str) for text in texts):
                return False
        elif entry.type == entry.TYPE_MESSAGE:
            below = [value] if isinstance(value, Message) else value
            if not all(_is_text(item) for item in below):
                return False
    return True


def read_initializers(model: ModelProto, path: Path) -> dict[str, NDArray[Any]]:
    """The constants of a model's graph by name, read-only.

    Raises:
        FormatError: see `read_tensor`; two constants of one name, or sparse ones.
    """
    arrays: dict[str, NDArray[Any]] = {}
    if model.graph.sparse_initializer:
        raise FormatError(str(path), "holds sparse constants", "store them as dense ones")
    for tensor in model.graph.initializer:
        if tensor.name in arrays:
            raise FormatError(f"{path}: {tensor.name[:60]}", "is stored twice", _EXPORT)
        arrays[tensor.name] = read_tensor(tensor, f"{path}: {tensor.name[:60]}")
    return arrays


def read_tensor(tensor: TensorProto, where: str) -> NDArray[Any]:
    """The numbers of a tensor, read-only.

    Args:
        tensor: as parsed.
        where: what it is, for messages.

    Raises:
        FormatError: data in other files, a type that is not read here, or a number of values that is not that of
            its shape.
    """
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise FormatError(where, "is stored in another file, which is not opened", "store the model in one file")
    if tensor.data_type not in _KINDS or tensor.HasField("segment"):
        raise FormatError(where, f"holds values of type {tensor.data_type}", "store floats or integers")
    kind, typed = _KINDS[tensor.data_type]
    shape = tuple(tensor.dims)
    values = getattr(tensor, typed)
    size = len(tensor.raw_data) / np.dtype(kind).itemsize if tensor.HasField("raw_data") else len(values)
    if len(shape) > 8 or min(shape, default=0) < 0 or prod(shape) != size:
        problem = f"claims the shape {shape[:8]} and holds {size:g} values"
        raise FormatError(where, problem, _EXPORT)
    array = np.frombuffer(tensor.raw_data, kind) if tensor.HasField("raw_data") else _typed(values, kind, where)
    array = array.astype(np.dtype(kind).newbyteorder("="), copy=False).reshape(shape)
    array.flags.writeable = False
    return array


def _typed(values: Any, kind: str, where: str) -> NDArray[Any]:
    try:
        return np.array(values, kind)
    except OverflowError as error:
        raise FormatError(where, "holds values beyond its type", _EXPORT) from error
