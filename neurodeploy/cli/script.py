"""Lines of Python that do what a command does, for `--gen-script`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDTH = 100


@dataclass(frozen=True)
class Code:
    """Python as it stands, where other values are written as literals."""

    text: str


class Script:
    """A script that grows line by line, and knows what it must import."""

    def __init__(self) -> None:
        self._imports = ["import neurodeploy as nd"]
        self._lines: list[str] = []

    def imports(self, line: str) -> None:
        """Add an import, once."""
        if line not in self._imports:
            self._imports.append(line)

    def add(self, line: str) -> None:
        """Add a line as it stands."""
        self._lines.append(line)

    def call(self, function: str, *arguments: Any, to: str | None = None, **keywords: Any) -> None:
        """Add a call, its result kept as `to` if that is given; in several lines where it is long."""
        head = f"{to} = {function}(" if to else f"{function}("
        parts = [literal(value) for value in arguments] + [f"{name}={literal(v)}" for name, v in keywords.items()]
        whole = f"{head}{', '.join(parts)})"
        self._lines.append(whole if len(whole) <= WIDTH else "\n    ".join([head, *(f"{p}," for p in parts)]) + "\n)")

    @property
    def text(self) -> str:
        """The script."""
        return "\n".join([*self._imports, "", *self._lines])


def literal(value: Any) -> str:
    """A value as Python."""
    if isinstance(value, Code):
        return value.text
    if isinstance(value, str | Path):
        plain = repr(str(value))
        return plain if '"' in plain else f'"{plain[1:-1]}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)
