"""The scale of a population: how many units of weight a float 1.0 becomes.

Weights, threshold and bias of a population share one scale. Weights keep 8 bits whatever it is, because their
exponent follows (0 … 7); the larger the scale, the finer the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurodeploy.models.formats.nir.float_graph import Floats
from neurodeploy.network import Conv2d, ConvTranspose2d, Dense, Sparse, SumPool2d, Synapse
from neurodeploy.precision import ACCUMULATOR_LIMIT, VOLTAGE_LIMIT, WEIGHT_EXPONENTS, SignMode, WeightFormat

MAX_THRESHOLD = 2**17 - 1
#: Largest and least bias, 4095 · 2^7 and −4096 · 2^7, in units of weight (64).
MAX_BIAS, MIN_BIAS = 4095 * 2**7 / 64, -4096 * 2**7 / 64
_LARGEST_WEIGHT = 254
_EXPONENTS = range(8)
#: Gains that should cancel do so in single precision at best.
_PRECISION = 1e-6
#: Thresholds that inhibition may push v below 0 before it is clipped.
_DEPTH = 8
_POWERS = range(16, 0, -1)


def population_scale(
    synapses: Sequence[Synapse], threshold: Floats, bias: Floats, kept: tuple[float, float], fires: bool
) -> float:
    """The scale of a population with these weights.

    Where every weight, threshold and bias is a whole number on the chip's grids, or becomes one by a power of two,
    nothing is lost: the scale is 1, or the largest such power. Otherwise the largest weight becomes 254 · 2^k with
    the largest k for which neither the sum of all weights of a neuron (2^21) nor its steady current (2^23), threshold
    or bias can leave their ranges, nor v does (its steady value, or 8 thresholds); the sums count for k = 0 no longer,
    as not all inputs spike at once. A sum without leak and threshold has k = 0.

    Args:
        synapses: all that end in the population.
        threshold: () or (neurons,), in units of the float weights.
        bias: the same, of v in every step.
        kept: the largest part of the current and of the voltage that a step keeps.
        fires: whether the threshold counts.
    """
    largest = max((float(np.abs(s.weight).max(initial=0.0)) for s in synapses), default=0.0)
    hard = [_room(MAX_BIAS, float(bias.max())), _room(MIN_BIAS, float(bias.min()))]
    if fires:
        hard.append(_room(MAX_THRESHOLD, float(threshold.max())))
    if not largest:
        return float(min(*hard, MAX_THRESHOLD))
    fan_in = sum(_fan_in(s) for s in synapses)
    current, voltage = (1 - part for part in kept)
    soft = [ACCUMULATOR_LIMIT / (64 * fan_in), VOLTAGE_LIMIT * current / (64 * fan_in) if current else np.inf]
    reach = fan_in / (current * voltage) if current * voltage else np.inf
    depth = min(reach, _DEPTH * float(threshold.max())) if fires and threshold.max() > 0 else reach
    if np.isfinite(depth):
        soft.append(MAX_THRESHOLD / depth)
    elif not fires:  # a sum without end: the coarser its unit, the longer it fits
        soft.append(_LARGEST_WEIGHT / largest)
    room = min(*hard, *soft)
    exact = _exact(synapses, threshold if fires else np.zeros(1), bias, min(hard), room)
    if exact is not None:
        return exact
    scales = [_LARGEST_WEIGHT / largest * 2**k for k in _EXPONENTS]
    return float(max((s for s in scales if s <= room), default=min(scales[0], *hard)))


def _room(limit: float, value: float) -> float:
    """The scale at which a value reaches its limit, ∞ for one on the other side of 0."""
    return limit / value if value * limit > 0 else np.inf


def _exact(synapses: Sequence[Synapse], threshold: Floats, bias: Floats, hard: float, room: float) -> float | None:
    """1 if everything is whole already, else the largest power of two up to `room` that makes it so; None without."""
    for power in (0, *_POWERS):
        scale = float(2**power)
        if scale > (hard if power == 0 else room) * (1 + _PRECISION):
            continue
        levels = np.concatenate([np.ravel(threshold * scale), np.ravel(bias * scale * 64)])
        if np.allclose(levels, np.rint(levels), _PRECISION, 0) and all(
            _on_grid(np.asarray(s.weight, np.float64) * scale) for s in synapses
        ):
            return scale
    return None


def _on_grid(weight: Floats) -> bool:
    """Whether some format and exponent store these weights exactly, in 8 bits."""
    if np.any(weight != np.rint(weight)):
        return False
    return any(
        np.array_equal(np.ldexp(WeightFormat(mode).nearest(weight, exponent).astype(np.float64), exponent), weight)
        for exponent in WEIGHT_EXPONENTS
        for mode in SignMode
    )


def _fan_in(synapse: Synapse) -> float:
    """The largest sum of absolute weights into one target neuron."""
    weight = np.abs(synapse.weight)
    if isinstance(synapse, Dense):
        return float(weight.sum(axis=1).max())
    if isinstance(synapse, Conv2d):
        return float(weight.sum(axis=(1, 2, 3)).max())
    if isinstance(synapse, ConvTranspose2d):
        by_group = weight.reshape(synapse.groups, -1, *weight.shape[1:])
        return float(by_group.sum(axis=(1, 3, 4)).max())
    if isinstance(synapse, SumPool2d):
        return float(weight.sum())
    if isinstance(synapse, Sparse):
        return float(np.bincount(synapse.target, weight).max(initial=0.0))
    return float(weight.max())
