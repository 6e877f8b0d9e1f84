"""What a JSON object from a file must look like before anything is computed from it.

A schema is a `Kind` of single value, `Nullable`, `Later`, a list holding the schema of its items, or a dictionary
holding the schemas of the keys that must be there. Other keys are kept unseen, so that files of newer writers stay
readable.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from neurodeploy.errors import FormatError


@dataclass(frozen=True)
class Kind:
    """A kind of single value: its name for messages, and the test."""

    name: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class Nullable:
    """What its schema says, or null."""

    schema: Schema


@dataclass(frozen=True)
class Later:
    """The value of a key that older writers leave out: what its schema says, where the key is there."""

    schema: Schema


Schema = Kind | Nullable | Later | list[Any] | dict[str, Any]

TEXT = Kind("a text", lambda value: type(value) is str)
COUNT = Kind("a whole number from 0", lambda value: type(value) is int and 0 <= value < 2**63)
INTEGER = Kind("a whole number", lambda value: type(value) is int and abs(value) < 2**63)
NUMBER = Kind("a number", lambda value: type(value) in (int, float) and math.isfinite(value))
FLAG = Kind("true or false", lambda value: type(value) is bool)
OBJECT = Kind("an object", lambda value: type(value) is dict)
LABEL = Kind("a class number or a text", lambda value: type(value) is str or COUNT.holds(value))


def check(value: object, schema: Schema, where: str) -> None:
    """Refuse what does not look like `schema`.

    Args:
        value: parsed JSON.
        schema: see above.
        where: path of the value, for messages.

    Raises:
        FormatError: naming the path and what stands there.

    """
    if not _fit([value], schema):
        _name(value, schema, where)


def _fit(values: list[Any], schema: Schema) -> bool:
    """Whether all values look like the schema: level by level, without their paths, in a fifth of the time."""
    if isinstance(schema, Kind):
        return all(map(schema.holds, values))
    if isinstance(schema, Later):
        return _fit(values, schema.schema)
    if isinstance(schema, Nullable):
        return _fit([value for value in values if value is not None], schema.schema)
    if isinstance(schema, list):
        return all(isinstance(value, list) for value in values) and _fit([*chain.from_iterable(values)], schema[0])
    return all(isinstance(value, dict) for value in values) and all(
        _fit_key(values, key, inner) for key, inner in schema.items()
    )


def _fit_key(values: list[dict[str, Any]], key: str, schema: Schema) -> bool:
    found = [value[key] for value in values if key in value]
    return (len(found) == len(values) or isinstance(schema, Later)) and _fit(found, schema)


def _name(value: object, schema: Schema, where: str) -> None:
    """Find the first thing that does not fit, and say so."""
    if isinstance(schema, Kind):
        if not schema.holds(value):
            raise _wrong(value, schema.name, where)
    elif isinstance(schema, Later):
        _name(value, schema.schema, where)
    elif isinstance(schema, Nullable):
        if value is not None:
            _name(value, schema.schema, where)
    elif isinstance(schema, list):
        if not isinstance(value, list):
            raise _wrong(value, "a list", where)
        for position, item in enumerate(value):
            _name(item, schema[0], f"{where}[{position}]")
    else:
        _check_keys(value, schema, where)


def _check_keys(value: object, schema: dict[str, Any], where: str) -> None:
    if not isinstance(value, dict):
        raise _wrong(value, "an object", where)
    for key, inner in schema.items():
        if key not in value:
            if isinstance(inner, Later):
                continue
            raise FormatError(f"{where}.{key}", "is missing", "write the file again")
        _name(value[key], inner, f"{where}.{key}")


def _wrong(value: object, wanted: str, where: str) -> FormatError:
    text = repr(value)
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    return FormatError(where, f"is {shown}, not {wanted}", "write the file again")
