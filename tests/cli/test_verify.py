"""`neurodeploy verify`: the text people read, and its exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import neurodeploy as nd
from neurodeploy.cli.verify import MEANING, _text
from neurodeploy.network import Dense, Network
from tests.cli.conftest import Invoke


def test_three_backends_side_by_side(invoke: Invoke, program_path: Path) -> None:
    names = "reference,emulator,torch"
    data = json.loads(invoke("verify", program_path, "--backends", names, "--random", 0.1, "--json").stdout)
    assert data["backends"] == names.split(",")
    assert data["offset_steps"] == dict.fromkeys(data["backends"], 0)
    shown = invoke("verify", program_path, "--backends", names, "--random", 0.1).stdout
    assert f"equal: {data['spikes_compared']:,} spikes, {data['states_compared']:,} states compared" in shown
    assert shown.split("\n")[0].split() == [
        "spikes",
        "of",
        "reference",
        "emulator",
        "torch",
        "differing",
        "first",
        "at",
        "step",
    ]


def test_a_difference_comes_with_its_cause(invoke: Invoke, network: Network, tmp_path: Path) -> None:
    weights = network.projections[0].synapse.weight.astype(np.float64)
    floating = replace(network.projections[0], synapse=Dense(weights))
    coarse = nd.compile(replace(network, projections=(floating, network.projections[1])), weight_bits=2)
    nd.save(coarse, tmp_path / "coarse.ndp")
    options = ("verify", tmp_path / "coarse.ndp", "--backends", "torch,emulator", "--random", 0.1)
    first = json.loads(invoke(*options, "--json").stdout)["first_difference"]
    assert first["likely_cause"] == "weight"
    assert first["backends"] == ["torch", "emulator"]
    result = invoke(*options)
    assert result.exit_code == 3
    assert f"first u of fc1 neuron {first['neuron']} in step {first['step']}: " in result.stdout
    assert f"likely cause: weight, {MEANING['weight']}" in result.stdout


def test_an_offset_says_how_far(invoke: Invoke, program_path: Path) -> None:
    answer = json.loads(invoke("verify", program_path, "--random", 0.1, "--json").stdout)
    answer["offset_steps"]["emulator"] = 1
    answer["first_difference"] = {
        "backends": ["reference", "emulator"],
        "recording": "a.bs2",
        "population": "fc1",
        "neuron": 2,
        "step": 5,
        "variable": "v",
        "values": [3, -4],
        "likely_cause": "offset",
    }
    shown = _text(answer)
    assert "first v of fc1 neuron 2 in step 5 of a.bs2: 3 (reference), -4 (emulator)" in shown
    assert shown.endswith("the whole run is shifted in time by 1 step(s)")


def test_recordings_and_random_input_together_are_refused(invoke: Invoke, program_path: Path, recordings: Path) -> None:
    result = invoke("verify", program_path, "--data", recordings, "--random", 0.1)
    assert result.exit_code == 1
    assert "not both" in result.stderr


def test_every_cause_has_a_meaning() -> None:
    from neurodeploy.runtime.diagnosis import OF_CURRENT, OF_SPIKES, OF_VOLTAGE

    causes = {cause for cause, _ in (*OF_CURRENT, *OF_VOLTAGE, *OF_SPIKES)}
    assert causes | {"offset", "unknown"} == set(MEANING)
