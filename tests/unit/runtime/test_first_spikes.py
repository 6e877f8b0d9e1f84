"""First output spikes: steps, ties, silent outputs, histograms, and the read-out they decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import NetworkError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.runtime.first_spikes import first_spikes, first_steps, is_tie
from neurodeploy.runtime.run import Run, RunOptions, resolved
from neurodeploy.runtime.summary import run_summary
from neurodeploy.spikes.events import Events
from neurodeploy.spikes.latency import Latency


def _program(classes: int | None = None, coding: Latency | None = None) -> nd.Program:
    """Every input drives one of four outputs so that it fires in the very step."""
    neuron = CubaLif(4096, 4095, 10)
    network = Network(
        (Population("input", None, (4,)), Population("out", neuron, (4,))),
        (Projection("input", "out", Dense(20 * np.eye(4, dtype=np.int32))),),
        timestep_ms=0.5,
        steps=40,
        classes=classes,
        coding=coding,
    )
    return nd.compile(network, weight_bits=8)


def _run(program: nd.Program, *spikes: tuple[int, int], label: int | None = None, readout: str = "first") -> Run:
    step, neuron = (np.array(column, np.int64) for column in zip(*spikes, strict=True)) if spikes else ((), ())
    run = nd.run(program, Events(np.array(step, np.int64), np.array(neuron, np.int64)), readout=readout)
    assert not isinstance(run, list)
    return replace(run, label=label)


def test_first_steps_are_those_of_the_first_spike_of_each_output() -> None:
    run = _run(_program(), (3, 2), (5, 1), (9, 2), (9, 1), (9, 0))
    assert first_steps(run) == [9, 5, 3, None]
    assert (run.prediction, is_tie(run)) == (2, False)


def test_ties_go_to_the_lowest_class_and_are_told() -> None:
    run = _run(_program(), (3, 2), (3, 1), (4, 0))
    assert (run.prediction, is_tie(run)) == (1, True)
    # two neurons of one class are no tie
    shared = _run(_program(classes=2), (3, 2), (3, 3), (4, 0))
    assert (first_steps(shared), shared.prediction, is_tie(shared)) == ([4, 3], 1, False)


def test_silent_recordings_are_null_and_wrong() -> None:
    run = _run(_program(), label=0)
    assert (first_steps(run), run.prediction, is_tie(run)) == ([None] * 4, None, False)
    summary = run_summary([run], "emulator", "0", 0.0, {})
    assert summary["accuracy"] == {"correct": 0, "total": 1}
    assert summary["first_spikes"]["silent"] == 1
    assert summary["samples"][0]["first_steps"] == [None] * 4


def test_the_histogram_parts_the_label_from_the_others() -> None:
    program = _program()
    runs = [
        _run(program, (3, 0), (8, 1), label=0),
        _run(program, (5, 0), (39, 3), label=0),
        _run(program, (8, 0), (8, 1), label=1),
        _run(program, (1, 3)),
    ]
    found = first_spikes(runs)
    assert found is not None
    assert found["edges_ms"][:3] == [0, 1, 2]  # 40 steps of 0.5 ms in 20 bins
    assert [row["label"] for row in found["classes"]] == [0, 1, None]
    zero, one, unknown = found["classes"]
    assert (np.flatnonzero(zero["label_first"]).tolist(), np.flatnonzero(zero["others_first"]).tolist()) == (
        [1, 2],
        [4, 19],
    )
    assert (one["label_first"][4], one["others_first"][4], sum(one["label_first"])) == (1, 1, 1)
    assert (sum(unknown["label_first"]), unknown["others_first"][0]) == (0, 1)
    assert (found["ties"], found["silent"]) == (1, 0)


def test_counting_runs_say_nothing_of_first_spikes() -> None:
    summary = run_summary([_run(_program(), (3, 0), readout="count")], "emulator", "0", 0.0, {})
    assert "first_spikes" not in summary
    assert "first_steps" not in summary["samples"][0]


def test_the_network_chooses_the_read_out_unless_the_user_does() -> None:
    coding = Latency((0.0,) * 4, (1.0,) * 4)
    plain, coded = _program().network, _program(coding=coding).network
    assert resolved(RunOptions(), plain).readout == "count"
    assert resolved(RunOptions(), coded).readout == "first"
    assert resolved(RunOptions(readout="count"), coded).readout == "count"
    spikes = ((3, 0), (4, 1), (5, 1))
    assert _run(_program(coding=coding), *spikes, readout="auto").prediction == 0
    assert _run(_program(), *spikes, readout="auto").prediction == 1


def test_a_coding_of_other_inputs_is_refused() -> None:
    with pytest.raises(NetworkError, match="gives 3 inputs, input has 4"):
        _program(coding=Latency((0.0,) * 3, (1.0,) * 3))
