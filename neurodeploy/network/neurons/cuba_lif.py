"""The current-based leaky integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurodeploy.network.neurons.values import NeuronModel, PerNeuron
from neurodeploy.precision import DECAY_ONE


@dataclass(frozen=True, eq=False)
class CubaLif(NeuronModel):
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

    NAME: ClassVar[str] = "cuba_lif"
    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "current_decay": (0, DECAY_ONE),
        "voltage_decay": (0, DECAY_ONE),
        "threshold_mantissa": (0, 2**17 - 1),
        "refractory_delay": (1, 63),
    }
