"""YAML as data only: no code, no aliases that multiply, no key given twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes

MAX_YAML_BYTES = 2**20
#: Far above every parameter of a neuron or a layer.
MAX_NUMBER = 2**40


class Section:
    """A mapping of a yaml file whose keys are taken one by one, so that none stays unnoticed.

    Args:
        value: what the file holds there.
        where: the file and the section, for messages.

    Raises:
        FormatError: no mapping.
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise FormatError(where, f"holds {show(value)} instead of named values", "write it as name: value lines")
        self._left: dict[object, object] = dict(value)
        self.where = where

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def take(self, key: str) -> object:
        """Take a value, None when the key is absent."""
        return self._left.pop(key, None)

    def number(self, key: str) -> float:
        """Take a positive number; raises FormatError for anything else, also for a missing key."""
        value = self._required(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_NUMBER:
            raise FormatError(self.where, f"{key} is {show(value)}, no positive number", f"correct {key}")
        return float(value)

    def integer(self, key: str, default: int | None = None) -> int:
        """Take an integer; raises FormatError for anything else, also for a missing key without default."""
        value = default if default is not None and key not in self._left else self._required(key)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_NUMBER:
            raise FormatError(self.where, f"{key} is {show(value)}, no integer", f"correct {key}")
        return value

    def end(self, *informative: str) -> None:
        """Raise FormatError when a key is left that is not one of `informative`."""
        for key in self._left:
            if key not in informative:
                problem = f"{show(key)} is not understood by this reader"
                raise FormatError(self.where, problem, "remove it if the network does not depend on it")

    def _required(self, key: str) -> object:
        if key not in self._left:
            raise FormatError(self.where, f"has no {key}", f"add {key}")
        return self._left.pop(key)


def load_yaml(path: Path) -> Section:
    """Read a yaml file whose top level is a mapping.

    Args:
        path: the file, at most 1 MiB.

    Raises:
        FormatError: missing, too large, no yaml, or with aliases, tags or a key given twice.
    """
    data = read_bytes(path, MAX_YAML_BYTES)
    try:
        value = _Loader(data).get_single_data()
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FormatError(str(path), f"is no valid yaml{line} ({error.problem})", "correct the file") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise FormatError(str(path), "is no valid yaml", "correct the file") from error
    return Section(value, str(path))


def show(value: object) -> str:
    """Show a value of a file in a message, shortened."""
    if isinstance(value, str):
        return repr(value[:40])
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) <= MAX_NUMBER):
        return str(value)
    return {dict: "a section", list: "a list", int: "a huge number"}.get(type(value), "another kind of value")


class _Loader(yaml.SafeLoader):
    """The safe loader, without what a parameter file does not need."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in names:
                raise yaml.MarkedYAMLError(problem="a key is no name or is given twice", problem_mark=key.start_mark)
            names.add(key.value)
        return super().construct_mapping(node, deep=deep)
