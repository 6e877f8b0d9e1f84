"""Spikes sent through the compiled tables, against the network evaluated directly: the sums must be equal."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from neurodeploy.compiler.checker import tables
from neurodeploy.compiler.checker.layout import Layout
from neurodeploy.compiler.checker.violation import Violation
from neurodeploy.compiler.program import Program
from neurodeploy.network import Conv2d, ConvTranspose2d, Dense, Network, OneToOne, Projection, SumPool2d
from neurodeploy.precision import IntArray

#: Activities are drawn from −MAX … MAX; signed and many-valued, so that exchanged synapses do not cancel.
MAX_ACTIVITY = 1000
#: Sums are kept in units of 2^−1: weight · 2^(6 + e) is a half for e = −7.
HALF_BITS = 7


def replay(program: Program, seed: int, trials: int) -> Violation | None:
    """Send random source activity s along routes, axons and entries, and compare the sums Σ weight · s · 2^(6 + e)
    that reach each neuron with the network's own synapses.

    Args:
        program: a program that `check` accepts.
        seed: of the random activity.
        trials: number of random activities.

    Returns:
        None if every sum is equal, else the first difference.
    """
    for violation in tables.faults(program):
        return violation
    layout, random = Layout(program), np.random.default_rng(seed)
    network = program.network
    for _ in range(trials):
        activity = [
            random.integers(-MAX_ACTIVITY, MAX_ACTIVITY + 1, network.population(p.source).neurons)
            for p in network.projections
        ]
        arrived = _through_tables(layout, activity)
        if isinstance(arrived, Violation):
            return arrived
        expected = _directly(network, activity)
        for part, neuron in np.argwhere(arrived != expected)[:1].tolist():
            return _difference(layout, neuron, int(arrived[part, neuron]), int(expected[part, neuron]))
    return None


def _through_tables(layout: Layout, activity: list[IntArray]) -> IntArray | Violation:
    """Real and imaginary sum that reach each neuron of the network over the compiled tables, (2, neurons)."""
    axons, cores = layout.program.axons, layout.program.cores
    heard = np.zeros(len(layout.core_of_axon), np.int64)
    for number, values in enumerate(activity):
        mine = np.asarray(axons.projection)[layout.axon_of_route] == number
        sender = layout.neuron_of_route[mine] - layout.first[layout.source[number]]
        if np.any((sender < 0) | (sender >= len(values))):
            name = layout.program.network.projections[number].name
            return Violation(None, "replay", 1, 0, f"a neuron of another population sends along {name}")
        np.add.at(heard, layout.axon_of_route[mine], values[sender])
    entry = np.repeat(np.arange(len(layout.synapses)), layout.synapses)
    axon = layout.axon_of_entry[entry]
    within = np.arange(len(entry)) - np.asarray(axons.weight_start, np.int64)[entry]
    first = np.asarray(cores.compartment_start, np.int64)[layout.core_of_axon[axon]]
    neuron = layout.neuron_of_compartment[first + axons.compartment[entry] + within]
    scale = np.left_shift(1, np.clip(layout.formats[:, 2] + HALF_BITS, 0, 2 * HALF_BITS))
    total = np.zeros((2, int(layout.first[-1])), np.int64)
    imaginary = np.array([p.imaginary for p in layout.program.network.projections], np.int64)
    part = imaginary[np.asarray(axons.projection)[axon]]
    np.add.at(total, (part, neuron), np.asarray(axons.weight, np.int64) * (heard * scale)[axon])
    return total


def _directly(network: Network, activity: list[IntArray]) -> IntArray:
    """The same sums from the network's own synapses, (2, neurons)."""
    totals = {p.name: np.zeros((2, p.neurons), np.int64) for p in network.populations}
    for projection, values in zip(network.projections, activity, strict=True):
        sums = _evaluate(projection, values.reshape(network.population(projection.source).shape or (-1,)))
        total = totals[projection.target][int(projection.imaginary)]
        total += sums.reshape(-1) << (projection.weight_exponent + HALF_BITS)
    return np.concatenate(list(totals.values()), axis=1)


def _evaluate(projection: Projection, activity: IntArray) -> IntArray:
    """Σ weight · s of a projection by its definition; `activity` has the shape of the source."""
    synapse = projection.synapse
    weight = synapse.weight.astype(np.int64)
    if isinstance(synapse, Dense):
        return weight @ activity.reshape(-1)
    if isinstance(synapse, OneToOne):
        return weight * activity.reshape(-1)
    if isinstance(synapse, Conv2d):
        (top, left), dilation = synapse.padding, synapse.dilation
        windows = _windows(activity, (top, top, left, left), synapse.stride, dilation, weight.shape[2:])
        groups = windows.reshape(synapse.groups, -1, *windows.shape[1:])
        kernels = weight.reshape(synapse.groups, -1, *weight.shape[1:])
        sums: IntArray = np.einsum("giyxab,goiab->goyx", groups, kernels, optimize=True)
        return sums
    if isinstance(synapse, ConvTranspose2d):
        return _spread_out(synapse, weight, activity)
    if isinstance(synapse, SumPool2d):
        windows = _windows(activity, synapse.padding, synapse.stride, (1, 1), weight.shape)
        pooled: IntArray = np.einsum("cyxab,ab->cyx", windows, weight)
        return pooled
    total = np.zeros(synapse.targets, np.int64)
    np.add.at(total, synapse.target, weight * activity.reshape(-1)[synapse.source])
    return total


def _spread_out(synapse: ConvTranspose2d, weight: IntArray, activity: IntArray) -> IntArray:
    """Every pixel times the kernel, laid down `stride` apart on a plane whose borders are then cut off."""
    inputs = activity.reshape(synapse.groups, -1, *activity.shape[1:])
    kernels = weight.reshape(synapse.groups, -1, *weight.shape[1:])
    (height, width), (down, right) = activity.shape[1:], synapse.stride
    top, left = synapse.padding
    _, rows, columns = synapse.output_shape(activity.shape)
    plane = np.zeros((synapse.groups, kernels.shape[2], rows + 2 * top, columns + 2 * left), np.int64)
    for tap_y, tap_x in np.ndindex(weight.shape[2:]):
        y, x = tap_y * synapse.dilation[0], tap_x * synapse.dilation[1]
        here = plane[:, :, y : y + (height - 1) * down + 1 : down, x : x + (width - 1) * right + 1 : right]
        here += np.einsum("giyx,gio->goyx", inputs, kernels[..., tap_y, tap_x], optimize=True)
    return plane[:, :, top : top + rows, left : left + columns]


def _windows(
    planes: IntArray,
    padding: tuple[int, int, int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    kernel: tuple[int, ...],
) -> IntArray:
    """The zero-padded window behind every output pixel, (channels, rows, columns, kernel height, kernel width)."""
    top, bottom, left, right = padding
    padded = np.pad(planes, ((0, 0), (top, bottom), (left, right)))
    spans = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    windows = sliding_window_view(padded, spans, axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def _difference(layout: Layout, neuron: int, arrived: int, expected: int) -> Violation:
    population = int(layout.population_of_neuron[neuron])
    name = layout.program.network.populations[population].name
    local = neuron - int(layout.first[population])
    core = int(layout.core_of_neuron[neuron])
    detail = f"{name} neuron {local} receives {arrived / 2:g} instead of {expected / 2:g}"
    return Violation(None if core < 0 else core, "replay", arrived, expected, detail)
