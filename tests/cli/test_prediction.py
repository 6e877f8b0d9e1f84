"""Predicted energy and time, as `run`, `report` and `compile` tell them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import neurodeploy as nd
from neurodeploy.compiler.prediction import constants
from neurodeploy.network import Network
from tests.cli.conftest import Invoke


def test_run_predicts_by_every_set(invoke: Invoke, program_path: Path, recordings: Path) -> None:
    data = json.loads(invoke("run", program_path, "--data", recordings, "--json", "--threads", 2).stdout)
    for number, predicted in enumerate(data["predictions"]):
        assert predicted["constants"] == ("davies2018", "sana-fe")[number]
        assert predicted["steps"] == 150
        for key in ("joules", "seconds"):
            assert predicted[key]["total"] == pytest.approx(sum(s["predictions"][number][key] for s in data["samples"]))
        assert predicted["joules"]["dynamic"] == pytest.approx(sum(layer["joules"] for layer in predicted["layers"]))


def test_constants_of_a_prediction(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    text = (Path(constants.__file__).parent / "sana-fe.toml").read_text("utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('name = "sana-fe"', 'name = "mine"').replace("packet = 111.0", "packet = 222.0"))
    chosen = ("--constants", "sana-fe", "--constants", mine)
    arguments = ("run", program_path, "--data", recordings, "-o", tmp_path / "r.ndr", *chosen)
    text = invoke(*arguments).stdout
    assert any(line.split() == ["sana-fe", "mine"] for line in text.splitlines())
    assert "static power" in text
    assert max(map(len, text.splitlines())) <= 80
    assert invoke("report", tmp_path / "r.ndr").exit_code == 0
    report = json.loads((tmp_path / "r.json").read_text())
    packets = [{e["name"]: e["joules"] for e in p["events"]}["packets"] for p in report["predictions"]]
    assert packets[1] == pytest.approx(2 * packets[0])
    assert "Predicted energy and time" in (tmp_path / "r.html").read_text()
    wrong = invoke("run", program_path, "--data", recordings, "--constants", "guess")
    assert wrong.exit_code == 1
    assert "davies2018, sana-fe" in wrong.stderr


def test_compile_predicts_at_measured_rates(invoke: Invoke, network: Network, recordings: Path, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    arguments = ("compile", tmp_path / "n.ndn", "-o", tmp_path / "p.ndp", "--json")
    assert json.loads(invoke(*arguments).stdout)["predictions"] == []
    data = json.loads(invoke(*arguments, "--force", "--calibrate", recordings).stdout)
    assert [p["constants"] for p in data["predictions"]] == ["davies2018", "sana-fe"]
    assert all(p["joules"]["total"] > p["joules"]["dynamic"] > 0 for p in data["predictions"])
