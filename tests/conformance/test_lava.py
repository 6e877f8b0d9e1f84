"""Live Lava and the C core on the same recordings: every spike, u and v of every layer in every step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.main import cli
from tests.conformance.cases import program

pytestmark = pytest.mark.usefixtures("lava")

SHORT = 160
#: The whole recording takes more than a minute in Lava.
WHOLE = pytest.param(1450, marks=pytest.mark.evidence)


@pytest.mark.parametrize("number", [1, 60001])
def test_nmnist(number: int, conformance: Path) -> None:
    recording = conformance / f"datasets/nmnist/{number}.bs2"
    result = nd.verify(program("nmnist", conformance), recording, ("emulator", "lava"))
    assert result.equal, result.first_difference
    assert result.states_compared == 2 * 300 * (512 + 10)
    assert result.spikes_compared > 500


@pytest.mark.parametrize("steps", [SHORT, WHOLE])
def test_gesture(steps: int, conformance: Path) -> None:
    network = program("gesture", conformance)
    result = nd.verify(network, conformance / "datasets/dvs_gesture/1.bs2", ("emulator", "lava"), steps=steps)
    assert result.equal, result.first_difference
    neurons = sum(p.neurons for p in network.network.populations[1:])
    assert result.states_compared == 2 * steps * neurons
    assert result.spikes_compared > 1000


def test_command_line(conformance: Path, tmp_path: Path) -> None:
    """`run` and `verify` as a user calls them; the worker of the first recording serves the others too."""
    nd.save(program("nmnist", conformance), tmp_path / "n.ndp")
    data = ["--data", str(conformance / "datasets/nmnist"), "--limit", "2", "--json"]
    run = CliRunner().invoke(cli, ["run", str(tmp_path / "n.ndp"), "--backend", "lava", *data], catch_exceptions=False)
    assert json.loads(run.stdout)["accuracy"] == {"correct": 2, "total": 2}
    words = ["verify", str(tmp_path / "n.ndp"), "--backends", "lava,reference", "--profile", "lava-0.10", *data]
    verify = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert verify.exit_code == 0
    assert json.loads(verify.stdout)["equal"]
