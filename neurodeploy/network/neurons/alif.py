"""The adaptive leaky integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurodeploy.network.neurons.values import NeuronModel, PerNeuron
from neurodeploy.precision import DECAY_ONE


@dataclass(frozen=True, eq=False)
class Alif(NeuronModel):
    """Leaky integrate-and-fire neuron with adaptive threshold and refractoriness (lava-dl's ALIF, Lava's ATRLIF).

    Each step, decays truncating toward zero, θ0 = threshold_mantissa · 64, θ = θ0 and r = 0 at the start::

        u ← wrap24(sgn(u) · ((|u| · (4096 − current_decay)) >> 12) + q)
        v ← clip23(sgn(v) · ((|v| · (4096 − voltage_decay)) >> 12) + u + bias)
        θ ← (((θ − θ0) · (4096 − threshold_decay)) >> 12) + θ0
        r ← (r · (4096 − refractory_decay)) >> 12
        spike ⇔ v ≥ θ + r, and then r ← r + 2 θ, θ ← θ + threshold_step · 64

    v is not reset. θ − θ0 and r are never negative.

    Args:
        current_decay, voltage_decay, threshold_decay, refractory_decay: effective decays, 0 … 4096 (4096: no memory).
        threshold_mantissa: θ0, 0 … 131071 (17 bits), in units of 64.
        threshold_step: 0 … 131071, in units of 64.

    Each is an integer or an integer array, shape (neurons,).

    Raises:
        NetworkError: a value outside its range.
    """

    current_decay: PerNeuron
    voltage_decay: PerNeuron
    threshold_mantissa: PerNeuron
    threshold_decay: PerNeuron
    refractory_decay: PerNeuron
    threshold_step: PerNeuron

    NAME: ClassVar[str] = "alif"
    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "current_decay": (0, DECAY_ONE),
        "voltage_decay": (0, DECAY_ONE),
        "threshold_mantissa": (0, 2**17 - 1),
        "threshold_decay": (0, DECAY_ONE),
        "refractory_decay": (0, DECAY_ONE),
        "threshold_step": (0, 2**17 - 1),
    }
