"""Populations take several steps before the next one does, and sums are bounded before they are added: neither shows.

Against the reference, which takes one step after the other and adds up in 64 bits.
"""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.emulator.engine import Emulator, instruction_sets, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.network import Conv2d, CubaLif, Dense, Network, Population, Projection, Sparse
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events
from tests.support.programs import one_core_program, scattered_program
from tests.unit.emulator.test_engine_against_reference import assert_equal, assert_same_counts

STEPS = 70
WIDTH = 70


def circle(delay: int | IntArray) -> Network:
    """Two populations that drive each other and the first itself, all with the given axonal delays."""
    random = np.random.default_rng(5)

    def dense() -> Dense:
        return Dense(2 * random.integers(-12, 20, (WIDTH, WIDTH), np.int32))

    cell = CubaLif(1500, 300, 30)
    populations = (
        Population("input", None, (WIDTH,)),
        Population("near", cell, (WIDTH,), axonal_delay=delay),
        Population("far", cell, (WIDTH,), axonal_delay=delay),
    )
    names = [("input", "near"), ("near", "near"), ("near", "far"), ("far", "near")]
    return Network(populations, tuple(Projection(a, b, dense()) for a, b in names))


@pytest.mark.parametrize("delay", [0, 1, 2, 14, 15, 16, 40, np.arange(WIDTH) % 5 + 3])
def test_spikes_that_go_back_are_never_late(delay: int | IntArray) -> None:
    network = circle(delay)
    spikes = Events.from_raster(np.random.default_rng(1).random((STEPS, WIDTH)) < 0.1)
    core, reference = Emulator(load(one_core_program(network))), Reference(network)
    chunk = core.advance(spikes, STEPS, [1, 2])
    assert len(chunk.spikes[2].step) > STEPS
    assert_equal(chunk, reference.advance(spikes, STEPS, [1, 2]))
    assert_same_counts(core.counters(), reference.counters())


def fan(sources: int, weight: int) -> Network:
    """Many sources for each of some neurons, all weights `weight`, so that Σ |weight| is their product."""
    populations = (Population("input", None, (4 * sources,)), Population("out", CubaLif(1000, 100, 90_000), (4,)))
    origin = np.arange(4 * sources)
    synapse = Sparse(np.full(4 * sources, weight, np.int32), origin, origin // sources, 4)
    return Network(populations, (Projection("input", "out", synapse),))


@pytest.mark.parametrize("name", instruction_sets())
@pytest.mark.parametrize(
    ("sources", "weight"), [(130, 254), (128, 254), (131, 254), (258, 127), (259, 127), (600, -128)]
)
def test_sums_around_the_bound_of_the_neuron_that_hears_most(name: str, sources: int, weight: int) -> None:
    """All fire at once, some again in the same step and out of order: sums around 2^15 and twice that."""
    network = fan(sources, weight)
    every = np.arange(4 * sources)
    rows = [(0, every), (1, np.concatenate([every, every])), (2, np.concatenate([every[1:], [0], every[::-1]]))]
    step = np.concatenate([np.full(len(neurons), t) for t, neurons in rows])
    neuron = np.concatenate([neurons for _, neurons in rows])
    for payload in (None, np.where(neuron % 3, 1, -40_000)):
        spikes = Events(step, neuron, payload)
        core, reference = Emulator(load(one_core_program(network)), instructions=name), Reference(network)
        assert_equal(core.advance(spikes, 5, [1]), reference.advance(spikes, 5, [1]))
        assert_same_counts(core.counters(), reference.counters())


@pytest.mark.parametrize("channels", [1, 16, 21])
def test_a_kernel_at_every_position_on_any_cores(channels: int) -> None:
    random = np.random.default_rng(channels)
    weight = 2 * random.integers(-30, 30, (channels, 2, 3, 3), np.int32)
    populations = (Population("input", None, (2, 9, 9)), Population("conv", CubaLif(900, 200, 100)))
    network = Network(populations, (Projection("input", "conv", Conv2d(weight, padding=(1, 1))),))
    spikes = Events.from_raster(random.random((STEPS, 162)) < 0.05)
    expected = Reference(network).advance(spikes, STEPS, [1])
    for program in (one_core_program(network), scattered_program(network, 5, random)):
        assert_equal(Emulator(load(program)).advance(spikes, STEPS, [1]), expected)
