"""Pieces of generated C99: identifiers, tables of numbers in the smallest type that holds them, indented blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_KINDS = ("uint8_t", "int8_t", "uint16_t", "int16_t", "int32_t", "uint32_t")
_NUMBERS_A_LINE = 24


@dataclass
class Tables:
    """The read-only tables of a source file.

    Attributes:
        text: their definitions, in order.
        bytes: memory that they take.
    """

    text: list[str] = field(default_factory=list)
    bytes: int = 0

    def add(self, name: str, values: NDArray[Any], comment: str) -> str:
        """Define a table; returns its element type."""
        kind = integer_type(values)
        self.bytes += values.size * np.dtype(kind.removesuffix("_t")).itemsize
        numbers = [str(n) for n in values.reshape(-1).tolist()]
        lines = [
            "    " + ", ".join(numbers[i : i + _NUMBERS_A_LINE]) + "," for i in range(0, len(numbers), _NUMBERS_A_LINE)
        ]
        head = f"/* {comment} */\nstatic const {kind} {name}[{values.size}] = {{"
        self.text.append("\n".join([head, *lines, "};"]))
        return kind

    def value(self, name: str, values: ArrayLike, comment: str) -> str:
        """An expression for the value of neuron `i`: a number when all are equal, else an entry of a new table."""
        array = np.asarray(values)
        if array.size and array.min() == array.max():
            return str(int(array.flat[0]))
        self.add(name, array, comment)
        return f"{name}[i]"


def integer_type(values: NDArray[Any]) -> str:
    """The smallest C type that holds the integers; raises ValueError beyond 32 bits."""
    low, high = int(values.min()), int(values.max())
    for kind in _KINDS:
        limits = np.iinfo(kind.removesuffix("_t"))
        if limits.min <= low and high <= limits.max:
            return kind
    raise ValueError(f"{low} … {high} need more than 32 bits")


def identifier(text: str) -> str:
    """A C identifier that resembles a name: other characters become `_`, one that starts with no letter gets `net_`."""
    word = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return word if re.match("[A-Za-z]", word) else f"net_{word}".rstrip("_")


def indented(lines: list[str], levels: int = 1) -> list[str]:
    """The lines, moved right by four spaces a level."""
    return ["    " * levels + line if line else line for line in lines]


def block(head: str, lines: list[str]) -> list[str]:
    """Lines in braces behind `head`."""
    return [f"{head} {{", *indented(lines), "}"]


def loop(index: str, count: int, lines: list[str]) -> list[str]:
    """Lines repeated for `index` from 0 to `count` − 1."""
    return block(f"for (int32_t {index} = 0; {index} < {count}; {index}++)", lines)
