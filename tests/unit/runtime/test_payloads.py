"""Graded spikes beyond the emulators: compared by verify, kept by records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neurodeploy import api
from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Simulation
from neurodeploy.errors import DataError
from neurodeploy.network import Dense, Network, Population, Projection, SigmaDelta
from neurodeploy.runtime.compare import Verifier
from neurodeploy.runtime.record import LayerSpikes, load_record, save_record
from neurodeploy.runtime.run import RunOptions
from neurodeploy.spikes.events import Events

STEPS = 20
EVENTS = Events.from_raster(np.random.default_rng(0).integers(-3, 9, (STEPS, 3)))


def program(neuron: SigmaDelta) -> Program:
    """One layer of sigma-delta neurons."""
    weight = 2 * np.random.default_rng(1).integers(-9, 20, (4, 3))
    populations = (Population("input", None, (3,)), Population("out", neuron))
    network = Network(populations, (Projection("input", "out", Dense(weight)),))
    return compile_network(network, CompileOptions("loihi2"))


@dataclass(frozen=True)
class Honest:
    """The reference as an open backend."""

    network: Network

    def simulation(self) -> Simulation:
        return Reference(self.network)


def test_a_payload_that_differs_is_a_difference() -> None:
    """Equal thresholds, and messages cut by one bit more: spikes and states agree, payloads do not."""
    whole, cut = program(SigmaDelta(4, 2, 0)), program(SigmaDelta(4, 1, 1))
    backends = {"one": Honest(whole.network), "two": Honest(cut.network)}
    verifier = Verifier(whole, backends, RunOptions(steps=STEPS))
    verifier.compare(EVENTS)
    result = verifier.result()
    first = result.first_difference
    assert not result.equal
    assert first is not None
    assert (first.population, first.variable, first.likely_cause) == ("out", "spikes", "unknown")
    assert first.values[0] >> 1 == first.values[1]
    spikes = result.layers[1]["spikes"]
    assert spikes["one"] == spikes["two"] == result.layers[1]["differing"]
    same = Verifier(whole, {"one": backends["one"], "two": backends["one"]}, RunOptions(steps=STEPS))
    same.compare(EVENTS)
    assert same.result().equal


def test_records_keep_payloads(tmp_path: Path) -> None:
    compiled = program(SigmaDelta(4, 2, 1))
    run = api.run(compiled, EVENTS, steps=STEPS)
    assert not isinstance(run, list)
    save_record(api.record(compiled, [run]), tmp_path / "r.ndr")
    read = load_record(tmp_path / "r.ndr").raster
    assert read is not None
    for layer, spikes in zip(read.populations, run.spikes, strict=True):
        assert layer.payload is not None
        np.testing.assert_array_equal(layer.payload, spikes.payloads)
    assert np.any(run.spikes[1].payloads < 0)


def test_a_payload_for_each_spike() -> None:
    step = np.array([0, 1])
    with pytest.raises(DataError, match="has 2 steps for 1 payloads"):
        LayerSpikes("out", (2,), step, step, step[:1])
