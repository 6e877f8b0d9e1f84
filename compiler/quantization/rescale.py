"""The scale of a layer: weights, thresholds and bias times the same factor give the same spikes but for rounding.

A CUBA LIF neuron is linear in u and v between spikes, so the factor is free; it decides which weights lie near the
chip's steps and where the largest saturate. It is chosen so that the scaled threshold is a whole number: then nothing
is lost by rounding the threshold, and threshold and weights are rounded as one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.quantization.choice import best_form, forms, likely_exponents
from neurodeploy.compiler.quantization.options import QuantizeOptions
from neurodeploy.network import Bias, CubaLif, Network, Population, Projection
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import STATE_BITS

#: Largest scaled threshold: u and v keep four times its room in their 24 bits.
MOST_THRESHOLD = 2 ** (STATE_BITS - 1 - 6 - 2)
#: Scales that are tried in an octave; what is doubled once more only moves the exponent.
PER_OCTAVE = 16
#: Weights of a projection by which scales are ranked.
SAMPLE = 2**15


def scales(network: Network, name: str, options: QuantizeOptions) -> list[float]:
    """Scales of a population's input worth a trial, that of least squared weight error first.

    Args:
        network: before quantization.
        name: of a population of CUBA LIF neurons.
        options: for its bits.
    """
    population = network.population(name)
    bits = options.bits(name) or 8
    samples = [(p, _sample(p.trained_weights())) for p in network.into(name)]
    largest = max(float(np.abs(sample).max(initial=0.0)) for _, sample in samples)
    if not isinstance(population.neuron, CubaLif) or not largest:
        return []
    theta = np.asarray(population.neuron.threshold_mantissa)
    low = max(2**-0.5, 2 ** (bits - 1) / largest)  # below, weights would be finer than the chip's q
    errors = {}
    for k in range(PER_OCTAVE):
        scale = low * 2 ** (k / PER_OCTAVE)
        if theta.ndim == 0 and theta > 0:
            scale = max(float(np.rint(theta * scale)), 1.0) / float(theta)
        if rescaled(population, scale, scale) is not None:
            errors[scale] = sum(_error(p, scale * sample, bits) for p, sample in samples) / scale**2
    return sorted(errors, key=lambda scale: errors[scale])


def rescaled(population: Population, scale: float, threshold_scale: float) -> Population | None:
    """The population with its bias times `scale`, and its thresholds times `threshold_scale`; None where the chip has
    no room for them.
    """
    neuron = population.neuron
    assert isinstance(neuron, CubaLif)
    thresholds = np.rint(np.asarray(neuron.threshold_mantissa) * threshold_scale).astype(np.int64)
    bias = None if population.bias is None else _scaled_bias(population.bias, scale)
    if thresholds.max(initial=0) > MOST_THRESHOLD or (bias is None) != (population.bias is None):
        return None
    mantissa: PerNeuron = thresholds if thresholds.ndim else int(thresholds)
    return replace(population, neuron=replace(neuron, threshold_mantissa=mantissa), bias=bias)


def _scaled_bias(bias: Bias, scale: float) -> Bias | None:
    """In the least exponent that holds it; None where none does."""
    value = np.ldexp(bias.mantissa * scale, bias.exponent)
    for exponent in range(8):
        mantissa = np.rint(np.ldexp(value, -exponent)).astype(np.int64)
        if np.abs(mantissa).max(initial=0) <= 4095:
            return Bias(mantissa, exponent)
    return None


def _sample(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Some weights from all over a projection, the largest among them."""
    flat = wanted.reshape(-1)
    chosen = flat[:: -(-flat.size // SAMPLE) or 1]
    return np.append(chosen, flat[np.argmax(np.abs(flat))] if flat.size else 0.0)


def _error(projection: Projection, wanted: NDArray[np.float64], bits: int) -> float:
    """Least squared error of any form, in units of the scaled weights."""
    return best_form(wanted, forms(projection, bits, likely_exponents(wanted)))[1]
