"""The arithmetic that neuron models share, on int64 arrays."""

from __future__ import annotations

import numpy as np

from neurodeploy.precision import DECAY_ONE, STATE_BITS, VOLTAGE_LIMIT, IntArray

_HALF = 1 << (STATE_BITS - 1)
_FULL = 1 << STATE_BITS
_HALF_WORD = 1 << 31


def scaled(value: IntArray, factor: IntArray) -> IntArray:
    """`value` · factor / 4096, truncated toward zero."""
    product = value * factor
    result: IntArray = np.sign(product) * (np.abs(product) >> 12)
    return result


def decay(value: IntArray, amount: IntArray) -> IntArray:
    """`value` · (4096 − amount) / 4096, truncated toward zero."""
    return scaled(value, DECAY_ONE - amount)


def wrap_current(value: IntArray, profile: str) -> IntArray:
    """u in its 24 bits: modulo 2^24 on the chip, corrected only once by Lava."""
    if profile == "loihi":
        return (value + _HALF) % _FULL - _HALF
    return np.where(value > _HALF, value - _FULL, np.where(value <= -_HALF, value + _FULL, value))


def clip_voltage(value: IntArray) -> IntArray:
    """v within ±(2^23 − 1)."""
    return np.clip(value, -VOLTAGE_LIMIT, VOLTAGE_LIMIT)


def wrap_word(value: IntArray) -> IntArray:
    """Modulo 2^32 into −2^31 … 2^31 − 1, as 32-bit integers wrap."""
    return (value + _HALF_WORD) % (2 * _HALF_WORD) - _HALF_WORD


def beyond_state(value: IntArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether a value needs more than 24 bits."""
    return (value < -_HALF) | (value >= _HALF)
