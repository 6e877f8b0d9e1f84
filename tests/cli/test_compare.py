"""`compare` and `sweep` on the command line: what they print, and how they exit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import neurodeploy as nd
from neurodeploy.network import Network
from tests.cli.conftest import Invoke


@pytest.fixture(scope="module")
def runs(program_path: Path, recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of all three recordings, and of those of split test read out by their first spike, in another folder."""
    folder = tmp_path_factory.mktemp("runs")
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    paths = folder / "all.ndr", folder / "test.ndr"
    for path, split, readout in zip(paths, (None, "test"), ("count", "first"), strict=True):
        found = nd.run(program, recordings, split=split, readout=readout)
        assert isinstance(found, list)
        nd.save(nd.record(program, found), path)
    return paths


def test_compare(invoke: Invoke, runs: tuple[Path, Path]) -> None:
    result = invoke("compare", *runs, "--classes")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "2 recordings in common; left out: 1 of all" in result.stdout
    assert "exact sign test p =" in result.stdout
    data = json.loads(invoke("compare", *runs, "--json").stdout)
    assert data["schema"] == "neurodeploy.compare/1"
    assert data["recordings"] == 2
    assert [run["name"] for run in data["runs"]] == ["all", "test"]
    assert [run["left_out"] for run in data["runs"]] == [1, 0]
    assert data["runs"][0]["joules"] == pytest.approx(data["runs"][1]["joules"])
    (pair,) = data["pairs"]
    assert pair["runs"] == ["all", "test"]
    assert pair["same"] + len(pair["changed"]) == 2
    assert pair["output"]["share"] == 1.0  # the same spikes, read out otherwise


def test_compare_finds_nothing_in_common(
    invoke: Invoke, runs: tuple[Path, Path], program_path: Path, recordings: Path, tmp_path: Path
) -> None:
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    found = nd.run(program, recordings, split="train")
    assert isinstance(found, list)
    nd.save(nd.record(program, found), tmp_path / "train.ndr")
    result = invoke("compare", runs[1], tmp_path / "train.ndr")
    assert result.exit_code == 3
    assert "nothing was compared" in result.stdout
    answer = invoke("compare", runs[1], tmp_path / "train.ndr", "--json")
    assert answer.exit_code == 3
    assert json.loads(answer.stdout)["recordings"] == 0


def test_compare_stages_of_a_program(invoke: Invoke, program_path: Path, recordings: Path) -> None:
    words = ("compare", program_path, "--data", recordings, "--backends", "reference,emulator")
    result = invoke(*words)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    data = json.loads(invoke(*words, "--json").stdout)
    assert [run["name"] for run in data["runs"]] == ["reference", "emulator"]
    assert [layer["share"] for layer in data["pairs"][0]["layers"]] == [1.0, 1.0]
    assert data["pairs"][0]["first_difference"] is None


def test_compare_refuses(invoke: Invoke, runs: tuple[Path, Path], program_path: Path, tmp_path: Path) -> None:
    for words, message in (
        ([runs[0]], "two or more"),
        ([*runs, "--limit", "1"], "are of a program"),
        ([program_path], "--data: is missing"),
        ([runs[0], tmp_path / "none.ndr"], "does not exist"),
        ([runs[0], program_path], "holds a program, not a run"),
    ):
        result = invoke("compare", *words)
        assert result.exit_code == 1
        assert message in result.stderr


def test_sweep(invoke: Invoke, network: Network, recordings: Path, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    files = tmp_path / "s.json", tmp_path / "s.svg"
    words = ("sweep", tmp_path / "n.ndn", "--data", recordings, "--weight-bits", "3,7..8")
    result = invoke(*words, "-o", files[0], "--plot", files[1])
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    data = json.loads(files[0].read_text())
    assert data["schema"] == "neurodeploy.sweep/1"
    assert [point["bits"] for point in data["points"]] == [8, 7, 3]
    assert data["recordings"] == 3
    assert data["baseline"]["kind"] == "finest"
    assert data["points"][0]["agreement"]["share"] == 1.0
    assert "svg" in files[1].read_text()
    again = invoke(*words, "-o", files[0])
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    shown = json.loads(invoke(*words, "--json", "-q").stdout)
    assert shown["points"] == data["points"]


def test_sweep_refuses(invoke: Invoke, network: Network, recordings: Path, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    words = ("sweep", tmp_path / "n.ndn", "--data", recordings)
    for more, code, message in (
        (("--weight-bits", "0..4"), 1, "not within 1 … 8"),
        (("--weight-bits", "4..99999999999"), 1, "not within 1 … 8"),
        (("--weight-bits", "few"), 2, "neither bits nor FIRST..LAST"),
        (("--plot", tmp_path / "s.txt"), 1, "choose .svg, .png, .pdf"),
        (("--target", "loihi9"), 1, "loihi9"),
        (("-o", tmp_path / "missing" / "s.json"), 1, "missing: is no folder; make it first"),
    ):
        result = invoke(*words, *more)
        assert result.exit_code == code
        assert message in result.stderr
    assert invoke("sweep", tmp_path / "n.ndn").exit_code == 1
    small = tmp_path / "small.toml"
    text = (Path(nd.__file__).parent / "compiler" / "targets" / "loihi1.toml").read_text("utf-8")
    small.write_text(text.replace("input_axons = 4096", "input_axons = 8"))
    result = invoke(*words, "--target", small, "--weight-bits", "4")
    assert result.exit_code == 3
    assert "does not fit" in result.stdout


def test_of_many_runs_some_are_shown(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    """Thirty runs, of which one answers otherwise: text of one screen, and the rest counted."""
    made = [tmp_path / f"r{number}.ndr" for number in range(30)]
    for number, steps in ((0, 50), (20, 1)):
        answer = invoke("run", program_path, "--data", recordings, "--steps", steps, "-o", made[number])
        assert answer.exit_code == 0, answer.stderr
    for path in made:
        if not path.exists():
            path.write_bytes(made[0].read_bytes())
    answer = invoke("compare", *made)
    shown = answer.stdout
    assert "28 of 29 runs answer as r0 on every recording, 1 do not" in shown
    assert "shown are 5 of 30" in shown
    assert "r0 and r20: 0 of 3 answers equal" in shown
    assert len(shown.splitlines()) < 80
    assert max(map(len, shown.splitlines())) <= 80
    assert answer.stderr.strip().endswith("r4.ndr …")
    assert len(json.loads(invoke("compare", *made, "--json").stdout)["runs"]) == 30
    few = invoke("compare", *made[:5]).stdout
    assert "shown are" not in few
    assert "r3 and r4" in few
