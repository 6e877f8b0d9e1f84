"""How many cores nengo-loihi 1.1's splitting takes, written from its published rule.

One population per core. A population is cut into n equal chunks in its own order (channels last, as there), n the
largest of what its neurons, input axons, output axons and synapse bits demand of whole cores. Its source says that
equal chunks may still exceed a limit; here n is raised until none does. Weights are 8 bits and a sign bit in the
index-free (dense) or indexed (sparse) form, whichever is smaller; lists that are equal are stored once in a core, as
it credits convolutions. It knows no delays: where a network has some, their field is counted, and a core addresses as
few compartments as the chip does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Network, connections

Ints = NDArray[np.int64]

COMPARTMENTS, INPUTS, OUTPUTS, BITS = 1024, 4096, 4096, 1 << 20
LIST, PREFIX, WORD, WEIGHT = 64, 10, 64, 8


@dataclass(frozen=True, eq=False)
class Synapses:
    """The synapses of a projection that are not zero, ordered by source, then target.

    Attributes:
        origin: position of the source population.
        source, target, weight: of each synapse.
        delay_bits: of each source neuron.
    """

    origin: int
    source: Ints
    target: Ints
    weight: Ints
    delay_bits: Ints


def nengo_cores(network: Network) -> int:
    """Cores of all populations but the input."""
    projections = [_synapses(network, j) for j in range(len(network.projections))]
    targets = [network.index(p.target) for p in network.projections]
    sizes = [p.neurons for p in network.populations]
    chunks = [1] * len(sizes)
    while True:  # output slots are known once the targets are cut
        before = list(chunks)
        for population in range(len(sizes) - 1, 0, -1):
            into = [s for s, t in zip(projections, targets, strict=True) if t == population]
            slots = np.zeros(sizes[population], np.int64)
            for synapses, t in zip(projections, targets, strict=True):
                if synapses.origin == population:
                    pairs = synapses.source * chunks[t] + _chunk(synapses.target, sizes[t], chunks[t])
                    slots += np.bincount(np.unique(pairs) // chunks[t], minlength=sizes[population])
            slots = slots[np.argsort(_channels_last(network.populations[population].shape or ()))]
            chunks[population] = _chunks(sizes[population], into, slots, chunks[population])
        forward = all(s.origin < t for s, t in zip(projections, targets, strict=True))
        if forward or chunks == before:
            return sum(chunks[1:])


def _synapses(network: Network, index: int) -> Synapses:
    projection = network.projections[index]
    origin = network.population(projection.source)
    joined = connections(projection.synapse, origin.shape or ())
    used = np.flatnonzero(joined.weight)
    reached = network.population(projection.target)
    source, target = joined.source[used].astype(np.int64), _channels_last(reached.shape or ())[joined.target[used]]
    order = np.argsort(source * reached.neurons + target, kind="stable")
    delay = origin.delays()
    bits = np.where(delay > 0, np.maximum(np.frexp(delay + 1)[1], 3), 0)  # 3 … 6
    weight = joined.weight[used][order].astype(np.int64)
    return Synapses(network.index(projection.source), source[order], target[order], weight, bits.astype(np.int64))


def _channels_last(shape: tuple[int, ...]) -> Ints:
    """The place of each neuron."""
    numbers = np.arange(int(np.prod(shape)))
    if len(shape) != 3:
        return numbers
    return np.argsort(numbers.reshape(shape).transpose(1, 2, 0).reshape(-1))


def _chunk(neuron: Ints, neurons: int, chunks: int) -> Ints:
    """The chunk of each neuron: ceil(neurons / chunks) neurons each, in order."""
    result: Ints = neuron // ceil(neurons / chunks)
    return result


def _chunks(neurons: int, into: list[Synapses], slots: Ints, least: int) -> int:
    """The smallest number of equal chunks, from `least` on, in which no limit is exceeded."""
    delay = max((int(s.delay_bits[s.source].max(initial=0)) for s in into), default=0)
    number = max(least, ceil(neurons / min(COMPARTMENTS, 1 << (13 - delay))))
    while number < neurons:
        loads = [
            (sum(_axons(s, neurons, number) for s in into), INPUTS),
            (sum(_memory(s, neurons, number) for s in into), BITS),
            (np.bincount(_chunk(np.arange(neurons), neurons, number), weights=slots), OUTPUTS),
        ]
        if all(np.max(load) <= limit for load, limit in loads):
            return number
        # more chunks take no less in total
        number = max(number + 1, *(ceil(float(np.sum(load)) / limit) for load, limit in loads))
    return neurons


def _axons(synapses: Synapses, neurons: int, chunks: int) -> NDArray[Any]:
    """Input axons of each chunk."""
    chunk = _chunk(synapses.target, neurons, chunks)
    begin = _begins(synapses, chunk)
    return np.bincount(chunk[begin], minlength=chunks)


def _memory(synapses: Synapses, neurons: int, chunks: int) -> NDArray[Any]:
    """Synapse bits of each chunk; dense lists reach from the first to the last target."""
    chunk = _chunk(synapses.target, neurons, chunks)
    begin = _begins(synapses, chunk)
    if not len(begin):
        return np.zeros(chunks)
    lengths = np.diff(np.append(begin, len(chunk)))
    place = synapses.target - np.repeat(synapses.target[begin], lengths)
    width = WEIGHT + synapses.delay_bits[synapses.source[begin]]
    end = begin + lengths - 1
    content = np.add.reduceat(_mixed(place * 1_000_003 + synapses.weight), begin)
    _, distinct = np.unique(_mixed(content + _mixed(width * 4096 + chunk[begin])), return_index=True)
    index = max((ceil(neurons / chunks) - 1).bit_length(), 6)
    dense = _bits((place[end] + 1)[distinct], width[distinct])
    sparse = _bits(lengths[distinct], width[distinct] + index)
    return np.bincount(chunk[begin][distinct], weights=min(dense, sparse, key=np.sum), minlength=chunks)


def _begins(synapses: Synapses, chunk: Ints) -> Ints:
    """Where the lists begin: a source's synapses are sorted by target, so those of a chunk are neighbours."""
    new = (np.diff(synapses.source, prepend=-1) != 0) | (np.diff(chunk, prepend=-1) != 0)
    return np.flatnonzero(new)


def _mixed(value: Ints) -> Ints:
    """Numbers of which no sum of some equals a sum of others, as good as surely (splitmix64)."""
    z = value.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))).view(np.int64)


def _bits(synapses: Ints, width: Ints) -> Ints:
    """Lists of at most 64 synapses, each in whole words."""
    full, rest = np.divmod(synapses, LIST)
    words = full * -(-(LIST * width + PREFIX) // WORD) + np.where(rest > 0, -(-(rest * width + PREFIX) // WORD), 0)
    result: Ints = words * WORD
    return result
