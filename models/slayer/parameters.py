"""What SLAYER needs to know of a Loihi neuron in order to train it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.slayer_kernels import STATE_SHIFT, Kernel, ref_kernel, srm_kernel
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.precision import DECAY_ONE


@dataclass(frozen=True)
class TrainedNeuron(LoihiNeuron):
    """A Loihi neuron and its surrogate derivative: the whole `neuron` section of a yaml of type LOIHI.

    Args:
        tau_rho: `tauRho`, width of the surrogate derivative, in thresholds.
        scale_rho: `scaleRho`, weight of the surrogate derivative; SLAYER divides it by the peak of `srm_kernel`.

    The threshold must be above 0 and both decays above 0: without them there is no derivative and no kernel.

    Raises:
        NetworkError: a value outside its range.
    """

    tau_rho: float = 1.0
    scale_rho: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("threshold_mantissa", "current_decay", "voltage_decay", "tau_rho", "scale_rho"):
            if not getattr(self, name) > 0:
                raise NetworkError(name, f"{getattr(self, name)} is not above 0", "training needs a larger value")

    @classmethod
    def from_yaml(cls, section: Mapping[str, int | float]) -> TrainedNeuron:
        """Make the neuron of a yaml's `neuron` section."""
        return cls(
            threshold_mantissa=int(section["vThMant"]),
            voltage_decay=int(section["vDecay"]),
            current_decay=int(section["iDecay"]),
            refractory_delay=int(section["refDelay"]),
            weight_exponent=int(section["wgtExp"]),
            tau_rho=float(section["tauRho"]),
            scale_rho=float(section["scaleRho"]),
        )

    @cached_property
    def srm_kernel(self) -> Kernel:
        """Response of v to one spike, per unit of weight, shape (steps,)."""
        return srm_kernel(self.current_decay, self.voltage_decay, self.weight_exponent)

    @cached_property
    def ref_kernel(self) -> Kernel:
        """The refractory response as slayerPytorch stores it, shape (steps,)."""
        return ref_kernel(self.threshold_mantissa, self.voltage_decay, self.refractory_delay)

    @cached_property
    def peak(self) -> float:
        """Largest response of v to one spike, per unit of weight."""
        return float(self.srm_kernel.max())

    @property
    def threshold(self) -> int:
        """θ in units of v."""
        return self.threshold_mantissa << STATE_SHIFT

    @property
    def shift(self) -> int:
        """log2 of what one unit of accumulated weight adds to u, −1 … 13."""
        return STATE_SHIFT + self.weight_exponent

    @property
    def gain(self) -> float:
        """What one unit of accumulated weight adds to u."""
        return 2.0**self.shift

    @property
    def keep_current(self) -> float:
        """Share of u that one step keeps, before truncation; exact in binary."""
        return (DECAY_ONE - self.current_decay) / DECAY_ONE

    @property
    def keep_voltage(self) -> float:
        """Share of v that one step keeps, before truncation; exact in binary."""
        return (DECAY_ONE - self.voltage_decay) / DECAY_ONE
