"""The LOIHI neuron of slayerPytorch: its parameters under their yaml names, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.slayer_kernels import srm_kernel
from neurodeploy.network import CubaLif
from neurodeploy.precision import WEIGHT_EXPONENTS

#: Slayer pools drive the target to 1.1 thresholds; a kernel counts half the response to weight 2, hence half of it.
POOL_GAIN = 0.55


@dataclass(frozen=True)
class LoihiNeuron:
    """Parameters of one neuron type, the same for the whole network.

    Args:
        threshold_mantissa: `vThMant`.
        voltage_decay, current_decay: `vDecay`, `iDecay`, of 4096.
        refractory_delay: `refDelay`.
        weight_exponent: `wgtExp`, of every weight of the network.

    Raises:
        NetworkError: a value that the chip does not have.
    """

    threshold_mantissa: int
    voltage_decay: int
    current_decay: int
    refractory_delay: int
    weight_exponent: int

    def __post_init__(self) -> None:
        self.cuba()
        if self.weight_exponent not in WEIGHT_EXPONENTS:
            raise NetworkError("wgtExp", f"{self.weight_exponent} is outside -7 … 7", "choose a value from -7 to 7")

    def __str__(self) -> str:
        return (
            f"iDecay {self.current_decay}, vDecay {self.voltage_decay}, vThMant {self.threshold_mantissa}, "
            f"refDelay {self.refractory_delay}, wgtExp {self.weight_exponent}"
        )

    def cuba(self) -> CubaLif:
        """Build the neuron model."""
        return CubaLif(self.current_decay, self.voltage_decay, self.threshold_mantissa, self.refractory_delay)

    def pool_weight(self) -> int:
        """Give the weight of pooling synapses, `2 · rint(0.55 · θ / peak)`.

        `peak` is half the maximum of v after one spike of weight 2 from rest; 28 for θ 80 · 64, iDecay 1024 and
        vDecay 128, as in the published gesture network.

        Raises:
            NetworkError: a decay of 0, with which the response never ends.
        """
        peak = float(srm_kernel(self.current_decay, self.voltage_decay, self.weight_exponent).max())
        return 2 * round(POOL_GAIN * 64 * self.threshold_mantissa / peak)
