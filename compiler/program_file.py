"""Program files, `.ndp`: the network, where it came from, and every table of the mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.arrays import Array, Arrays
from neurodeploy.compiler.memory import CODED_BITS, INDEX_BITS, SKIP_BITS, Compression
from neurodeploy.compiler.program import Axons, Column, Cores, Program, Routes, Storage
from neurodeploy.compiler.target import target_from_dict
from neurodeploy.container import checksum, decode, encode
from neurodeploy.errors import FormatError
from neurodeploy.files import is_folder, read_bytes, write_atomic
from neurodeploy.network.codec import network_from_parts, network_to_parts
from neurodeploy.network.quantized import check_source, rows_from_parts, rows_to_parts
from neurodeploy.precision import WEIGHT_EXPONENTS, SignMode

SUFFIX = ".ndp"
MAX_PROGRAM_BYTES = 2**32
_TABLES = {"cores": Cores, "axons": Axons, "routes": Routes, "storage": Storage}
#: What the columns of `Storage.formats` may hold.
_FORMAT: dict[str, Sequence[int]] = {
    "sign mode": [mode.value for mode in SignMode],
    "weight bits": CODED_BITS,
    "weight exponent": WEIGHT_EXPONENTS,
    "delay bits": range(8),
    "compression": [kind.value for kind in Compression],
    "index bits": INDEX_BITS,
    "skip bits": range(SKIP_BITS + 1),
}
_TWO_AXES = ("neuron_rows", "formats")
_KEYS = {"network", "storage", "source", "source_omitted", "target", "quantization", "summary", "provenance"}


def program_bytes(program: Program) -> bytes:
    """The bytes of a program's file; equal programs give equal bytes."""
    meta, arrays = network_to_parts(program.network, "network")
    source, source_arrays = network_to_parts(program.source, "source") if program.source else (None, {})
    arrays |= source_arrays
    for table, cls in _TABLES.items():
        held = getattr(program, table)
        for field in fields(cls) if held is not None else ():
            arrays[f"{table}/{field.name}"] = _narrow(getattr(held, field.name))
    contents = {
        "network": meta,
        "storage": program.storage is not None,
        "source": source,
        "source_omitted": program.source_omitted,
        "target": program.target.as_dict(),
        "quantization": rows_to_parts(program.quantization),
        "summary": program.summary,
        "provenance": program.provenance,
    }
    return encode("program", contents, arrays)


def save_program(program: Program, path: Path, *, overwrite: bool = False) -> str:
    """Write a program; returns the SHA-256 of the file in hexadecimal.

    Raises:
        FormatError: the file exists and `overwrite` is false, or cannot be written.
    """
    data = program_bytes(program)
    write_atomic(path, data, overwrite=overwrite)
    return checksum(data)


def load_program(path: Path) -> tuple[Program, str]:
    """Read a program and the SHA-256 of its file.

    Shapes are checked here; whether every index lies in range is checked by whoever executes the tables.

    Raises:
        FormatError: a missing, damaged or foreign file, or a folder.
        NetworkError: a network that breaks a rule.
    """
    where = str(path)
    if is_folder(path):
        raise FormatError(where, "is a folder, no program", _compile_first(path))
    data = read_bytes(path, MAX_PROGRAM_BYTES)
    try:
        meta, arrays = decode("program", data, where)
    except FormatError as error:
        if path.suffix == SUFFIX:
            raise
        raise FormatError(where, "is no program", _compile_first(path)) from error
    meta = {"storage": False} | meta  # schema version 1 had none
    if set(meta) != _KEYS:
        raise FormatError(where, "holds no program", "compile it again")
    try:
        program = Program(
            network=network_from_parts(meta["network"], arrays, where),
            target=target_from_dict(meta["target"], where),
            cores=Cores(**_columns("cores", arrays)),
            axons=Axons(**_columns("axons", arrays)),
            routes=Routes(**_columns("routes", arrays)),
            storage=Storage(**_columns("storage", arrays)) if meta["storage"] else None,
            source=None if meta["source"] is None else network_from_parts(meta["source"], arrays, where),
            source_omitted=bool(meta["source_omitted"]),
            quantization=rows_from_parts(meta["quantization"]),
            summary=_object(meta["summary"]),
            provenance=_object(meta["provenance"]),
        )
        _check_storage(program)
        if program.source is not None:
            check_source(program.network, program.source)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(where, f"describes no program ({error!r})", "compile it again") from error
    if not program.network.is_quantized:
        raise FormatError(where, "holds a network without chip formats", "compile it again")
    return program, checksum(data)


def _compile_first(path: Path) -> str:
    return f"if it is a network, compile it first: neurodeploy compile {path} -o {path.stem}{SUFFIX}"


def _check_storage(program: Program) -> None:
    """Whether the lists can be read beside the axons; raises ValueError naming the column that cannot.

    Nothing executes the lists, so nobody else would check them.
    """
    axons, cores, storage = program.axons, program.cores, program.storage
    if storage is None:
        return
    for name, start, owners, rows in (
        ("axons/start", axons.start, len(cores), len(axons.source)),
        ("axons/entry_start", axons.entry_start, len(axons.source), len(axons.compartment)),
        ("axons/weight_start", axons.weight_start, len(axons.compartment), len(axons.weight)),
        ("cores/compartment_start", cores.compartment_start, len(cores), len(cores.neuron)),
        ("storage/format_start", storage.format_start, len(cores), len(storage.formats)),
        ("storage/list_start", storage.list_start, len(axons.source), len(storage.format)),
    ):
        if len(start) != owners + 1 or start[0] != 0 or start[-1] != rows or np.any(np.diff(start) < 0):
            raise ValueError(f"{name} does not deal out its {rows} rows")
    core = np.repeat(np.arange(len(cores)), np.diff(axons.start)).repeat(np.diff(storage.list_start))
    room = np.diff(cores.compartment_start)[core]
    if storage.formats.shape[1] != 7 or len(storage.compartment) != len(core) or len(storage.span) != len(core):
        raise ValueError("storage has columns of several lengths")
    if np.any((storage.format < 0) | (storage.format >= np.diff(storage.format_start)[core])):
        raise ValueError("storage/format names a format that its core does not have")
    bad = (storage.compartment < 0) | (storage.span < 1) | (storage.span > room - storage.compartment)
    if np.any(bad):
        raise ValueError("storage/span leaves its core")
    for name, column, legal in zip(_FORMAT, storage.formats.T, _FORMAT.values(), strict=True):
        if not np.isin(column, legal).all():
            raise ValueError(f"storage/formats has {name} other than {', '.join(map(str, legal))}")


def _columns(table: str, arrays: Arrays) -> dict[str, Column]:
    """The columns of a table in the types the compiler made them in: unsigned ones would wrap in differences."""
    names = [field.name for field in fields(_TABLES[table])]
    stored = {n: arrays.integers(f"{table}/{n}", *([None, None] if n in _TWO_AXES else [None])) for n in names}
    return {n: _cast(f"{table}/{n}", column, np.int16 if n == "weight" else np.int64) for n, column in stored.items()}


def _cast(name: str, column: Column, kind: type[np.integer[Any]]) -> Column:
    """A column in another type; raises ValueError where that does not hold its numbers."""
    limits = np.iinfo(kind)
    if column.size and not (limits.min <= int(column.min()) and int(column.max()) <= limits.max):
        raise ValueError(f"{name} has numbers beyond {limits.bits} bits")
    return column.astype(kind)


def _narrow(column: Column) -> Array:
    """The smallest integer type that holds a column: files stay small and equal on every machine."""
    low, high = int(column.min(initial=0)), int(column.max(initial=0))
    kinds = (np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64)
    kind = next(k for k in kinds if np.iinfo(k).min <= low and high <= np.iinfo(k).max)
    return column.astype(kind)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no object")
    return value
