"""Neuron models: frozen parameter sets, in the chip's own integers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError
from neurodeploy.precision import DECAY_ONE, IntArray

#: One value for the whole population, or one per neuron, shape (neurons,).
PerNeuron = int | IntArray


@dataclass(frozen=True, eq=False)
class CubaLif:
    """Current-based leaky integrate-and-fire neuron: the Loihi compartment.

    Each step, decays truncating toward zero, θ = threshold_mantissa · 64::

        r ← max(r − 1, 0)
        u ← wrap24(sgn(u) · ((|u| · (4096 − current_decay)) >> 12) + q)
        v ← clip23(sgn(v) · ((|v| · (4096 − voltage_decay)) >> 12) + u + bias)
        r > 0:  v ← 0, no spike;   else spike ⇔ v > θ, and then v ← 0, r ← refractory_delay

    Args:
        current_decay: effective decay of u, 0 … 4096 (4096: no memory).
        voltage_decay: effective decay of v, 0 … 4096.
        threshold_mantissa: 0 … 131071 (17 bits), in units of 64.
        refractory_delay: 1 … 63; n holds the neuron for n − 1 steps.

    Each is an integer or an integer array, shape (neurons,).

    Raises:
        NetworkError: a value outside its range.
    """

    current_decay: PerNeuron
    voltage_decay: PerNeuron
    threshold_mantissa: PerNeuron
    refractory_delay: PerNeuron = 1

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "current_decay": (0, DECAY_ONE),
        "voltage_decay": (0, DECAY_ONE),
        "threshold_mantissa": (0, 2**17 - 1),
        "refractory_delay": (1, 63),
    }

    def __post_init__(self) -> None:
        for name, (low, high) in self.RANGES.items():
            object.__setattr__(self, name, checked_integers(name, getattr(self, name), low, high))

    def parameters(self) -> dict[str, PerNeuron]:
        """The parameters by name, in the order of the constructor."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


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
