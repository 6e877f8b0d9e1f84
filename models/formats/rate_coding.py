"""From activations to firing rates: thresholds balanced on calibration data.

A neuron of no leak and no current memory integrates what arrives; its rate is its drive over its threshold (Diehl et
al. 2015, "Fast-classifying, high-accuracy spiking deep networks through weight and threshold balancing"; percentiles:
Rueckauer et al. 2017). The neuron here resets to zero, so each spike loses what exceeded the threshold, half a step's
drive on average. Thresholds of `PERIOD` steps of full drive keep that loss small, and are lower by it: with r the rate
and a the activation, both relative to full scale, r = a / (PERIOD - 1/2 + a/2), exact at 0 and at full scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.ann import FloatArray, Stage
from neurodeploy.network import Bias, CubaLif, Dense, Network, Population, Projection, Windowed
from neurodeploy.precision import DECAY_ONE

#: Steps between two spikes of a neuron at the activation that its scale stands for.
PERIOD = 4
#: What a spike loses on average, in steps of full drive; thresholds are lower by it.
MEAN_LOSS = 0.5
#: Length of a recording that resolves 100 levels of a rate.
STEPS = 100 * PERIOD
#: Weights are stretched to this; 8-bit weights with sign reach 254.
LARGEST_WEIGHT = 254
LARGEST_MANTISSA = 2**17 - 1
LARGEST_BIAS = 4095
#: Activations below this are none.
SILENT = 1e-30
#: Least part of its scale that the winning output of a calibration sample has.
LEAST_WINNER = 1 / 4


@np.errstate(all="ignore")  # what is not finite is refused
def convert_to_rates(
    stages: Sequence[Stage], samples: FloatArray, percentile: float
) -> tuple[Network, tuple[str, ...]]:
    """The rate-coded network of an artificial one, with float weights in the chip's units.

    Input neurons are to spike at the rate (x − low) / (high − low), see `neurodeploy.spikes.coding.rate_coded`; low
    and high are in the notes. A population's rate is activation / (scale · PERIOD); the last one's is shifted by a
    constant, so that the winner is positive.

    Args:
        stages: in order.
        samples: calibration inputs, (samples, inputs).
        percentile: of each stage's activations that becomes its scale, above 0 and at most 100.

    Returns:
        The network, and its notes.

    Raises:
        FormatError: a percentile outside its range, a constant input, a stage that is silent on all samples, or
            a pooling of negative inputs.
    """
    if not 0 < percentile <= 100:
        raise FormatError(f"percentile {percentile:g}", "is outside 0 … 100", "choose 99.9")
    low, high = min(0.0, float(samples.min())), float(samples.max())
    if not high > low:
        raise FormatError("calibration data", "are constant", "give inputs of typical samples")
    notes = [f"input: rate (x - {low:.6g}) / {high - low:.6g} spikes per step; see docs/formats.md"]
    populations = [Population("input", None, stages[0].source)]
    projections: list[Projection] = []
    offset, per_rate, values = low, high - low, samples
    for number, stage in enumerate(stages):
        if stage.averages and offset < 0:
            raise FormatError(stage.name, "pools inputs that are negative", "scale the inputs to 0 … 1")
        bias = stage.full_bias()
        if offset:  # input neurons code x - low, so what the layer makes of low is added to its bias
            bias = bias + stage.sums(np.full((1, samples.shape[1]), offset))[0]
        values = stage(values)
        if not np.all(np.isfinite(values)):
            raise FormatError(stage.name, "overflows on the calibration data", "check the weights and the data")
        shift = 0.0
        if number == len(stages) - 1 and not stage.rectified and not stage.averages:
            shift = _shift(values, percentile)
            notes.append(f"{stage.name}: {shift:.4g} is added to every output, which keeps their order")
        population, synapse, scale = _balanced(stage, bias + shift, values + shift, per_rate, percentile)
        projections.append(Projection(populations[-1].name, population.name, synapse))
        populations.append(population)
        assert isinstance(population.neuron, CubaLif)
        notes.append(
            f"{stage.name}: scale {scale:.4g}, threshold {population.neuron.threshold_mantissa}, "
            f"a spike every {PERIOD} steps at full scale"
        )
        offset, per_rate = 0.0, scale * PERIOD
    steps = STEPS + len(stages)
    notes.append(
        f"use {steps} steps or more: T steps resolve about T / {PERIOD} levels of an activation; the reset to 0 bends "
        f"constant rates by up to {100 * MEAN_LOSS / 4 / (PERIOD - MEAN_LOSS / 2):.0f} % of full scale"
    )
    return Network(tuple(populations), tuple(projections), 1.0, steps), tuple(notes)


def _shift(outputs: FloatArray, percentile: float) -> float:
    """What to add to outputs that may be negative so that the winners are well above 0."""
    winners = outputs.max(axis=1)
    top, bottom = float(np.percentile(winners, percentile)), float(winners.min())
    return max(0.0, (LEAST_WINNER * top - bottom) / (1 - LEAST_WINNER))


def _balanced(
    stage: Stage, bias: FloatArray, values: FloatArray, per_rate: float, percentile: float
) -> tuple[Population, Dense | Windowed, float]:
    """A stage as population and synapse, and the activation that is its scale.

    Args:
        stage: see `Stage`.
        bias: of every target neuron, in units of activation.
        values: its activations on the samples.
        per_rate: what one spike per step of a source neuron stands for.
        percentile: of the activations that is the scale.
    """
    scale = float(np.percentile(values, percentile))
    if not scale > SILENT:
        raise FormatError(stage.name, "is silent on all calibration data", "give --calibrate data of typical samples")
    weight = stage.synapse.weight * per_rate
    threshold = scale * (PERIOD - MEAN_LOSS)
    limits = [LARGEST_MANTISSA / threshold]
    limits += [LARGEST_WEIGHT / float(np.abs(weight).max())] if np.any(weight) else []
    limits += [LARGEST_BIAS * 2**7 / 64 / float(np.abs(bias).max())] if np.any(bias) else []
    unit = min(limits)
    if not (np.all(np.isfinite(weight)) and np.all(np.isfinite(bias)) and 0 < threshold * unit < np.inf):
        raise FormatError(stage.name, "has values beyond any number format", "check the weights and the data")
    neuron = CubaLif(DECAY_ONE, 0, max(1, round(threshold * unit)))
    population = Population(stage.name, neuron, stage.shape, _bias(bias * unit * 64))
    return population, replace(stage.synapse, weight=weight * unit), scale


def _bias(current: FloatArray) -> Bias | None:
    """A constant bias in the finest exponent that holds it; None where it is nothing."""
    largest = float(np.abs(current).max())
    exponent = next(e for e in range(8) if round(largest / 2**e) <= LARGEST_BIAS)
    mantissa = np.rint(current / 2**exponent).astype(np.int64)
    return Bias(mantissa, exponent) if np.any(mantissa) else None
