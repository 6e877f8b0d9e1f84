"""One recording through a program: lengths, probes, read-outs, counted events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import DataError, NetworkError, OptionError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.runtime.probes import parse_probe
from neurodeploy.runtime.run import Run, RunOptions
from neurodeploy.runtime.session import Session

BACKENDS = ("reference", "emulator", "torch")


def relay(steps: int | None = None, delay: int = 0) -> nd.Program:
    """Two inputs that each make their neuron of fc1 and then of fc2 fire once per spike: 9 · 64 · 2 > 10 · 64."""
    neuron = CubaLif(4096, 0, 10, 1)
    populations = (
        Population("input", shape=(2,), axonal_delay=delay),
        Population("fc1", neuron, axonal_delay=np.array([0, delay])),
        Population("fc2", neuron),
    )
    weight = np.diag([18, 18])
    projections = (Projection("input", "fc1", Dense(weight)), Projection("fc1", "fc2", Dense(weight)))
    return nd.compile(Network(populations, projections, steps=steps))


def one(program: nd.Program, data: object, backend: str = "emulator", **options: object) -> Run:
    run = nd.run(program, data, backend, **options)  # type: ignore[arg-type]
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("backend", BACKENDS)
def test_hops_and_delays(backend: str) -> None:
    """An input spike is delivered in its own step, every further hop takes one, delays come on top."""
    events = nd.Events(np.array([3, 4]), np.array([0, 1]))
    run = one(relay(), events, backend, steps=30)
    assert np.argwhere(run["fc1.spikes"]).tolist() == [[3, 0], [4, 1]]
    assert np.argwhere(run["fc2.spikes"]).tolist() == [[4, 0], [5, 1]]
    run = one(relay(delay=5), events, backend, steps=30)
    assert np.argwhere(run["fc1.spikes"]).tolist() == [[8, 0], [9, 1]]
    assert np.argwhere(run["fc2.spikes"]).tolist() == [[9, 0], [15, 1]]


def test_length_of_a_recording() -> None:
    """--steps, else a raster's own length, else the network's, else last bin + 1 + latency (2 hops, longest delays)."""
    events = nd.Events(np.array([3]), np.array([0]))
    assert one(relay(7), events, steps=9).steps == 9
    assert one(relay(7), events).steps == 7
    assert one(relay(), events).steps == 4 + 2
    assert one(relay(delay=5), events).steps == 4 + 12
    assert one(relay(7), np.zeros((11, 2), int)).steps == 11


def test_dropped_events() -> None:
    events = nd.Events(np.array([3, 4, 5]), np.array([0, 0, 0]))
    assert one(relay(), events, steps=4).events_dropped == 2
    with pytest.raises(DataError, match=r"2 of 3 lie at or after step 4"):
        one(relay(), events, steps=4, strict_time=True)


@pytest.mark.parametrize("backend", BACKENDS)
def test_counted_events(backend: str) -> None:
    """Two spikes over two hops; one stored weight behind each axon; the last output spikes go nowhere."""
    run = one(relay(), nd.Events(np.array([0, 9]), np.array([0, 0])), backend, steps=10)
    assert run["fc1.spikes"].sum() == 2
    assert run["fc2.spikes"].sum() == 1
    assert run.synaptic_ops == 2 + 1, "the spike that fc1 emits in the last step never arrives"
    assert run.packets == 4
    assert run.hops == 0
    active, idle = run.counters.active, run.counters.idle
    assert (active + idle).tolist() == [0, 20, 20]
    assert active.tolist() == [0, 3, 2], "u of the step before keeps a neuron active one step longer"


def test_predictions() -> None:
    events = nd.Events(np.array([0, 1, 2, 3]), np.array([1, 0, 0, 1]))
    assert one(relay(), events).prediction == 0, "lowest index on ties"
    assert one(relay(), events, readout="first").prediction == 1
    assert one(relay(), None, steps=3).prediction is None


def test_classes_vote_together() -> None:
    """Neurons 0, 1 and 2, 3 are a class each: most spikes of a neuron and of its class differ."""
    populations = (Population("input", shape=(4,)), Population("fc1", CubaLif(4096, 0, 1)))
    network = Network(populations, (Projection("input", "fc1", Dense(8 * np.eye(4, dtype=int))),), classes=2)
    events = nd.Events(np.array([0, 1, 2, 2, 3, 3]), np.array([1, 1, 2, 3, 2, 3]))
    program = nd.compile(network)
    for readout, expected in (("count", 1), ("average", 1), ("first", 0)):
        assert one(program, events, readout=readout).prediction == expected
    assert one(program, events).output_counts.tolist() == [0, 2, 2, 2]
    with pytest.raises(OptionError, match="readout average: needs a network that averages its outputs to classes"):
        one(relay(), events.between(0, 1), readout="average")
    with pytest.raises(NetworkError, match="classes: 3 do not divide the 4 neurons of fc1"):
        replace(network, classes=3)


def test_probes() -> None:
    program = relay()
    events = nd.Events(np.array([3]), np.array([1]))
    run = one(program, events, steps=20, probes=["fc1.u", "fc1.u[1]@2:5", "fc1.v[-1]@-17", "fc1.spikes[::-1]@3"])
    assert run["fc1.u"].shape == (20, 2)
    assert run["fc1.u[1]@2:5"].tolist() == [[0], [18 * 64], [0]]
    assert run["fc1.v[-1]@-17"].tolist() == [[0]]
    assert run["fc1.spikes[::-1]@3"].tolist() == [[1, 0]]
    with pytest.raises(OptionError, match="was not recorded"):
        run["fc2.u"]
    with pytest.raises(NetworkError, match="fc9"):
        run["fc9.spikes"]


def test_spike_display_changes_the_trace_only() -> None:
    events = nd.Events(np.array([3]), np.array([1]))
    for display, shown in (("0", 0), ("128", 128)):
        run = one(relay(), events, steps=5, probes=["fc1.v"], spike_display=display)
        assert run["fc1.v"][:, 1].tolist() == [0, 0, 0, shown, 0]


@pytest.mark.parametrize(
    "text", ["fc1", "fc1.w", "fc1.u[", "fc1.u[a]", "fc1.u[1:2:0]", "fc1.u[]", "fc1.u@", "fc1.u[1:2:3:4]", "fc1.u[+1]"]
)
def test_bad_probes(text: str) -> None:
    with pytest.raises(OptionError, match="probe"):
        parse_probe(text, relay().network)


def test_bad_options() -> None:
    for options in ({"steps": 0}, {"readout": "last"}, {"spike_display": "1"}, {"binning": "and"}, {"profile": "x"}):
        with pytest.raises(OptionError):
            RunOptions(**options)
    with pytest.raises(OptionError, match="threads"):
        Session(relay()).run_all([None], threads=0)


def test_bad_input() -> None:
    with pytest.raises(DataError, match=r"raster: has shape \(5, 3\); give \(steps, 2\)"):
        one(relay(), np.zeros((5, 3), int))
    with pytest.raises(DataError, match="has no steps"):
        one(relay(), np.zeros((0, 2), int))
    with pytest.raises(DataError, match="neuron 2 is outside"):
        one(relay(), nd.Events(np.array([0]), np.array([2])))


def test_states_of_the_host_input() -> None:
    """An input without neurons shows zeros in every backend."""
    for backend in BACKENDS:
        run = one(relay(), None, backend, steps=5, probes=["input.u"])
        assert run["input.u"].tolist() == [[0, 0]] * 5


def test_probes_over_several_chunks() -> None:
    events = nd.Events(np.array([3, 600]), np.array([1, 1]))
    run = one(relay(), events, steps=700, probes=["fc1.u", "fc1.u[1]@599:602", "fc1.u[1]@::-1", "fc1.u@900:"])
    assert run["fc1.u[1]@599:602"].tolist() == [[0], [18 * 64], [0]]
    np.testing.assert_array_equal(run["fc1.u[1]@::-1"], run["fc1.u"][::-1, 1:])
    assert run["fc1.u@900:"].shape == (0, 2)
    with pytest.raises(OptionError, match="names none of the 2 neurons"):
        one(relay(), events, probes=["fc1.u[2]"])


def test_an_error_ends_the_recordings_still_running() -> None:
    """The second recording is refused; the first, endless one must not be waited for."""
    session = Session(relay(), options=RunOptions(steps=2**31 - 1))
    with pytest.raises(DataError):
        session.run_all([nd.Events(np.array([0]), np.array([5])), None], threads=2)


def test_threads_change_nothing() -> None:
    session = Session(relay(20))
    inputs = [nd.Events(np.arange(k), np.arange(k) % 2) for k in range(1, 12)]
    one_by_one, side_by_side = (session.run_all(inputs, threads) for threads in (1, 4))
    for a, b in zip(one_by_one, side_by_side, strict=True):
        np.testing.assert_array_equal(a["fc2.spikes"], b["fc2.spikes"])
        assert a.synaptic_ops == b.synaptic_ops


@pytest.mark.parametrize("threads", [1, 3])
def test_progress_adds_up(threads: int) -> None:
    """Parts of recordings, told while they run."""
    parts: list[float] = []
    runs = Session(relay(200)).run_all([nd.Events(np.array([3]), np.array([0]))] * 3, threads, progress=parts.append)
    assert len(runs) == 3
    assert sum(parts) == pytest.approx(3)
    assert len(parts) == 3 * 4  # 200 steps, 64 at a time


def test_a_board_needs_its_backend() -> None:
    with pytest.raises(OptionError, match="backend emulator: has no boards"):
        one(relay(), None, steps=3, board="ncl-1")
    with pytest.raises(OptionError, match="lava-hw is not among the backends"):
        nd.verify(relay(20), rate=0.1, partition="oheogulch")
