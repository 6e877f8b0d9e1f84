"""`report` of one run, of several, with a sweep; `compare -o`: the page and the JSON beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import neurodeploy as nd
from neurodeploy.errors import FormatError
from neurodeploy.network.file import save_network
from neurodeploy.reporting.sweep_file import load_sweep
from tests.cli.conftest import Invoke
from tests.cli.test_compare import runs

__all__ = ["runs"]


def test_several_runs_on_one_page(invoke: Invoke, runs: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = invoke("report", *runs, "-o", page)
    assert result.exit_code == 0
    assert f"{page}: the report" in result.stdout
    told = json.loads(page.with_suffix(".json").read_text())
    assert told["schema"] == "neurodeploy.report/1"
    assert told["comparison"] == json.loads(invoke("compare", *runs, "--json").stdout)
    assert "Compared with" in page.read_text()
    again = invoke("compare", *runs, "-o", page)
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    before = page.read_bytes()
    assert invoke("compare", *runs, "-o", page, "--force").exit_code == 0
    assert page.read_bytes() == before


@pytest.mark.parametrize("number", [1, 2])
def test_every_part_of_the_bar_is_told(runs: tuple[Path, Path], tmp_path: Path, number: int) -> None:
    """As many parts as the command announces: each run, and the page; of one run too."""
    parts: list[float] = []
    told = nd.report(list(runs[:number]), tmp_path / "page.html", progress=parts.append)
    assert parts == [1.0] * (number + 1)
    assert json.loads(json.dumps(told)) == json.loads((tmp_path / "page.json").read_text())


def test_stages_of_a_program_on_a_page(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    page = tmp_path / "stages.html"
    words = ("compare", program_path, "--data", recordings, "--backends", "emulator,reference", "-o", page)
    assert invoke(*words).exit_code == 0
    assert "Equal, spike by spike" in page.read_text()
    assert json.loads(page.with_suffix(".json").read_text())["comparison"]["pairs"][0]["layers_of"] is None


def test_a_sweep_is_drawn(
    invoke: Invoke, runs: tuple[Path, Path], network: Any, recordings: Path, tmp_path: Path
) -> None:
    net, sweep, page = tmp_path / "net.ndn", tmp_path / "sweep.json", tmp_path / "page.html"
    save_network(net_of(network), net, provenance={})
    assert invoke("sweep", net, "--data", recordings, "--weight-bits", "4,8", "-o", sweep).exit_code == 0
    assert invoke("report", runs[0], "--sweep", sweep, "-o", page).exit_code == 0
    assert "Bits and cores" in page.read_text()
    assert json.loads(page.with_suffix(".json").read_text())["sweep"] == json.loads(sweep.read_text())


def net_of(network: Any) -> nd.Network:
    assert isinstance(network, nd.Network)
    return network


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[", "is no JSON"),
        ("[]", "not an object"),
        ('{"schema": "neurodeploy.run/1"}', "is 'neurodeploy.run/1'"),
        ('{"schema": "neurodeploy.sweep/1", "recordings": 1, "baseline": null}', "points"),
        ('{"schema": "neurodeploy.sweep/1", "recordings": 1, "baseline": null, "points": []}', "no point that fits"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_sweep_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(FormatError, match=problem):
        load_sweep(tmp_path / "sweep.json")


def test_runs_without_a_common_recording(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    for split in ("train", "test"):
        found = nd.run(program, recordings, split=split)
        assert isinstance(found, list)
        nd.save(nd.record(program, found), tmp_path / f"{split}.ndr")
    result = invoke("report", tmp_path / "train.ndr", tmp_path / "test.ndr", "-o", tmp_path / "page.html")
    assert result.exit_code == 1
    assert "without a recording in common" in result.stderr
    assert not (tmp_path / "page.html").exists()
