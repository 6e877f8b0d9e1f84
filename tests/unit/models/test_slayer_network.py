"""SLAYER's network: integers in the forward pass, hops, checkpoint layout, loss and training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.errors import DataError, OptionError
from neurodeploy.models.slayer.grids import round_even
from neurodeploy.models.slayer.loss import SpikeCountLoss
from neurodeploy.models.slayer.network import Dense, LoihiMlp, output_counts, rasters
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.train import train
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.updates import Epoch
from neurodeploy.spikes.files import read_recording
from neurodeploy.spikes.recording import Recording
from tests.unit.models.test_slayer_neuron import PUBLISHED, run_in_integers


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost more than they save on networks of this size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make_model(widths: tuple[int, ...] = (12, 4), neuron: TrainedNeuron = PUBLISHED, steps: int = 30) -> LoihiMlp:
    return LoihiMlp((2, 3, 4), widths, neuron, steps, seed=1)


def make_recording(seed: int, events: int = 200) -> Recording:
    random = np.random.default_rng(seed)
    x, y, polarity = (random.integers(0, size, events).astype(np.int32) for size in (4, 3, 2))
    return Recording(random.integers(0, 40_000, events), x, y, polarity)


def test_weights_are_rounded_to_even_integers_exactly() -> None:
    weight = torch.linspace(-256, 254, 12_345).requires_grad_()
    rounded = round_even(weight)
    expected = 2 * np.rint(weight.detach().double().numpy() / 2)
    np.testing.assert_array_equal(rounded.detach().numpy(), expected)
    (gradient,) = torch.autograd.grad(rounded, weight, torch.arange(12_345.0))
    assert torch.equal(gradient, torch.arange(12_345.0))


def test_halves_are_rounded_to_the_even_half() -> None:
    assert round_even(torch.tensor([1.0, 3.0, -1.0, -3.0, 5.0])).tolist() == [0, 4, 0, -4, 4]


def test_whole_network_equals_integer_arithmetic() -> None:
    model = make_model()
    raster = rasters(model, [make_recording(0)])[0].long()
    for index, layer in enumerate(model.layers()):
        layer.weight.data *= 3
        weight = (2 * torch.round(layer.weight.detach().flatten(1).double() / 2)).long()
        delivered = raster if index == 0 else torch.cat([torch.zeros_like(raster[:1]), raster[:-1]])
        sums = (delivered @ weight.T).T.tolist()
        raster = torch.tensor([run_in_integers(neuron, PUBLISHED)[0] for neuron in sums]).T
    spikes = model(rasters(model, [make_recording(0)]).transpose(0, 1).float())
    assert raster.sum() > 10
    assert torch.equal(spikes[:, 0].long(), raster)


def test_input_arrives_at_once_and_each_hop_takes_one_step() -> None:
    model = LoihiMlp((1, 1, 1), (1, 1, 1), PUBLISHED, steps=8)
    for layer in model.layers():
        torch.nn.init.constant_(layer.weight, 90)
    raster = torch.zeros(8, 1, 1)
    raster[2] = 1
    assert int(model(raster).flatten().argmax()) == 4


def test_state_dict_is_a_slayerpytorch_checkpoint() -> None:
    shapes = {name: tuple(value.shape) for name, value in make_model().state_dict().items()}
    assert shapes == {
        "slayer.srmKernel": (110,),
        "slayer.refKernel": (181,),
        "fc1.weight": (12, 24, 1, 1, 1),
        "fc2.weight": (4, 12, 1, 1, 1),
    }


def test_published_checkpoint_reproduces_the_recorded_output(conformance: Path) -> None:
    folder = conformance / "slayer_loihi" / "oxford"
    model = LoihiMlp((200,), (256, 200), PUBLISHED, steps=1900)
    model.load_state_dict(torch.load(folder / "oxfordNet.pt", map_location="cpu", weights_only=True))
    raster = rasters(model, [read_recording(folder / "input.bs1")])
    with torch.no_grad():
        step, _, neuron = model(raster.transpose(0, 1).float()).nonzero().T
    recorded = {(int(row[0]), int(row[1])) for row in np.loadtxt(folder / "OxfordOut.txt")}
    assert len(recorded) == 10_456
    assert set(zip(neuron.tolist(), (step + 1).tolist(), strict=True)) == recorded


def test_initial_weights_follow_the_seed_and_the_fan_in() -> None:
    one, same, other = (LoihiMlp((1, 50, 50), (64,), PUBLISHED, 1, seed=seed) for seed in (3, 3, 4))
    weights = [model.layers()[0].weight for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert weights[0].std().item() == pytest.approx(5120 / 195 / 50, rel=0.02)


def test_rasters_bin_like_slayer_and_drop_late_events() -> None:
    model = make_model(steps=3)
    time_us = np.array([500, 1500, 1500, 2499, 2501])
    x, y, polarity = (np.array(column, np.int32) for column in ([3, 3, 3, 0, 0], [2, 2, 2, 0, 0], [1, 1, 1, 0, 0]))
    raster = rasters(model, [Recording(time_us, x, y, polarity)])
    assert raster.dtype == torch.uint8
    # 0.5 and 1.5 are rounded to even steps; step 3 is past the end.
    assert raster[0].nonzero().tolist() == [[0, 23], [2, 0], [2, 23]]


def test_an_event_outside_the_input_is_refused() -> None:
    outside = Recording(np.array([0]), np.array([4], np.int32), np.array([0], np.int32), np.array([0], np.int32))
    with pytest.raises(DataError, match="x 4"):
        rasters(make_model(), [outside])


def test_output_counts_do_not_depend_on_the_batch() -> None:
    model = make_model()
    recordings = [make_recording(seed) for seed in range(5)]
    counts = output_counts(model, recordings, batch_size=2)
    spikes = model(rasters(model, recordings).transpose(0, 1).float())
    np.testing.assert_array_equal(counts, spikes.sum(0).detach().numpy())
    assert counts.dtype == np.int64
    assert counts.any(axis=1).all()
    assert output_counts(model, []).shape == (0, 4)


def test_spike_count_loss_and_its_error_per_step() -> None:
    spikes = torch.zeros(4, 2, 3)
    spikes[:3, 0, 1] = 1
    spikes[0, 1, 0] = 1
    spikes.requires_grad_()
    # Counts 0 3 0 with label 1 and 1 0 0 with label 2; desired 2 for the label and 1 elsewhere.
    loss = SpikeCountLoss(true_count=2, false_count=1)(spikes, torch.tensor([1, 2]))
    assert loss.item() == pytest.approx((1 + 1 + 1 + 0 + 1 + 4) / 8)
    (gradient,) = torch.autograd.grad(loss, spikes)
    assert torch.equal(gradient, torch.tensor([[-1, 1, -1], [0, -1, -2]]).expand(4, 2, 3) / 4)


def test_counts_that_do_not_tell_classes_apart_are_refused() -> None:
    with pytest.raises(OptionError, match="3 spikes of the true class and 3 of the others"):
        SpikeCountLoss(true_count=3, false_count=3)


def train_small(epochs: int, seed: int = 0) -> tuple[LoihiMlp, list[Epoch]]:
    """Train on four random recordings."""
    model = make_model()
    data = rasters(model, [make_recording(seed) for seed in range(4)])
    options = TrainingOptions(epochs, batch_size=2, learning_rate=0.3, seed=seed)
    return model, list(train(model, data, torch.arange(4), SpikeCountLoss(8, 1), options))


def test_a_small_network_learns_its_recordings_by_heart() -> None:
    model, epochs = train_small(epochs=30)
    assert [epoch.number for epoch in epochs] == list(range(1, 31))
    assert epochs[0].loss > 4 * epochs[-1].loss
    assert epochs[-1].accuracy == 1
    counts = output_counts(model, [make_recording(seed) for seed in range(4)])
    np.testing.assert_array_equal(counts.argmax(axis=1), np.arange(4))


def test_training_follows_its_seed() -> None:
    one, same, other = (train_small(2, seed)[0].state_dict()["fc1.weight"] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_weights_stay_in_the_range_of_the_chip() -> None:
    model = make_model()
    for layer in model.layers():
        torch.nn.init.constant_(layer.weight, 1000)
    model.layers()[0].weight.data[0] = -1000
    model.clamp_weights()
    ranges = [layer.weight.detach().aminmax() for layer in model.layers()]
    assert [(low.item(), high.item()) for low, high in ranges] == [(-256, 254), (254, 254)]


def test_dense_sums_are_exact_in_float32() -> None:
    layer = Dense(4096, 1)
    torch.nn.init.constant_(layer.weight, 254)
    assert layer(torch.ones(1, 4096)).item() == 254 * 4096
