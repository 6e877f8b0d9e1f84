"""`neurodeploy convert` and `neurodeploy formats`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.network import Network
from tests.cli.conftest import Invoke
from tests.support.onnx_models import small_convolutional_model


def test_convert_a_checkpoint(tmp_path: Path, invoke: Invoke) -> None:
    output = tmp_path / "digits.ndn"
    result = invoke("convert", CHECKPOINT, output, "--yaml", YAML, "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert (answer["schema"], answer["from"]) == ("neurodeploy.convert/1", "slayer-pt")
    assert answer["files"] == [str(output)]
    network = nd.load(output)
    assert isinstance(network, Network)
    assert network.output.neurons == 10
    assert f"Next: neurodeploy inspect {output}" in result.stderr
    again = invoke("convert", CHECKPOINT, output, "--yaml", YAML)
    assert (again.exit_code, "exists already" in again.stderr) == (1, True)
    assert invoke("convert", CHECKPOINT, output, "--yaml", YAML, "--force").exit_code == 0


def test_converting_integers_needs_no_torch(
    program_path: Path, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("slayer_pt", "torch_file"):
        monkeypatch.delitem(sys.modules, f"neurodeploy.models.formats.{name}", raising=False)
    assert invoke("convert", program_path, tmp_path / "p.c").exit_code == 0
    assert (tmp_path / "p.h").exists()


def test_unknown_formats(tmp_path: Path, invoke: Invoke) -> None:
    for words, message in (
        ((CHECKPOINT, tmp_path / "x.what", "--yaml", YAML), "is of a format that no writer knows"),
        ((CHECKPOINT, tmp_path / "x.ndn", "--from", "what"), "format what: is of a format that no reader knows"),
        ((tmp_path / "none.pt", tmp_path / "x.ndn"), "does not exist"),
    ):
        result = invoke("convert", *words)
        assert (result.exit_code, message in result.stderr) == (1, True), result.stderr
    assert list(tmp_path.iterdir()) == []


def test_formats_are_listed(invoke: Invoke) -> None:
    rows = json.loads(invoke("formats", "--json").stdout)["formats"]
    assert {"slayer", "pt"} <= {row["name"] for row in rows}
    text = invoke("formats").stdout
    for row in rows:
        assert row["name"] in text
        assert all(phrase in " ".join(text.split()) for phrase in row["reads"] or ())


def test_convert_to_onnx_and_c(program_path: Path, tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("convert", program_path, tmp_path / "n.onnx", "--profile", "lava-0.10", "--traces", "--json")
    assert result.exit_code == 0, result.stderr
    assert "profile lava-0.10" in result.stderr
    assert "fc1.u.trace" in " ".join(json.loads(result.stdout)["notes"])
    back = invoke("convert", tmp_path / "n.onnx", tmp_path / "n.ndn")
    assert back.exit_code == 0, back.stderr
    result = invoke("convert", program_path, tmp_path / "n.c")
    assert result.exit_code == 0, result.stderr
    assert "inspect" not in result.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"n.onnx", "n.ndn", "n.c", "n.h"}
    refused = invoke("convert", program_path, tmp_path / "m.c", "--profile", "what")
    assert (refused.exit_code, "profile what: is unknown" in refused.stderr) == (1, True)


def test_convert_a_network_of_rates(tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "n.onnx").write_bytes(small_convolutional_model().SerializeToString())
    np.save(tmp_path / "c.npy", np.random.default_rng(3).random((5, 2, 6, 6)))
    words = ("convert", tmp_path / "n.onnx", tmp_path / "n.ndn", "--calibrate", tmp_path / "c.npy")
    result = invoke(*words, "--percentile", "99")
    assert result.exit_code == 0, result.stderr
    assert "conv1: scale" in result.stderr
    assert nd.compile(nd.load(tmp_path / "n.ndn")).network.steps == 405  # type: ignore[arg-type]
