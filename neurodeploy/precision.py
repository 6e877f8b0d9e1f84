"""Number formats of the chip as types: which integers a stored weight can be, and what they mean.

Ranges and lost bits: semantics of the Loihi synapse format (brian2-loihi and nengo-loihi agree);
exponent range: nengo-loihi `block.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError

IntArray = NDArray[np.int64]

WEIGHT_EXPONENTS = range(-7, 8)
WEIGHT_BITS = range(1, 9)
STATE_BITS = 24
VOLTAGE_LIMIT = 2**23 - 1
#: Largest number in a state of 32 bits.
STATE_LIMIT = 2**31 - 1
ACCUMULATOR_LIMIT = 2**21
DECAY_ONE = 4096


class SignMode(Enum):
    """How the sign of a synapse weight is stored; the value is the chip's fanout type."""

    MIXED = 1
    EXCITATORY = 2
    INHIBITORY = 3

    @property
    def range(self) -> tuple[int, int]:
        """Least and largest stored weight."""
        return {1: (-256, 254), 2: (0, 255), 3: (-255, 0)}[self.value]


@dataclass(frozen=True)
class WeightFormat:
    """The format of a stored weight: `bits` (1 … 8) of magnitude in one `sign_mode`.

    A mixed-sign weight spends one bit on its sign, so `8 - bits` low bits are lost, one more in mixed mode.
    """

    sign_mode: SignMode = SignMode.MIXED
    bits: int = 8

    def __post_init__(self) -> None:
        if self.bits not in WEIGHT_BITS:
            raise NetworkError("weight format", f"{self.bits} bits are outside 1 … 8", "choose 1 to 8 weight bits")

    @property
    def step(self) -> int:
        """Distance between neighbouring weights, a power of two."""
        return 1 << (8 - self.bits + (self.sign_mode is SignMode.MIXED))

    @property
    def range(self) -> tuple[int, int]:
        """Least and largest weight on the format's grid (both inclusive)."""
        low, high = self.sign_mode.range
        return -(-low // self.step) * self.step, high // self.step * self.step

    def holds(self, weights: IntArray) -> bool:
        """Whether every weight survives storage unchanged."""
        low, high = self.range
        return bool(np.all((weights >= low) & (weights <= high) & (weights % self.step == 0)))

    def nearest(self, weights: NDArray[np.float64], exponent: int) -> IntArray:
        """The stored weights whose value times 2^`exponent` lies nearest to `weights` (ties to even).

        With a negative exponent only multiples of 2^-exponent are used: on those all published
        rounding rules of the chip, of Lava and of the training code agree.
        """
        grid = max(self.step, 1 << max(-exponent, 0))
        low, high = self.sign_mode.range
        low, high = -(-low // grid), high // grid
        stored = np.clip(np.rint(np.ldexp(weights, -exponent) / grid), low, high)
        result: IntArray = stored.astype(np.int64) * grid
        return result


def round_even(weights: NDArray[np.float64]) -> IntArray:
    """`2 · rint(w / 2)`: the grid that Loihi-aware SLAYER trains on."""
    result: IntArray = (2 * np.rint(weights / 2)).astype(np.int64)
    return result
