"""The whole Jacobian of firing times by weights, forward in time, and who caused which spike.

Source: Lee, Haghighatshoar, Karbasi (2023), §4.1, eq. (9, 10), Algorithm 2. For training use `gradient`, which gives
the same product with a loss's derivative in less time and memory; this is the paper's way, from the equations alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import DataError
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.simulate import Run, recurrent_of
from neurodeploy.models.forward_prop.spikes import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Jacobian:
    """The triangular system of one recording, spikes ordered by layer, then time.

    Args:
        triangle: L = ∂Φ/∂F, shape (F, F), lower triangular, positive on the diagonal.
        by_weights: ∂F/∂W, shape (F, weights): all layers' weights, each row by row, then all recurrent ones.
    """

    triangle: FloatArray
    by_weights: FloatArray


@dataclass(frozen=True, eq=False)
class Causes:
    """What a spike's potential is made of.

    Args:
        before: indices of earlier spikes of the layer before (or of the inputs), in its list of all recordings.
        own: indices of earlier spikes of the same layer: the neuron's own, which reset it, and in a
        recurrent layer all.
    """

    before: IntArray
    own: IntArray


def causes(run: Run, layer: int, recording: int) -> list[Causes]:
    """The causality graph: for each spike of a layer, those that precede it and act on it. A spike at the very
    same time is none of them.

    A held spike comes a refractory time after its neuron's last; that one alone is its cause.
    """
    spikes = run.layers[layer].spikes
    before = run.inputs if layer == 0 else run.layers[layer - 1].spikes
    neuron, time = spikes.of(recording)
    heard = before.of(recording)[1]
    everyone = recurrent_of(run.network, layer).size > 0
    first, first_before = int(spikes.start[recording]), int(before.start[recording])
    found = []
    for k in range(len(time)):
        mine = np.flatnonzero((time < time[k]) & (neuron == neuron[k]))
        if run.layers[layer].held[first + k]:
            found.append(Causes(np.zeros(0, np.int64), first + mine[-1:]))
            continue
        own = np.flatnonzero(time < time[k]) if everyone else mine
        found.append(Causes(first_before + np.flatnonzero(heard < time[k]), first + own))
    return found


def kernel(network: ForwardNetwork, s: FloatArray) -> FloatArray:
    """h(s) = (e^(−αs) − e^(−βs)) / (β − α), eq. (2), or s e^(−βs) where the rates are equal; s from 0 on."""
    delta = network.membrane_rate - network.synapse_rate
    grown = s if delta == 0 else np.expm1(delta * s) / delta
    return np.asarray(np.exp(-network.membrane_rate * s) * grown)


def kernel_slope(network: ForwardNetwork, s: FloatArray) -> FloatArray:
    """h'(s) = e^(−βs) − α h(s)."""
    return np.asarray(np.exp(-network.membrane_rate * s) - network.synapse_rate * kernel(network, s))


def jacobian(run: Run, recording: int) -> Jacobian:
    """Of one recording, by forward substitution, row by row.

    Raises:
        DataError: no such recording.
    """
    if not 0 <= recording < len(run.inputs):
        raise DataError("recording", f"{recording} is outside 0 … {len(run.inputs) - 1}", "choose one of the run")
    network = run.network
    sizes = [weight.size for weight in network.weights]
    sizes += [recurrent_of(network, k).size for k in range(len(run.layers))]
    counts = [len(layer.spikes.of(recording)[1]) for layer in run.layers]
    total = sum(counts)
    triangle, by_weights = np.zeros((total, total)), np.zeros((total, sum(sizes)))
    for k, (row, partial) in enumerate(_rows(run, recording, counts, np.concatenate([[0], np.cumsum(sizes)]))):
        triangle[k] = row
        by_weights[k] = -(partial + row[:k] @ by_weights[:k]) / row[k]
    return Jacobian(triangle, by_weights)


def _rows(run: Run, recording: int, counts: list[int], offset: IntArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """∂Φ_f/∂F and ∂Φ_f/∂W of every spike."""
    network, place = run.network, np.concatenate([[0], np.cumsum(counts)])
    for index, layer in enumerate(run.layers):
        before = run.inputs if index == 0 else run.layers[index - 1].spikes
        weight, own = network.weights[index], recurrent_of(network, index)
        first, first_before = int(layer.spikes.start[recording]), int(before.start[recording])
        for k, cause in enumerate(causes(run, index, recording)):
            f, i = layer.spikes.time[first + k], int(layer.spikes.neuron[first + k])
            row, partial = np.zeros(place[-1]), np.zeros(offset[-1])
            here = place[index] + cause.own - first
            row[place[index] + k] = layer.slope[first + k]
            if layer.held[first + k]:
                row[here] = -1.0
                yield row, partial
                continue
            j, s = before.neuron[cause.before], f - before.time[cause.before]
            np.add.at(partial, offset[index] + j * weight.shape[1] + i, kernel(network, s))
            if index:
                row[place[index - 1] + cause.before - first_before] = -weight[j, i] * kernel_slope(network, s)
            j, s = layer.spikes.neuron[cause.own], f - layer.spikes.time[cause.own]
            reset = network.threshold * network.membrane_rate * np.exp(-network.membrane_rate * s)
            row[here] -= np.where(j == i, reset, 0.0)
            if own.size:
                np.add.at(partial, offset[len(run.layers) + index] + j * own.shape[1] + i, kernel(network, s))
                row[here] -= own[j, i] * kernel_slope(network, s)
            yield row, partial
