"""Latency-coded networks on the command line: compile, run, timestep."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.models.forward_prop.file import save_forward
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.simulate import simulate
from neurodeploy.network import Network
from neurodeploy.spikes.latency import Latency
from tests.cli.conftest import Invoke

ROWS = 30
LATENCY = Latency((0.0, 0.0), (1.0, 1.0), 0.15, 2.0, complement=True, bias_ms=0.9)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A network and a table whose labels are what it answers in continuous time, clear answers only."""
    folder, draw = tmp_path_factory.mktemp("latency"), np.random.default_rng(13)
    weights = (draw.normal(1.5, 0.8, (5, 20)), draw.normal(0.2, 1.0, (20, 3)))
    network = ForwardNetwork(weights, 0.999, 1.0, horizon_ms=2.0)
    save_forward(network, LATENCY, folder / "net.npz")
    features = draw.uniform(size=(400, 2))
    first = simulate(network, LATENCY.times(features)).output.first_times()
    two = np.sort(first, axis=1)[:, :2]
    clear = np.flatnonzero(two[:, 1] - two[:, 0] > 0.03)[:ROWS]
    assert len(clear) == ROWS
    lines = [f"{float(features[k, 0])!r},{float(features[k, 1])!r},{first[k].argmin()}" for k in clear]
    (folder / "data.csv").write_text("\n".join(["a,b,label", *lines]))
    return folder / "net.npz", folder / "data.csv"


def test_from_the_network_to_first_spikes(invoke: Invoke, files: tuple[Path, Path], tmp_path: Path) -> None:
    net, table = files
    shown = invoke("inspect", net)
    assert shown.exit_code == 0
    assert "network in continuous time, 5-20-3" in shown.stdout
    made = invoke("compile", net, "--timestep-ms", 0.0081, "--weight-bits", 8, "-o", tmp_path / "net.ndp")
    assert made.exit_code == 0
    assert "steps of 0.0081 ms: decays 33 and 33 of 4096" in made.stderr
    result = invoke("run", tmp_path / "net.ndp", "--data", table, "--json", "-o", tmp_path / "run.ndr")
    found = json.loads(result.stdout)
    assert found["accuracy"] == {"correct": ROWS, "total": ROWS}
    sample = found["samples"][0]
    assert sample["file"] == "data.csv:1"
    fired = {step: k for k, step in reversed(list(enumerate(sample["first_steps"]))) if step is not None}
    assert sample["prediction"] == fired[min(fired)]
    assert sum(row["recordings"] for row in found["first_spikes"]["classes"]) == ROWS
    text = invoke("run", tmp_path / "net.ndp", "--data", table)
    assert "first spike decides: 0 ties, 0 silent recordings" in text.stdout
    assert invoke("verify", tmp_path / "net.ndp", "--data", table, "--limit", 3).exit_code == 0
    assert invoke("report", tmp_path / "run.ndr", "-o", tmp_path / "run.html").exit_code == 0


def test_recordings_of_spikes_give_the_same_as_features(files: tuple[Path, Path], tmp_path: Path) -> None:
    net, table = files
    network = nd.load(net, dt=0.0081)
    assert isinstance(network, Network)
    program = nd.compile(network, weight_bits=8)
    runs = nd.run(program, table, limit=3)
    assert isinstance(runs, list)
    features = np.loadtxt(table, delimiter=",", skiprows=1)[:3, :2]
    for run, times in zip(runs, LATENCY.times(features), strict=True):
        rows = np.stack([np.arange(5), np.zeros(5), times * 1000], axis=1)
        np.save(tmp_path / "one.npy", rows)
        again = nd.run(program, tmp_path / "one.npy")
        assert isinstance(again, nd.Run)
        np.testing.assert_array_equal(again["fc1.spikes"], run["fc1.spikes"])
        assert again.prediction == run.prediction


def test_the_coding_travels_with_networks_and_programs(files: tuple[Path, Path], tmp_path: Path) -> None:
    network = nd.load(files[0])
    assert isinstance(network, Network)
    nd.save(network, tmp_path / "n.ndn")
    nd.save(nd.compile(network, weight_bits=8), tmp_path / "n.ndp")
    again, program = nd.load(tmp_path / "n.ndn"), nd.load(tmp_path / "n.ndp")
    assert isinstance(again, Network)
    assert isinstance(program, nd.Program)
    assert again.coding == program.network.coding == LATENCY


def test_time_steps_side_by_side(invoke: Invoke, files: tuple[Path, Path], tmp_path: Path) -> None:
    net, table = files
    command = ("timestep", net, "--data", table, "--timestep-ms", "0.0081,0.2")
    result = invoke(*command, "--json", "-o", tmp_path / "t.json")
    found = json.loads(result.stdout)
    assert json.loads((tmp_path / "t.json").read_text()) == found
    assert (found["schema"], found["continuous"], found["chosen_ms"]) == ("neurodeploy.timestep/1", 1.0, 0.0081)
    coarse, fine = found["points"]
    assert (coarse["timestep_ms"], coarse["steps"], fine["steps"]) == (0.2, 10, 247)
    assert coarse["loss"] > 10
    assert [fine[stage] for stage in ("stepped", "integer", "bits", "loss", "silent")] == [1, 1, 1, 0, 0]
    text = invoke(*command)
    assert max(map(len, text.stdout.splitlines())) <= 80
    assert "longest step that loses at most 1 points: 0.0081 ms" in text.stdout
    assert "Next: neurodeploy compile" in text.stderr
    none = invoke("timestep", net, "--data", table, "--timestep-ms", "0.2", "--max-loss", 0)
    assert none.exit_code == 3
    assert "none of these keeps the loss within 0 points" in none.stdout


def test_refusals(invoke: Invoke, files: tuple[Path, Path], program_path: Path, tmp_path: Path) -> None:
    net, table = files
    outside, unlabelled = tmp_path / "outside.csv", tmp_path / "unlabelled.csv"
    outside.write_text("a,b,label\n0.5,1.5,0\n")
    unlabelled.write_text("a,b\n0.5,0.5\n")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b,label\n0.5,0.5,3\n")
    for words, text in (
        (("timestep", net), "--data: is missing"),
        (("timestep", net, "--data", outside), "outside.csv:1: feature 1: is 1.5, outside 0 … 1"),
        (("timestep", net, "--data", unlabelled), "has no label"),
        (("timestep", net, "--data", wrong), "label 3 is outside the 3 outputs"),
        (("timestep", net, "--data", table, "--max-loss", "nan"), "outside 0 … 100"),
        (("timestep", net, "--data", table, "--timestep-ms", "0.01,0.01"), "given twice"),
        (("timestep", net, "--data", table, "--timestep-ms", "5"), "choose one that makes 1"),
        (("compile", net, "--timestep-ms", "-1", "-o", tmp_path / "x.ndp"), "outside 0.001"),
        (("run", program_path, "--data", table), "the network has no latency coding"),
    ):
        result = invoke(*words)
        assert result.exit_code == 1, words
        assert text in " ".join(result.stderr.split()), result.stderr
    assert invoke("timestep", net, "--data", table, "--timestep-ms", "a").exit_code == 2


def test_a_row_of_a_table_is_replayed(invoke: Invoke, files: tuple[Path, Path], tmp_path: Path) -> None:
    net, table = files
    program = tmp_path / "net.ndp"
    assert invoke("compile", net, "--timestep-ms", 0.0081, "--weight-bits", 8, "-o", program).exit_code == 0
    shown = invoke("replay", program, f"{table}:7", "--json")
    assert shown.exit_code == 0, shown.stderr
    found = json.loads(shown.stdout)
    sample = json.loads(invoke("run", program, "--data", table, "--json").stdout)["samples"][6]
    assert (found["file"], found["label"], found["prediction"]) == ("data.csv:7", sample["label"], sample["prediction"])
    assert found["counts"] == sample["output_counts"]
    assert found["output"] == str(tmp_path / "net-data-7.html")
    for number, told in ((0, "does not exist"), (ROWS + 1, f"is behind the last row, {ROWS}; name one of the rows")):
        assert told in invoke("replay", program, f"{table}:{number}").stderr
    whole = invoke("replay", program, table)
    assert whole.exit_code == 1
    assert f"holds {ROWS} recordings, and a replay shows one; name a row of it, for example data.csv:1" in whole.stderr
