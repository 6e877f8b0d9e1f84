"""What a JSON object from a file must look like before anything is computed from it.

A schema is a `Kind` of single value, `Nullable`, `Later`, a list holding the schema of its items, or a dictionary
holding the schemas of the keys that must be there. Other keys are kept unseen, so that files of newer writers stay
readable.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
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
    if isinstance(schema, Kind):
        if not schema.holds(value):
            raise _wrong(value, schema.name, where)
    elif isinstance(schema, Later):
        check(value, schema.schema, where)
    elif isinstance(schema, Nullable):
        if value is not None:
            check(value, schema.schema, where)
    elif isinstance(schema, list):
        if not isinstance(value, list):
            raise _wrong(value, "a list", where)
        for position, item in enumerate(value):
            check(item, schema[0], f"{where}[{position}]")
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
        check(value[key], inner, f"{where}.{key}")


def _wrong(value: object, wanted: str, where: str) -> FormatError:
    text = repr(value)
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    return FormatError(where, f"is {shown}, not {wanted}", "write the file again")
