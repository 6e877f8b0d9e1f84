"""Training as one call: what it writes, and that it goes on with the same bits after any interruption."""

from __future__ import annotations

import csv
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import neurodeploy
from neurodeploy.cli.main import cli
from neurodeploy.errors import DataError, FormatError, NetworkError, NeurodeployError, OptionError
from neurodeploy.models.datasets.digits import Digit, record_digits, write_digits
from neurodeploy.training import train
from neurodeploy.training_session import Trained

ARCH = "16x16x2-4c3-2a-10"
SETTINGS = {"rate_epochs": 2, "epochs": 2, "batch_size": 10, "learning_rate": 0.1, "dropout": 0.1, "gain": 2.0}


@pytest.fixture(scope="module")
def digits() -> list[Digit]:
    return record_digits()[:48]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, digits: list[Digit]) -> Path:
    path = tmp_path_factory.mktemp("digits")
    write_digits(path, digits)
    return path


def small(folder: Path, output: Path, **changes: object) -> Trained:
    settings = SETTINGS | {"steps": 60, "augment": "shift=1,drop", "log": output.with_suffix(".csv")} | changes
    return train(ARCH, folder, output, **settings)  # type: ignore[arg-type]  # mixed keywords


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return small(folder, tmp_path_factory.mktemp("whole") / "net.pt")


def test_the_compiled_network_gives_the_counts_of_training(whole: Trained, folder: Path, digits: list[Digit]) -> None:
    network = neurodeploy.load(whole.network, yaml=whole.yaml)
    assert isinstance(network, neurodeploy.Network)
    runs = neurodeploy.run(neurodeploy.compile(network), folder, split="test")
    assert isinstance(runs, list)
    counts = np.array([run.output_counts for run in runs])
    assert counts.sum() > 0
    np.testing.assert_array_equal(counts, whole.counts)
    assert whole.accuracy is not None
    assert whole.accuracy["total"] == len(counts) == whole.test == 24
    labels = np.array([digit.label for digit in digits if digit.split == "test"])
    assert whole.accuracy["correct"] == np.sum((counts.argmax(1) == labels) & counts.any(1))


def test_the_log_has_a_line_per_epoch(whole: Trained) -> None:
    assert whole.log is not None
    with whole.log.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["phase"], row["epoch"]) for row in rows] == [
        ("rates", "1"), ("rates", "2"), ("spikes", "1"), ("spikes", "2"),
    ]  # fmt: skip
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)
    assert whole.accuracy is not None
    assert float(rows[-1]["test_accuracy"]) == pytest.approx(whole.accuracy["share"], abs=1e-5)
    assert float(rows[-1]["loss"]) == pytest.approx(whole.loss, abs=1e-3)


@pytest.mark.parametrize("left_after", [3, 6, 8])
def test_a_stopped_training_goes_on_with_the_same_bits(
    whole: Trained, folder: Path, tmp_path: Path, left_after: int
) -> None:
    updates = iter(range(1, 1000))
    with pytest.raises(OptionError, match="go on with the same command and --resume"):
        small(folder, tmp_path / "net.pt", stopped=lambda: next(updates) >= left_after)
    resumed = small(folder, tmp_path / "net.pt", resume=True)
    assert resumed.network.read_bytes() == whole.network.read_bytes()
    assert resumed.log is not None
    assert whole.log is not None
    columns = [[line.rsplit(",", 2)[0] for line in log.read_text().splitlines()] for log in (resumed.log, whole.log)]
    assert [line.split(",")[:2] for line in columns[0]] == [line.split(",")[:2] for line in columns[1]]


def test_a_training_of_something_else_is_not_gone_on_with(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        small(folder, tmp_path / "net.pt", stopped=lambda: True)
    with pytest.raises(OptionError, match="resume with the same options"):
        small(folder, tmp_path / "net.pt", resume=True, augment="")
    with pytest.raises(FormatError, match="exists already"):
        small(folder, tmp_path / "net.pt")


def test_the_command_trains_and_says_what_comes_next(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "net.pt"
    arguments = ["train", "--arch", "16x16x2-10", "--data", str(folder), "-o", str(output), "--epochs", "1"]
    result = CliRunner().invoke(cli, [*arguments, "--steps", "60", "--delays", "--weight-bits", "4"])
    assert result.exit_code == 0, result.output
    assert "of 24 correct" in result.output
    assert f"Next: neurodeploy compile {output} --yaml {output.with_suffix('.yaml')}" in result.output
    compiled = CliRunner().invoke(cli, ["compile", str(output), "--yaml", str(output.with_suffix(".yaml")), "-o",
                                        str(tmp_path / "net.ndp")])  # fmt: skip
    assert compiled.exit_code == 0, compiled.output
    assert "exactly as training used it" in compiled.output
    again = CliRunner().invoke(cli, arguments)
    assert again.exit_code == 1
    assert "exists already" in again.output


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"epochs": 0}, OptionError, "epochs 0 is not above 0"),
        ({"loss": "sharpe"}, OptionError, "loss: 'sharpe' is unknown"),
        ({"weight_bits": 9}, OptionError, "9 bits are outside"),
        ({"method": "stdp"}, OptionError, "choose from slayer"),
        ({"augment": "blur"}, OptionError, "'blur' is unknown"),
        ({"split": "validation"}, OptionError, "has no split 'validation'"),
        ({"threads": 0}, OptionError, "threads: 0 is outside"),
        ({"checkpoint_every": 0}, OptionError, "more than 0 seconds"),
        ({"test_every": -1}, OptionError, "tests: every -1 epochs"),
        ({"seed": -1}, OptionError, "seed: -1 is outside"),
        ({"gain": math.nan}, NetworkError, "gain: nan"),
        ({"test_share": 0.01}, OptionError, "leaves nothing of 48 recordings for testing"),
        ({"test_share": 0.99}, OptionError, "leaves everything of 48 recordings for testing"),
        ({"log": "missing/log.csv"}, FormatError, "missing: is no folder"),
        ({"arch": "16x16x2-9"}, DataError, "the network has 9 outputs"),
        ({"neuron": "missing.yaml"}, FormatError, "does not exist"),
    ],
)
def test_what_cannot_be_trained_is_said(
    folder: Path, tmp_path: Path, changes: dict[str, object], error: type[NeurodeployError], message: str
) -> None:
    settings = {"arch": ARCH, "steps": 60} | changes
    with pytest.raises(error, match=message):
        train(data=folder, output=tmp_path / "net.pt", **settings)  # type: ignore[arg-type]  # wrong values on purpose


def test_nothing_left_to_test_on_is_said_before_training(tmp_path: Path, digits: list[Digit]) -> None:
    write_digits(tmp_path, [digit for digit in digits if digit.split == "train"])
    with pytest.raises(DataError, match="has no recordings besides the 24 to train on"):
        train(ARCH, tmp_path, tmp_path / "net.pt", test_split="rest", steps=60)


def test_one_class_is_nothing_to_train_on(folder: Path, tmp_path: Path, digits: list[Digit]) -> None:
    """As the first recordings of a data set in folders by class are."""
    label = next(digit.label for digit in digits if digit.split == "train")
    write_digits(tmp_path, [digit for digit in digits if digit.label == label])
    with pytest.raises(DataError, match="all of one class; train on more of them"):
        train(ARCH, tmp_path, tmp_path / "net.pt", steps=60, test_split="train")


def test_resume_without_a_checkpoint_replaces_no_network(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "net.pt"
    output.write_bytes(b"another network")
    with pytest.raises(FormatError, match="exists already, without a checkpoint to go on from"):
        small(folder, output, resume=True)
    assert output.read_bytes() == b"another network"


def test_a_training_begun_anew_forgets_the_checkpoints_of_the_last(folder: Path, tmp_path: Path) -> None:
    """Else --resume would take up what was finished before --force."""
    old = tmp_path / "net.spikes.training"
    old.write_bytes(b"of the last training")
    with pytest.raises(OptionError, match="was stopped"):
        small(folder, tmp_path / "net.pt", overwrite=True, stopped=lambda: True)
    assert not old.exists()
    assert (tmp_path / "net.rates.training").exists()


@pytest.mark.parametrize("loss", ["time", "probability"])
def test_other_losses_train(folder: Path, tmp_path: Path, loss: str) -> None:
    trained = small(folder, tmp_path / "net.pt", loss=loss, epochs=1, rate_epochs=0, limit=10, test_every=0)
    assert trained.loss is not None
    assert np.isfinite(trained.loss)


def killed_and_resumed(folder: Path, output: Path, wait: Callable[[], None]) -> bool:
    """Kill the command; whether it was still at work."""
    settings = ["--rate-epochs", "2", "--epochs", "2", "--batch-size", "10", "--dropout", "0.1", "--gain", "2"]
    settings += ["--steps", "60", "--augment", "shift=1,drop", "--checkpoint-every", "0.01", "--resume"]
    arguments = ["train", "--arch", ARCH, "--data", str(folder), "-o", str(output), *settings]
    with subprocess.Popen([sys.executable, "-m", "neurodeploy", *arguments], stderr=subprocess.PIPE) as process:
        wait()
        killed = process.poll() is None
        if killed:
            os.kill(process.pid, signal.SIGKILL)
    return killed


def resume_until_done(folder: Path, output: Path) -> bytes:
    return small(folder, output, resume=True).network.read_bytes()


def test_a_killed_training_ends_with_the_same_weights(whole: Trained, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "net.pt"

    def first_checkpoint() -> None:
        deadline = time.monotonic() + 300
        while not list(tmp_path.glob("net.*.training")) and time.monotonic() < deadline:
            time.sleep(0.002)

    assert killed_and_resumed(folder, output, first_checkpoint)
    assert resume_until_done(folder, output) == whole.network.read_bytes()


@pytest.mark.evidence
@pytest.mark.timeout(7200)
def test_twenty_killed_commands_end_with_the_same_weights(whole: Trained, folder: Path, tmp_path: Path) -> None:
    draw, kills = random.Random(3), 0
    while kills < 20:
        place = tmp_path / str(len(list(tmp_path.iterdir())))
        place.mkdir()
        kills += killed_and_resumed(folder, place / "net.pt", lambda: time.sleep(draw.uniform(0, 12)))
        assert resume_until_done(folder, place / "net.pt") == whole.network.read_bytes()
