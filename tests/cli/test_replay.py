"""`neurodeploy replay` and `nd.replay`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import DataError, NeurodeployError, OptionError
from neurodeploy.replaying import recorded
from neurodeploy.replays.page import replay_page
from neurodeploy.runtime.run import Run
from neurodeploy.spikes.files import write_recording
from neurodeploy.spikes.recording import Recording
from tests.cli.conftest import Invoke


def test_page(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    words = ("replay", program_path, recordings / "2.bs2", "--membrane", "fc1:2", "--credit", "made up <b>")
    result = invoke(*words, "-o", tmp_path / "r.html", "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    run = nd.run(nd.load(program_path), recordings / "2.bs2")  # type: ignore[arg-type]
    assert isinstance(run, Run)
    assert answer["schema"] == "neurodeploy.replay/1"
    assert (answer["prediction"], answer["label"], answer["counts"]) == (run.prediction, 1, run.output_counts.tolist())
    page = (tmp_path / "r.html").read_text()
    assert len(page.encode()) == answer["bytes"]
    assert "made up &lt;b&gt;" in page
    assert "membrane v of <bdi>fc1:2</bdi>" in page
    assert "Next: open" in result.stderr
    again = invoke(*words, "-o", tmp_path / "r.html")
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    assert invoke(*words, "-o", tmp_path / "r.html", "--force", "--speed", 0.03).exit_code == 0
    assert '<option value="0.03" selected>' in (tmp_path / "r.html").read_text()


def test_film(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    words = ("replay", program_path, recordings / "1.bs2", "-o", tmp_path / "r.gif", "--speed", 1, "--fps", 20)
    result = invoke(*words, "--steps", 20, "--layer", "fc1")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "r.gif").read_bytes()[:6] == b"GIF89a"
    assert "20 ms" in result.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-o", "r.avi"), "ends in .avi; choose .html, .gif, .mp4, .webm"),
        (("--membrane", "fc1"), "names no neuron; write POPULATION:NEURON"),
        (("--membrane", "fc1:6"), "neuron 6 is outside 0 … 5"),
        (("--membrane", "input:0"), "has no voltage"),
        (("--membrane", "fc7:0"), "is no population"),
        (("--layer", "fc7"), "is no population"),
        (("--speed", "0"), "speed: 0.0 is outside"),
        (("--fps", "99"), "fps: 99 is outside"),
        (("-o", "r.gif", "--speed", "0.0001", "--steps", "90000"), "raise the speed"),
        (("--backend", "nope"), "nope"),
    ],
)
def test_refusals(
    invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    moved = [str(tmp_path / word) if word.startswith("r.") else word for word in words]
    usual = [] if "-o" in words else ["-o", tmp_path / "r.html"]
    result = invoke("replay", program_path, recordings / "1.bs2", *usual, *moved)
    assert result.exit_code == 1
    assert told in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_is_refused(program_path: Path, recordings: Path) -> None:
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    with pytest.raises(DataError, match="a replay shows one recording"):
        nd.replay(program, recordings)


def test_names_of_classes_beside_a_recording(program_path: Path, tmp_path: Path) -> None:
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    time, zero = np.arange(40) * 1000, np.zeros(40, np.int32)
    write_recording(tmp_path / "1.bs2", Recording(time, zero, zero, zero))
    (tmp_path / "classes.txt").write_text("clap\nwave\nroll\n")
    made = nd.replay(program, tmp_path / "1.bs2", layer="fc1")
    assert made.names == ("clap", "wave", "roll")
    assert (made.layer.name, made.raster.label) == ("fc1", None)
    (tmp_path / "classes.txt").write_text("clap\nwave\n")
    assert nd.replay(program, tmp_path / "1.bs2").names == ("0", "1", "2")
    with pytest.raises(OptionError, match="are 2 for 3 classes"):
        nd.replay(program, tmp_path / "1.bs2", names=("a", "b"))


def test_a_replay_shows_itself(program_path: Path) -> None:
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    made = nd.replay(program, np.random.default_rng(0).random((50, 2, 4, 4)) < 0.1, backend="reference")
    html = made._repr_html_()
    assert html.startswith("<iframe srcdoc=")
    assert html.count("<") == 2
    assert "&lt;section" in html
    assert len(html) > len(replay_page(made))


def test_a_record_is_replayed_without_a_run(program_path: Path, recordings: Path) -> None:
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    runs = nd.run(program, recordings, readout="first")
    assert isinstance(runs, list)
    again = recorded(nd.record(program, runs))
    frame, other = again.frame(again.end_ms), nd.replay(program, recordings / "1.bs2", readout="first")
    assert (again.raster.file, frame.winner) == ("1.bs2", other.raster.prediction)
    np.testing.assert_array_equal(again.frame(21).on, other.frame(21).on)
    named = nd.record(program, runs)
    command = ["neurodeploy", "run", "a.ndp", "--data", "sets/DVSGesture/test"]
    named = replace(named, run={**named.run, "provenance": {"command": command}})
    assert "CC BY 4.0" in recorded(named).showing.credit
    assert recorded(named).names == ("0", "1", "2")
    with pytest.raises(OptionError, match="spikes of no recording"):
        recorded(replace(nd.record(program, runs), raster=None))


def test_script(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    """What `--gen-script` prints writes the page that the command writes."""
    words = (
        "replay",
        program_path,
        recordings / "10.bs2",
        "-o",
        tmp_path / "r.html",
        "--membrane",
        "fc2:1",
        "--speed",
        0.2,
    )
    script = invoke(*words, "--gen-script").stdout
    exec(compile(script, "script", "exec"), {})
    made = (tmp_path / "r.html").read_text()
    assert invoke(*words, "--force").exit_code == 0
    assert (tmp_path / "r.html").read_text() == made


def test_errors_are_ours(program_path: Path, tmp_path: Path) -> None:
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    with pytest.raises(NeurodeployError, match="does not exist"):
        nd.replay(program, tmp_path / "none.bs2", tmp_path / "r.html")
