"""Networks in continuous time as networks in steps: CUBA LIF neurons with the same response.

Times: an input spike at t is delivered in step round(t / dt). A neuron whose potential crosses θ at f, in
(k dt, (k + 1) dt], fires in step k and its spike is delivered in step k + 1: the hop of one step rounds its time up.
So every layer adds half a step on average and none of its neurons more than another; the first output to fire stays
the first but for neurons closer than a step. Between the crossing and the end of its step V overshoots θ by what it
rises in less than a step, and the reset to zero drops that too: the error is of the order of dt, as that of the times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import NetworkError
from neurodeploy.models.forward_prop.kernel import StepKernel, step_kernel
from neurodeploy.models.forward_prop.network import FloatArray, ForwardNetwork
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.spikes.latency import Latency

#: Largest weight of 8 bits and a sign.
LARGEST_WEIGHT = 254
#: u and v have 24 bits, q is confirmed for 21 on a chip: weights whose magnitudes add up to this stay within both.
MOST_INPUT = 2**15 - 1
#: Largest threshold mantissa: leaves v four times its room in both directions.
MOST_THRESHOLD = 2**15
#: Longest refractory delay of a chip.
MOST_REFRACTORY = 63
#: Exponents of a scale that costs no bits of mixed weights, whose last one is lost anyway.
_EXPONENTS = range(7, -2, -1)


@dataclass(frozen=True, eq=False)
class Stepped:
    """A network in steps, and what was rounded.

    Attributes:
        network: float weights; CUBA LIF neurons with whole decays and thresholds; the latency coding of its input.
        kernel: of its neurons.
        notes: sentences for the user.
    """

    network: Network
    kernel: StepKernel
    notes: tuple[str, ...]


def to_network(network: ForwardNetwork, timestep_ms: float, latency: Latency | None = None) -> Network:
    """The network in steps; see `stepped`."""
    return stepped(network, timestep_ms, latency).network


def stepped(network: ForwardNetwork, timestep_ms: float, latency: Latency | None = None) -> Stepped:
    """The network in steps, with float weights that the quantizer rounds.

    Every layer's weights and threshold are scaled together, as far as u, v and q have room, so that the largest weight
    lies at the end of the range of 8 bits.

    Args:
        network: in continuous time.
        timestep_ms: length of a step.
        latency: of the input; goes with the network.

    Raises:
        OptionError: a time step that suits its rates or its horizon badly, see `step_kernel`.
        NetworkError: a refractory time of more than 62 steps, or a threshold that no mantissa can hold.
    """
    found = step_kernel(network, timestep_ms)
    refractory = refractory_delay(network, timestep_ms)
    populations, projections = [Population("input", None, (network.sizes[0],))], []
    own = network.recurrent or (None,) * len(network.weights)
    for k, (weight, inner) in enumerate(zip(network.weights, own, strict=True), start=1):
        mantissa, factor = _scale(network, found, weight if inner is None else np.concatenate([weight, inner]), k)
        before, name = populations[-1].name, f"fc{k}"
        neuron = CubaLif(found.current_decay, found.voltage_decay, mantissa, refractory)
        populations.append(Population(name, neuron, (weight.shape[1],)))
        projections.append(Projection(before, name, Dense(factor * weight.T)))
        if inner is not None:
            projections.append(Projection(name, name, Dense(factor * inner.T)))
    result = Network(
        tuple(populations), tuple(projections), timestep_ms, steps_of(network, timestep_ms), coding=latency
    )
    return Stepped(result, found, _notes(network, found, refractory))


def steps_of(network: ForwardNetwork, timestep_ms: float) -> int:
    """Length of a recording: what fires before the horizon in continuous time has fired, half a step a layer later."""
    return max(int(np.ceil(network.horizon_ms / timestep_ms + len(network.weights) / 2 - 1)), 1)


def firing_ms(step: FloatArray, layer: int, timestep_ms: float) -> FloatArray:
    """The times in continuous time that spikes stand for, in ms: the middle of the interval in which the neuron crossed
    θ, less half a step for every layer before.

    Args:
        step: of the spikes, any shape; NaN stays NaN.
        layer: counted from 1, the first behind the input.
        timestep_ms: length of a step.
    """
    return np.asarray((np.asarray(step, np.float64) + 1 - layer / 2) * timestep_ms)


def refractory_delay(network: ForwardNetwork, timestep_ms: float) -> int:
    """The chip's refDelay, which holds a neuron for one step less than its number.

    Raises:
        NetworkError: beyond 63.
    """
    delay = 1 + round(network.refractory_ms / timestep_ms)
    if delay > MOST_REFRACTORY:
        problem = f"of {network.refractory_ms:g} ms is {delay - 1} steps, a chip holds {MOST_REFRACTORY - 1}"
        remedy = f"choose a time step of {network.refractory_ms / (MOST_REFRACTORY - 1):.3g} ms or more"
        raise NetworkError("refractory time", problem, remedy)
    return delay


def _scale(network: ForwardNetwork, found: StepKernel, weights: FloatArray, layer: int) -> tuple[int, float]:
    """Threshold mantissa, and what multiplies the layer's weights; weights (inputs of all kinds, neurons).

    v = θ asks for w h(t) = θ, and h = factor · v / weight on the chip: weight = w · factor · mantissa / θ.
    """
    largest, together = float(np.abs(weights).max()), float(np.abs(weights).sum(axis=0).max())
    unit = found.factor / network.threshold
    if not largest:
        return MOST_THRESHOLD, unit * MOST_THRESHOLD
    scales = [LARGEST_WEIGHT * 2.0**exponent / largest for exponent in _EXPONENTS]
    fitting = [s for s in scales if s / unit < MOST_THRESHOLD + 1 and s * together <= MOST_INPUT]
    # at the finest scale anything more only costs bits of the weights: the limit of q is of a worst case
    scale = min(fitting[0] if fitting else scales[-1], MOST_THRESHOLD * unit)
    mantissa = int(scale / unit)
    if mantissa < 1:
        problem = f"{network.threshold:g} is lost beside weights of {largest:g} at {found.timestep_ms:g} ms"
        raise NetworkError(f"threshold of layer {layer}", problem, "choose a shorter time step")
    return mantissa, unit * mantissa


def _notes(network: ForwardNetwork, found: StepKernel, refractory: int) -> tuple[str, ...]:
    rates = f"α {100 * found.synapse_error:+.2g} %, β {100 * found.membrane_error:+.2g} %"
    notes = [
        f"steps of {found.timestep_ms:.6g} ms: decays {found.current_decay} and {found.voltage_decay} of 4096, "
        f"rates {rates}, response {100 * found.residual:.2g} % off"
    ]
    if refractory > 1:
        notes.append(f"a chip holds V at zero for {refractory - 1} steps after a spike, where training let it go on")
    return tuple(notes)
