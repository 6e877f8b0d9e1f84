"""The C core against the numpy reference on random networks, scattered over cores at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import PROFILES, Chunk, Counters, Options, Simulation
from neurodeploy.network import (
    Bias,
    Conv2d,
    CubaLif,
    Dense,
    Network,
    OneToOne,
    Population,
    Projection,
    Reset,
    Sparse,
    SumPool2d,
    Synapse,
)
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events
from tests.support.programs import one_core_program, scattered_program

Random = np.random.Generator
STEPS = 90


def assert_equal(a: Chunk, b: Chunk) -> None:
    for x, y in zip(a.spikes, b.spikes, strict=True):
        assert np.array_equal(x.step, y.step)
        assert np.array_equal(x.neuron, y.neuron)
    assert a.states.keys() == b.states.keys()
    for i, state in a.states.items():
        assert np.array_equal(state.u, b.states[i].u)
        assert np.array_equal(state.v, b.states[i].v)


def assert_same_counts(a: Counters, b: Counters) -> None:
    for field in fields(Counters):
        assert np.array_equal(getattr(a, field.name), getattr(b, field.name)), field.name


def either(random: Random, low: int, high: int, neurons: int) -> int | IntArray:
    """One value for all, or one for each."""
    values = random.integers(low, high, neurons)
    return int(values[0]) if random.random() < 0.5 else values


def cuba(random: Random, neurons: int) -> CubaLif:
    current, voltage = (either(random, 0, 4097 if random.random() < 0.3 else 1500, neurons) for _ in "uv")
    threshold = either(random, 0, int(10 ** random.uniform(0.5, 5)), neurons)
    return CubaLif(current, voltage, threshold, either(random, 1, 2 if random.random() < 0.5 else 64, neurons))


def bias(random: Random, neurons: int, always: bool = False) -> Bias | None:
    if not always and random.random() < 0.5:
        return None
    shape = (STEPS, neurons) if random.random() < 0.5 else (neurons,)
    return Bias(random.integers(-60, 90, shape) * (random.random(shape) < 0.5), int(random.integers(0, 8)))


def projection(
    random: Random, source: str, target: str, make: Callable[[NDArray[np.int32]], Synapse], count: int
) -> Projection:
    """Weights that the exponent leaves exact, in one of the sign modes."""
    exponent = int(random.integers(-7, 8)) if random.random() < 0.5 else 0
    low, high, step = ((-256, 255, 2), (0, 256, 1), (-255, 1, 1))[random.integers(0, 3)]
    step = max(step, 1 << max(-exponent, 0))
    weights = random.integers(-(-low // step), (high - 1) // step + 1, count) * step * (random.random(count) < 0.7)
    return Projection(source, target, make(weights.astype(np.int32)), exponent)


def plane_network(random: Random) -> Network:
    """Convolution, pooling and dense layers, with feedback."""
    side = int(random.integers(5, 9))
    pooled = -(-side // 2)
    sizes = [2 * side * side, 3 * side * side, 3 * pooled * pooled, 12]
    padding = (0, side % 2, 0, side % 2)
    back, target = np.divmod(random.choice(12 * sizes[2], 40, replace=False), sizes[2])
    projections = (
        projection(random, "input", "conv", lambda w: Conv2d(w.reshape(3, 2, 3, 3), padding=(1, 1)), 54),
        projection(random, "conv", "pool", lambda w: SumPool2d(w.reshape(2, 2), (2, 2), padding), 4),
        projection(random, "pool", "fc", lambda w: Dense(w.reshape(12, -1)), 12 * sizes[2]),
        projection(random, "fc", "fc", OneToOne, 12),
        projection(random, "fc", "pool", lambda w: Sparse(w, back, target, sizes[2]), 40),
    )
    return _network(random, ("input", "conv", "pool", "fc"), sizes, (2, side, side), projections)


def flat_network(random: Random) -> Network:
    sizes = [int(n) for n in random.integers(1, 90, 3)]
    projections = (
        projection(random, "input", "a", lambda w: Dense(w.reshape(sizes[1], -1)), sizes[1] * sizes[0]),
        projection(random, "a", "b", lambda w: Dense(w.reshape(sizes[2], -1)), sizes[1] * sizes[2]),
        projection(random, "input", "b", lambda w: Dense(w.reshape(sizes[2], -1)), sizes[0] * sizes[2]),
        projection(random, "b", "a", lambda w: Dense(w.reshape(sizes[1], -1)), sizes[1] * sizes[2]),
    )
    return _network(random, ("input", "a", "b"), sizes, (sizes[0],), projections)


def _network(
    random: Random,
    names: tuple[str, ...],
    sizes: list[int],
    shape: tuple[int, ...],
    projections: tuple[Projection, ...],
) -> Network:
    own = random.random() < 0.25
    delays = [either(random, 0, 63 if random.random() < 0.3 else 3, n) for n in sizes]
    first = Population(
        "input",
        cuba(random, sizes[0]) if own else None,
        shape,
        bias(random, sizes[0], always=True) if own else None,
        delays[0],
    )
    others = [
        Population(name, cuba(random, n), bias=bias(random, n), axonal_delay=delay)
        for name, n, delay in zip(names[1:], sizes[1:], delays[1:], strict=True)
    ]
    reset = Reset(int(random.integers(1, 40)), int(random.integers(0, 10))) if random.random() < 0.3 else None
    return Network((first, *others), projections, reset=reset)


def recording(random: Random, network: Network) -> Events:
    if network.input.neuron is not None:
        return Events.none()
    raster = random.random((STEPS, network.input.neurons)) < random.choice([0.02, 0.2])
    largest = int(10 ** random.uniform(0, 7)) if random.random() < 0.4 else 0
    return Events.from_raster(raster * random.integers(-largest, largest + 1, raster.shape) if largest else raster)


@pytest.mark.parametrize("seed", range(60))
def test_random_networks(seed: int) -> None:
    random = np.random.default_rng(seed)
    network = (plane_network if seed % 2 else flat_network)(random)
    program = scattered_program(network, 5, random) if seed % 3 else one_core_program(network, 64)
    options = Options(PROFILES[seed // 2 % 2], bool(random.random() < 0.2))
    runs: list[Simulation] = [Emulator(load(program), options), Reference(network, options)]
    events, populations = recording(random, network), range(len(network.populations))
    middle = int(np.searchsorted(events.step, STEPS // 2))
    for first, last in ((0, middle), (middle, len(events))):
        assert_equal(*(run.advance(events.between(first, last), STEPS // 2, populations) for run in runs))
    assert_same_counts(*(run.counters() for run in runs))
    for population in populations:
        states = [run.state(population) for run in runs]
        assert np.array_equal(states[0].u, states[1].u)
        assert np.array_equal(states[0].v, states[1].v)


def test_random_networks_reach_every_corner() -> None:
    """What the comparison above is worth: over its networks, everything happens somewhere."""
    totals = np.zeros(5, np.int64)
    for seed in range(60):
        random = np.random.default_rng(seed)
        network = (plane_network if seed % 2 else flat_network)(random)
        run = Emulator(load(one_core_program(network)))
        run.advance(recording(random, network), STEPS)
        c = run.counters()
        columns = (c.spikes[1:], c.current_wraps, c.voltage_clips, c.accumulator_overflows, c.idle)
        totals += [int(column.sum() > 0) for column in columns]
    assert np.all(totals >= 6), totals
