"""What `compile` and `inspect` tell before any chip is near."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.network import Network
from tests.cli.conftest import Invoke
from tests.unit.compiler.test_compile import chain


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """256-500-12 with weights that take 8 bits: 2 cores, with 6 bits one."""
    path = tmp_path_factory.mktemp("dense") / "dense.ndn"
    nd.save(chain(256, 500, 12), path)
    return path


def test_compile_and_inspect_say_the_same(invoke: Invoke, dense: Path, tmp_path: Path) -> None:
    path = tmp_path / "d.ndp"
    printed = invoke("compile", dense, "-o", path, "--no-advise").stdout
    shown = invoke("inspect", path).stdout
    start = printed.index("2 cores of 128 of loihi1")
    told = printed[start : printed.index("\n\nQuantization")]
    assert told in shown
    for words in ("chip 0: 8 x 4 routers of 4 cores", "by memory", "any assumes", "a fc1  b fc2", "Per step"):
        assert words in told
    assert "\x1b" not in printed
    data = json.loads(invoke("inspect", path, "--json").stdout)
    assert data["program"] == nd.load(path).summary  # type: ignore[union-attr]


def test_advice_is_kept_with_the_program(invoke: Invoke, dense: Path, tmp_path: Path) -> None:
    words = ("compile", dense, "-o", tmp_path / "d.ndp", "--json")
    data = json.loads(invoke(*words, "--advise").stdout)
    assert data["schema"] == "neurodeploy.compile/1"
    best = data["advice"][0]
    assert set(best) == {"text", "option", "cores", "exact", "effect"}
    assert best["cores"] == 1
    assert best["option"].startswith("--weight-bits fc1=")
    text = invoke("inspect", tmp_path / "d.ndp").stdout
    assert best["text"] in text
    option, value = best["option"].split()
    changed = json.loads(invoke("compile", dense, "-o", tmp_path / "e.ndp", "--json", option, value).stdout)
    assert changed["cores"] == 1
    assert "advice" not in json.loads(invoke(*words, "--no-advise", "--force").stdout)


def test_large_networks_are_told_how_to_ask(invoke: Invoke, tmp_path: Path) -> None:
    nd.save(chain(600, 500), tmp_path / "n.ndn")
    result = invoke("compile", tmp_path / "n.ndn", "-o", tmp_path / "n.ndp")
    assert "--advise tries it" in result.stderr
    assert "one change" not in result.stdout


def test_explain(invoke: Invoke, dense: Path, tmp_path: Path) -> None:
    path = tmp_path / "d.ndp"
    printed = invoke("compile", dense, "-o", path, "--no-advise", "--explain", "fc1").stdout
    assert "fc1: 500 neurons on 2 cores" in printed
    for words in (
        "where synapse memory ended",
        "as stored",
        "dense, 8-bit excitatory as quantized",
        "shares cores with fc2",
    ):
        assert words in printed
    assert max(map(len, printed.splitlines()[1:])) <= 80
    explained = printed[printed.index("fc1: 500 neurons") : printed.index("\n\nQuantization")]
    assert explained in invoke("inspect", path, "--explain", "fc1").stdout
    data = json.loads(invoke("inspect", path, "--explain", "fc1", "--explain", "fc2", "--json").stdout)
    assert [each["layer"] for each in data["program"]["explained"]] == ["fc1", "fc2"]
    refused = invoke("inspect", path, "--explain", "input")
    assert refused.exit_code == 1
    assert "layer input: is none on cores; choose from fc1, fc2." in refused.stderr
    assert "needs a program" in invoke("inspect", dense, "--explain", "fc1").stderr


@pytest.mark.parametrize(
    ("value", "bits"), [("3", [3, 3]), ("fc2=2", [8, 2]), ("4, fc2=2", [4, 2]), ("fc1=1,fc2=5", [1, 5])]
)
def test_weight_bits_of_layers(invoke: Invoke, network: Network, tmp_path: Path, value: str, bits: list[int]) -> None:
    nd.save(network, tmp_path / "n.ndn")
    assert invoke("compile", tmp_path / "n.ndn", "-o", tmp_path / "p.ndp", "--weight-bits", value).exit_code == 0
    program = nd.load(tmp_path / "p.ndp")
    assert isinstance(program, nd.Program)
    assert [error.bits for error in program.quantization] == bits


@pytest.mark.parametrize(("value", "code"), [("x", 2), ("fc1=", 2), ("=3", 2), ("fc1=9", 1), ("0", 1), ("fc7=3", 1)])
def test_weight_bits_that_make_no_sense(
    invoke: Invoke, network: Network, tmp_path: Path, value: str, code: int
) -> None:
    nd.save(network, tmp_path / "n.ndn")
    result = invoke("compile", tmp_path / "n.ndn", "-o", tmp_path / "p.ndp", "--weight-bits", value)
    assert result.exit_code == code
    assert not (tmp_path / "p.ndp").exists()


def test_refusals_fit_one_screen(invoke: Invoke, tmp_path: Path) -> None:
    """Exit code 3, the sentence first, then numbers; with --json one object."""
    network = chain(1, 40_000, delay=np.int64(62).item())
    nd.save(network, tmp_path / "n.ndn")
    words = ("compile", tmp_path / "n.ndn", "-o", tmp_path / "p.ndp")
    result = invoke(*words)
    assert result.exit_code == 3
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith("Error: fc1: takes 312.5 of the 313 cores that compartments alone demand")
    assert any(line.startswith("layer  by neurons") for line in lines)
    assert lines[-1] == "- with delays up to 14 the compartments demand 79 cores"
    assert len(lines) <= 24
    assert max(map(len, lines[1:])) <= 80
    data = json.loads(invoke(*words, "--json").stdout)
    assert data["schema"] == "neurodeploy.refusal/1"
    assert data["subject"] == "fc1"
    assert data["rows"][0]["by neurons"] == 312.5
    assert data["ways"][-1].startswith("with delays up to 14")
    assert invoke(*words, "-q").stderr.count("\n") == 1
    assert not (tmp_path / "p.ndp").exists()
