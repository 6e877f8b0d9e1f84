"""Descriptions in TOML that people write: every key is demanded, checked, and refused with its line."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy.errors import FormatError

MAX_TOML_BYTES = 1 << 16
#: Lines that are tried when a key is looked for; each costs a parse of all that stands before.
MOST_TRIES = 64

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """The tables of a description, with what error messages need.

    Attributes:
        data: as `tomllib` gives it.
        where: name of the file, or of what holds the tables.
        text: of the file; empty if the tables never were one, and lines then stay unknown.
    """

    data: dict[str, Any]
    where: str
    text: str = ""

    @classmethod
    def read(cls, path: Path) -> Described:
        """A TOML file.

        Raises:
            FormatError: a file that is missing, too large or no TOML.
        """
        try:
            if path.stat().st_size > MAX_TOML_BYTES:
                raise FormatError(str(path), f"is larger than {MAX_TOML_BYTES >> 10} KiB", "give a description in TOML")
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FormatError(str(path), f"cannot be read ({error})", "check the path") from error
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, where: str) -> Described:
        """TOML from a text; FormatError if it is none."""
        try:
            return cls(tomllib.loads(text), where, text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise FormatError(where, f"is no TOML file ({error})", "correct that line") from error

    def refused(self, path: Keys, problem: str, remedy: str) -> FormatError:
        """The error that names the file, the line and the key."""
        line = line_of(self.text, path)
        place = self.where if line is None else f"{self.where}, line {line}"
        return FormatError(f"{place}: {'.'.join(path)}", problem, remedy)

    def table(self, path: Keys, keys: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
        """The table at `path`, with all of `keys`, maybe some of the `optional` ones, and no other.

        Raises:
            FormatError: no table, a missing or an unknown key.
        """
        value = self.value(path)
        if not isinstance(value, dict):
            raise self.refused(path, f"{value!r} is no table", f"write [{'.'.join(path)}] and its keys below")
        wanted, allowed = list(keys), list(optional)
        for key in value:
            if key not in wanted and key not in allowed:
                raise self.refused((*path, key), "is no known key", f"use {', '.join(wanted + allowed)}")
        for key in wanted:
            if key not in value:
                place = "the file" if not path else f"[{'.'.join(path)}]"
                line = line_of(self.text, path) if path else None
                where = self.where if line is None else f"{self.where}, line {line}"
                raise FormatError(f"{where}: {'.'.join((*path, key))}", "is missing", f"add it to {place}")
        return value

    def value(self, path: Keys) -> Any:
        """What stands at `path`, whose tables have been checked already."""
        found: Any = self.data
        for key in path:
            found = found[key]
        return found

    def whole(self, path: Keys, low: int, high: int) -> int:
        """A whole number in low … high, both inclusive; FormatError for anything else."""
        value = self.value(path)
        if type(value) is not int or not low <= value <= high:
            raise self.refused(path, f"{value!r} is no whole number in {low} … {high}", "correct it")
        return value

    def pair(self, path: Keys, low: int, high: int) -> tuple[int, int]:
        """Two whole numbers in low … high; FormatError for anything else."""
        value = self.value(path)
        if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(type(v) is int for v in value):
            raise self.refused(path, f"{value!r} is not two whole numbers", "give [first, second]")
        for number in value:
            if not low <= number <= high:
                raise self.refused(path, f"{number} is outside {low} … {high}", "correct it")
        return value[0], value[1]

    def amount(self, path: Keys, high: float = 1e12) -> float:
        """A number from 0 that is finite and at most `high`; FormatError for anything else."""
        value = self.value(path)
        if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= high:
            raise self.refused(path, f"{value!r} is no number in 0 … {high:g}", "correct it")
        return float(value)

    def words(self, path: Keys) -> str:
        """A text with something in it; FormatError for anything else."""
        value = self.value(path)
        if not isinstance(value, str) or not value.strip():
            raise self.refused(path, f"{value!r} is no text", "write it in quotes")
        return value

    def one_of(self, path: Keys, known: Iterable[str]) -> str:
        """One of the known words; FormatError for anything else."""
        value, choices = self.value(path), tuple(known)
        if value not in choices:
            raise self.refused(path, f"{value!r} is unknown", f"choose from {', '.join(choices)}")
        return str(value)


def line_of(text: str, path: Keys) -> int | None:
    """The line, from 1, of the statement that brings the key at `path` into a valid TOML text.

    The text before a statement is valid TOML itself, a text that ends inside one is not. So it is the last line that
    names the key and follows a valid text without it. None: the key is not there, or is written in a way that hides
    its name.
    """
    lines = text.split("\n")
    named = [i for i, line in enumerate(lines) if path and path[-1] in line]
    for i in named[: -MOST_TRIES - 1 : -1]:
        try:
            before = tomllib.loads("\n".join(lines[:i]))
        except tomllib.TOMLDecodeError:
            continue  # inside a statement of several lines
        if not _holds(before, path):
            return i + 1 if _holds(tomllib.loads(text), path) else None
    return None


def _holds(data: Any, path: Keys) -> bool:
    for key in path:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True
