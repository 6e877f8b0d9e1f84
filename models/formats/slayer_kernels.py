"""The response kernels that slayerPytorch stores in a LOIHI checkpoint, computed from the neuron's parameters.

A slayerPytorch `.pt` holds two buffers, `slayer.srmKernel` and `slayer.refKernel`, instead of the neuron's
parameters. Both are integer responses of the Loihi compartment, with decays that truncate toward zero, so they can be
recomputed exactly: writers store them, readers recover the parameters by comparing. The formulas reproduce both
buffers of the published checkpoint `oxfordNet.pt` value for value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError
from neurodeploy.precision import DECAY_ONE, WEIGHT_EXPONENTS

Kernel = NDArray[np.float32]

#: log2 of the current that one unit of weight adds at exponent 0, and of one unit of threshold mantissa.
STATE_SHIFT = 6
#: The weight whose response is recorded: the smallest step of a mixed-sign weight. `srmKernel` is per unit of weight.
PROBE_WEIGHT = 2
#: A refractory kernel decays from twice the threshold.
RESET_GAIN = 2


def srm_kernel(current_decay: int, voltage_decay: int, weight_exponent: int = 0) -> Kernel:
    """`srmKernel`: v per unit of weight after one spike of weight 2 from rest, up to and including its first zero.

    Args:
        current_decay: effective decay of u, 1 … 4096.
        voltage_decay: effective decay of v, 1 … 4096.
        weight_exponent: −7 … 7; the spike adds `2 · 2^(6 + weight_exponent)` to u.

    Returns:
        Shape (steps,), multiples of 0.5, in units of v.

    Raises:
        NetworkError: a value outside its range; with a decay of 0 the response never ends.
    """
    _check("current_decay", current_decay, range(1, DECAY_ONE + 1))
    _check("voltage_decay", voltage_decay, range(1, DECAY_ONE + 1))
    _check("weight_exponent", weight_exponent, WEIGHT_EXPONENTS)
    current = 1 << (STATE_SHIFT + 1 + weight_exponent)
    voltage = current
    response = [voltage]
    while voltage:
        current = _decayed(current, current_decay)
        voltage = _decayed(voltage, voltage_decay) + current
        response.append(voltage)
    return np.asarray(response, dtype=np.float32) / np.float32(PROBE_WEIGHT)


def ref_kernel(threshold_mantissa: int, voltage_decay: int, refractory_delay: int = 1) -> Kernel:
    """`refKernel`: `refractory_delay` zeros, then twice the negative threshold as it decays, to its first zero.

    Args:
        threshold_mantissa: 0 … 131071, in units of 64.
        voltage_decay: effective decay of v, 1 … 4096.
        refractory_delay: 1 … 63 steps.

    Returns:
        Shape (steps,), even integers, in units of v.

    Raises:
        NetworkError: a value outside its range; with a decay of 0 the response never ends.
    """
    _check("threshold_mantissa", threshold_mantissa, range(2**17))
    _check("voltage_decay", voltage_decay, range(1, DECAY_ONE + 1))
    _check("refractory_delay", refractory_delay, range(1, 64))
    voltage = threshold_mantissa << STATE_SHIFT
    response = [0] * refractory_delay + [voltage]
    while voltage:
        voltage = _decayed(voltage, voltage_decay)
        response.append(voltage)
    return np.asarray(response, dtype=np.float32) * np.float32(-RESET_GAIN) + np.float32(0)


def _decayed(value: int, decay: int) -> int:
    """One step of decay of a value that is not negative: floor, which truncates toward zero there."""
    return value * (DECAY_ONE - decay) >> 12


def _check(name: str, value: int, allowed: range) -> None:
    if value not in allowed:
        limits = f"{allowed.start} … {allowed.stop - 1}"
        raise NetworkError(name, f"{value} is outside {limits}", f"choose a value from {limits}")
