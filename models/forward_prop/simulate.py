"""Networks in continuous time, event by event, to machine precision.

Sources: Lee, Haghighatshoar, Karbasi (2023), eq. (2, 4, 5) and Algorithm 1. After its last event a neuron's potential
is a sum of two exponentials with one peak at most; the first crossing of θ from below is bracketed by that
peak, which is
known in closed form, and found by Newton's method with bisection as its guard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.errors import DataError, NetworkError, OptionError
from neurodeploy.models.forward_prop import _events
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.spikes import FloatArray, Spikes, single_spikes

#: Peaks nearer to θ than this share of it are reported.
TOLERANCE = 1e-6
#: Spikes of a layer in one recording; more are a network that feeds itself without bound.
MAX_SPIKES = 2**20


@dataclass(frozen=True, eq=False)
class LayerRun:
    """What a layer did.

    Args:
        spikes: all of them.
        slope: V'(f⁻) of each spike in units of θ's per ms; 1 for a held one.
        margin: how far above θ the potential would have risen without the spike's reset, before the next event or
            until it falls; infinite where it is cut short by an event that lets it rise on.
        held: whether V passed θ in the refractory time: the spike comes at its end, and moves with the one before.
        near: peaks at most the tolerance below θ, in the layout of spikes.
        near_margin: V − θ at each of them, not above 0.
    """

    spikes: Spikes
    slope: FloatArray
    margin: FloatArray
    held: NDArray[np.uint8]
    near: Spikes
    near_margin: FloatArray


@dataclass(frozen=True, eq=False)
class Run:
    """What a network did.

    Args:
        network: which.
        inputs: its input spikes.
        layers: one after the other.
        tolerance: within which peaks are reported, in units of θ itself.
    """

    network: ForwardNetwork
    inputs: Spikes
    layers: tuple[LayerRun, ...]
    tolerance: float

    @property
    def spikes(self) -> tuple[Spikes, ...]:
        """Of each layer."""
        return tuple(layer.spikes for layer in self.layers)

    @property
    def output(self) -> Spikes:
        """Of the last layer."""
        return self.layers[-1].spikes


def simulate(
    network: ForwardNetwork,
    times: ArrayLike | Spikes,
    *,
    threads: int = 1,
    tolerance: float = TOLERANCE,
    max_spikes: int = MAX_SPIKES,
) -> Run:
    """All spikes of a batch of recordings; the same bits for any number of threads.

    An input at or after the horizon does nothing. A spike that falls together with an event is not caused by it: spikes
    of a layer come before input of the same time, and neurons of a layer that fire at one time do not act on each
    other; they are listed by number. In the refractory time V goes on; where it is at θ or above at the end, the neuron
    fires then. A peak that only touches θ is no spike.

    Args:
        network: which.
        times: the inputs' spikes, or one time per input in ms, shape (recordings, inputs), infinite for none.
        threads: recordings are shared among them.
        tolerance: peaks nearer than this share of θ below it are reported as near.
        max_spikes: of a layer in one recording.

    Raises:
        DataError: another number of inputs, a time that is NaN or before zero.
        NetworkError: more spikes than `max_spikes`.
        OptionError: a number of threads or a tolerance outside its range.
    """
    if not (threads >= 1 and max_spikes >= 1 and 0 <= tolerance < 1):
        problem = f"{threads} threads, at most {max_spikes} spikes, tolerance {tolerance}"
        raise OptionError("simulation", problem, "choose at least 1, 1, and from 0 up to below 1")
    inputs = times if isinstance(times, Spikes) else single_spikes(times)
    if inputs.neurons != network.sizes[0]:
        problem = f"come from {inputs.neurons} neurons, the network has {network.sizes[0]} inputs"
        raise DataError("input spikes", problem, "give one column per input")
    layers: list[LayerRun] = []
    before = inputs
    for index in range(len(network.weights)):
        layers.append(_layer(network, index, before, tolerance * network.threshold, (threads, max_spikes)))
        before = layers[-1].spikes
    return Run(network, inputs, tuple(layers), tolerance * network.threshold)


def recurrent_of(network: ForwardNetwork, layer: int) -> FloatArray:
    """A layer's recurrent weights; shape (0, 0) where it has none."""
    own = None if network.recurrent is None else network.recurrent[layer]
    return np.zeros((0, 0)) if own is None else own


def _layer(network: ForwardNetwork, index: int, before: Spikes, tolerance: float, limits: tuple[int, int]) -> LayerRun:
    weight = network.weights[index]
    try:
        spikes, near = _events.forward(
            before.start,
            before.neuron,
            before.time,
            np.ascontiguousarray(weight),
            np.ascontiguousarray(recurrent_of(network, index)),
            alpha=network.synapse_rate,
            beta=network.membrane_rate,
            theta=network.threshold,
            horizon=network.horizon_ms,
            refractory=network.refractory_ms,
            tolerance=tolerance,
            limit=limits[1],
            threads=limits[0],
        )
    except OverflowError as error:
        problem = f"fires more than {limits[1]} times in a recording"
        raise NetworkError(f"layer {index + 1}", problem, "choose smaller weights or a refractory time") from error
    start, neuron, time, slope, margin, held = spikes
    near_spikes = Spikes(near[0], near[1], near[2], weight.shape[1])
    return LayerRun(Spikes(start, neuron, time, weight.shape[1]), slope, margin, held, near_spikes, near[4])
