"""`neurodeploy convert` and `neurodeploy formats`."""

from __future__ import annotations

import json
from pathlib import Path

import neurodeploy as nd
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.network import Network
from tests.cli.conftest import Invoke


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
        assert all(phrase in text for phrase in row["reads"] or ())
