"""The digits network: what is in its files, how well it does, and the script that made it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from neurodeploy.models.datasets.digits import record_digits
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.models.formats.slayer_pt import read_pt
from neurodeploy.models.slayer.network import output_counts
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.models.zoo.digits import train as script
from neurodeploy.models.zoo.digits.model import build_model, load_model
from neurodeploy.precision import WeightFormat


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost more than they save on networks of this size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_held_out_accuracy_is_what_the_readme_says() -> None:
    held_out = [digit for digit in record_digits() if digit.split == "test"]
    assert len(held_out) == 898
    counts = output_counts(load_model(), [digit.recording for digit in held_out])
    assert counts.shape == (898, 10)
    assert counts.any(axis=1).all()
    labels = [digit.label for digit in held_out]
    assert np.sum(counts.argmax(axis=1) == labels) == 880
    assert "880 of 898" in CHECKPOINT.with_name("README.md").read_text(encoding="utf-8")


def test_rounded_weights_suit_the_chip() -> None:
    layers = load_model().layers()
    assert [tuple(layer.weight.shape) for layer in layers] == [(128, 512, 1, 1, 1), (10, 128, 1, 1, 1)]
    for layer in layers:
        rounded = 2 * np.rint(layer.weight.detach().numpy().astype(np.float64) / 2)
        assert WeightFormat().holds(rounded.astype(np.int64))
        assert np.count_nonzero(rounded) > rounded.size / 2


def test_stored_kernels_are_those_of_the_yaml() -> None:
    state = torch.load(CHECKPOINT, map_location="cpu", weights_only=True)
    fresh = build_model()[0].state_dict()
    for name in ("slayer.srmKernel", "slayer.refKernel"):
        assert torch.equal(state[name], fresh[name])


def test_checkpoint_is_small() -> None:
    assert CHECKPOINT.stat().st_size < 500_000


def test_the_reader_for_slayer_checkpoints_takes_both_files() -> None:
    network = read_pt(CHECKPOINT, ReadOptions(yaml=YAML)).network
    assert [population.shape for population in network.populations] == [(2, 16, 16), (128,), (10,)]
    assert (network.timestep_ms, network.steps) == (1.0, 80)
    model = load_model()
    assert (model.shape, model.timestep_ms, model.steps) == ((2, 16, 16), 1.0, 80)


def test_the_script_writes_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "COPIES", 0)
    monkeypatch.setattr(script, "OPTIONS", TrainingOptions(epochs=1))
    output = tmp_path / "new.pt"
    result = CliRunner().invoke(script.main, ["-o", str(output)])
    assert result.exit_code == 0, result.output
    assert "epoch 1: loss " in result.stderr
    assert "of 898 correct" in result.stderr
    assert result.stdout == ""
    build_model()[0].load_state_dict(torch.load(output, weights_only=True))
    assert [path.name for path in tmp_path.iterdir()] == ["new.pt"]
