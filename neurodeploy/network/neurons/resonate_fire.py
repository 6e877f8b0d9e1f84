"""The resonate-and-fire neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurodeploy.network.neurons.values import NeuronModel, PerNeuron, checked_flag
from neurodeploy.precision import DECAY_ONE


@dataclass(frozen=True, eq=False)
class ResonateFire(NeuronModel):
    """Resonate-and-fire neuron: a complex state that turns and shrinks (lava-dl's RF_PHASE and RF_IZHIKEVICH).

    Each step, every product by a decay truncating toward zero (sgn · |·| >> 12), θ = threshold_mantissa · 64, q and q'
    what real and imaginary projections deliver::

        real' = clip23(cos_decay · real − sin_decay · imag + q)
        imag' = clip23(sin_decay · real + cos_decay · imag + q')
        izhikevich false:  spike ⇔ real' ≥ θ, imag' ≥ 0 and imag < 0
        izhikevich true:   spike ⇔ imag' ≥ θ, and then real' ← 0, imag' ← θ − 1

    Traces show real as u and imag as v. There is no bias.

    Args:
        sin_decay, cos_decay: decay · sin and decay · cos of the angle per step, −4096 … 4096 for −1 … 1.
        threshold_mantissa: 0 … 131071 (17 bits), in units of 64.
        izhikevich: which of the two.

    The numbers are integers or integer arrays, shape (neurons,).

    Raises:
        NetworkError: a value outside its range.
    """

    sin_decay: PerNeuron
    cos_decay: PerNeuron
    threshold_mantissa: PerNeuron
    izhikevich: bool = False

    NAME: ClassVar[str] = "resonate_fire"
    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "sin_decay": (-DECAY_ONE, DECAY_ONE),
        "cos_decay": (-DECAY_ONE, DECAY_ONE),
        "threshold_mantissa": (0, 2**17 - 1),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_flag("izhikevich", self.izhikevich)

    def parameters(self) -> dict[str, PerNeuron]:
        """The parameters by name; `izhikevich` as 0 or 1."""
        return super().parameters() | {"izhikevich": int(self.izhikevich)}
