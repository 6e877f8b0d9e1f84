"""`--gen-script` prints Python that makes what the command makes: each script is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.cli.script import literal
from neurodeploy.cli.scripts import SCRIPTS
from neurodeploy.compiler.program_file import load_program
from neurodeploy.models.datasets.tables import iris, write_table
from neurodeploy.network import Network
from neurodeploy.runtime.record import load_record
from tests.cli.conftest import Invoke


@pytest.fixture
def script(invoke: Invoke, capsys: pytest.CaptureFixture[str]) -> Any:
    """Print the script of a command line, run it, and give what it printed."""

    def call(*words: object) -> str:
        answer = invoke(*words, "--gen-script")
        assert answer.exit_code == 0, answer.stderr
        exec(compile(answer.stdout, "script", "exec"), {})
        return capsys.readouterr().out

    return call


def test_compile(invoke: Invoke, script: Any, network: Network, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    words = ("compile", tmp_path / "n.ndn", "--weight-bits", "6,fc2=4", "--objective", "latency", "--steps", 33)
    out = script(*words, "-o", tmp_path / "script.ndp")
    assert invoke(*words, "-o", tmp_path / "command.ndp").exit_code == 0
    ours, theirs = (load_program(tmp_path / f"{name}.ndp")[0] for name in ("script", "command"))
    assert ours.network.steps == theirs.network.steps == 33
    for mine, other in zip(ours.network.projections, theirs.network.projections, strict=True):
        assert mine.weight_format == other.weight_format
        np.testing.assert_array_equal(mine.synapse.weight, other.synapse.weight)
    assert ours.summary["cores"] == theirs.summary["cores"]
    assert out == f"{ours.summary['cores']} cores\n"


def test_quantize(invoke: Invoke, script: Any, network: Network, recordings: Path, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    words = ("quantize", tmp_path / "n.ndn", "--weight-bits", 4, "--data", recordings, "--limit", 2)
    script(*words, "-o", tmp_path / "script.ndn")
    assert invoke(*words, "-o", tmp_path / "command.ndn").exit_code == 0
    ours, theirs = (nd.load(tmp_path / f"{name}.ndn") for name in ("script", "command"))
    assert isinstance(ours, Network)
    assert isinstance(theirs, Network)
    for mine, other in zip(ours.projections, theirs.projections, strict=True):
        np.testing.assert_array_equal(mine.synapse.weight, other.synapse.weight)


def test_run_of_a_folder(invoke: Invoke, script: Any, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    words = (
        "run",
        program_path,
        "--data",
        recordings,
        "--split",
        "test",
        "--readout",
        "first",
        "--backend",
        "reference",
    )
    out = script(*words, "-o", tmp_path / "script.ndr")
    assert invoke(*words, "-o", tmp_path / "command.ndr").exit_code == 0
    ours, theirs = (load_record(tmp_path / f"{name}.ndr").run for name in ("script", "command"))
    assert ours["samples"] == theirs["samples"]
    assert ours["backend"] == theirs["backend"] == "reference"
    assert out == "".join(f"{s['file']} {s['label']} {s['prediction']}\n" for s in theirs["samples"])


def test_run_of_one_file_with_probes(script: Any, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    words = ("run", program_path, "--data", recordings / "1.bs2", "--probe", "fc1.u[:2]", "-o", tmp_path / "u.h5")
    script(*words)
    assert (tmp_path / "u.h5").stat().st_size > 0


def test_verify(script: Any, program_path: Path) -> None:
    out = script("verify", program_path, "--random", 0.2, "--seed", 4, "--backends", "reference,emulator")
    assert "'equal': True" in out


def test_compare(script: Any, invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    for name in ("emulator", "reference"):
        invoke("run", program_path, "--data", recordings, "--backend", name, "-o", tmp_path / f"{name}.ndr")
    assert "'recordings': 3" in script("compare", tmp_path / "emulator.ndr", tmp_path / "reference.ndr")
    out = script("compare", program_path, "--data", recordings, "--backends", "reference,emulator")
    assert "'recordings': 3" in out


def test_sweep(invoke: Invoke, script: Any, network: Network, recordings: Path, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    words = ("sweep", tmp_path / "n.ndn", "--data", recordings, "--weight-bits", "3,5", "--steps", 20)
    script(*words, "-o", tmp_path / "script.json", "--plot", tmp_path / "plot.svg")
    invoke(*words, "-o", tmp_path / "command.json")
    ours, theirs = (json.loads((tmp_path / f"{name}.json").read_text())["points"] for name in ("script", "command"))
    assert ours == theirs
    assert (tmp_path / "plot.svg").exists()


def test_convert_inspect_report(
    invoke: Invoke, script: Any, network: Network, program_path: Path, recordings: Path, tmp_path: Path
) -> None:
    nd.save(network, tmp_path / "n.ndn")
    script("convert", tmp_path / "n.ndn", tmp_path / "script.net")
    invoke("convert", tmp_path / "n.ndn", tmp_path / "command.net")
    assert (tmp_path / "script.net").stat().st_size == (tmp_path / "command.net").stat().st_size
    assert "'learned_weights': 210" in script("inspect", tmp_path / "n.ndn")
    assert "'cores'" in script("inspect", program_path, "--explain", "fc1")
    invoke("run", program_path, "--data", recordings, "-o", tmp_path / "r.ndr")
    words = ("report", tmp_path / "r.ndr", "-o", tmp_path / "page.html", "--replay")
    script(*words)
    made = [(tmp_path / f"page.{suffix}").read_bytes() for suffix in ("html", "json")]
    assert b"nd-replay" in made[0]
    assert invoke(*words, "--force").exit_code == 0
    assert [(tmp_path / f"page.{suffix}").read_bytes() for suffix in ("html", "json")] == made


def test_report_of_several_runs(
    invoke: Invoke, script: Any, program_path: Path, recordings: Path, tmp_path: Path
) -> None:
    runs = [tmp_path / f"{name}.ndr" for name in ("emulator", "reference")]
    for run in runs:
        invoke("run", program_path, "--data", recordings, "--backend", run.stem, "-o", run)
    words = ("report", *runs, "-o", tmp_path / "page.html")
    script(*words)
    made = [(tmp_path / f"page.{suffix}").read_bytes() for suffix in ("html", "json")]
    assert invoke(*words, "--force").exit_code == 0
    assert [(tmp_path / f"page.{suffix}").read_bytes() for suffix in ("html", "json")] == made


def test_a_film(script: Any, invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    options = ("--speed", 0.5, "--fps", 10, "--membrane", "fc1:2", "--layer", "fc1", "--steps", 30, "--credit", 'a "b"')
    words = ("replay", program_path, recordings / "2.bs2", *options)
    assert script(*words, "-o", tmp_path / "script.gif").strip() in ("None", "0", "1", "2")
    assert invoke(*words, "-o", tmp_path / "command.gif").exit_code == 0
    assert (tmp_path / "script.gif").read_bytes() == (tmp_path / "command.gif").read_bytes()


def test_train(script: Any, recordings: Path, tmp_path: Path) -> None:
    words = ("train", "--arch", "4x4x2-6-3", "--data", recordings, "--split", "test", "--test-split", "train")
    out = script(*words, "--steps", 20, "--epochs", 1, "-o", tmp_path / "net.pt")
    assert "'total': 1" in out
    assert (tmp_path / "net.pt").exists()


def test_train_by_forward_propagation_and_its_time_step(invoke: Invoke, script: Any, tmp_path: Path) -> None:
    write_table(iris(), table := tmp_path / "iris.csv")
    how = ("--method", "fp", "--neuron", "iris-paper", "--arch", "4-5-3", "--epochs", 2, "--test-share", 0.2)
    words = ("train", *how, "--data", table)
    assert "'total': 30" in script(*words, "-o", tmp_path / "script.npz")
    assert invoke(*words, "-o", tmp_path / "command.npz").exit_code == 0
    assert (tmp_path / "script.npz").read_bytes() == (tmp_path / "command.npz").read_bytes()
    trying = ("--limit", 5, "--timestep-ms", "0.5,0.3", "--max-loss", 100)
    steps = ("timestep", tmp_path / "script.npz", "--data", table, *trying)
    assert "'recordings': 5" in script(*steps, "-o", tmp_path / "script.json")
    assert invoke(*steps, "-o", tmp_path / "command.json").exit_code == 0
    ours, theirs = (json.loads((tmp_path / f"{name}.json").read_text())["points"] for name in ("script", "command"))
    assert ours == theirs


@pytest.mark.parametrize(("method", "output"), [("slayer", "net.pt"), ("tssl", "net.ndn"), ("fp", "net.npz")])
def test_a_script_names_its_network_as_the_method_does(invoke: Invoke, method: str, output: str) -> None:
    answer = invoke("train", "--method", method, "--arch", "4-3", "--data", "x", "--gen-script")
    assert f'nd.train("4-3", "x", "{output}"' in answer.stdout


def test_every_command_that_makes_something_has_a_script(invoke: Invoke) -> None:
    for name in SCRIPTS:
        assert "--gen-script" in invoke(name, "--help").stdout


def test_what_has_no_script_says_so(invoke: Invoke, program_path: Path) -> None:
    answer = invoke("run", program_path, "--stream", "text", "--gen-script")
    assert answer.exit_code == 1
    assert "--gen-script: has no line for --stream; nd.stream is its function" in answer.stderr


@pytest.mark.parametrize("name", ["a 'b' \"c\"", "tab\t\\n", "ünï\u2028", '"""', "{'x': 1}"])
def test_names_are_written_as_they_are(name: str) -> None:
    for value in (name, [name], {name: (name,)}):
        assert eval(literal(value)) == ({name: [name]} if isinstance(value, dict) else value)
