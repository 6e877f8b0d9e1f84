"""Faults planted in a network: one small mistake of each kind, at a random place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.emulator.cells import Input, Output
from neurodeploy.emulator.cells.arithmetic import decay
from neurodeploy.emulator.cells.cuba_lif import CubaLifCells
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Options, Simulation
from neurodeploy.network import Bias, ConvTranspose2d, CubaLif, Network, Population, Projection, Reset, Windowed
from neurodeploy.precision import VOLTAGE_LIMIT, IntArray, WeightFormat

Draw = np.random.Generator
Planter = Callable[[Network, Draw], "Network | None"]


@dataclass(frozen=True)
class SubtractingBackend:
    """The reference, except that a spike of one population takes its threshold from v instead of clearing it."""

    network: Network
    population: int

    def simulation(self) -> Simulation:
        simulation = Reference(self.network, Options())
        cells = simulation._cells[self.population]
        assert isinstance(cells, CubaLifCells)
        honest = cells.update

        def update(given: Input, profile: str) -> Output:
            left = decay(cells.v, cells.voltage_decay)
            output = honest(given, profile)
            voltage = np.clip(left + cells.u + given.bias, -VOLTAGE_LIMIT, VOLTAGE_LIMIT)
            cells.v[output.neurons] = (voltage - 64 * cells.threshold)[output.neurons]
            return output

        cells.update = update  # type: ignore[method-assign]
        return simulation


def turn_kernel(network: Network, draw: Draw) -> Network | None:
    """Both axes flipped, one of them, or a square kernel transposed."""
    place = _choose(draw, [i for i, p in enumerate(network.projections) if isinstance(p.synapse, Windowed)])
    if place is None:
        return None
    projection = network.projections[place]
    weight = projection.synapse.weight
    turns = [np.flip(weight, axes) for axes in ((-2, -1), (-2, -1), (-2,), (-1,))]
    if weight.shape[-1] == weight.shape[-2]:
        turns.append(np.swapaxes(weight, -1, -2))
    return _with_weight(network, place, turns[int(draw.integers(len(turns)))])


def change_weight(network: Network, draw: Draw) -> Network | None:
    """One stored weight one step up or down."""
    place = int(draw.integers(len(network.projections)))
    projection = network.projections[place]
    stored = projection.weight_format or WeightFormat()
    step = max(stored.step, 2 ** -min(projection.weight_exponent, 0))
    weight = np.array(projection.synapse.weight)
    at = np.unravel_index(int(draw.integers(weight.size)), weight.shape)
    weight[at] += step if draw.random() < 0.5 else -step
    return _with_weight(network, place, weight) if stored.holds(weight.astype(np.int64)) else None


def change_exponent(network: Network, draw: Draw) -> Network | None:
    """A projection scaled by a power of two; what a negative exponent would floor is no stored weight."""
    place = int(draw.integers(len(network.projections)))
    projection = network.projections[place]
    exponent = projection.weight_exponent + int(draw.choice([-2, -1, 1, 2]))
    if not -7 <= exponent <= 7 or np.any(projection.synapse.weight % 2 ** -min(exponent, 0)):
        return None
    return _with_projection(network, place, replace(projection, weight_exponent=exponent))


def change_decay(network: Network, draw: Draw) -> Network | None:
    """The current or the voltage decay."""
    name = str(draw.choice(["current_decay", "voltage_decay"]))
    return _change_neuron(network, draw, name, (1, 4096) if name == "current_decay" else (0, 4095))


def change_threshold(network: Network, draw: Draw) -> Network | None:
    """The threshold."""
    return _change_neuron(network, draw, "threshold_mantissa", CubaLif.RANGES["threshold_mantissa"])


def change_delay(network: Network, draw: Draw) -> Network | None:
    """The axonal delay of a population that drives others."""
    sources = sorted({network.index(p.source) for p in network.projections})
    place = sources[int(draw.integers(len(sources)))]
    population = network.populations[place]
    delay = _changed(draw, population.axonal_delay, population.neurons, 1, 6, (0, 62))
    return None if delay is None else _with_population(network, place, replace(population, axonal_delay=delay))


def change_bias(network: Network, draw: Draw) -> Network | None:
    """A bias added, lost, scaled, or changed by a constant in all neurons or in one."""
    place = _choose(draw, [i for i, p in enumerate(network.populations) if p.neuron])
    assert place is not None
    population = network.populations[place]
    neuron = population.neuron
    assert isinstance(neuron, CubaLif)
    small = max(1, int(np.median(neuron.threshold_mantissa)))
    added = int(draw.choice([-1, 1])) * min(int(draw.integers(1, small * 16 + 2)), 4095)
    old = population.bias
    choice = draw.random()
    if old is None:
        mantissa = np.zeros(population.neurons, np.int64)
        mantissa[_which(draw, population.neurons)] = added
        bias: Bias | None = Bias(mantissa)
    elif choice < 0.2:
        bias = None
    elif choice < 0.4:
        bias = Bias(old.mantissa, old.exponent + (1 if old.exponent < 7 else -1))
    else:
        mantissa = np.array(np.broadcast_to(old.mantissa, (*old.mantissa.shape[:-1], population.neurons)))
        mantissa[..., _which(draw, population.neurons)] += added
        bias = Bias(np.clip(mantissa, -4096, 4095), old.exponent)
    return _with_population(network, place, replace(population, bias=bias))


def change_reset(network: Network, draw: Draw) -> Network | None:
    """The refractory delay, or the periodic reset: added, lost, or at other steps."""
    if draw.random() < 0.6:
        return _change_neuron(network, draw, "refractory_delay", (1, 63), 1, 4)
    reset = network.reset
    if reset is None:
        return replace(network, reset=Reset(int(draw.integers(4, 20)), int(draw.integers(0, 10))))
    if draw.random() < 0.4:
        return replace(network, reset=None)
    return replace(network, reset=Reset(reset.interval + int(draw.integers(0, 3)), reset.offset + 1))


PLANTERS: dict[str, Planter] = {
    "kernel_orientation": turn_kernel,
    "decay": change_decay,
    "delay": change_delay,
    "weight": change_weight,
    "exponent": change_exponent,
    "threshold": change_threshold,
    "bias": change_bias,
    "reset": change_reset,
}


def _change_neuron(
    network: Network, draw: Draw, name: str, limits: tuple[int, int], least: int = 1, most: int | None = None
) -> Network | None:
    place = _choose(draw, [i for i, p in enumerate(network.populations) if p.neuron])
    assert place is not None
    population = network.populations[place]
    assert isinstance(population.neuron, CubaLif)
    old = getattr(population.neuron, name)
    size = most or max(2, int(np.median(old)) // int(draw.choice([1, 4, 64])))
    value = _changed(draw, old, population.neurons, least, size, limits)
    if value is None:
        return None
    changed = replace(population, neuron=replace(population.neuron, **{name: value}))
    return _with_population(network, place, changed)


def _changed(
    draw: Draw, old: int | IntArray, neurons: int, least: int, most: int, limits: tuple[int, int]
) -> int | IntArray | None:
    """The value moved by least … most up or down in all neurons or in one; None if that leaves the limits."""
    change = int(draw.choice([-1, 1])) * int(draw.integers(least, most + 1))
    value = np.array(np.broadcast_to(np.asarray(old, np.int64), (neurons,)))
    value[_which(draw, neurons)] += change
    if value.min() < limits[0] or value.max() > limits[1]:
        return None
    return int(value[0]) if np.all(value == value[0]) else value


def _which(draw: Draw, neurons: int) -> slice:
    """All neurons, or one."""
    one = int(draw.integers(neurons))
    return slice(None) if draw.random() < 0.6 else slice(one, one + 1)


def _choose(draw: Draw, places: list[int]) -> int | None:
    return places[int(draw.integers(len(places)))] if places else None


def _with_weight(network: Network, place: int, weight: object) -> Network:
    projection = network.projections[place]
    # an unpooling has one kernel for all channels, so what differs is none
    learned = {"learned": True} if isinstance(projection.synapse, ConvTranspose2d) else {}
    synapse = replace(projection.synapse, weight=weight, **learned)  # type: ignore[arg-type]
    return _with_projection(network, place, replace(projection, synapse=synapse))


def _with_projection(network: Network, place: int, projection: Projection) -> Network:
    projections = list(network.projections)
    projections[place] = projection
    return replace(network, projections=tuple(projections))


def _with_population(network: Network, place: int, population: Population) -> Network:
    populations = list(network.populations)
    populations[place] = population
    return replace(network, populations=tuple(populations))
