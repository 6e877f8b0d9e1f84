"""What a foreign HDF5 file holds, as plain values that know where they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError

Array = NDArray[np.number[Any]]


@dataclass(frozen=True, eq=False)
class Text:
    """An array of texts.

    Args:
        values: in C order.
        shape: () for a single one.
    """

    values: tuple[str, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Value:
    """A dataset or an attribute.

    Args:
        data: numbers, read-only (truth values as uint8, 0 or 1); or texts.
        attributes: of a dataset.
        where: file and path inside, for messages.
    """

    data: Array | Text
    attributes: Mapping[str, Value] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, eq=False)
class Group(Mapping[str, "Group | Value"]):
    """A group: its members by name, in the order of the file.

    Args:
        members: groups and values.
        attributes: of the group itself.
        where: file and path inside, for messages.
    """

    members: Mapping[str, Group | Value]
    attributes: Mapping[str, Value] = field(default_factory=dict)
    where: str = ""

    def __getitem__(self, name: str) -> Group | Value:
        """The member of that name; raises FormatError when there is none."""
        if name not in self.members:
            raise FormatError(self.place(name), "is missing", "export it again")
        return self.members[name]

    def __contains__(self, name: object) -> bool:
        return name in self.members

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def place(self, name: str) -> str:
        """A member, for messages."""
        return f"{self.where}/{name}"

    def group(self, name: str) -> Group:
        """The group of that name; raises FormatError when there is none."""
        member = self[name]
        if not isinstance(member, Group):
            raise FormatError(member.where, "is no group", "export it again")
        return member

    def array(self, name: str) -> Array:
        """The numbers of that name; raises FormatError when there are none."""
        member = self[name]
        if isinstance(member, Group) or isinstance(member.data, Text):
            raise FormatError(member.where, "holds no numbers", "export it again")
        return member.data

    def text(self, name: str) -> str:
        """The only text of that name, of shape () or (1,); raises FormatError for anything else."""
        member = self[name]
        if isinstance(member, Group) or not isinstance(member.data, Text) or len(member.data.values) != 1:
            raise FormatError(member.where, "holds no single text", "export it again")
        return member.data.values[0]

    def texts(self, name: str) -> Text:
        """The texts of that name; raises FormatError when there are none."""
        member = self[name]
        if isinstance(member, Group) or not isinstance(member.data, Text):
            raise FormatError(member.where, "holds no text", "export it again")
        return member.data
