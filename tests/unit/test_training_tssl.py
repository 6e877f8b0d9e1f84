"""Training with TSSL-BP as one call: what it writes runs on the chip, and goes on with the same bits after a kill."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import neurodeploy
from examples.digits_tssl import experiment, write_images
from neurodeploy.cli.main import cli
from neurodeploy.errors import DataError, FormatError, NetworkError, NeurodeployError, OptionError
from neurodeploy.models.datasets.labelled import Labelled
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.tssl.network import TsslNetwork
from neurodeploy.models.tssl.neuron import TsslNeuron
from neurodeploy.models.tssl.to_chip import to_chip
from neurodeploy.network import Network
from neurodeploy.spikes.recording import Recording
from neurodeploy.training import train
from neurodeploy.training_session import Trained

ARCH = "8x8x1-4c3-2a-10"
SETTINGS = {"method": "tssl", "planes": 5, "epochs": 2, "batch_size": 10}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images")
    write_images(path, 60)
    return path


def small(folder: Path, output: Path, **changes: object) -> Trained:
    settings = SETTINGS | {"log": output.with_suffix(".csv")} | changes
    return train(ARCH, folder, output, **settings)  # type: ignore[arg-type]  # mixed keywords


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return small(folder, tmp_path_factory.mktemp("whole") / "net.ndn")


@pytest.mark.parametrize(
    ("arch", "planes"), [("6x6x1-8-5-4", 3), ("6x6x2-3c3-2a-6-4", 3), ("7x6x2-3c3z-2a-2c2-4", 0), ("9-8-7-6-4", 0)]
)
def test_the_chip_gives_the_spikes_of_training_later_by_the_hops(arch: str, planes: int) -> None:
    """Whatever the layers, and with input behind the steps of training too, which must not matter."""
    steps, neuron = 6, TsslNeuron(threshold=0.8)
    model = TsslNetwork(parse_architecture(arch), neuron, steps, planes=planes, gain=2.0, seed=3)
    network = to_chip(model)
    hops = len(network.populations) - 2
    assert network.steps == steps + hops
    raster = (np.random.default_rng(0).random((steps + hops, 3, *model.input_shape)) < 0.5).astype(np.float32)
    with torch.no_grad():
        expected = model(torch.from_numpy(raster[:steps])).numpy()
    assert 0 < expected.mean() < 1
    program = neurodeploy.compile(network)
    for index in range(3):
        # the float network, so that no rounding of weights moves a spike
        run = neurodeploy.run(program, raster[:, index].astype(np.uint8), "torch")
        assert isinstance(run, neurodeploy.Run)
        spikes = np.zeros((steps + hops, expected.shape[2]))
        output = run.spikes[-1]
        spikes[output.step, output.neuron] = 1
        assert not spikes[:hops].any()
        np.testing.assert_array_equal(spikes[hops:], expected[:, index])


def test_the_command_trains_and_the_chip_runs_it(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "net.ndn"
    arguments = ["train", "--method", "tssl", "--arch", "8x8x1-30-10", "--data", str(folder), "-o", str(output)]
    options = ["--planes", "5", "--desired", "01011", "--tau-membrane", "5", "--epochs", "15", "--batch-size", "10"]
    result = CliRunner().invoke(cli, [*arguments, *options])
    assert result.exit_code == 0, result.output
    assert "of 30 correct" in result.output
    assert f"Next: neurodeploy compile {output}\n" in result.output
    network = neurodeploy.load(output)
    assert isinstance(network, Network)
    assert network.steps == 6
    program = tmp_path / "net.ndp"
    compiled = CliRunner().invoke(cli, ["compile", str(output), "-o", str(program)])
    assert compiled.exit_code == 0, compiled.output
    verified = CliRunner().invoke(cli, ["verify", str(program), "--data", str(folder), "--split", "test"])
    assert verified.exit_code == 0, verified.output


def test_options_of_another_method_are_refused(folder: Path, tmp_path: Path) -> None:
    common = ["train", "--arch", "8x8x1-10", "--data", str(folder)]
    slayer = CliRunner().invoke(cli, [*common, "-o", str(tmp_path / "net.pt"), "--planes", "5"])
    assert slayer.exit_code == 1
    assert "--planes: is of the method tssl" in slayer.output
    tssl = CliRunner().invoke(cli, [*common, "-o", str(tmp_path / "net.ndn"), "--method", "tssl", "--rate-epochs", "2"])
    assert tssl.exit_code == 1
    assert "rate epochs: is nothing that the method tssl has" in tssl.output


def test_the_log_and_the_answer_are_those_of_every_training(whole: Trained) -> None:
    assert whole.log is not None
    with whole.log.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["phase"], row["epoch"]) for row in rows] == [("spikes", "1"), ("spikes", "2")]
    assert whole.accuracy is not None
    assert float(rows[-1]["test_accuracy"]) == pytest.approx(whole.accuracy["share"], abs=1e-5)
    assert whole.as_dict()["yaml"] is None


def test_a_stopped_training_goes_on_with_the_same_bits(whole: Trained, folder: Path, tmp_path: Path) -> None:
    updates = iter(range(1, 1000))
    with pytest.raises(OptionError, match="go on with the same command and --resume"):
        small(folder, tmp_path / "net.ndn", stopped=lambda: next(updates) >= 4)
    with pytest.raises(OptionError, match="resume with the same options"):
        small(folder, tmp_path / "net.ndn", resume=True, gain=0.5)
    resumed = small(folder, tmp_path / "net.ndn", resume=True)
    assert _weights(resumed.network) == _weights(whole.network)


def test_a_killed_training_ends_with_the_same_weights(whole: Trained, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "net.ndn"
    arguments = ["train", "--method", "tssl", "--arch", ARCH, "--data", str(folder), "-o", str(output), "--planes", "5"]
    arguments += ["--epochs", "2", "--batch-size", "10", "--checkpoint-every", "0.01", "--resume"]
    with subprocess.Popen([sys.executable, "-m", "neurodeploy", *arguments], stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 300
        while not list(tmp_path.glob("net.*.training")) and time.monotonic() < deadline:
            time.sleep(0.002)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
    assert _weights(small(folder, output, resume=True).network) == _weights(whole.network)


def _weights(path: Path) -> list[bytes]:
    network = neurodeploy.load(path)
    assert isinstance(network, Network)
    return [p.synapse.weight.tobytes() for p in network.projections]


def test_digits_end_on_the_chip(tmp_path: Path) -> None:
    """The example at reduced size."""
    answer = experiment(tmp_path, arch="8x8x1-60-10", limit=400, epochs=30)
    assert answer.images == 200
    assert answer.trained >= 0.75 * 200
    assert answer.chip >= answer.trained - 4
    assert answer.equal
    assert answer.steps == 6


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"steps": 0}, OptionError, "has 0 steps"),
        ({"desired": "01"}, OptionError, "have 2 steps, the run has 5"),
        ({"threshold": 0.0}, NetworkError, "threshold: is 0.0"),
        ({"delays": True}, OptionError, "delays: is nothing that the method tssl has"),
        ({"neuron": "net.yaml"}, OptionError, "none of the method tssl"),
        ({"arch": "8x8x1-9"}, DataError, "the network has 9 outputs"),
        ({"arch": "8x8x1-2u-10"}, NetworkError, "is a layer of kind unpool"),
        ({"planes": 4}, DataError, "outside"),
        ({"augment": "shift"}, OptionError, "images in bit planes have none"),
        ({"output": "net.pt"}, FormatError, "does not end in .ndn"),
        ({"seed": -1}, OptionError, "seed: -1 is outside"),
        ({"method": "stdp"}, OptionError, "choose from slayer, tssl, fp"),
    ],
)
def test_what_cannot_be_trained_is_said(
    folder: Path, tmp_path: Path, changes: dict[str, object], error: type[NeurodeployError], message: str
) -> None:
    settings = {"arch": ARCH, "output": "net.ndn"} | SETTINGS | changes
    output = tmp_path / str(settings.pop("output"))
    with pytest.raises(error, match=message):
        train(data=folder, output=output, **settings)  # type: ignore[arg-type]  # wrong values on purpose


def test_recordings_with_nan_are_refused(folder: Path, tmp_path: Path) -> None:
    def read() -> Recording:
        zeros = np.zeros(1, np.int32)
        return Recording(np.array([np.nan]), zeros, zeros, zeros, "broken")

    items = [Labelled("broken", label, "train", read) for label in (0, 1)]
    with pytest.raises(DataError, match="broken"):
        train(ARCH, (items, items), tmp_path / "net.ndn", **SETTINGS)  # type: ignore[arg-type]  # mixed keywords


def test_weights_that_are_not_finite_are_not_written() -> None:
    model = TsslNetwork(parse_architecture("3-2"), TsslNeuron(), 5)
    with torch.no_grad():
        model.layer("fc1").weight.fill_(torch.nan)
    with pytest.raises(NetworkError, match="fc1: has weights that are not finite"):
        to_chip(model)
