"""Exact gradients of losses of firing times: one triangular system per recording, solved backward.

Source: Lee, Haghighatshoar, Karbasi (2023), eq. (9, 10) and Theorem 4. With Φ_f = V_i(f) − θ for every spike f,
sorted, L = ∂Φ/∂F is lower triangular with V'(f⁻) > 0 on its diagonal, and ∂F/∂W = −L⁻¹ ∂Φ/∂W. A loss needs
only its product with
∂ℓ/∂F: with Lᵀ λ = ∂ℓ/∂F the gradient is −λᵀ ∂Φ/∂W. The adjoint λ takes a number per spike, where the paper's Jacobian
takes one per spike and weight (`jacobian` gives that).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError
from neurodeploy.models.forward_prop import _events
from neurodeploy.models.forward_prop.simulate import LayerRun, Run, recurrent_of
from neurodeploy.models.forward_prop.spikes import FloatArray

#: Spikes whose potential passes θ more slowly than so many θ per ms are about to vanish; their times have no useful
#: derivative: where a peak lifts off from θ, the derivative is infinite.
MIN_SLOPE = 1e-3


@dataclass(frozen=True)
class Unstable:
    """A spike about to vanish, or one about to appear.

    Args:
        recording, layer, neuron: who, each from 0.
        time_ms: of the spike, or of the peak that nearly was one.
        margin: V − θ at the peak; negative or zero for a spike that is not there yet.
        slope: V'(f⁻); 0 at a peak.
        fired: whether it is a spike.
    """

    recording: int
    layer: int
    neuron: int
    time_ms: float
    margin: float
    slope: float
    fired: bool


@dataclass(frozen=True, eq=False)
class Gradient:
    """Derivatives of a loss, summed over recordings.

    Args:
        weights: of each layer, shape (inputs, neurons).
        recurrent: of each layer, shape (neurons, neurons), or (0, 0) without.
        inputs: by the time of each input spike, shape (spikes,).
        dropped: spikes left out, as they are about to vanish.
    """

    weights: tuple[FloatArray, ...]
    recurrent: tuple[FloatArray, ...]
    inputs: FloatArray
    dropped: int


def steady(run: Run, layer: LayerRun, min_slope: float = MIN_SLOPE) -> NDArray[np.bool_]:
    """Which spikes of a layer are differentiated through, shape (spikes,).

    Not those about to vanish: slope below `min_slope` θ per ms, or a peak within the run's tolerance of θ.
    """
    steep = layer.slope >= min_slope * run.network.threshold
    return np.asarray((steep | layer.held.astype(bool)) & (layer.margin >= run.tolerance))


def unstable(run: Run, min_slope: float = MIN_SLOPE) -> list[Unstable]:
    """Every spike about to vanish and every peak about to become one, by layer, recording and time.

    Args:
        run: simulated; its tolerance bounds the margins.
        min_slope: in θ per ms.
    """
    found: list[Unstable] = []
    for index, layer in enumerate(run.layers):
        spikes, near = layer.spikes, layer.near
        rows = spikes.recording
        part = [
            Unstable(int(rows[k]), index, int(spikes.neuron[k]), spikes.time[k], layer.margin[k], layer.slope[k], True)
            for k in np.flatnonzero(~steady(run, layer, min_slope))
        ]
        rows = near.recording
        part += [
            Unstable(int(rows[k]), index, int(near.neuron[k]), near.time[k], layer.near_margin[k], 0.0, False)
            for k in range(len(near.time))
        ]
        found += sorted(part, key=lambda one: (one.recording, one.time_ms, one.neuron))
    return found


def gradient(
    run: Run, by_times: Sequence[FloatArray | None], *, min_slope: float = MIN_SLOPE, threads: int = 1
) -> Gradient:
    """The gradient of a loss by all weights; the same bits for any number of threads.

    Args:
        run: simulated.
        by_times: the loss's partial derivative by the time of every spike of each layer, shape (spikes,); None: zeros.
        min_slope: spikes that pass θ more slowly, in θ per ms, or that barely reach it, are dropped: λ = 0.
        threads: recordings are shared among them.

    Raises:
        DataError: derivatives of another shape, or not finite.
    """
    network = run.network
    if len(by_times) != len(run.layers):
        raise DataError("derivatives", f"of {len(by_times)} layers, of {len(run.layers)}", "give one array per layer")
    weights: list[FloatArray] = []
    recurrent: list[FloatArray] = []
    dropped, above = 0, None
    for index in reversed(range(len(run.layers))):
        layer = run.layers[index]
        before = run.inputs if index == 0 else run.layers[index - 1].spikes
        use = steady(run, layer, min_slope)
        dropped += int(np.sum(~use))
        weight, own = np.ascontiguousarray(network.weights[index]), np.ascontiguousarray(recurrent_of(network, index))
        by_weight, by_own, by_input = np.zeros(weight.shape), np.zeros(own.shape), np.zeros(len(before.time))
        _events.backward(
            before.start,
            before.neuron,
            before.time,
            layer.spikes.start,
            layer.spikes.neuron,
            layer.spikes.time,
            layer.slope,
            layer.held,
            use.astype(np.uint8),
            _total(by_times[index], above, layer, index),
            weight,
            own,
            by_weight,
            by_own,
            by_input,
            alpha=network.synapse_rate,
            beta=network.membrane_rate,
            theta=network.threshold,
            threads=threads,
        )
        weights.insert(0, by_weight)
        recurrent.insert(0, by_own)
        above = by_input
    assert above is not None
    return Gradient(tuple(weights), tuple(recurrent), above, dropped)


def _total(own: FloatArray | None, above: FloatArray | None, layer: LayerRun, index: int) -> FloatArray:
    """What the loss and the layer above ask of each spike's time."""
    total = np.zeros(len(layer.spikes.time)) if above is None else above
    if own is None:
        return total
    if own.shape != total.shape or not np.all(np.isfinite(own)):
        problem = f"have shape {own.shape} for {len(total)} spikes, or are not finite"
        raise DataError(f"derivatives of layer {index + 1}", problem, "give a finite number per spike")
    return total + own
