"""Predictions by the constants `sana-fe` against SANA-FE itself, the same spikes on the same cores."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.compiler.prediction import LayerEnergy, load_constants, predicted
from neurodeploy.compiler.prediction.counting import counted
from neurodeploy.compiler.prediction.deliveries import Deliveries
from neurodeploy.compiler.program import Program
from neurodeploy.network import Bias, CubaLif, Dense, Network, Population, Projection
from neurodeploy.runtime.run import Run
from tests.conftest import SUMMARY

from .cases import program

if sys.platform != "linux":
    pytest.skip("SANA-FE has wheels for Linux only", allow_module_level=True)

from tests.support.on_sanafe import Measured, measured

ENERGY = 0.001
SILENT, ALL_FIRE = 131071, 0
#: What SANA-FE 2.2.9 gave for 4 → 8 neurons over 10 steps, in joules: synapses, somas and network; hops on top.
SYNAPSES, SOMAS, NETWORK = 11.36e-9, {SILENT: 5.6512e-9, ALL_FIRE: 10.6408e-9}, 4.44e-9
HOPS = {"same tile": (1, 0.0), "north": (4, 0.168e-9), "east": (16, 0.12e-9)}


def small(threshold: int, slot: int) -> Program:
    """4 neurons that fire in every step on the chip's first core, 8 that hear all of them on another."""
    fires = CubaLif(current_decay=4096, voltage_decay=4095, threshold_mantissa=1)
    hears = CubaLif(current_decay=1, voltage_decay=0, threshold_mantissa=threshold)
    network = Network(
        (
            Population("host", shape=(1,)),
            Population("senders", fires, shape=(4,), bias=Bias(np.array(4000), 0)),
            Population("receivers", hears, shape=(8,)),
        ),
        (
            Projection("host", "senders", Dense(np.ones((4, 1), int))),
            Projection("senders", "receivers", Dense(np.full((8, 4), 2))),
        ),
        timestep_ms=1.0,
        steps=10,
    )
    made = nd.compile(network, one_layer_per_core=True)
    cores = replace(made.cores, slot=np.array([0, slot]))
    return replace(made, cores=cores)


def own_energies(program: Program, run: Run) -> dict[str, LayerEnergy]:
    """Energy of each layer by SANA-FE's constants."""
    updates = list(zip(run.counters.active.tolist(), run.counters.idle.tolist(), strict=True))
    counts = counted(Deliveries.of(program), [(s.step, s.neuron) for s in run.spikes], run.steps, updates)
    return {layer.name: layer for layer in predicted(counts, load_constants("sana-fe")).layers}


@pytest.mark.parametrize("threshold", [SILENT, ALL_FIRE])
@pytest.mark.parametrize("place", list(HOPS))
def test_reference_cases(place: str, threshold: int) -> None:
    slot, hop = HOPS[place]
    made = small(threshold, slot)
    run = nd.run(made)
    assert isinstance(run, Run)
    raster = run["senders.spikes"] > 0
    assert raster.all()
    ours = own_energies(made, run)
    live = measured(made, 1, raster, 1e9 if threshold == SILENT else 1.0)
    for found, recorded, theirs in (
        (ours["receivers"].synapses, SYNAPSES, live.synapse_joules),
        (ours["receivers"].neurons, SOMAS[threshold], live.soma_joules),
        (ours["senders"].packets, NETWORK + hop, live.network_joules),
    ):
        assert found == pytest.approx(recorded, rel=ENERGY)
        assert found == pytest.approx(theirs, rel=ENERGY)


@pytest.mark.evidence
def test_gesture_layer_by_layer(conformance: Path, record_property: Callable[[str, str], None]) -> None:
    made = program("gesture", conformance)
    steps = 200
    run = nd.run(made, conformance / "datasets/dvs_gesture/1.bs2", steps=steps)
    assert isinstance(run, Run)
    counts = counted(Deliveries.of(made), [(s.step, s.neuron) for s in run.spikes], steps, None)
    energy = predicted(counts, load_constants("sana-fe")).layers
    lines = []
    for number, projection in enumerate(made.network.projections):
        source, target = made.network.index(projection.source), made.network.index(projection.target)
        live = measured(made, number, run[f"{projection.source}.spikes"] > 0)
        sent, read = counts.layers[source], counts.layers[target]
        assert read.synaptic_ops == live.synaptic_events
        assert sent.packets == live.packets
        joules = energy[target].synapses
        theirs = live.synapse_joules
        if source:  # the host's spikes come from nowhere on the mesh, so only those of cores travel
            assert sent.hops_east_west + sent.hops_north_south == live.hops
            joules, theirs = joules + energy[source].packets, theirs + live.network_joules
        assert joules == pytest.approx(theirs, rel=ENERGY)
        lines.append(_line(projection.name, live, joules, theirs))
    record_property(SUMMARY, "\n".join(lines))


def _line(name: str, live: Measured, joules: float, theirs: float) -> str:
    return (
        f"{name}: {live.synaptic_events:,} synaptic events, {live.packets:,} packets, {live.hops:,} hops; "
        f"{joules * 1e6:.4f} µJ, SANA-FE {theirs * 1e6:.4f} µJ ({100 * (joules / theirs - 1):+.4f} %)"
    )
