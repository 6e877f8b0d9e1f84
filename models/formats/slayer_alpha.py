"""What the kernels of a checkpoint say about SRMALPHA neurons: ε(t) = (t/τ) e^(1 − t/τ), ν(t) = −scaleRef · θ · ε(t).

Their refractoriness adds up, and a CUBA neuron resets: no network of these neurons is built here, their parameters are
told.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.models.formats.slayer_kernels import Kernel

#: SLAYER samples kernels until they fall below this part of their peak; it also says how well a formula must fit.
TAIL = 0.01
#: SLAYER gives the weights of a pool as 1.1 times the threshold.
POOL_GAIN = 1.1


def describe_alpha(srm: Kernel, ref: Kernel, weights: Mapping[str, NDArray[np.float64]]) -> str | None:
    """A sentence on the SRMALPHA neuron behind two kernels, None when they are of another kind.

    Args:
        srm: ε, one value per step.
        ref: ν, one value per step.
        weights: of the layers by name; those of a pool reveal θ.
    """
    synapse, refractory = time_constant(srm), time_constant(-ref)
    if synapse is None or refractory is None:
        return None
    depth = -float(ref[1]) / float(alpha(2, refractory)[1])
    text = f"was trained with SRMALPHA neurons, tauSr {synapse:.6g} steps, tauRef {refractory:.6g} steps"
    pools = [float(array.flat[0]) / POOL_GAIN for name, array in sorted(weights.items()) if name.startswith("pool")]
    theta = f"scaleRef · theta {depth:.6g}"
    if pools and pools[0] > 0:
        theta = f"theta {pools[0]:.6g}, scaleRef {depth / pools[0]:.6g}"
    return f"{text}, {theta}; their refractoriness adds up and has no counterpart in CUBA neurons"


def alpha(steps: int, tau: float) -> NDArray[np.float64]:
    """(t/τ) e^(1 − t/τ) for t = 0, 1, … in steps; its peak is 1."""
    t = np.arange(steps) / tau
    result: NDArray[np.float64] = t * np.exp(1 - t)
    return result


def time_constant(kernel: Kernel) -> float | None:
    """τ in steps of a kernel of that form and any height, from the ratio of its values 1 and 2; None for others."""
    values = kernel.astype(np.float64)
    if values.size < 3 or values[0] != 0 or not np.all(np.isfinite(values)) or values[1] <= 0:
        return None
    ratio = values[2] / (2 * values[1])
    if not 0 < ratio < 1:
        return None
    tau = -1 / float(np.log(ratio))
    form = alpha(values.size, tau)
    height = values[1] / form[1]
    return tau if np.allclose(values, height * form, rtol=0, atol=TAIL * height) else None
