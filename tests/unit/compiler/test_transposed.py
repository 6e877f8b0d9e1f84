"""Transposed convolutions on cores: kernels are shared, never unrolled, and every bit is the reference's."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy import api
from neurodeploy.compiler import compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.compiler.laying import lay_out
from neurodeploy.compiler.layout import compartment_order
from neurodeploy.compiler.windows import Windows
from neurodeploy.emulator.blocks import compartments
from neurodeploy.emulator.bundles import bundles
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Options
from neurodeploy.network import ConvTranspose2d, CubaLif, Network, Population, Projection, synapse_count
from neurodeploy.runtime.run import Run
from neurodeploy.spikes.events import Events

STEPS = 12


def decoder() -> Network:
    """From 2 x 12 x 14 up to 4 x 25 x 43, and that twice as large, one channel by itself."""
    random = np.random.default_rng(3)
    neuron = CubaLif(1024, 256, 40)
    kernel = ConvTranspose2d(2 * random.integers(-60, 61, (2, 4, 4, 3)), (2, 3), (1, 0), (1, 1))
    unpool = ConvTranspose2d.unpooling(np.array([[60, 40], [20, 80]]), 4, (2, 2))
    populations = (Population("input", shape=(2, 12, 14)), Population("up", neuron), Population("twice", neuron))
    return Network(populations, (Projection("input", "up", kernel), Projection("up", "twice", unpool)), steps=STEPS)


def test_the_bits_of_the_reference_through_cores_that_are_checked() -> None:
    network, random = decoder(), np.random.default_rng(4)
    events = Events.from_raster(random.random((STEPS, 336)) < 0.2)
    program = compile_network(network)
    assert check(program) == ()
    assert replay(program, seed=1, trials=2) is None
    expected = Reference(network).advance(events, STEPS, range(3))
    found = Emulator(load(program), Options()).advance(events, STEPS, range(3))
    for ours, theirs in zip(expected.spikes, found.spikes, strict=True):
        np.testing.assert_array_equal(ours.step, theirs.step)
        np.testing.assert_array_equal(ours.neuron, theirs.neuron)
    assert len(found.spikes[2].step) > 1000


@pytest.mark.parametrize("backend", ["emulator", "torch"])
def test_backends_compute_the_same_states(backend: str) -> None:
    program = compile_network(decoder())
    raster = np.random.default_rng(5).random((STEPS, 2, 12, 14)) < 0.2
    probes = ["up.u", "up.v", "twice.u", "twice.spikes"]
    ours, theirs = (api.run(program, raster, backend=name, probes=probes) for name in ("reference", backend))
    assert isinstance(ours, Run)
    assert isinstance(theirs, Run)
    for probe in probes:
        np.testing.assert_array_equal(ours[probe], theirs[probe])
        assert np.any(ours[probe])


def test_kernels_are_shared() -> None:
    """Laid out as windows, and the core's pool holds a hundredth of the synapses."""
    network = decoder()
    for number, projection in enumerate(network.projections):
        order = compartment_order(network.populations[number + 1], (), 8)
        assert isinstance(lay_out(network, projection, order), Windows)
    program = compile_network(network)
    cells = compartments(program.cores, program.network)
    stored = bundles(program.cores, program.axons, program.routes, cells, program.network)
    synapses = sum(synapse_count(p.synapse, network.population(p.source).shape or ()) for p in network.projections)
    assert synapses > 30_000
    assert (stored.byte_weight.size + stored.word_weight.size) * 20 < synapses
