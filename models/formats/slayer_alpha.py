"""SRMALPHA neurons: ε(t) = (t/τ) e^(1 − t/τ), ν(t) = −scaleRef · θ · ε(t) with a τ of its own, and what reveals them.

A checkpoint stores both kernels as slayerPytorch samples them, at t = 0, Ts, 2 Ts … until they fall below 0.01 behind
their peak. θ is in the yaml of the training, or follows from the weights of a pool, 1.1 · θ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.slayer_kernels import Kernel

#: SLAYER samples kernels until they fall below this, where the peak is 1.
TAIL = 0.01
#: SLAYER gives the weights of a pool as 1.1 times the threshold.
POOL_GAIN = 1.1
#: Part of the height by which a stored kernel may differ from the formula; single precision needs 1e-6.
TOLERANCE = 1e-3
#: Time constants in steps: shorter ones leave nothing of a sampled kernel, longer ones no decay of 1 / 4096.
SYNAPSE, REFRACTORY = (0.2, 4096.0), (0.01, 4096.0)
#: Bound on theta and depth; no weight is near it.
LARGEST = 1e30


@dataclass(frozen=True)
class AlphaNeuron:
    """An SRMALPHA neuron.

    Args:
        threshold: `theta`, in units of the weights.
        synapse: `tauSr`, in steps.
        refractory: `tauRef`, in steps.
        depth: `scaleRef` · `theta`, peak of the refractory kernel.

    Raises:
        FormatError: a time constant that is too short or too long, or a value beyond all bounds.
    """

    threshold: float
    synapse: float
    refractory: float
    depth: float

    def __post_init__(self) -> None:
        for name, value, (low, high) in (("tauSr", self.synapse, SYNAPSE), ("tauRef", self.refractory, REFRACTORY)):
            if not low <= value <= high:
                problem = f"is {value:.6g} steps, outside {low:g} … {high:g}"
                raise FormatError(name, problem, "choose another length of a step")
        if not max(self.threshold, self.depth) <= LARGEST:
            raise FormatError("theta", f"or scaleRef · theta is beyond {LARGEST:g}", "correct the yaml or the file")

    def __str__(self) -> str:
        return f"SRMALPHA, theta {self.threshold:.6g}, {_kernels(self.synapse, self.refractory, self.depth)}"


def alpha(steps: int, tau: float) -> NDArray[np.float64]:
    """(t/τ) e^(1 − t/τ) for t = 0, 1, … in steps; its peak is 1."""
    t = np.arange(steps) / tau
    result: NDArray[np.float64] = t * np.exp(1 - t)
    return result


def sampled_alpha(tau: float) -> NDArray[np.float64]:
    """ε as SLAYER samples it: to the last step before it falls below 0.01 behind its peak; τ in steps."""
    values = alpha(int(np.ceil(8 * tau)) + 3, tau)  # 8 e^(1 − 8) < 0.01
    ends = np.flatnonzero((values < TAIL) & (np.arange(values.size) > tau))
    return values[: ends[0]]


def time_constant(kernel: Kernel) -> float | None:
    """τ in steps of a kernel of that form and any height; None for others.

    It follows from the ratio of value 1 and the last one above a tenth of the peak: e^(−(n − 1) / τ) · n.
    """
    values = kernel.astype(np.float64)
    if values.size < 3 or values[0] != 0 or not np.all(np.isfinite(values)) or values[1] <= 0:
        return None
    n = max(2, int(np.flatnonzero(values >= values.max() / 10)[-1]))
    ratio = values[n] / (n * values[1])
    if not 0 < ratio < 1:
        return None
    tau = (1 - n) / float(np.log(ratio))
    if not REFRACTORY[0] <= tau <= REFRACTORY[1]:
        return None
    form = alpha(values.size, tau)
    height = values[1] / form[1]
    return tau if np.allclose(values, height * form, rtol=0, atol=TOLERANCE * height) else None


def gives(neuron: AlphaNeuron, srm: Kernel | None, ref: Kernel | None) -> bool:
    """Whether a neuron has these kernels; None stands for one that is not known."""
    pairs = ((srm, neuron.synapse, 1.0), (ref, neuron.refractory, -neuron.depth))
    return all(
        kernel is None or np.allclose(kernel, height * alpha(kernel.size, tau), rtol=0, atol=TOLERANCE * abs(height))
        for kernel, tau, height in pairs
    )


def recover_alpha(
    where: str, srm: Kernel, ref: Kernel, weights: Mapping[str, NDArray[np.float64]]
) -> AlphaNeuron | None:
    """The neuron behind two kernels, None when they are of another kind.

    Args:
        where: the file, for messages.
        srm: ε, one value per step.
        ref: ν, one value per step.
        weights: of the layers by name; those of a pool reveal θ.

    Raises:
        FormatError: nothing, or contradicting pools, says what θ is.
    """
    synapse, refractory = time_constant(srm), time_constant(-ref)
    if synapse is None or refractory is None or not np.isclose(srm[1], alpha(2, synapse)[1], rtol=TOLERANCE):
        return None
    depth = -float(ref[1]) / float(alpha(2, refractory)[1])
    pools = np.array([a.flat[0] / POOL_GAIN for name, a in weights.items() if name.startswith(("pool", "unpool"))])
    if not pools.size or pools[0] <= 0 or not np.allclose(pools, pools[0], rtol=TOLERANCE):
        problem = f"has SRMALPHA neurons, {_kernels(synapse, refractory, depth)} (steps), and no pools that tell theta"
        raise FormatError(where, problem, "give the yaml of the training")
    return AlphaNeuron(float(pools[0]), synapse, refractory, depth)


def _kernels(synapse: float, refractory: float, depth: float) -> str:
    return f"tauSr {synapse:.6g}, tauRef {refractory:.6g}, scaleRef · theta {depth:.6g}"
