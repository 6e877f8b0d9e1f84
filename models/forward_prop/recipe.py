"""How networks in continuous time are made and trained: numbers alone, the paper's as defaults.

Source: Lee, Haghighatshoar, Karbasi (2023), Tables 1 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.errors import OptionError


@dataclass(frozen=True)
class Recipe:
    """A training.

    Args:
        synapse_rate, membrane_rate, threshold, horizon_ms, refractory_ms: of `ForwardNetwork`.
        early_ms, late_ms, largest_first, complement, bias_ms: of `Latency`.
        hidden_mean, hidden_std, output_mean, output_std: of the initial weights, drawn from normal distributions.
        recurrent_std: the same of weights from each hidden layer to itself, of mean 0; None: feed-forward.
        learning_rate: of Adam, in units of weight.
        final_rate: share of it that is left in the end; it falls along half a cosine. 1: constant, as in the paper.
        beta1, beta2, epsilon: of Adam.
        batch_size: recordings per update.
        epochs: passes over the data.
        tau0, tau1, gamma: of `FirstSpikeLoss`.
        wake: what is added to all weights into a silent neuron after an update, as it has no gradient of its own: into
            hidden neurons silent in a whole batch, and outputs silent in more than `wake_share` of the recordings of
            their class in it. 0: never, as in the paper. After Göltz et al. (2021).
        wake_share: see there.
        min_slope: of `gradient`: spikes that cross more slowly, in θ per ms, are left out.

    Raises:
        OptionError: a value outside its range.
    """

    synapse_rate: float = 1.0
    membrane_rate: float = 0.99
    threshold: float = 1.0
    horizon_ms: float = 4.0
    refractory_ms: float = 0.0
    early_ms: float = 0.0
    late_ms: float = 2.0
    largest_first: bool = False
    complement: bool = False
    bias_ms: float | None = None
    hidden_mean: float = 3.0
    hidden_std: float = 1.0
    output_mean: float = 2.0
    output_std: float = 0.1
    recurrent_std: float | None = None
    learning_rate: float = 0.1
    final_rate: float = 1.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    batch_size: int = 4
    epochs: int = 100
    tau0: float = 0.1
    tau1: float = 1.0
    gamma: float = 0.2
    wake: float = 0.01
    wake_share: float = 0.1
    min_slope: float = 1e-3

    def __post_init__(self) -> None:
        for name in ("learning_rate", "epsilon", "batch_size", "epochs"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise OptionError("training", f"{name} {getattr(self, name)} is not above 0", f"choose a larger {name}")
        for name in ("final_rate", "beta1", "beta2", "wake_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError("training", f"{name} {getattr(self, name)} is outside 0 … 1", "choose one inside")
        for name in ("hidden_mean", "output_mean", "hidden_std", "output_std", "wake", "min_slope"):
            low = -np.inf if name.endswith("mean") else 0
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= low):
                raise OptionError("training", f"{name} is {getattr(self, name)}", "choose a finite number from 0 on")
        if self.recurrent_std is not None and not (np.isfinite(self.recurrent_std) and self.recurrent_std >= 0):
            problem = f"recurrent_std is {self.recurrent_std}"
            raise OptionError("training", problem, "choose a finite number from 0 on, or none")


#: Table 1. T there is the time of the late input; the outputs have as long again to answer. γ is 0.01, not the table's
#: 0.2, with which the pull to early times leaves 5 of 100 networks where no output is selective. §5.1 speaks of the
#: cross-entropy alone: without the pull steps to converge are the paper's, 17.7 in the mean, but 2 of 1,000 stay stuck.
XOR = Recipe(gamma=0.01)
#: Table 2 as printed. T is the time of the latest input; the outputs have 4 ms to answer it.
IRIS_PAPER = Recipe(
    membrane_rate=0.9, late_ms=16.0, horizon_ms=20.0, largest_first=True, learning_rate=0.05, gamma=0.1, tau0=1.0,
    batch_size=120, epochs=300,
)  # fmt: skip
#: Table 2's neuron, with the inputs of Yin-Yang: the four spikes of Table 2 tell differences of features only (a flower
#: whose spikes all come later is the same to the network), from which about nine in ten can be told; 1 − x beside
#: each and a spike at a known time (0.45 T, as Table 3 has it) tell the values. T is near the time constants; it, τ0,
#: γ, η and the weights were chosen on other splits of the flowers than those in docs/forward_propagation.md.
IRIS = replace(
    IRIS_PAPER, late_ms=2.0, horizon_ms=4.0, complement=True, bias_ms=0.9, hidden_mean=1.0, hidden_std=0.5,
    output_mean=1.0, output_std=0.5, learning_rate=0.01, final_rate=0.02, gamma=0.01, tau0=0.5, min_slope=0.05,
    batch_size=10, epochs=80,
)  # fmt: skip
#: Table 3.
YIN_YANG = Recipe(
    synapse_rate=0.999, membrane_rate=1.0, early_ms=0.15, late_ms=2.0, horizon_ms=2.0, complement=True, bias_ms=0.9,
    hidden_mean=1.5, hidden_std=0.8, learning_rate=0.0005, gamma=0.005, tau0=0.2, batch_size=150, epochs=300,
)  # fmt: skip
#: Ten times Table 3's learning rate at first, falling along a cosine, and smaller, more different weights of the
#: outputs; chosen on validation data.
YIN_YANG_TUNED = replace(YIN_YANG, learning_rate=0.005, final_rate=0.01, output_mean=1.0, output_std=0.3)
RECIPES = {
    "xor": XOR, "iris": IRIS, "iris-paper": IRIS_PAPER, "yin-yang": YIN_YANG_TUNED, "yin-yang-paper": YIN_YANG
}  # fmt: skip
