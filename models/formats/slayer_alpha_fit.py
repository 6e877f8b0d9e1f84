"""From SRMALPHA neurons to CUBA LIF: decays whose response is the alpha kernel, weights and thresholds in its scale.

With both decays d the response of v to one spike is (k + 1)(1 − d)^k, k = 0, 1 …: with 1 − d = e^(−1/τ) that is
ε(k + 1) and a factor. A spike acts one step later in SLAYER, since ε(0) = 0, and here, because of the hop: layers keep
their distance, and only the input acts one step earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.slayer_alpha import AlphaNeuron, sampled_alpha
from neurodeploy.models.formats.slayer_kernels import STATE_SHIFT
from neurodeploy.models.formats.slayer_network import Part
from neurodeploy.network import CubaLif
from neurodeploy.precision import DECAY_ONE

#: How many integers around the exact decay are tried on both sides.
NEIGHBOURS = 3
#: A response that differs by more, relative RMS, is refused: the decays are too coarse for it.
WORST_RESIDUAL = 0.05
#: Largest weight of 8 bits with both signs; times a power of two by the weight exponent.
LARGEST_WEIGHT = 254
MAX_EXPONENT = 7
#: Large thresholds make the truncation of decays small; these leave v a factor 8 (at least 2, where 8 bits of weight
#: need it) to its limit 2^23, and a step's input the same to the 2^21 that were confirmed on the chip.
THRESHOLD, HIGHEST_THRESHOLD, DRIVE = 2**14, 2**16, 2**18


@dataclass(frozen=True)
class AlphaFit:
    """CUBA decays for an alpha kernel.

    Attributes:
        current_decay, voltage_decay: of 4096; the first is not less.
        gain: peak of v for a current of 1, over the peak of the sampled kernel.
        residual: RMS of the difference of kernel and response, both with peak 1, relative to the kernel's, within the
            steps that SLAYER samples.
        tail: the response where SLAYER has cut its kernel off, of its peak.
    """

    current_decay: int
    voltage_decay: int
    gain: float
    residual: float
    tail: float


def fit_alpha(tau: float) -> AlphaFit:
    """The decays whose response differs least from ε.

    Args:
        tau: tauSr in steps, 0.2 … 4096.

    Raises:
        FormatError: no response comes near.
    """
    exact = round(DECAY_ONE * -np.expm1(-1 / tau))
    near = range(max(1, exact - NEIGHBOURS), min(DECAY_ONE - 1, exact + NEIGHBOURS) + 1)
    fits = [judged(current, voltage, tau) for voltage in near for current in near if current >= voltage]
    best = min(fits, key=lambda fit: fit.residual)
    if best.residual > WORST_RESIDUAL:
        problem = f"is {tau:.6g} steps, and the best decays miss its response by {best.residual:.1%} (relative RMS)"
        raise FormatError("tauSr", problem, "choose longer time steps")
    return best


def converted(
    parts: tuple[Part, ...], neuron: AlphaNeuron
) -> tuple[tuple[Part, ...], tuple[CubaLif, ...], tuple[str, ...]]:
    """The layers with weights in the scale of the chip, the neurons of each, and what to say about them.

    Raises:
        FormatError: a time constant that no decay has.
    """
    fit = fit_alpha(neuron.synapse)
    notes = [
        f"SRMALPHA as CUBA: iDecay {fit.current_decay}, vDecay {fit.voltage_decay}; their response differs from the "
        f"kernel by {fit.residual:.2%} (relative RMS), and goes on where SLAYER cuts it, at {fit.tail:.2%} of the peak",
        "refractoriness differs in structure and is left to fine-tuning: SLAYER subtracts an alpha kernel of "
        f"{neuron.depth / neuron.threshold:.4g} theta, tauRef {neuron.refractory:.6g} steps, after every spike; a CUBA "
        "neuron's v resets to 0, and its current goes on",
        "time: SRMALPHA has no hops, but its kernels begin with 0, so spikes act one step later in both; the input "
        "acts at once here: step t of every layer is SLAYER's t + 1",
    ]
    scaled, cells = [], []
    for part in parts:
        factor, cell, note = _scaled(part.name, part.synapse.weight, fit, neuron.threshold)
        scaled.append(replace(part, synapse=replace(part.synapse, weight=part.synapse.weight * factor)))
        cells.append(cell)
        notes.append(note)
    return tuple(scaled), tuple(cells), tuple(notes)


def judged(current: int, voltage: int, tau: float) -> AlphaFit:
    """How near the response of two decays comes to ε of τ = `tau` steps."""
    kernel = sampled_alpha(tau)[1:]
    response = cuba_response(current, voltage, kernel.size + 1)
    ours, theirs = response[:-1] / response.max(), kernel / kernel.max()
    residual = float(np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2)))
    gain, tail = float(response.max() / kernel.max()), float(response[-1] / response.max())
    return AlphaFit(current, voltage, gain, residual, tail)


def cuba_response(current: int, voltage: int, steps: int) -> NDArray[np.float64]:
    """v in `steps` steps after a current of 1 in step 0, without rounding; decays of 4096, above 0."""
    k = np.arange(steps)
    a, b = (1 - decay / DECAY_ONE for decay in (current, voltage))
    result: NDArray[np.float64] = (k + 1) * a**k if current == voltage else (b ** (k + 1) - a ** (k + 1)) / (b - a)
    return result


def _scaled(name: str, weight: NDArray[np.generic], fit: AlphaFit, theta: float) -> tuple[float, CubaLif, str]:
    """The factor on a layer's weights, its neurons, and a note.

    The largest weight becomes 254 · 2^n, n as large as threshold and current allow, so that weights have all 8 bits;
    less only where the threshold would leave its range.
    """
    largest = float(np.abs(weight).max(initial=0.0)) or theta
    unit = theta / largest * LARGEST_WEIGHT
    exponents = [n for n in range(MAX_EXPONENT + 1) if _allowed(unit * 2**n, LARGEST_WEIGHT * 2**n, fit)]
    factor = LARGEST_WEIGHT / largest * 2 ** max(exponents, default=0)
    factor *= min(1.0, HIGHEST_THRESHOLD / (theta * factor * fit.gain))
    mantissa = max(1, round(theta * factor * fit.gain))
    typical = float(np.sqrt(np.mean(weight[weight != 0].astype(np.float64) ** 2))) if np.any(weight) else largest
    rounding = _truncation(fit, round(typical * factor) << STATE_SHIFT)
    note = (
        f"{name}: weights times {factor:.6g}, the largest {largest * factor:.6g}; vThMant {mantissa}; truncated decays "
        f"change the response to a weight of typical size by {rounding:.2%}"
    )
    return factor, CubaLif(fit.current_decay, fit.voltage_decay, mantissa), note


def _allowed(threshold: float, weight: float, fit: AlphaFit) -> bool:
    drive = max(threshold, weight) * 2**STATE_SHIFT
    return threshold * fit.gain <= THRESHOLD and drive <= DRIVE


def _truncation(fit: AlphaFit, current: int) -> float:
    """RMS by which decays that truncate change the response to a current, relative to that without rounding."""
    response = [0]
    u, v = current, 0
    while (v or u) and len(response) < 2**17:
        v = (v * (DECAY_ONE - fit.voltage_decay) >> 12) + u
        u = u * (DECAY_ONE - fit.current_decay) >> 12
        response.append(v)
    exact = current * cuba_response(fit.current_decay, fit.voltage_decay, len(response) - 1)
    return float(np.sqrt(np.mean((exact - response[1:]) ** 2) / np.mean(exact**2))) if current else 1.0
