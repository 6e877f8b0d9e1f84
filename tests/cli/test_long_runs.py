"""`run --stream`, `--snapshot`, `--resume` and `-o RUN.h5`, as processes where signals and pipes matter."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result

import neurodeploy as nd
from neurodeploy.cli.main import cli
from neurodeploy.spikes.events import Events, random_events
from neurodeploy.spikes.pipe import written
from tests.cli.conftest import Invoke

STEPS = 300
EVENTS = random_events(32, STEPS, 0.05, 1)
#: Where a stream ends: two hops behind its last event.
END = int(EVENTS.step[-1]) + 1 + 2
#: What a run counts; the rest of its summary tells of time and place.
COUNTED = ("samples", "populations", "events")


def piped(events: Events, form: str = "text") -> bytes:
    return written(events.step, events.neuron, events.payload, form)


def between(first: int, end: int) -> Events:
    low, high = np.searchsorted(EVENTS.step, (first, end))
    return EVENTS.between(int(low), int(high))


def stream(program: Path, data: bytes, *words: object) -> Result:
    runner = CliRunner()
    return runner.invoke(cli, ["run", str(program), *map(str, words)], input=data, catch_exceptions=False)


def start(program: Path, *words: object) -> subprocess.Popen[bytes]:
    code = "from neurodeploy.cli.main import main; main()"
    command = [sys.executable, "-c", code, "run", str(program), *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)


def whole(program: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(stream(program, piped(EVENTS), "--stream", "text", "--json").stdout)
    return data


@pytest.mark.parametrize("form", ["text", "binary"])
def test_spikes_come_out_as_they_went_in(form: str, program_path: Path) -> None:
    """Standard output is what the library computes, in the form of the input; the summary goes elsewhere."""
    result = stream(program_path, piped(EVENTS, form), "--stream", form)
    assert result.exit_code == 0
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    run = nd.run(program, EVENTS, steps=END)
    assert isinstance(run, nd.Run)
    assert len(run.spikes[-1].step) > 100
    assert result.stdout_bytes == written(run.spikes[-1].step, run.spikes[-1].neuron, None, form)
    assert "synaptic operations" in result.stderr
    summary = whole(program_path)
    assert summary["samples"][0]["output_counts"] == run.output_counts.tolist()
    assert summary["samples"][0]["file"] == "standard input"
    assert summary["events"]["synaptic_ops"] == run.synaptic_ops


def test_a_class_for_every_window(program_path: Path) -> None:
    lines = stream(program_path, piped(EVENTS), "--stream", "text", "--window", 99).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["99", "198", "297", str(END)]
    assert all(int(spikes) > 0 for _, _, spikes in map(str.split, lines[:3]))


def test_spikes_come_before_the_input_ends(program_path: Path) -> None:
    """What is complete is run and written while the pipe is still open."""
    process = start(program_path, "--stream", "text")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(piped(between(0, 50)) + b"60\n")
    process.stdin.flush()
    assert process.stdout.readline().endswith(b"\n")
    process.stdin.close()
    assert process.wait(60) == 0
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def test_killed_and_gone_on_with(program_path: Path, tmp_path: Path) -> None:
    """The state that was saved last has the whole run's future in it."""
    state = tmp_path / "s.nds"
    process = start(program_path, "--stream", "text", "--snapshot", state, "--snapshot-every", 50)
    assert process.stdin is not None
    process.stdin.write(piped(between(0, 130)) + b"130\n")
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not (state.exists() and nd.stream(_program(program_path), resume=state).step >= 100):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.communicate()
    rest = stream(program_path, piped(between(100, STEPS)), "--stream", "text", "--resume", state, "--json")
    expected = whole(program_path)
    assert {key: json.loads(rest.stdout)[key] for key in COUNTED} == {key: expected[key] for key in COUNTED}


def _program(path: Path) -> nd.Program:
    program = nd.load(path)
    assert isinstance(program, nd.Program)
    return program


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal(number: signal.Signals, program_path: Path, tmp_path: Path) -> None:
    """While it waits for input: one line, exit code 1, the state and the probes of what was run."""
    state, probes = tmp_path / "s.nds", tmp_path / "r.h5"
    process = start(program_path, "--stream", "text", "--snapshot", state, "-o", probes, "--probe", "fc1.v")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(piped(between(0, 90)) + b"90\n")
    process.stdin.flush()
    process.stdout.readline()
    time.sleep(0.3)
    process.send_signal(number)
    assert process.wait(60) == 1, "and not only when the pipe is closed"
    _, errors = process.communicate()
    assert errors.decode().splitlines() == [
        f"Error: run: was stopped; all steps before 90 have been run; go on with --resume {state}."
    ]
    with h5py.File(probes) as file:
        assert not file.attrs["complete"]
        assert file["recordings/0/fc1.v"].shape == (90, 6)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.h5", "s.nds"]
    rest = stream(program_path, piped(between(90, STEPS)), "--stream", "text", "--resume", state, "--json")
    expected = whole(program_path)
    assert {key: json.loads(rest.stdout)[key] for key in COUNTED} == {key: expected[key] for key in COUNTED}


def test_one_recording_in_two_parts(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    """The numbers of the second part are those of the whole run; what lies before the state is not run again.

    What the whole would cost is not predicted from the spikes of its second part.
    """
    words = ("run", program_path, "--data", recordings / "1.bs2", "--json")
    state = tmp_path / "s.nds"
    assert invoke(*words, "--steps", 20, "--snapshot", state).exit_code == 0
    second = json.loads(invoke(*words, "--resume", state).stdout)
    expected = json.loads(invoke(*words).stdout)
    assert expected["samples"][0].pop("predictions")
    assert second["samples"][0].pop("predictions") == second["predictions"] == []
    assert {key: second[key] for key in COUNTED} == {key: expected[key] for key in COUNTED}
    third = json.loads(invoke(*words, "--resume", state, "--backend", "reference").stdout)
    assert third["samples"][0].pop("predictions") == []
    assert {key: third[key] for key in COUNTED} == {key: expected[key] for key in COUNTED}
    result = invoke(*words, "--resume", state, "--steps", 20)
    assert result.exit_code == 1
    assert "snapshot: stands at step 20, the recording ends at 20; raise --steps" in result.stderr


def test_probes_of_all_recordings(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    words = ("run", program_path, "--data", recordings, "--json", "--probe", "fc1.u[:2]@10:20", "-o", path)
    assert invoke(*words).exit_code == 0
    assert invoke(*words).exit_code == 1, "it exists"
    assert invoke(*words, "--force", "--threads", 2).exit_code == 0
    with h5py.File(path) as file:
        assert [file[f"recordings/{i}/fc1.u[:2]@10:20"].shape for i in range(3)] == [(10, 2)] * 3
        assert [file[f"recordings/{i}"].attrs["label"] for i in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--stream", "json"), "stream format json: is unknown; choose text or binary"),
        (("--stream", "text", "--data", "x"), "--stream: is one run of its own input"),
        (("--stream", "text", "-o", "r.ndr", "--probe", "fc1.u"), "name r.h5 for what is probed"),
        (("--stream", "text", "--window", "0"), "window: 0 is less than 1"),
        (("--window", "5"), "--window: is of streams"),
        (("--stream", "text", "--snapshot", "x.ndr"), "does not end in .nds"),
        (("--stream", "text", "--snapshot-every", "5"), "--snapshot-every: has no file to write to"),
        (("--stream", "text", "--snapshot", "x.nds", "--snapshot-every", "0"), "--snapshot-every: is 0"),
        (("--stream", "text", "--resume", "missing.nds"), "missing.nds: does not exist"),
        (("--stream", "text", "--probe", "fc1.u"), "has nowhere to go"),
        (("--stream", "text", "-o", "r.h5"), "r.h5: has nothing to hold"),
        (("--stream", "text", "-o", "r.h5", "--probe", "fc1.u@-5:"), "give --steps"),
    ],
)
def test_what_is_refused(
    words: tuple[str, ...], message: str, program_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = stream(program_path, b"0 1\n", *words)
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_bad_line_keeps_what_was_before_it(program_path: Path, tmp_path: Path) -> None:
    state = tmp_path / "s.nds"
    result = stream(program_path, b"0 1\n5 3\n" + b"#\n" * 40_000 + b"9 x\n", "--stream", "text", "--snapshot", state)
    assert result.exit_code == 1
    assert "line 40003: '9 x' is not STEP, NEURON and PAYLOAD" in result.stderr
    assert nd.stream(_program(program_path), resume=state).step == 5


def test_several_recordings_have_no_one_state(invoke: Invoke, program_path: Path, recordings: Path) -> None:
    result = invoke("run", program_path, "--data", recordings, "--snapshot", "x.nds")
    assert result.exit_code == 1
    assert "--snapshot and --resume: are of one recording, not of 3; give one file" in result.stderr
