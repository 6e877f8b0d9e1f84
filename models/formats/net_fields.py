"""The fields of one group of a `.net` file: each read as what it must be, and none overlooked."""

from __future__ import annotations

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.hdf5_tree import Array, Group
from neurodeploy.network import Shape, Weights
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import IntArray

_WHOLE = "export whole numbers"
_LARGEST = 2**31


class Fields:
    """A group whose members are taken one by one; what nobody took is an error in the end.

    Producers store a single number as a scalar or as an array of length 1, and whole numbers also as floats: every form
    is taken.

    Args:
        group: the group.
    """

    def __init__(self, group: Group) -> None:
        self._group = group
        self._left = set(group)

    @property
    def where(self) -> str:
        """File and path inside, for messages."""
        return self._group.where

    def __contains__(self, name: str) -> bool:
        return name in self._group

    def is_group(self, name: str) -> bool:
        """Whether a member is there and is a group."""
        return isinstance(self._group.members.get(name), Group)

    def place(self, name: str) -> str:
        """A member, for messages."""
        return self._group.place(name)

    def group(self, name: str) -> Fields:
        """A group inside."""
        self._left.discard(name)
        return Fields(self._group.group(name))

    def text(self, name: str) -> str:
        """A single text."""
        self._left.discard(name)
        return self._group.text(name)

    def array(self, name: str) -> Array:
        """Numbers of any kind and shape."""
        self._left.discard(name)
        return self._group.array(name)

    def numbers(self, name: str) -> Weights:
        """Finite numbers: integers where all of them are whole, else floats."""
        array = self.array(name)
        if array.size and array.dtype.kind == "f" and not np.all(np.isfinite(array)):
            raise FormatError(self.place(name), "holds NaN or infinite values", "repair the training")
        if array.size and float(np.abs(array.astype(np.float64)).max()) >= _LARGEST:
            raise FormatError(self.place(name), "holds values beyond 32 bits", "rescale them")
        rounded = array.astype(np.int64)
        return rounded if np.array_equal(rounded, array) else array.astype(np.float64)

    def integers(self, name: str) -> IntArray:
        """Whole numbers of any shape."""
        found = self.numbers(name)
        if found.dtype.kind != "i":
            raise FormatError(self.place(name), "holds numbers that are not whole", _WHOLE)
        return found.astype(np.int64, copy=False)

    def integer(self, name: str, default: int | None = None) -> int:
        """One whole number; `default` where the member is absent, unless that is None."""
        if default is not None and name not in self:
            return default
        found = self.integers(name)
        if found.size != 1:
            raise FormatError(self.place(name), f"holds {found.size} numbers instead of one", "export it again")
        return int(found.reshape(-1)[0])

    def pair(self, name: str, default: int | None = None) -> tuple[int, int]:
        """Height and width: two whole numbers, or one for both."""
        if default is not None and name not in self:
            return default, default
        found = self.integers(name).reshape(-1)
        if found.size not in (1, 2):
            raise FormatError(self.place(name), f"holds {found.size} numbers, not one or two", "export it again")
        return int(found[0]), int(found[-1])

    def shape(self) -> Shape:
        """The member `shape`: (neurons,) or (channels, height, width), where trailing ones of a line are left out."""
        found = self.integers("shape").reshape(-1)
        if found.size not in (1, 3) or found.min() < 1:
            raise FormatError(self.place("shape"), f"is {found.tolist()}, not N or C,H,W", "export it again")
        return tuple(int(n) for n in found)

    def per_neuron(self, name: str, shape: Shape, default: int | None = None) -> PerNeuron:
        """Whole numbers, one for all neurons, one per channel or one per neuron of a population of that shape."""
        if default is not None and name not in self:
            return default
        return spread(self.integers(name), shape, self.place(name))

    def unused(self, *names: str) -> None:
        """Take members that say nothing about how the network runs."""
        self._left.difference_update(names)

    def only(self, name: str, value: int, reason: str) -> None:
        """Refuse a member that is there with another value than the one that does nothing."""
        if name in self and np.any(self.array(name) != value):
            raise FormatError(self.place(name), reason, f"export it with {name} {value}")

    def finish(self) -> None:
        """Raise FormatError for what nobody took."""
        if self._left:
            names = ", ".join(sorted(self._left)[:5])
            raise FormatError(self.place(names), "has no meaning that this reader knows", "remove it")


def spread(values: IntArray, shape: Shape, where: str) -> PerNeuron:
    """One value per population, channel or neuron as `PerNeuron` of a population of that shape."""
    neurons = int(np.prod(shape))
    if values.size == 1:
        return int(values.reshape(-1)[0])
    if values.size == neurons:
        return values.reshape(-1)
    if values.size == shape[0]:
        return np.repeat(values.reshape(-1), neurons // shape[0])
    problem = f"holds {values.size} values for {shape[0]} channels and {neurons} neurons"
    raise FormatError(where, problem, "give one, one per channel or one per neuron")
