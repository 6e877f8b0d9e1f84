"""What the benchmarks run: networks without a mapping beside the mapped program and the reference."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.networks import deep, flat_program, random_events, wide
from neurodeploy.compiler import compile_network
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.network import Network
from neurodeploy.network.connections import synapse_count

STEPS = 30


@pytest.mark.parametrize(("network", "activity"), [(deep(0.003), 0.05), (wide(2000, 5, 800), 0.1)])
def test_a_flat_program_does_what_the_mapped_one_does(network: Network, activity: float) -> None:
    events = random_events(network, activity, STEPS)
    reference = Reference(network)
    expected = reference.advance(events, STEPS).spikes
    assert all(len(spikes.step) for spikes in expected[: len(expected) // 2 + 1])
    for program in (compile_network(network), flat_program(network)):
        emulator = Emulator(load(program))
        for mine, its in zip(emulator.advance(events, STEPS).spikes, expected, strict=True):
            np.testing.assert_array_equal(mine.step, its.step)
            np.testing.assert_array_equal(mine.neuron, its.neuron)
        for i in range(1, len(expected)):
            np.testing.assert_array_equal(emulator.state(i).u, reference.state(i).u)
            np.testing.assert_array_equal(emulator.state(i).v, reference.state(i).v)


def test_a_flat_program_has_one_core() -> None:
    assert len(flat_program(deep(0.003)).cores) == 1


def test_the_large_network_is_as_large_as_it_is_said_to_be() -> None:
    network = deep(1)
    synapses = sum(synapse_count(p.synapse, network.population(p.source).shape or ()) for p in network.projections)
    assert sum(p.neurons for p in network.populations[1:]) >= 1_000_000
    assert synapses >= 100_000_000
