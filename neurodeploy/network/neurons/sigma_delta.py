"""Sigma-delta neurons: graded spikes that carry changes, and the neurons at both ends of such a network.

Sources of the equations: lava-nc's `proc/sdn` (fixed point); the corrected form came after its release 0.10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurodeploy.errors import NetworkError
from neurodeploy.network.neurons.values import NeuronModel, PerNeuron, checked_flag

#: How an activation is written in a program.
ACTIVATIONS = {"identity": 0, "relu": 1}
_EXPONENTS = (0, 7)


class DeltaCoder(NeuronModel):
    """What the two models that send deltas share."""

    threshold_mantissa: PerNeuron
    spike_exponent: int
    state_exponent: int
    cumulative_error: bool
    GRADED: ClassVar[bool] = True
    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "threshold_mantissa": (0, 2**17 - 1),
        "spike_exponent": _EXPONENTS,
        "state_exponent": _EXPONENTS,
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("spike_exponent", "state_exponent"):
            if not isinstance(getattr(self, name), int):
                raise NetworkError(name, "differs between the neurons of a population", "give one number")
        checked_flag("cumulative_error", self.cumulative_error)

    @property
    def shift(self) -> int:
        """Bits by which thresholds and biases are shifted: spike_exponent + state_exponent."""
        return self.spike_exponent + self.state_exponent

    def parameters(self) -> dict[str, PerNeuron]:
        """The parameters by name; flags as 0 or 1."""
        return super().parameters() | {"cumulative_error": int(self.cumulative_error)}


@dataclass(frozen=True, eq=False)
class SigmaDelta(DeltaCoder):
    """Sigma-delta neuron: sums up what it is sent, and sends what its activation changed by.

    Each step, x = q / 64 (Σ weight · payload · 2^exponent), θ = threshold_mantissa · 2^(spike_exponent +
    state_exponent), bias the population's bias · 2^(spike_exponent + state_exponent)::

        σ ← σ + x
        a' = activation(σ + bias)             relu: max(·, 0);  identity: ·
        δ = a' − a + residue
        out = δ if |δ| ≥ θ, else 0            cumulative_error:  e ← e + δ;  out = δ if |e| ≥ θ, else 0;
        residue ← δ − out;  a ← a'                               e ← 0 if out ≠ 0
        corrected:  δ = a' − a without residue;  a ← a + (message << state_exponent)
        message = out >> state_exponent (toward −∞);  a spike of that payload if it is not 0

    Every state has 32 bits and wraps. Traces show σ as u and a as v.

    Args:
        threshold_mantissa: 0 … 131071 (θ then fits 32 bits); an integer or an integer array, shape (neurons,).
        spike_exponent, state_exponent: 0 … 7.
        activation: "relu" or "identity".
        cumulative_error: threshold the sum of the changes since the last message.
        corrected: keep in a what was really sent, so that cut bits are not lost.

    Raises:
        NetworkError: a value outside its range, an unknown activation, or both of the last two.
    """

    threshold_mantissa: PerNeuron
    spike_exponent: int = 6
    state_exponent: int = 6
    activation: str = "relu"
    cumulative_error: bool = False
    corrected: bool = False

    NAME: ClassVar[str] = "sigma_delta"

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_flag("corrected", self.corrected)
        if self.activation not in ACTIVATIONS:
            raise NetworkError("activation", f"{self.activation!r} is unknown", f"choose {' or '.join(ACTIVATIONS)}")
        if self.corrected and self.cumulative_error:
            raise NetworkError("corrected", "has no cumulative error", "choose one of the two")

    def parameters(self) -> dict[str, PerNeuron]:
        """The parameters by name; flags as 0 or 1, the activation as in `ACTIVATIONS`."""
        coded: dict[str, PerNeuron] = {
            "activation": ACTIVATIONS[self.activation],
            "corrected": int(self.corrected),
        }
        return super().parameters() | coded


@dataclass(frozen=True, eq=False)
class Delta(DeltaCoder):
    """Delta encoder: the first neuron of a sigma-delta network.

    Each step, x = q / 64, bias the population's bias, both shifted by spike_exponent + state_exponent::

        a' = (x + bias) << (spike_exponent + state_exponent)

    and then δ, out, residue and message as in `SigmaDelta`. Nothing is summed up: x is the value itself, so its source
    sends the whole value in each step (graded input through one-to-one weights of 1, or a bias given per step).

    Every state has 32 bits and wraps. Traces show the residue as u and a as v.

    Args:
        threshold_mantissa, spike_exponent, state_exponent, cumulative_error: as in `SigmaDelta`.

    Raises:
        NetworkError: a value outside its range.
    """

    threshold_mantissa: PerNeuron
    spike_exponent: int = 6
    state_exponent: int = 6
    cumulative_error: bool = False

    NAME: ClassVar[str] = "delta"


@dataclass(frozen=True, eq=False)
class Sigma(NeuronModel):
    """Sigma decoder: the read-out of a sigma-delta network. It has no parameters and no bias.

    Each step, x = q / 64::

        σ ← σ + x
        message = σ, a spike of that payload in every step in which it is not 0

    σ has 32 bits and wraps. Traces show σ as u and as v.
    """

    NAME: ClassVar[str] = "sigma"
    RANGES: ClassVar[dict[str, tuple[int, int]]] = {}
    GRADED: ClassVar[bool] = True
