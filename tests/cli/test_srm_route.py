"""From an SRM checkpoint to a program in few bits: `convert --data` and `train --fine-tune`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import neurodeploy as nd
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.network import Network
from tests.cli.conftest import Invoke
from tests.support.digits import write_few_digits

SRM_YAML = """\
simulation: {Ts: 1.0, tSample: 60}
neuron: {type: SRMALPHA, theta: 10, tauSr: 4.0, tauRef: 1.0, scaleRef: 1.0, tauRho: 1.0, scaleRho: 1.0}
"""


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("digits")
    write_few_digits(path, 60)
    return path


def test_the_way_from_training_to_a_program(digits: Path, tmp_path: Path, invoke: Invoke) -> None:
    neuron, srm, cuba, small = (tmp_path / name for name in ("neuron.yaml", "srm.pt", "cuba.ndn", "small.ndn"))
    neuron.write_text(SRM_YAML)
    trained = invoke("train", "--arch", "16x16x2-12-10", "--neuron", neuron, "--data", digits, "--epochs", 20,
                     "--batch-size", 10, "--test-every", 0, "-o", srm)  # fmt: skip
    assert trained.exit_code == 0, trained.stderr
    words = ("convert", srm, cuba, "--yaml", srm.with_suffix(".yaml"))

    plain = invoke(*words, "--json")
    assert "`neurodeploy convert CHECKPOINT OUT.ndn --data RECORDINGS`" in plain.stderr
    assert json.loads(plain.stdout)["calibration"] is None
    taken = invoke(*words, "--data", digits)
    assert (taken.exit_code, "exists already" in taken.stderr) == (1, True)

    chosen = ("--data", digits, "--split", "train", "--limit", 12, "--test-split", "test")
    answer = json.loads(invoke(*words, *chosen, "--force", "--json").stdout)
    found = answer["calibration"]
    assert (answer["schema"], found["recordings"], found["tested_on"]) == ("neurodeploy.convert/1", 12, "test")
    assert [layer["name"] for layer in found["layers"]] == ["fc1", "fc2"]
    network = nd.load(cuba)
    assert isinstance(network, Network)
    for layer, population in zip(found["layers"], network.populations[1:], strict=True):
        assert population.neuron is not None
        assert layer["neuron"] == {name: int(value) for name, value in population.neuron.parameters().items()}
        assert layer["disagreement"] <= layer["disagreement_not_calibrated"]
    assert [each["accuracy"]["total"] for each in found["networks"]] == [30, 30]
    text = invoke(*words, *chosen, "--force")
    assert "calibrated on 12 recordings; weights are still float" in text.stdout
    assert "SRM, float" in text.stdout
    assert f"Next: neurodeploy train --fine-tune {cuba} --weight-bits 4 --data {digits}" in text.stderr
    assert all(len(line) <= 80 or str(cuba) in line for line in text.stdout.splitlines())

    tuning = ("train", "--fine-tune", cuba, "--weight-bits", 3, "--layer-bits", "fc2=5", "--data", digits,
              "--epochs", 1, "-o", small)  # fmt: skip
    tuned = invoke(*tuning)
    assert tuned.exit_code == 0, tuned.stderr
    assert [word in tuned.stdout for word in ("as given", "rounded", "fine-tuned", "95 % interval", "p (sign)")]
    assert f"Next: neurodeploy compile {small}" in tuned.stderr
    compiled = invoke("compile", small, "-o", tmp_path / "small.ndp", "--json")
    assert compiled.exit_code == 0, compiled.stderr
    program = nd.load(tmp_path / "small.ndp")
    assert isinstance(program, nd.Program)
    assert not any(layer.changed for layer in program.quantization)
    assert [
        len(set(p.synapse.weight.flat)) <= most for p, most in zip(program.network.projections, (8, 32), strict=True)
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("convert", CHECKPOINT, "x.ndn", "--yaml", YAML, "--data", "D"),
            "has LOIHI neurons, which are the chip's own",
        ),
        (
            ("convert", CHECKPOINT, "x.ndn", "--yaml", YAML, "--limit", 3),
            "--limit: choose recordings, and there are none",
        ),
        (("convert", CHECKPOINT, "x.ndn", "--dt", 1, "--data", "D"), "--dt: means nothing for an SRMALPHA checkpoint"),
        (("train", "--fine-tune", CHECKPOINT, "--data", "D", "--gain", 2), "--gain: is of a training from nothing"),
        (("train", "--fine-tune", CHECKPOINT, "--data", "D", "--delays"), "--delays: is of a training from nothing"),
        (("train", "--arch", "4-2", "--data", "D", "--layer-bits", "fc1=2"), "--layer-bits: is of fine-tuning"),
        (("train", "--fine-tune", CHECKPOINT, "--yaml", YAML, "--data", "D", "-o", "x.pt"), "does not end in .ndn"),
    ],
)
def test_options_that_make_no_sense_together(
    words: tuple[object, ...],
    message: str,
    digits: Path,
    tmp_path: Path,
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(*(digits if word == "D" else word for word in words))
    assert (result.exit_code, message in result.stderr) == (1, True), result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_training_needs_its_layers(digits: Path, invoke: Invoke) -> None:
    result = invoke("train", "--data", digits)
    assert (result.exit_code, "Missing option '--arch'" in result.stderr) == (2, True), result.stderr
