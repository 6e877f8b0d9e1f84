"""Backend torch with several recordings at a time: what each does alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.compiler import Program
from neurodeploy.emulator.simulation import Options
from neurodeploy.errors import DataError, OptionError
from neurodeploy.network import (
    Bias,
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    Network,
    Population,
    Projection,
    Reset,
    Sparse,
    SumPool2d,
)
from neurodeploy.runtime import torch_float
from neurodeploy.runtime.abreast import run_abreast
from neurodeploy.runtime.run import Run, RunOptions
from neurodeploy.runtime.session import Session
from neurodeploy.runtime.torch_float import TorchBackend
from neurodeploy.spikes.events import Events, random_events


@pytest.fixture(scope="module")
def program() -> Program:
    """Every kind of synapse, float weights on no grid, delays, refractory steps, biases and resets."""
    draw = np.random.default_rng(11)

    def neuron(theta: int) -> CubaLif:
        return CubaLif(1024, 400, theta, 2)

    network = Network(
        (
            Population("input", shape=(2, 6, 6), axonal_delay=draw.integers(0, 5, 72)),
            Population("conv", neuron(6), shape=(3, 6, 6), axonal_delay=2),
            Population("pool", neuron(40), shape=(3, 3, 3)),
            Population("wide", neuron(9), shape=(2, 6, 6)),
            Population("some", neuron(9), shape=(5,), bias=Bias(np.arange(5), 6)),
            Population("out", neuron(9), shape=(4,)),
        ),
        (
            Projection("input", "conv", Conv2d(draw.normal(1, 3, (3, 2, 3, 3)), padding=(1, 1))),
            Projection("conv", "pool", SumPool2d(np.full((2, 2), 50), stride=(2, 2))),
            Projection("pool", "wide", ConvTranspose2d(draw.normal(2, 5, (3, 2, 2, 2)), stride=(2, 2))),
            Projection("wide", "some", Dense(draw.normal(0, 5, (5, 72)))),
            Projection("some", "some", Dense(draw.normal(0, 5, (5, 5)))),
            Projection("some", "out", Sparse(draw.normal(5, 5, 9), draw.integers(0, 5, 9), draw.integers(0, 4, 9), 4)),
        ),
        reset=Reset(40, 3),
    )
    return nd.compile(network, weight_bits=8)


@pytest.fixture(scope="module")
def recordings() -> list[Events]:
    """Of many lengths, one of them empty; some with payloads, and several events of a neuron in a step."""
    found = [random_events(72, steps, 0.1, seed) for seed, steps in enumerate((30, 90, 5, 64, 0, 65))]
    draw = np.random.default_rng(2)
    return [replace(e, payload=draw.integers(1, 9, len(e))) if number % 2 else e for number, e in enumerate(found)]


def _same(one: Run, other: Run) -> None:
    for mine, theirs in zip(one.spikes, other.spikes, strict=True):
        np.testing.assert_array_equal(mine.step, theirs.step)
        np.testing.assert_array_equal(mine.neuron, theirs.neuron)
        np.testing.assert_array_equal(mine.payloads, theirs.payloads)
    for name in ("spikes", "current_wraps", "voltage_clips", "accumulator_overflows", "active", "idle"):
        np.testing.assert_array_equal(getattr(one.counters, name), getattr(other.counters, name))
    np.testing.assert_array_equal(one.output_counts, other.output_counts)
    totals = [(r.steps, r.events_dropped, r.synaptic_ops, r.packets, r.hops, r.prediction) for r in (one, other)]
    assert totals[0] == totals[1]


@pytest.mark.parametrize(("threads", "drop_first_step"), [(1, False), (2, True)])
def test_the_same_as_one_by_one(
    program: Program, recordings: list[Events], threads: int, drop_first_step: bool
) -> None:
    session = Session(program, "torch", RunOptions(drop_first_step=drop_first_step))
    alone = [session.run(events) for events in recordings]
    parts: list[float] = []
    together = session.run_all(recordings, threads, progress=parts.append)
    assert len(together) == len(alone)
    for one, other in zip(alone, together, strict=True):
        _same(one, other)
    assert sum(parts) == pytest.approx(len(recordings))
    assert min(int(s.step.size) for s in alone[1].spikes) > 0  # every population has something to get wrong
    assert len({tuple(run.output_counts) for run in together}) > 2


def test_lengths_are_cut_alike(program: Program, recordings: list[Events]) -> None:
    session = Session(program, "torch", RunOptions(steps=50))
    runs = session.run_all(recordings, keep_spikes=lambda index: index == 1)
    assert [bool(run.spikes) for run in runs] == [index == 1 for index in range(len(runs))]
    assert runs[1].events_dropped == int((recordings[1].step >= 50).sum()) > 0
    _same(session.run(recordings[1]), runs[1])
    assert all(run.seconds > 0 for run in runs)


def test_as_many_as_memory_holds(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = TorchBackend(program, Options())
    assert backend.most_lanes == torch_float.MOST_LANES
    held = torch_float.LANE_VALUES
    monkeypatch.setattr(torch_float, "LANE_VALUES", 20_000)
    few = backend.most_lanes
    assert 1 < few < torch_float.MOST_LANES
    monkeypatch.setattr(torch_float, "LANE_VALUES", 1)
    assert backend.most_lanes == 1
    assert held == 2**25  # 256 MiB


def test_probes_are_run_one_by_one(program: Program, recordings: list[Events]) -> None:
    session = Session(program, "torch", RunOptions(probes=("some.u",)))
    runs = session.run_all(recordings[:2])
    assert [run["some.u"].shape for run in runs] == [(run.steps, 5) for run in runs]


def test_errors_name_the_recording_and_stop_all(program: Program) -> None:
    session = Session(program, "torch")
    with pytest.raises(DataError, match="neuron 99"):
        session.run_all([random_events(72, 9, 0.1, 1), Events(np.array([3]), np.array([99]))])
    with pytest.raises(OptionError, match="was stopped at step 0"):
        session.run_all([random_events(72, 9, 0.1, seed) for seed in range(2)], stopped=lambda: True)


def test_a_lane_shows_no_states(program: Program) -> None:
    (lane,) = run_abreast(TorchBackend(program, Options()), [(random_events(72, 9, 0.1, 1), 9)])
    with pytest.raises(OptionError, match="not kept"):
        lane.state(1)
