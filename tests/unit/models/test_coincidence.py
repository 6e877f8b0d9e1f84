"""The coincidence task: what it is, and that learned delays solve what weights alone do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.errors import OptionError
from neurodeploy.models.datasets.coincidence import Coincidence
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.loss import SpikeCountLoss
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.spiking import Extras, SpikingNetwork, build_network
from neurodeploy.models.slayer.train import Trainer
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.network import Network
from tests.conftest import SUMMARY

TASK = Coincidence()
#: u and v halve or lose a quarter in a step: the membrane forgets within a few.
FAST = TrainedNeuron(80, 1024, 2048, 1, 0)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost more than they save on networks of this size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_classes_differ_in_the_order_of_lags_alone() -> None:
    data = TASK.split("train")
    assert len(data) == 200
    assert np.array_equal(np.bincount(data.labels), [50] * 4)
    assert data.step.min() >= 0
    assert data.step.max() < TASK.steps
    for lags, label in zip(data.step, data.labels, strict=True):
        expected = TASK.lags()[label]
        assert np.ptp(lags - expected) <= 2 * TASK.jitter
        assert sorted(expected) == [0, 10, 20, 30]
    spikes, labels = data.batch([3, 5], 0)
    assert spikes.raster().sum((0, 2)).tolist() == [4, 4]
    assert labels.tolist() == [3, 1]


def test_splits_differ_and_follow_the_seed() -> None:
    train, test, again = TASK.split("train"), TASK.split("test"), TASK.split("train")
    assert np.array_equal(train.step, again.step)
    assert not np.array_equal(train.step, test.step[:200])
    assert not np.array_equal(train.step, replace(TASK, seed=1).split("train").step)


def test_tasks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(OptionError, match="1 inputs"):
        Coincidence(inputs=1)
    with pytest.raises(OptionError, match="70 steps, too few for lags of 30"):
        Coincidence(steps=70)
    with pytest.raises(OptionError, match="'valid' is unknown"):
        TASK.split("valid")


def trained(delayed: bool, seed: int, epochs: int = 30) -> SpikingNetwork:
    extras = Extras(delayed=delayed, gain=3, seed=seed)
    model = build_network(parse_architecture("4-16-4"), FAST, TASK.steps, extras=extras)
    options = TrainingOptions(epochs, 20, learning_rate=1.0, seed=seed, delay_rate=2.0)
    for _ in Trainer(model, TASK.split("train"), SpikeCountLoss(4, 0), options).run():
        pass
    return model


def counts(model: SpikingNetwork) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], float]:
    """Output spikes of the test recordings, and the share of right answers; silence is wrong."""
    data = TASK.split("test")
    spikes, labels = data.batch(range(len(data)), 0)
    with torch.no_grad():
        found = model(spikes).sum(0).long().numpy()
    return found, float(np.mean((found.argmax(1) == labels.numpy()) & found.any(1)))


def test_learned_delays_solve_it_and_survive_quantization(tmp_path: Path) -> None:
    model, without = trained(True, 0), trained(False, 0)
    found, accuracy = counts(model)
    assert accuracy > 0.9
    assert counts(without)[1] < 0.5
    # Files hold milliseconds; the network that runs holds whole steps, and gives the same spikes.
    torch.save(model.state_dict(), tmp_path / "net.pt")
    network = nd.load(tmp_path / "net.pt", arch="4-16-4")
    assert isinstance(network, Network)
    assert np.ptp(network.populations[1].axonal_delay) > 10
    program, data = nd.compile(network), TASK.split("test")
    for index in range(20):
        run = nd.run(program, data.events(index), steps=TASK.steps)
        assert isinstance(run, nd.Run)
        np.testing.assert_array_equal(run.output_counts, found[index])


@pytest.mark.evidence
def test_delays_beat_none_for_three_seeds(record_property: Callable[[str, object], None]) -> None:
    with_delays = [counts(trained(True, seed, 60))[1] for seed in range(3)]
    without = [counts(trained(False, seed, 60))[1] for seed in range(3)]
    record_property(SUMMARY, f"accuracy with learned delays {with_delays}, without {without}")
    assert np.mean(with_delays) > 0.9
    assert min(with_delays) > max(without)
