"""A network in NIR's words: nodes and edges as plain arrays, from which files are written and compared.

Forward Euler with unit gains: τ = 4096 · dt / decay (seconds), w_in = τ_syn / dt, r = τ_mem / dt, so that a step adds
weights to u and u to v as they are. One unit of weight is 1.0; a threshold mantissa of m is v_threshold m.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.nir.linear_nodes import MAX_NEURONS
from neurodeploy.network import (
    Conv2d,
    CubaLif,
    Network,
    OneToOne,
    Population,
    Projection,
    Shape,
    SumPool2d,
    connections,
    synapse_count,
)
from neurodeploy.precision import DECAY_ONE

Fields = dict[str, NDArray[np.generic]]
#: τ / dt of a decay of 0: a power of two, so that the gain τ / dt · dt / τ is 1, and so long that it rounds to 0.
NO_DECAY = 2.0**40
_INSTEAD = "write a .ndn"
#: Entries of a matrix that stands for listed synapses.
MAX_MATRIX = 2**24


@dataclass(frozen=True, eq=False)
class Description:
    """A graph to be written.

    Args:
        nodes: by name: type and fields.
        edges: pairs of names.
        weights: the node that holds the weights of each projection; None where its weights were rearranged.
    """

    nodes: Mapping[str, tuple[str, Fields]]
    edges: tuple[tuple[str, str], ...]
    weights: tuple[str | None, ...]


def description(network: Network) -> Description:
    """The graph of a network.

    Raises:
        FormatError: what NIR has no words for: input neurons, other models than CUBA LIF, a bias per step; or more
            than 2^22 neurons.
    """
    _check(network)
    shapes = _shapes(network)
    taken = {p.name for p in network.populations}
    nodes: dict[str, tuple[str, Fields]] = {}
    edges: list[tuple[str, str]] = []
    leaving: dict[str, str] = {}

    def add(name: str, kind: str, fields: Fields, source: str | None) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        nodes[name] = (kind, fields)
        if source is not None:
            edges.append((source, name))
        return name

    for population in network.populations:
        shape = shapes[population.name]
        nodes[population.name] = _neuron(population, shape, network.timestep_ms / 1000)
        leaving[population.name] = population.name
        if np.any(population.delays()):
            delay = population.delays().reshape(shape) * (network.timestep_ms / 1000)
            leaving[population.name] = add(f"{population.name}_delay", "Delay", {"delay": delay}, population.name)
    weights: list[str | None] = []
    for i, projection in enumerate(network.projections):
        source, held = leaving[projection.source], None
        for kind, fields in _ways(projection, network, shapes):
            source = add(f"{projection.target}_{kind.lower()}{i}", kind, fields, source)
            held = source if kind in ("Linear", "Conv2d") else held
        edges.append((source, projection.target))
        kept = isinstance(projection.synapse, Conv2d) == (held is not None and nodes[held][0] == "Conv2d")
        weights.append(held if held and kept and _same_weights(projection, nodes[held][1]["weight"]) else None)
    output = network.output.name
    add("output", "Output", {"shape": np.asarray(shapes[output])}, leaving[output])
    return Description(nodes, tuple(edges), tuple(weights))


def _check(network: Network) -> None:
    first = network.input
    if first.neuron is not None:
        raise FormatError(first.name, "has neurons of its own, which NIR cannot say", _INSTEAD)
    if sum(p.neurons for p in network.populations) > MAX_NEURONS:
        raise FormatError("network", f"has more than {MAX_NEURONS:,} neurons", "split it, or write a .ndn")
    for population in network.populations:
        if not isinstance(population.neuron, CubaLif | None):
            raise FormatError(population.name, f"has {population.neuron.NAME} neurons, which NIR cannot say", _INSTEAD)
        if population.bias is not None and population.bias.mantissa.ndim == 2:
            raise FormatError(population.name, "has a bias per step, which NIR cannot say", _INSTEAD)


def _neuron(population: Population, shape: Shape, step: float) -> tuple[str, Fields]:
    """A population's own node."""
    if population.neuron is None:
        return "Input", {"shape": np.asarray(shape)}
    neuron = population.neuron
    assert isinstance(neuron, CubaLif)

    def full(values: object) -> NDArray[np.float64]:
        return np.broadcast_to(np.asarray(values, np.float64), (population.neurons,)).reshape(shape).copy()

    current, voltage = full(neuron.current_decay), full(neuron.voltage_decay)
    fires: Fields = {"v_threshold": full(neuron.threshold_mantissa), "v_reset": full(0)}
    unfiltered = bool(np.all(current == DECAY_ONE))
    if unfiltered and not voltage.any() and population.bias is None:
        return "IF", {"r": full(1), **fires}
    r = _steps(voltage)
    bias = full(population.bias.value(0) if population.bias else 0)
    fires = {"r": r, "v_leak": bias / 64 * r, **fires}
    if unfiltered:
        return "LIF", {"tau": r * step, **fires}
    w_in = _steps(current)
    return "CubaLIF", {"tau_mem": r * step, "tau_syn": w_in * step, "w_in": w_in, **fires}


def _steps(decay: NDArray[np.float64]) -> NDArray[np.float64]:
    """τ / dt of decays."""
    return np.where(decay > 0, DECAY_ONE / np.maximum(decay, 1), NO_DECAY)


def _shapes(network: Network) -> dict[str, Shape]:
    """Shapes in the file. NIR cannot fold a line into planes: where that would happen, what follows is a line too."""
    shapes = {p.name: p.shape or () for p in network.populations}
    changed = True
    while changed:
        changed = False
        for projection in network.projections:
            if len(shapes[projection.target]) == 3 and not _gives_planes(projection, shapes):
                shapes[projection.target] = (prod(shapes[projection.target]),)
                changed = True
    return shapes


def _gives_planes(projection: Projection, shapes: Mapping[str, Shape]) -> bool:
    return len(shapes[projection.source]) == 3 and isinstance(projection.synapse, Conv2d | SumPool2d | OneToOne)


def _ways(projection: Projection, network: Network, shapes: Mapping[str, Shape]) -> list[tuple[str, Fields]]:
    """The nodes between a source and its target."""
    source, target = shapes[projection.source], shapes[projection.target]
    own = network.population(projection.source).shape or ()
    synapse = projection.synapse
    scale = 2.0**projection.weight_exponent
    nodes: list[tuple[str, Fields]] = []
    if isinstance(synapse, OneToOne):
        nodes.append(("Scale", _scale(synapse, source, scale)))
    elif isinstance(synapse, Conv2d) and len(source) == 3:
        nodes.append(("Conv2d", _conv(synapse, source, scale)))
    elif isinstance(synapse, SumPool2d) and len(source) == 3:
        nodes += _pool(synapse, source, synapse.output_shape(source), scale)
    else:
        nodes += [_flatten(source)] if len(source) == 3 else []
        nodes.append(("Linear", {"weight": _matrix(projection, own) * scale}))
        return nodes
    given = synapse.output_shape(source)
    return [*nodes, _flatten(given)] if len(given) == 3 and len(target) == 1 else nodes


def _scale(synapse: OneToOne, shape: Shape, scale: float) -> Fields:
    return {"scale": np.broadcast_to(synapse.weight * scale, (prod(shape),)).reshape(shape).copy()}


def _flatten(shape: Shape) -> tuple[str, Fields]:
    return "Flatten", {"start_dim": np.asarray(0), "end_dim": np.asarray(-1), "input_type": np.asarray(shape)}


def _conv(conv: Conv2d, source: Shape, scale: float) -> Fields:
    return {
        "input_shape": np.asarray(source[1:]),
        "weight": conv.weight * scale,
        "stride": np.asarray(conv.stride),
        "padding": np.asarray(conv.padding),
        "dilation": np.asarray(conv.dilation),
        "groups": np.asarray(conv.groups),
        "bias": np.zeros(conv.weight.shape[0]),
    }


def _pool(pool: SumPool2d, source: Shape, given: Shape, scale: float) -> list[tuple[str, Fields]]:
    """A sum pool and a scale where the kernel is uniform and the padding even, else a convolution per channel."""
    top, bottom, left, right = pool.padding
    weight = np.asarray(pool.weight * scale, np.float64)
    if np.all(weight == weight[0, 0]) and top == bottom and left == right and 2 * top <= weight.shape[0]:
        fields: Fields = {
            "kernel_size": np.asarray(weight.shape),
            "stride": np.asarray(pool.stride),
            "padding": np.asarray([top, left]),
        }
        return [("SumPool2d", fields), ("Scale", {"scale": np.full(given, weight[0, 0])})]
    # Zero taps make the padding even: rows in front of the kernel take back what is padded too much there.
    even = (max(top, bottom), max(left, right))
    weight = np.pad(weight, ((even[0] - top, even[0] - bottom), (even[1] - left, even[1] - right)))
    kernel = np.broadcast_to(weight, (source[0], 1, *weight.shape)).copy()
    return [("Conv2d", _conv(Conv2d(kernel, pool.stride, even, (1, 1), source[0]), source, 1.0))]


def _matrix(projection: Projection, source: Shape) -> NDArray[np.float64]:
    """The weights as (targets, sources)."""
    synapse = projection.synapse
    shape = (prod(synapse.output_shape(source)), prod(source))
    if max(prod(shape), synapse_count(synapse, source)) > MAX_MATRIX and synapse_count(synapse, source) != prod(shape):
        raise FormatError(projection.name, f"would be a matrix of {shape[0]} x {shape[1]} weights in NIR", _INSTEAD)
    listed = connections(synapse, source)
    matrix = np.zeros(shape)
    matrix[listed.target, listed.source] = listed.weight
    return matrix


def _same_weights(projection: Projection, written: NDArray[np.generic]) -> bool:
    """Whether a node's weights give the projection's back."""
    weight = projection.synapse.weight
    back = np.ldexp(np.asarray(written, np.float64), -projection.weight_exponent)
    return weight.shape == back.shape and bool(np.array_equal(weight.astype(np.float64), back))
