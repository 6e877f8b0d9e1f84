"""From the two kernels that a slayerPytorch checkpoint stores back to the parameters of its neuron.

Kernels are responses to one small spike with decays that truncate, so neighbouring decays can give the same kernels
although they differ on larger currents: the file alone cannot tell them apart, the yaml of the training can.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.models.formats.slayer_kernels import Kernel, ref_kernel, srm_kernel
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.precision import DECAY_ONE, WEIGHT_EXPONENTS, IntArray

#: No LOIHI kernel is longer: v then decays by 1/4096 from its largest value, and by 1 a step at the end.
MAX_KERNEL_STEPS = 2**17


@dataclass(frozen=True)
class Recovered:
    """What the kernels say.

    Args:
        neuron: the parameters; where several decays give the same kernels, the largest iDecay, then vDecay.
        current_decays, voltage_decays: least and largest value that, the others unchanged, gives the same kernels.
    """

    neuron: LoihiNeuron
    current_decays: tuple[int, int]
    voltage_decays: tuple[int, int]

    def __str__(self) -> str:
        several = [
            f"{name} {low} … {high} give the same kernels and {high} is taken"
            for name, (low, high) in (("iDecay", self.current_decays), ("vDecay", self.voltage_decays))
            if low != high
        ]
        return "; ".join([str(self.neuron), *several])


def produces(neuron: LoihiNeuron, srm: Kernel | None, ref: Kernel | None) -> bool:
    """Whether a neuron has exactly these kernels; None stands for one that is not known.

    Raises:
        NetworkError: a decay of 0, which has no kernel.
    """
    own_srm = srm_kernel(neuron.current_decay, neuron.voltage_decay, neuron.weight_exponent)
    own_ref = ref_kernel(neuron.threshold_mantissa, neuron.voltage_decay, neuron.refractory_delay)
    return (srm is None or np.array_equal(srm, own_srm)) and (ref is None or np.array_equal(ref, own_ref))


def recover(srm: Kernel, ref: Kernel) -> Recovered | None:
    """Find the parameters behind `srmKernel` and `refKernel`, each of shape (steps,); None when there are none."""
    exponent = _weight_exponent(srm)
    threshold = _threshold(ref)
    if exponent is None or threshold is None:
        return None
    mantissa, refractory = threshold
    matches = [
        (int(current), int(voltage))
        for voltage in _voltage_decays(ref[refractory:], mantissa)
        for current in _current_decays(srm, int(voltage), exponent)
    ]
    if not matches:
        return None
    current, voltage = max(matches)
    neuron = LoihiNeuron(mantissa, voltage, current, refractory, exponent)
    if not produces(neuron, srm, ref):
        return None
    currents = [c for c, v in matches if v == voltage]
    voltages = [v for c, v in matches if c == current]
    return Recovered(neuron, (min(currents), max(currents)), (min(voltages), max(voltages)))


def _weight_exponent(srm: Kernel) -> int | None:
    """Read wgtExp off the first value, 2^(6 + wgtExp)."""
    exponents = [e for e in WEIGHT_EXPONENTS if 0 < srm.size <= MAX_KERNEL_STEPS and srm[0] == 2.0 ** (6 + e)]
    return exponents[0] if exponents else None


def _threshold(ref: Kernel) -> tuple[int, int] | None:
    """Read vThMant and refDelay off the leading zeros and the first other value, -2 · 64 · vThMant."""
    if not 1 < ref.size <= MAX_KERNEL_STEPS:
        return None
    nonzero = np.flatnonzero(ref)
    refractory = int(nonzero[0]) if nonzero.size else ref.size - 1
    mantissa = float(ref[refractory]) / -128
    fits = 1 <= refractory <= 63 and mantissa in range(2**17)
    return (int(mantissa), refractory) if fits else None


def _voltage_decays(tail: Kernel, mantissa: int) -> IntArray:
    """Find every vDecay with which twice the negative threshold decays along `tail`."""
    decays = np.arange(1, DECAY_ONE + 1)
    voltage = np.full(decays.shape, mantissa * 64)
    for stored in tail[1:]:
        voltage = voltage * (DECAY_ONE - decays) >> 12
        decays, voltage = _keep(voltage * -2.0 == stored, decays, voltage)
        if not decays.size:
            break
    return decays


def _current_decays(srm: Kernel, voltage_decay: int, exponent: int) -> IntArray:
    """Find every iDecay with which v follows `srm` after one spike of weight 2."""
    decays = np.arange(1, DECAY_ONE + 1)
    current = np.full(decays.shape, 1 << (7 + exponent))
    voltage = current
    for stored in srm[1:]:
        current = current * (DECAY_ONE - decays) >> 12
        voltage = (voltage * (DECAY_ONE - voltage_decay) >> 12) + current
        decays, current, voltage = _keep(voltage.astype(np.float32) / 2 == stored, decays, current, voltage)
        if not decays.size:
            break
    return decays


def _keep(fits: NDArray[np.bool_], *columns: IntArray) -> tuple[IntArray, ...]:
    return columns if fits.all() else tuple(column[fits] for column in columns)
