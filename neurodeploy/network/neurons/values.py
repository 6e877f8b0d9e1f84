"""What all neuron models have in common: integer parameters, each in its range."""

from __future__ import annotations

from dataclasses import fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError
from neurodeploy.precision import IntArray

#: One value for the whole population, or one per neuron, shape (neurons,).
PerNeuron = int | IntArray


class NeuronModel:
    """Base of the neuron models, which are frozen dataclasses.

    Attributes:
        NAME: of the model, in files and messages.
        RANGES: least and largest value of each parameter that is a number, both inclusive.
        GRADED: whether its spikes carry an integer payload.
    """

    NAME: ClassVar[str]
    RANGES: ClassVar[dict[str, tuple[int, int]]]
    GRADED: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, (low, high) in self.RANGES.items():
            object.__setattr__(self, name, checked_integers(name, getattr(self, name), low, high))

    def parameters(self) -> dict[str, PerNeuron]:
        """The parameters by name, in the order of the constructor; choices and flags as the integers of a program."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


def checked_integers(name: str, value: object, low: int, high: int) -> PerNeuron:
    """`value` as an int or a read-only integer array, every element in low … high.

    Raises:
        NetworkError: not integers, more than one axis, or out of range.
    """
    array: NDArray[np.generic] = np.asarray(value)
    if array.dtype.kind not in "iu" or array.ndim > 1:
        raise NetworkError(name, f"{value!r} is not an integer or a list of integers", "give whole numbers")
    bad = (array < low) | (array > high)  # type: ignore[operator]
    if np.any(bad):
        raise NetworkError(
            name, f"{array[bad].flat[0]} is outside {low} … {high}", f"choose a value from {low} to {high}"
        )
    if array.ndim == 0:
        return int(array)
    result = array.astype(np.int64)
    result.flags.writeable = False
    return result


def checked_flag(name: str, value: object) -> None:
    """Raises NetworkError for anything but True and False."""
    if type(value) is not bool:
        raise NetworkError(name, f"{value!r} is neither true nor false", "choose one of them")
