"""A backend that shows spikes and nothing else, as a chip does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Simulation
from neurodeploy.errors import OptionError
from neurodeploy.network import Network
from neurodeploy.provenance import provenance
from neurodeploy.runtime.backend import Backend
from neurodeploy.runtime.compare import Verifier
from neurodeploy.runtime.emulator import EmulatorBackend
from neurodeploy.runtime.probes import parse_probe
from neurodeploy.runtime.run import RunOptions, run_events
from neurodeploy.runtime.snapshot_file import Owner
from neurodeploy.runtime.stream import Stream
from neurodeploy.runtime.summary import run_summary
from tests.unit.runtime.test_compare import RASTER, program


class Veiled(Reference):
    """The reference behind a veil, each spike `late` steps later."""

    late = 0

    def advance(self, events: nd.Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        chunk = super().advance(events, steps)
        moved = tuple(chunk.spikes[:1]) + tuple(replace(s, step=s.step + self.late) for s in chunk.spikes[1:])
        inside = [s.step < chunk.first + steps for s in moved]
        kept = (replace(s, step=s.step[i], neuron=s.neuron[i]) for s, i in zip(moved, inside, strict=True))
        return replace(chunk, spikes=tuple(kept))

    def counters(self) -> Counters:
        return Counters.spikes_only(super().counters().spikes)


class VeiledBackend:
    def __init__(self, network: Network, late: int = 0) -> None:
        self._network, self._late = network, late

    def simulation(self) -> Simulation:
        simulation = Veiled(self._network)
        simulation.late = self._late
        return simulation


@pytest.mark.parametrize("late", [0, 3])
def test_verify_compares_spikes(late: int) -> None:
    compiled = program()
    backends: dict[str, Backend] = {
        "emulator": EmulatorBackend(compiled, Options()),
        "chip": VeiledBackend(compiled.network, late),
    }
    verifier = Verifier(compiled, backends)
    verifier.compare(RASTER)
    result = verifier.result()
    assert result.states_compared == 0
    assert result.spikes_compared > 20
    assert result.equal == (late == 0)
    if late:
        assert result.first_difference is not None
        assert (result.first_difference.variable, result.first_difference.likely_cause) == ("spikes", "offset")
        assert result.offset_steps == {"emulator": 0, "chip": late}


def test_run_says_what_is_not_counted() -> None:
    compiled = program()
    costs = nd.run(compiled, RASTER)
    assert isinstance(costs, nd.Run)
    run = replace(costs, counters=Veiled(compiled.network).counters())
    summary = run_summary([run], "chip", "", 0.0, provenance([]))
    assert [p["current_wraps"] for p in summary["populations"]] == [None] * 3
    assert summary["events"]["neuron_updates"] == {"active": None, "idle": None}
    counted = run_summary([costs], "emulator", "", 0.0, provenance([]))
    assert counted["events"]["neuron_updates"]["active"] > 0


def test_probes_of_states_are_refused() -> None:
    from neurodeploy.compiler.traffic import traffic

    compiled = program()
    probes = [parse_probe("fc1.u", compiled.network)]
    stream = Stream(Veiled(compiled.network), Owner(compiled, Options()), traffic(compiled), probes)
    with pytest.raises(OptionError, match=r"probe fc1\.u: is of what this backend does not show"):
        run_events(stream, nd.Events.from_raster(RASTER.astype(np.int64)), len(RASTER), RunOptions())
