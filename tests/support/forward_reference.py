"""Networks in continuous time once more, slowly, from the sums of eq. (5) alone: nothing is shared with the C code."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from neurodeploy.models.forward_prop.network import ForwardNetwork

Spike = tuple[float, int]


def reference(network: ForwardNetwork, inputs: list[Spike]) -> list[list[Spike]]:
    """Spikes (time, neuron) of each layer for one recording's input spikes."""
    layers = []
    for index in range(len(network.weights)):
        inputs = _layer(network, index, sorted(inputs))
        layers.append(inputs)
    return layers


def potential(network: ForwardNetwork, layer: int, i: int, inputs: list[Spike], own: list[Spike], t: float) -> float:
    """V_i(t), eq. (5); spikes at t itself have no effect yet."""
    weight = network.weights[layer]
    recurrent = None if network.recurrent is None else network.recurrent[layer]
    value = sum(weight[j, i] * _kernel(network, t - g) for g, j in inputs if g < t)
    if recurrent is not None:
        value += sum(recurrent[j, i] * _kernel(network, t - g) for g, j in own if g < t)
    return float(value) - sum(
        network.threshold * math.exp(-network.membrane_rate * (t - g)) for g, j in own if j == i and g < t
    )


def _kernel(network: ForwardNetwork, s: float) -> float:
    alpha, beta = network.synapse_rate, network.membrane_rate
    if alpha == beta:
        return s * math.exp(-alpha * s)
    return math.exp(-beta * s) * math.expm1((beta - alpha) * s) / (beta - alpha)


def _layer(network: ForwardNetwork, layer: int, inputs: list[Spike]) -> list[Spike]:
    """From stop to stop, a stop being an input spike, a spike of the layer, or the end of a refractory time."""
    own: list[Spike] = []
    free = [0.0] * network.weights[layer].shape[1]
    now = 0.0
    while now < network.horizon_ms:
        stops = [g for g, _ in inputs if g > now] + [t for t in free if t > now]
        end = min([*stops, network.horizon_ms])
        found = []
        for i, release in enumerate(free):
            if release <= now:
                when = _crossing(partial(potential, network, layer, i, inputs, own), now, end, network.threshold)
                if when is not None and when < network.horizon_ms:
                    found.append((when, i))
            elif release == end and potential(network, layer, i, inputs, own, end) >= network.threshold:
                found.append((end, i))
        if not found:
            now = end
            continue
        now = min(found)[0]
        for _, i in sorted(spike for spike in found if spike[0] == now):
            own.append((now, i))
            free[i] = now + network.refractory_ms
    return own


def _crossing(v: Callable[[float], float], low: float, high: float, threshold: float) -> float | None:
    """First time in (low, high] at which v reaches the threshold from below; v has one extremum there at most."""
    grid = np.linspace(low, high, 40)[1:]
    values = [v(t) for t in grid]
    best = int(np.argmax(values))
    left, right = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    left = low if best == 0 else left
    for _ in range(60):  # the top, by thirds
        a, b = left + (right - left) / 3, right - (right - left) / 3
        left, right = (a, right) if v(a) < v(b) else (left, b)
    top = max([grid[best], (left + right) / 2], key=v)
    if not v(top) > threshold:
        return None
    below = low
    for _ in range(200):
        middle = (below + top) / 2
        if not below < middle < top:
            break
        below, top = (below, middle) if v(middle) >= threshold else (middle, top)
    return float(top)
