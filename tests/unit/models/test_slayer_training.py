"""The training loop: checkpoints it goes on from with the same bits, even when it is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from neurodeploy.errors import FormatError, NeurodeployError, OptionError
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.checkpoint import read_checkpoint
from neurodeploy.models.slayer.loss import SpikeCountLoss
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.spiking import Extras, SpikingNetwork, build_network
from neurodeploy.models.slayer.train import Rasters, Trainer
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.updates import epochs

OPTIONS = TrainingOptions(epochs=3, batch_size=4, learning_rate=0.5, seed=5, delay_rate=0.3)


def make_trainer(options: TrainingOptions = OPTIONS, arch: str = "4x4x1-2c3-12-3") -> Trainer:
    """A small network with every state a checkpoint must hold: dropout, delays, moments, order."""
    neuron = TrainedNeuron(80, 128, 1024, 1, 0)
    extras = Extras(delayed=True, dropout=0.1, gain=3, seed=2)
    model = build_network(parse_architecture(arch), neuron, 30, extras=extras)
    draw = torch.Generator().manual_seed(0)
    rasters = (torch.rand(14, 30, 1, 4, 4, generator=draw) < 0.2).byte()
    data = Rasters(rasters, torch.arange(14) % 3)
    return Trainer(model, data, SpikeCountLoss(10, 1), options, (model.generator,))


def weights(trainer: Trainer) -> bytes:
    return b"".join(value.numpy().tobytes() for value in trainer.model.state_dict().values())


def test_updates_tell_what_happened() -> None:
    trainer = make_trainer()
    before = weights(trainer)
    updates = list(trainer.run())
    assert [(u.epoch, u.batch, u.batches, u.recordings) for u in updates[:5]] == [
        (1, 1, 4, 4), (1, 2, 4, 4), (1, 3, 4, 4), (1, 4, 4, 2), (2, 1, 4, 4),
    ]  # fmt: skip
    assert len(updates) == trainer.updates == 12
    assert weights(trainer) != before
    summed = list(epochs(iter(updates)))
    assert [epoch.number for epoch in summed] == [1, 2, 3]
    assert summed[0].loss == pytest.approx(sum(u.loss for u in updates[:4]) / 14)
    assert summed[0].accuracy == sum(u.correct for u in updates[:4]) / 14
    assert summed[2].loss < summed[0].loss


def test_silent_recordings_are_wrong_whatever_their_label() -> None:
    class Outputs(torch.nn.Module):
        """Recording 0 silent, recording 1 spikes at output 0, recording 2 at output 1."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, spikes: torch.Tensor) -> torch.Tensor:
            out = torch.zeros(5, 3, 2)
            out[2, 1, 0] = out[3, 2, 1] = 1
            return out * self.weight

    data = Rasters(torch.zeros(3, 5, 1).byte(), torch.zeros(3, dtype=torch.long))
    (update,) = Trainer(Outputs(), data, SpikeCountLoss(2, 1), TrainingOptions(epochs=1)).run()
    assert update.correct == 1


@pytest.mark.parametrize("left_at", [1, 4, 7])
@pytest.mark.parametrize("optimizer", ["adam", "nadam"])
def test_a_training_goes_on_with_the_same_bits(tmp_path: Path, left_at: int, optimizer: str) -> None:
    options = TrainingOptions(3, 4, 0.5, 5, optimizer=optimizer)
    whole = make_trainer(options)
    expected = list(whole.run())
    left = make_trainer(options)
    begun = [left.update() for _ in range(left_at)]
    left.save(tmp_path / "c.pt")
    resumed = make_trainer(options)
    resumed.resume(tmp_path / "c.pt")
    assert begun + list(resumed.run()) == expected
    assert weights(resumed) == weights(whole)


def test_pieces_of_a_batch_add_up() -> None:
    one, other = (make_trainer(TrainingOptions(1, 6, 0.5, 5, piece=piece)) for piece in (None, 2))
    for trainer in (one, other):
        model = trainer.model
        assert isinstance(model, SpikingNetwork)
        model.dropout.share = 0.0
        trainer.update()
    for ours, theirs in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-10)


def test_delays_have_their_own_rate() -> None:
    trainer = make_trainer(TrainingOptions(1, 4, 0.5, delay_rate=0.02))
    trainer.model.get_submodule("delay1").get_parameter("delay").data.fill_(5)
    trainer.update()
    moved = (trainer.model.get_submodule("delay1").get_parameter("delay") - 5).abs()
    assert 0 < moved.max() <= 0.0201


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs 0 is not above 0"),
        ({"epochs": 1, "learning_rate": -1.0}, "learning_rate -1.0 is not above 0"),
        ({"epochs": 1, "optimizer": "lbfgs"}, "optimizer 'lbfgs' is unknown"),
        ({"epochs": 1, "schedule": "step"}, "schedule 'step' is unknown"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TrainingOptions(**options)  # type: ignore[arg-type]  # the wrong values are the test


def test_checkpoints_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    make_trainer().save(path)
    with pytest.raises(OptionError, match=r"is of epochs 3, not 4; resume with the same options"):
        make_trainer(replace(OPTIONS, epochs=4)).resume(path)
    with pytest.raises(OptionError, match="is of another network"):
        make_trainer(arch="4x4x1-2c3-13-3").resume(path)
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"\x80\x02cos\nsystem\nq\x00."):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="is no checkpoint of a training"):
            make_trainer().resume(path)
    place, other = "has no valid place to go on from", "is of another network"
    damages: list[tuple[str, object, str]] = [
        ("done", -1, place), ("done", 13, place), ("indices", torch.arange(15), place),
        ("indices", torch.zeros(14).long(), place), ("indices", torch.arange(14.0), place),
        ("generators", [1, 2], other), ("optimizer", {"state": 1, "param_groups": 2}, other),
    ]  # fmt: skip
    for name, value, message in damages:
        path.write_bytes(whole)
        torch.save({**read_checkpoint(path), name: value}, path)
        with pytest.raises(NeurodeployError, match=message):
            make_trainer().resume(path)
    torch.save({"kind": "neurodeploy.training/1", "model": {}}, path)
    with pytest.raises(FormatError, match="has no valid optimizer"):
        make_trainer().resume(path)


KILLED = """
import sys
from pathlib import Path
import torch
from tests.unit.models.test_slayer_training import TrainingOptions, make_trainer, weights

torch.set_num_threads(1)
path = Path(sys.argv[1])
trainer = make_trainer(TrainingOptions(10, 4, 0.5, 5))
if path.exists():
    trainer.resume(path)
print("ready", flush=True)
for update in trainer.run():
    trainer.save(path)
path.with_suffix(".bin").write_bytes(weights(trainer))
"""


def kill_and_resume(folder: Path, seconds: float, checkpoints: int = 0) -> tuple[bool, bytes]:
    """Kill a training so long after it began, or first wrote; go on; whether it was killed, and its weights."""
    path, root = folder / "c.pt", Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while checkpoints and not path.exists():
            time.sleep(0.001)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
    killed = not path.with_suffix(".bin").exists()
    if killed:
        subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
    return killed, path.with_suffix(".bin").read_bytes()


def uninterrupted() -> bytes:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trainer = make_trainer(TrainingOptions(10, 4, 0.5, 5))
        list(trainer.run())
    finally:
        torch.set_num_threads(threads)
    return weights(trainer)


def test_a_killed_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    killed, found = kill_and_resume(tmp_path, 0.0, checkpoints=1)
    assert killed
    assert found == uninterrupted()


@pytest.mark.evidence
@pytest.mark.timeout(7200)
def test_twenty_killed_trainings_end_with_the_same_weights(tmp_path: Path) -> None:
    expected, kills, draw = uninterrupted(), 0, random.Random(1)
    while kills < 20:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        killed, found = kill_and_resume(folder, draw.uniform(0, 0.5))
        assert found == expected
        kills += killed
