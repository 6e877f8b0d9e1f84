"""The leaky integrate-and-fire neuron that TSSL-BP trains, in units of its threshold and steps.

Source: Zhang and Li, "Temporal Spike Sequence Learning via Backpropagation for Deep Spiking Neural Networks" (2020),
supplementary material, eq. (1), Table 1 and section 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from neurodeploy.errors import NetworkError
from neurodeploy.network import CubaLif
from neurodeploy.precision import DECAY_ONE


@dataclass(frozen=True)
class TsslNeuron:
    """The neuron, and what its gradient needs.

    Per step, from rest, q being the weighted sum of arriving spikes::

        i[t] = (1 − 1/τ_s) i[t−1] + q[t] / τ_s
        u[t] = (1 − 1/τ_m) u[t−1] (1 − s[t−1]) + i[t]
        s[t] = H(u[t] − V_th),  H(0) = 0

    i is W a of eq. (1), as filter and sum commute. The reset puts u to zero, as the chip does: as kernel that is
    ν(n) = −u[t_m] (1 − 1/τ_m)^n, n ≥ 1, for a spike at t_m. Decays are rounded to the chip's 4096ths
    (1024 and 2048 for the constants of Table 1), so that training uses the chip's.

    Args:
        tau_membrane: τ_m in steps, at least 1; below 2^12.
        tau_synapse: τ_s in steps, the same.
        threshold: V_th, above 0.
        bound: largest |∂t/∂u| in steps per threshold, above 0; inf: none (section 2.3: where u barely crosses V_th, its
            derivative is small, and a weight would be changed by much).
        window: a neuron that has not fired in the last so many steps, this one included, gets the gradient of a sigmoid
            instead; None: in the whole run. 0: none does, there is no warm-up.
        sigmoid: width of the sigmoid σ((u − V_th) / width), in thresholds, above 0.
        leak: whether u before the first spike and between two counts for the next one, ∂u[t]/∂u[t−1] = 1 − 1/τ_m, a way
            that eq. (17) leaves out: with False the gradient is eq. (17) to the letter.

    Raises:
        NetworkError: a value outside its range.
    """

    tau_membrane: float = 4.0
    tau_synapse: float = 2.0
    threshold: float = 1.0
    bound: float = 8.0
    window: int | None = 3
    sigmoid: float = 0.2
    leak: bool = True

    def __post_init__(self) -> None:
        for name in ("tau_membrane", "tau_synapse"):
            value = getattr(self, name)
            if not 1 <= value < DECAY_ONE:
                problem = f"is {value}, outside 1 … {DECAY_ONE - 1} steps"
                raise NetworkError(name.replace("_", " "), problem, "choose for example 4")
        for name, largest in (("threshold", inf), ("sigmoid", inf), ("bound", None)):
            value = getattr(self, name)
            if not value > 0 or (largest is not None and not isfinite(value)):
                raise NetworkError(name, f"is {value}, no number above 0", "choose for example 1")
        if self.window is not None and self.window < 0:
            raise NetworkError("window", f"is {self.window}", "choose 0 or more steps, or None for the whole run")

    @property
    def current_decay(self) -> int:
        """1 / τ_s in 4096ths."""
        return round(DECAY_ONE / self.tau_synapse)

    @property
    def voltage_decay(self) -> int:
        """1 / τ_m in 4096ths."""
        return round(DECAY_ONE / self.tau_membrane)

    @property
    def synapse_leak(self) -> float:
        """1 / τ_s, also what a weight is multiplied by."""
        return self.current_decay / DECAY_ONE

    @property
    def membrane_leak(self) -> float:
        """1 / τ_m."""
        return self.voltage_decay / DECAY_ONE

    def pool_weight(self) -> float:
        """Of a sum pool: a spike by itself fires its target in the same step, and no other one."""
        return 1.1 * self.threshold / self.synapse_leak

    def cuba(self, mantissa: int) -> CubaLif:
        """The chip's compartment with that threshold."""
        return CubaLif(self.current_decay, self.voltage_decay, mantissa)
