"""Runs given piece by piece: the same as in one piece, states that outlive the process, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.errors import DataError, FormatError, NetworkError, NeurodeployError, OptionError
from neurodeploy.network import Bias, CubaLif, Dense, Network, OneToOne, Population, Projection, Sigma, SigmaDelta
from neurodeploy.precision import IntArray
from neurodeploy.runtime.snapshot_file import Owner, load_snapshot, save_snapshot
from neurodeploy.runtime.stream import Part
from neurodeploy.runtime.windows import Windows

PROBES = ("fc1.u", "fc1.v[::2]@5:150:3", "fc2.spikes", "fc2.v@90:", "input.spikes[3:9]")
STEPS = 200


def network() -> Network:
    """12 - 6 - 4 with delays of its own, refractory neurons and a way back."""
    draw = np.random.default_rng(1)
    populations = (
        Population("input", shape=(12,), axonal_delay=2),
        Population("fc1", CubaLif(1024, 128, 20, 3), axonal_delay=np.array([0, 1, 5, 9, 20, 62])),
        Population("fc2", CubaLif(512, 300, 25), bias=Bias(np.array([0, 3, 0, 40]))),
    )
    joined = (("input", "fc1", (6, 12)), ("fc1", "fc2", (4, 6)), ("fc2", "fc1", (6, 4)))
    return Network(populations, tuple(Projection(a, b, Dense(2 * draw.integers(-9, 30, s))) for a, b, s in joined))


PROGRAM = nd.compile(network())
RASTER: IntArray = (np.random.default_rng(2).random((STEPS, 12)) < 0.2).astype(np.int64)


def whole(backend: str = "emulator") -> nd.Run:
    run = nd.run(PROGRAM, RASTER, backend, probes=PROBES)
    assert isinstance(run, nd.Run)
    return run


def assert_same(parts: list[Part], live: nd.Stream, expected: nd.Run, first: int = 0) -> None:
    """Spikes, probes and totals of the parts are those of a run in one piece, from step `first`."""
    assert [p.first for p in parts] == np.cumsum([first, *(p.steps for p in parts)])[:-1].tolist()
    for probe in PROBES:
        if first == 0:
            np.testing.assert_array_equal(np.concatenate([p[probe] for p in parts]), expected[probe], err_msg=probe)
    for name in ("input", "fc1", "fc2"):
        found = np.concatenate([p[f"{name}.spikes"] for p in parts])
        np.testing.assert_array_equal(found, expected[f"{name}.spikes"][first:], err_msg=name)
    sums = live.sums
    assert (sums.synaptic_ops, sums.packets, sums.hops) == (expected.synaptic_ops, expected.packets, expected.hops)
    assert sums.output_counts.tolist() == expected.output_counts.tolist()
    assert live.counters().active.tolist() == expected.counters.active.tolist()


@pytest.mark.parametrize("backend", ["emulator", "reference", "torch"])
def test_rasters_from_an_iterator(backend: str) -> None:
    with nd.stream(PROGRAM, backend, probes=PROBES) as live:
        parts = list(live.run(RASTER[i : i + 7] for i in range(0, STEPS, 7)))
        assert live.step == STEPS
        assert_same(parts, live, whole(backend))


@settings(derandomize=True, deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, STEPS), max_size=6), marks=st.lists(st.integers(1, 70), max_size=2))
def test_events_from_an_iterator(cuts: list[int], marks: list[int]) -> None:
    """Wherever the events are cut, also within a step, and whatever else ends a stretch."""
    events = nd.Events.from_raster(RASTER)
    places = [0, *(len(events) * cut // STEPS for cut in sorted(cuts)), len(events)]
    pieces = (events.between(a, b) for a, b in pairwise(places))
    with nd.stream(PROGRAM, probes=PROBES) as live:
        parts = list(live.run(pieces, steps=STEPS, marks=marks))
        assert_same(parts, live, whole())
    ends = {p.first + p.steps for p in parts}
    assert {mark * n for mark in marks for n in range(1, STEPS // mark + 1)} <= ends


def test_a_stream_ends_when_its_last_event_has_come_through() -> None:
    """Delay 2, and 62 + 1 + 1 steps from fc1 on: the network's latency."""
    events = nd.Events(np.array([0, 4]), np.array([1, 2]))
    with nd.stream(PROGRAM) as live:
        parts = list(live.run([events]))
    assert sum(p.steps for p in parts) == 4 + 1 + PROGRAM.network.latency()
    assert list(nd.stream(PROGRAM).run([])) == []


def test_events_behind_the_last_step_are_counted() -> None:
    events = nd.Events(np.array([0, 3, 3, 4, 9, 9]), np.zeros(6, np.int64))
    with nd.stream(PROGRAM) as live:
        list(live.run([events.between(0, 2), events.between(2, 6)], steps=4))
        assert (live.step, live.events_dropped) == (4, 3)


@pytest.mark.parametrize("taker", ["emulator", "reference"])
@pytest.mark.parametrize("goer", ["emulator", "reference"])
def test_saved_and_resumed(taker: str, goer: str, tmp_path: Path) -> None:
    path = tmp_path / "s.nds"
    with nd.stream(PROGRAM, taker) as live:
        live.advance(RASTER[:77])
        live.save(path)
    with nd.stream(PROGRAM, goer, resume=path) as live:
        assert live.step == 77
        assert_same([live.advance(RASTER[77:])], live, whole(), first=77)


def test_resumed_in_another_process(tmp_path: Path) -> None:
    nd.save(PROGRAM, tmp_path / "p.ndp")
    np.save(tmp_path / "r.npy", RASTER)
    code = (
        "import sys, os, signal, numpy as np, neurodeploy as nd\n"
        "folder = sys.argv[1]; raster = np.load(folder + '/r.npy')\n"
        "live = nd.stream(nd.load(folder + '/p.ndp'))\n"
        "for i in range(100): live.advance(raster[i : i + 1]); live.save(folder + '/s.nds', overwrite=i > 0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    dead = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert dead.returncode == -9
    with nd.stream(PROGRAM, resume=tmp_path / "s.nds") as live:
        assert live.step == 100
        assert_same([live.advance(RASTER[100:])], live, whole(), first=100)


def taken(folder: Path, program: nd.Program = PROGRAM, **options: object) -> Path:
    path = folder / "t.nds"
    with nd.stream(program, **options) as live:  # type: ignore[arg-type]
        live.advance(RASTER[:50])
        live.save(path, overwrite=True)
    return path


def test_what_a_snapshot_does_not_suit(tmp_path: Path) -> None:
    path = taken(tmp_path)
    changed = replace(network(), timestep_ms=2.0)
    for program, options, message in (
        (nd.compile(changed), {}, r"snapshot: was taken of program \w{12}…, not of"),
        (PROGRAM, {"profile": "lava-0.10"}, "was taken with profile loihi, not lava-0.10; use --profile loihi"),
        (PROGRAM, {"drop_first_step": True}, "was taken without --drop-first-step"),
        (PROGRAM, {"backend": "torch"}, "is of no use to this backend; use backend emulator or reference"),
    ):
        with pytest.raises(OptionError, match=message):
            nd.stream(program, resume=path, **options)
    with nd.stream(PROGRAM, "torch") as live, pytest.raises(OptionError, match="this backend does not show"):
        live.save(tmp_path / "x.nds")
    with nd.stream(PROGRAM) as live, pytest.raises(FormatError, match=r"does not end in \.nds"):
        live.save(tmp_path / "x.ndr")
    with nd.stream(PROGRAM) as live, pytest.raises(FormatError, match="exists already"):
        live.save(path)


@pytest.mark.parametrize("column", ["u", "v", "r", "s", "departure", "neuron", "payload", "totals"])
@pytest.mark.parametrize("low", [True, False])
def test_every_number_of_a_snapshot_is_checked(column: str, low: bool, tmp_path: Path) -> None:
    """Pushed out of its range with the checksum made right: refused, and never given to the core."""
    saved = load_snapshot(taken(tmp_path))
    values = getattr(saved.snapshot, column).copy()
    assert values.size
    values.reshape(-1)[-1] = -(2**40) if low else 2**62 + 1
    save_snapshot(replace(saved, snapshot=replace(saved.snapshot, **{column: values})), tmp_path / "x.nds", {})
    for backend in ("emulator", "reference"):
        with pytest.raises(FormatError, match=column):
            nd.stream(PROGRAM, backend, resume=tmp_path / "x.nds")


@pytest.mark.parametrize("column", ["u", "v", "r", "s", "departure", "totals"])
def test_every_length_of_a_snapshot_is_checked(column: str, tmp_path: Path) -> None:
    saved = load_snapshot(taken(tmp_path))
    shorter = replace(saved, snapshot=replace(saved.snapshot, **{column: getattr(saved.snapshot, column)[1:]}))
    save_snapshot(shorter, tmp_path / "x.nds", {})
    with pytest.raises(FormatError):
        load_snapshot(tmp_path / "x.nds").check(Owner(PROGRAM, saved.options))


def test_a_stretch_that_was_broken_off_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = nd.stream(PROGRAM)
    live.advance(RASTER[:10])

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("neurodeploy.runtime.stream.with_chunk", interrupted)
    with pytest.raises(KeyboardInterrupt):
        live.advance(RASTER[10:20])
    with pytest.raises(OptionError, match="broken off in a stretch behind step 10; go on from the one before"):
        live.save(tmp_path / "s.nds")


def test_bad_input_changes_nothing(tmp_path: Path) -> None:
    with nd.stream(PROGRAM, probes=PROBES) as live:
        live.advance(RASTER[:60])
        for data, steps, message in (
            (np.zeros((3, 5), int), None, r"has shape \(3, 5\)"),
            (None, None, "has no length"),
            (None, -1, "not within"),
            (RASTER[:3], 4, "has 3 steps, 4 are to be run"),
            (nd.Events(np.array([59]), np.array([0])), 5, "outside steps 60 … 64"),
            (nd.Events(np.array([60]), np.array([12])), 5, "outside the input's"),
        ):
            with pytest.raises(DataError, match=message):
                live.advance(data, steps)
        with pytest.raises(DataError, match="step 61 comes when all before step 70 are complete"):
            list(live.run([nd.Events(np.array([70]), np.array([0])), nd.Events(np.array([61]), np.array([0]))]))
        live.save(tmp_path / "s.nds")


def test_a_bias_per_step_ends_a_stream() -> None:
    neuron = CubaLif(1024, 128, 20)
    populations = (Population("input", neuron, (2,), Bias(np.ones((9, 2), int))), Population("fc1", neuron))
    program = nd.compile(Network(populations, (Projection("input", "fc1", OneToOne(np.array([2]))),)))
    live = nd.stream(program)
    live.advance(None, 9)
    with pytest.raises(DataError, match="input bias: has 9 rows for 10 steps; run at most 9 steps"):
        live.advance(None, 1)
    with pytest.raises(DataError, match="has neurons of its own and takes no events"):
        nd.stream(program).advance(nd.Events(np.array([0]), np.array([0])), 1)


def test_graded_input() -> None:
    """Payloads come through in pieces, and lie in snapshots."""
    populations = (
        Population("input", shape=(3,), axonal_delay=4),
        Population("a", SigmaDelta(3, 0, 0)),
        Population("b", Sigma()),
    )
    weights = (
        Projection("input", "a", Dense(np.eye(3, dtype=int) * 2)),
        Projection("a", "b", Dense(np.eye(3, dtype=int) * 2)),
    )
    program = nd.compile(Network(populations, weights), "loihi2")
    frames = np.random.default_rng(4).integers(-50, 90, (30, 3))
    expected = nd.run(program, frames)
    assert isinstance(expected, nd.Run)
    with nd.stream(program) as live:
        parts = list(live.run(frames[i : i + 4] for i in range(0, 30, 4)))
    np.testing.assert_array_equal(np.concatenate([p["b.spikes"] for p in parts]), expected["b.spikes"])
    assert np.abs(expected["b.spikes"]).max() > 1


def test_steps_from_an_unknown_end_are_refused() -> None:
    for probe in ("fc1.u@-5:", "fc1.u@:-5", "fc1.u@::-1"):
        with pytest.raises(OptionError, match="counts steps from the end of a run that has none yet"):
            nd.stream(PROGRAM, probes=[probe])
        nd.stream(PROGRAM, probes=[probe], steps=50)
    with pytest.raises(NetworkError, match="fc9"):
        nd.stream(PROGRAM, probes=["fc9.u"])


def test_windows() -> None:
    """Each window's class is that of a run of its steps alone, whatever the stretches."""
    counts = whole()["fc2.spikes"]
    for steps, stretch in ((30, 7), (7, 30), (1, 64), (200, 64), (500, 9)):
        windows = Windows(steps)
        with nd.stream(PROGRAM) as live:
            parts = live.run(RASTER[i : i + stretch] for i in range(0, STEPS, stretch))
            found = [w for part in parts for w in windows.add(part)] + list(windows.rest())
        assert [w.end for w in found] == [*range(steps, STEPS, steps), STEPS]
        for window in found:
            totals = counts[window.first : window.end].sum(0)
            assert window.prediction == (int(totals.argmax()) if totals.any() else None)
            assert window.spikes == totals.max()
    with pytest.raises(OptionError, match="window: 0 is less than 1"):
        Windows(0)


def test_memory_does_not_grow(tmp_path: Path) -> None:
    """What is probed in 100,000 more steps would take 20 MB."""
    nd.save(PROGRAM, tmp_path / "p.ndp")
    code = (
        "import re, sys, numpy as np, neurodeploy as nd\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
        "folder = sys.argv[1]; program = nd.load(folder + '/p.ndp')\n"
        "raster = (np.random.default_rng(0).random((500, 12)) < 0.2).astype(int)\n"
        "probes = ['fc1.u', 'fc1.v', 'fc2.u', 'fc2.v', 'fc1.spikes', 'input.spikes']\n"
        "live = nd.stream(program, probes=probes, output=folder + '/r.h5')\n"
        "with live:\n"
        "    for part in live.run(raster for _ in range(40)): pass\n"
        "    before = peak()\n"
        "    for part in live.run(raster for _ in range(200)): pass\n"
        "    print(peak() - before, live.step)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    grown, steps = map(int, answer.stdout.split())
    assert steps == 120_000
    assert grown < 5_000, f"{grown} KiB more"


def test_an_endless_iterator_is_not_read_ahead() -> None:
    def endless() -> Iterator[IntArray]:
        while True:
            drawn.append(1)
            yield RASTER[:5]

    drawn: list[int] = []
    parts = nd.stream(PROGRAM).run(endless())
    assert next(parts).steps == 5
    assert len(drawn) == 1
    stopped = nd.stream(PROGRAM).run(endless(), stopped=lambda: len(drawn) > 9)
    assert sum(part.steps for part in stopped) < 50


def test_errors_are_ours(tmp_path: Path) -> None:
    (tmp_path / "x.nds").write_bytes(b"\0" * 700)
    with pytest.raises(NeurodeployError, match="is no neurodeploy snapshot file"):
        nd.stream(PROGRAM, resume=tmp_path / "x.nds")
