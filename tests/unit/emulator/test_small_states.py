"""States that fit 16 bits are kept in them: the way there, back, and the edge, on every instruction set."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from neurodeploy.emulator.engine import Emulator, instruction_sets, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import PROFILES, Counters, Options
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection, Reset
from neurodeploy.spikes.events import Events
from tests.support.programs import one_core_program

NEURONS, STEPS = 200, 600
#: Sums around 2^15 / 64 = 512, far below and far above it.
SIZES = (1, 100, 509, 510, 511, 512, 513, 1000, 100_000)


def _network(neuron: CubaLif, weight: int, reset: Reset | None = None) -> Network:
    populations = (Population("input", None, (NEURONS,)), Population("out", neuron, (NEURONS,)))
    synapse = Dense(weight * np.eye(NEURONS, dtype=np.int32))
    return Network(populations, (Projection("input", "out", synapse),), reset=reset)


def _events(random: np.random.Generator) -> Events:
    """Bursts of three steps for one neuron of a group, with time to come down in between."""
    start = np.sort(random.integers(0, STEPS - 3, 40))
    size = np.array(SIZES)[random.integers(0, np.repeat([5, len(SIZES)], 20))] * random.choice([-1, 1], 40)
    neuron = random.integers(0, 4, 40) * 64
    step = (start[:, None] + np.arange(3)).reshape(-1)
    order = np.argsort(step, kind="stable")
    return Events(step[order], np.repeat(neuron, 3)[order], np.repeat(size, 3)[order])


@pytest.mark.parametrize("name", instruction_sets())
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(8))
def test_equal_to_the_reference(name: str, profile: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    decays = [(1024, 128), (4096, 4096), (1, 1), (0, 4096), (3000, 1), (2, 2000), (500, 500), (4095, 4095)]
    neuron = CubaLif(*decays[seed], (80, 510, 511, 512, 3, 0, 400, 100_000)[seed])
    reset = Reset(37, 3) if seed == 6 else None
    network = _network(neuron, (1, 2, 4, 1, 1, 3, 1, 1)[seed], reset)
    events = _events(random)
    core = Emulator(load(one_core_program(network)), Options(profile), instructions=name)
    reference = Reference(network, Options(profile))
    a, b = core.advance(events, STEPS, [1]), reference.advance(events, STEPS, [1])
    assert np.array_equal(a.states[1].u, b.states[1].u)
    assert np.array_equal(a.states[1].v, b.states[1].v)
    assert np.array_equal(a.spikes[1].step, b.spikes[1].step)
    assert np.array_equal(a.spikes[1].neuron, b.spikes[1].neuron)
    for field in fields(Counters):
        assert np.array_equal(getattr(core.counters(), field.name), getattr(reference.counters(), field.name))
