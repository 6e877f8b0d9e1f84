"""A network in continuous time in steps, in float64: what the time step alone costs, before anything is rounded."""

from __future__ import annotations

import numpy as np

from neurodeploy.models.forward_prop.kernel import kernel, step_kernel
from neurodeploy.models.forward_prop.network import FloatArray, ForwardNetwork
from neurodeploy.models.forward_prop.simulate import recurrent_of
from neurodeploy.models.forward_prop.spikes import Spikes
from neurodeploy.models.forward_prop.stepped import refractory_delay, steps_of

#: Numbers of a layer's state that are stepped side by side.
_VALUES = 2**20


def first_steps(network: ForwardNetwork, inputs: Spikes, timestep_ms: float) -> FloatArray:
    """The step of every output's first spike, shape (recordings, outputs); NaN where it stays silent.

    The same neurons, order of update and times as `stepped` gives a chip, with decays and weights as they are.

    Args:
        network: in continuous time.
        inputs: its input spikes.
        timestep_ms: length of a step.

    Raises:
        OptionError, NetworkError: what `step_kernel` and `refractory_delay` raise.
    """
    step_kernel(network, timestep_ms)
    together = max(_VALUES // max(network.sizes), 1)
    parts = [
        _stretch(network, inputs, (low, min(low + together, len(inputs))), timestep_ms)
        for low in range(0, len(inputs), together)
    ]
    return np.concatenate([np.zeros((0, network.sizes[-1])), *parts])


def _stretch(network: ForwardNetwork, inputs: Spikes, part: tuple[int, int], timestep_ms: float) -> FloatArray:
    """The same for recordings part[0] … part[1] − 1."""
    count, depth = part[1] - part[0], len(network.weights)
    a, b = np.exp(-network.synapse_rate * timestep_ms), np.exp(-network.membrane_rate * timestep_ms)
    factor = float(kernel(network, np.array([timestep_ms]))[0])  # h(dt), where v after one step is 1
    steps, hold = steps_of(network, timestep_ms), refractory_delay(network, timestep_ms)
    chosen = slice(inputs.start[part[0]], inputs.start[part[1]])
    row, column = inputs.recording[chosen] - part[0], inputs.neuron[chosen]
    arrival = np.rint(inputs.time[chosen] / timestep_ms).astype(np.int64)
    state = [np.zeros((3, count, size)) for size in network.sizes[1:]]  # u, v and what is left of the refractory time
    fired = [np.zeros((count, size)) for size in network.sizes[1:]]
    first = np.full((count, network.sizes[-1]), np.nan)
    for step in range(steps):
        delivered = np.zeros((count, network.sizes[0]))
        now = arrival == step
        delivered[row[now], column[now]] = 1
        before = [delivered, *fired[:-1]]
        for k in range(depth):
            own = recurrent_of(network, k)
            current = before[k] @ network.weights[k] + (fired[k] @ own if own.size else 0)
            u, v, r = state[k]
            u[:] = a * u + factor * current
            v[:] = b * v + u
            r[:] = np.maximum(r - 1, 0)
            v[r > 0] = 0
            fires = v > network.threshold
            v[fires], r[fires] = 0, hold
            fired[k] = fires.astype(np.float64)
        first[np.isnan(first) & (fired[-1] > 0)] = step
    return first
