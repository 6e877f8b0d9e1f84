"""Losses of the potential of linear output neurons, which neither fire nor are reset: regression.

Source: Lee, Haghighatshoar, Karbasi (2023), eq. (6, 7) and Theorem 3. V_o(t) = Σ_j W_jo Σ_g h(t − g) over the spikes g
of the last layer; the loss is ∫₀ᵀ ℓ(t, V_o(t)) dt. As h(0) = 0, a spike that moves adds nothing at its own time, and
∂ℓ/∂W_jo = ∫ ℓ' Σ_g h(t − g) dt, ∂ℓ/∂g = −W_jo ∫ ℓ' h'(t − g) dt. From there on `gradient` goes back through the
network. Between spikes the integrand is smooth; there Gauss and Legendre's rule is exact to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from neurodeploy.errors import DataError, OptionError
from neurodeploy.models.forward_prop.kernel import kernel
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.simulate import Run
from neurodeploy.models.forward_prop.spikes import FloatArray

#: A recording's number, times (points,) and V_o at them (points, outputs) → ℓ (points,) and ∂ℓ/∂V (points, outputs).
Density = Callable[[int, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
#: Points of the rule in a piece, and the longest piece in units of the faster of both time constants.
NODES, LONGEST = 12, 1.0


@dataclass(frozen=True, eq=False)
class PotentialValue:
    """A loss of a batch and its partial derivatives.

    Args:
        loss: summed over the recordings.
        by_readout: by the weights of the linear outputs, shape (neurons, outputs).
        by_times: by the time of every spike of the last layer, shape (spikes,); the last entry of `gradient`'s list.
    """

    loss: float
    by_readout: FloatArray
    by_times: FloatArray


def squared_error(target: ArrayLike | Callable[[int, FloatArray], FloatArray]) -> Density:
    """ℓ = ½ Σ_o (V_o − target_o)².

    Args:
        target: a constant, one per output, one per recording and output, or a function of the recording's number and
            of times (points,) with values (points, outputs).
    """
    if callable(target):
        wanted = target
    else:
        constant = np.asarray(target, np.float64)

        def wanted(recording: int, time: FloatArray) -> FloatArray:
            return constant[recording] if constant.ndim == 2 else constant

    def density(recording: int, time: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        error = v - wanted(recording, time)
        return 0.5 * np.sum(error * error, axis=1), error

    return density


def output_potential(run: Run, readout: FloatArray, recording: int, time: FloatArray) -> FloatArray:
    """V_o of the linear outputs, eq. (7).

    Args:
        run: of the layers before.
        readout: their weights, shape (neurons of the last layer, outputs).
        recording: number of it in the run.
        time: in ms, shape (points,).

    Returns:
        Shape (points, outputs).
    """
    neuron, spike = run.output.of(recording)
    return _kernels(run.network, time, spike) @ readout[neuron]


def potential_loss(run: Run, readout: FloatArray, density: Density, breaks: Iterable[float] = ()) -> PotentialValue:
    """The integral of a loss of the outputs' potential over the horizon, eq. (6).

    Args:
        run: simulated; its last layer feeds the linear outputs through the same kernel.
        readout: weights of these outputs, shape (neurons of the last layer, outputs).
        density: ℓ and its derivative by V; smooth but at `breaks`. It may not depend on the spikes other than by V.
        breaks: times in ms at which ℓ or a target jumps.

    Raises:
        OptionError: weights of another shape or not finite.
        DataError: a density with values that are not finite or of another shape.
    """
    if readout.ndim != 2 or readout.shape[0] != run.output.neurons or not np.all(np.isfinite(readout)):
        problem = f"have shape {readout.shape} for {run.output.neurons} neurons, or are not finite"
        raise OptionError("weights of the linear outputs", problem, "give (neurons of the last layer, outputs)")
    loss, by_readout, by_times = 0.0, np.zeros(readout.shape), np.zeros(len(run.output.time))
    rate, inner = max(run.network.synapse_rate, run.network.membrane_rate), list(breaks)
    for recording in range(len(run.output)):
        neuron, spike = run.output.of(recording)
        time, share = _points(np.concatenate([spike, inner]), run.network.horizon_ms, LONGEST / rate)
        rise = _kernels(run.network, time, spike)
        value, slope = density(recording, time, rise @ readout[neuron])
        if value.shape != time.shape or slope.shape != (len(time), readout.shape[1]):
            problem = f"has shapes {value.shape} and {slope.shape} for {len(time)} points"
            raise DataError("loss of the potential", problem, "give (points,) and (points, outputs)")
        if not (np.all(np.isfinite(value)) and np.all(np.isfinite(slope))):
            raise DataError(f"loss of the potential, recording {recording}", "is not finite", "bound it")
        loss += float(share @ value)
        weighted = slope * share[:, None]
        np.add.at(by_readout, neuron, rise.T @ weighted)
        # h'(s) = e^(−βs) − α h(s)
        since = time[:, None] - spike
        steep = np.where(since > 0, np.exp(-run.network.membrane_rate * np.maximum(since, 0)), 0)
        steep -= run.network.synapse_rate * rise
        part = slice(run.output.start[recording], run.output.start[recording + 1])
        by_times[part] = -np.einsum("pk,po,ko->k", steep, weighted, readout[neuron], optimize=True)
    return PotentialValue(loss, by_readout, by_times)


def _kernels(network: ForwardNetwork, time: FloatArray, spike: FloatArray) -> FloatArray:
    """h of the time since each spike, shape (points, spikes)."""
    since = time[:, None] - spike
    return np.where(since > 0, kernel(network, np.maximum(since, 0)), 0)


def _points(edges: FloatArray, horizon: float, longest: float) -> tuple[FloatArray, FloatArray]:
    """Times and weights of the rule over 0 … horizon, in pieces between the edges and no longer than `longest`."""
    inside = np.unique(np.concatenate([[0.0, horizon], edges[(edges > 0) & (edges < horizon)]]))
    cuts = [np.linspace(a, b, int(np.ceil((b - a) / longest)) + 1)[:-1] for a, b in pairwise(inside)]
    ends = np.concatenate([*cuts, [horizon]])
    node, weight = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(ends)[:, None] / 2
    return ((ends[:-1, None] + half) + half * node).ravel(), (half * weight).ravel()
