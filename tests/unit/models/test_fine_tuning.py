"""Fine-tuning on the chip's grid: it learns, from any loaded network, and what comes out compiles unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.errors import DataError, NetworkError, NeurodeployError, OptionError
from neurodeploy.models.slayer.fine_tuning import FineTuneOptions, FineTuning, mean_counts
from neurodeploy.models.slayer.labelled import LabelledEvents
from neurodeploy.models.slayer.loss import SpikeCountLoss
from neurodeploy.network import Conv2d, CubaLif, Dense, Network, Population, Projection, SumPool2d
from neurodeploy.precision import IntArray
from neurodeploy.runtime.run import RunOptions
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.files import write_recording
from neurodeploy.spikes.recording import Recording

STEPS, CLASSES = 40, 3


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network(seed: int = 0, exponent: int = 0) -> Network:
    random = np.random.default_rng(seed)
    fc1, fc2 = random.normal(3, 12, (16, 12)), random.normal(5, 20, (CLASSES, 16))
    return Network(
        (
            Population("input", shape=(12,)),
            Population("fc1", CubaLif(1024, 300, 100), axonal_delay=1),
            Population("fc2", CubaLif(800, 200, 120, 2)),
        ),
        (
            Projection("input", "fc1", Dense(fc1 / 2.0**exponent), weight_exponent=exponent),
            Projection("fc1", "fc2", Dense(fc2)),
        ),
        steps=STEPS,
    )


def recordings(count: int = 48) -> list[tuple[nd.Events, int]]:
    """Each class drives its own four inputs more than the others."""
    random = np.random.default_rng(3)
    result = []
    for number in range(count):
        rate = np.where(np.arange(12) // 4 == number % CLASSES, 0.25, 0.08)
        result.append((nd.Events.from_raster(random.random((STEPS, 12)) < rate), number % CLASSES))
    return result


def labelled(count: int = 48) -> LabelledEvents:
    pairs = recordings(count)
    return LabelledEvents([events for events, _ in pairs], torch.tensor([label for _, label in pairs]), (12,), STEPS)


def emulated(trained: Network, data: list[nd.Events], backend: str = "emulator") -> IntArray:
    """Output counts of the compiled network, whose weights are those that were given where they are integers."""
    program = nd.compile(trained)
    assert not trained.is_integer or not any(layer.changed for layer in program.quantization)
    runs = Session(program, backend, RunOptions(steps=STEPS)).run_all(data)
    return np.array([run.output_counts for run in runs])


def correct(counts: IntArray) -> int:
    return int(np.sum((counts.argmax(1) == np.arange(len(counts)) % CLASSES) & counts.any(1)))


@pytest.mark.parametrize(("bits", "exponent", "rate"), [(4, 0, 0.1), (4, 3, 0.1), (2, -1, 0.03)])
def test_it_learns_and_the_emulator_agrees(bits: int, exponent: int, rate: float) -> None:
    data = [events for events, _ in recordings()]
    given = network(exponent=exponent)
    options = FineTuneOptions(bits, epochs=20, batch_size=16, learning_rate=rate, true_count=12, false_count=3)
    tuning = FineTuning(given, labelled(), options)
    before = correct(tuning.model.output_counts(data, STEPS))
    losses = [update.loss / update.recordings for update in tuning.run()]
    assert np.mean(losses[-3:]) < 0.5 * np.mean(losses[:3])
    trained = tuning.network
    model_counts = tuning.model.output_counts(data, STEPS)
    np.testing.assert_array_equal(emulated(trained, data), model_counts)
    assert all(p.weight_format is not None and p.weight_format.bits == bits for p in trained.projections)
    assert correct(model_counts) >= 40 > before
    again = nd.compile(trained, weight_bits=bits)
    assert [layer.changed for layer in again.quantization] == [0, 0]
    for projection in again.network.projections:
        kept = next(p for p in trained.projections if p.name == projection.name)
        assert projection.weight_exponent == kept.weight_exponent
        np.testing.assert_array_equal(projection.synapse.weight, kept.synapse.weight)
    for population, old in zip(trained.populations, given.populations, strict=True):
        assert population.neuron is old.neuron
        assert population.axonal_delay == old.axonal_delay


def test_without_a_learning_rate_to_speak_of_it_is_the_quantized_network() -> None:
    given = network(exponent=1)
    quantized, _ = nd.quantize(given, 4)
    trained = nd.fine_tune(given, recordings(8), 4, 1, learning_rate=1e-9)
    for ours, theirs in zip(trained.projections, quantized.projections, strict=True):
        assert ours.weight_format == theirs.weight_format
        assert ours.weight_exponent == theirs.weight_exponent
        np.testing.assert_array_equal(ours.synapse.weight, theirs.synapse.weight)


def test_the_learning_rate_is_in_steps_of_the_grid() -> None:
    """Adam's first update moves every weight that has a gradient by the rate, in each layer's own step."""
    for bits in (2, 6):
        options = FineTuneOptions(bits, epochs=1, learning_rate=0.125, true_count=8, false_count=1)
        tuning = FineTuning(network(), labelled(32), options)
        before = [p.detach().clone() for p in tuning.model.parameters()]
        next(tuning.run())
        for weight, old in zip(tuning.model.parameters(), before, strict=True):
            moved = (weight.detach() - old).abs()
            assert moved.max() == pytest.approx(0.125, rel=1e-3)


def test_the_update_goes_down_the_loss() -> None:
    """A small step against the gradient of all weights lowers the loss on a fine grid: its sign is right."""
    tuning = FineTuning(network(), labelled(), FineTuneOptions(8, true_count=8, false_count=1))
    data = labelled()
    loss = SpikeCountLoss(8, 1)
    spikes, labels = data.batch(range(len(data)), 1)
    value = loss(tuning.model(spikes), labels)
    torch.autograd.backward(value)
    with torch.no_grad():
        for weight in tuning.model.parameters():
            assert weight.grad is not None
            weight.sub_(4 * weight.grad / weight.grad.abs().max())
        assert loss(tuning.model(spikes), labels) < value


def test_counts_to_aim_at_are_those_of_the_network_given() -> None:
    given, data = network(), labelled(15)
    counts = emulated(given, [events for events, _ in recordings(15)], "torch")
    labels = np.arange(len(data)) % CLASSES
    true = counts[np.arange(len(data)), labels].mean()
    false = (counts.sum() - counts[np.arange(len(data)), labels].sum()) / (counts.size - len(data))
    assert mean_counts(given, data) == pytest.approx((true, false))


def test_folders_layer_bits_and_a_convolution(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = ["file,label,split"]
    for number in range(8):
        size = 60
        x, y = random.integers(0, 6, (2, size)).astype(np.int32)
        x[: size // 2] = x[: size // 2] % 3 + 3 * (number % 2)
        polarity, time = np.zeros(size, np.int32), np.sort(random.integers(0, 30_000, size))
        write_recording(tmp_path / f"{number}.bs2", Recording(time, x, y, polarity))
        rows.append(f"{number}.bs2,{number % 2},{'train' if number < 6 else 'test'}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    neuron = CubaLif(1024, 128, 80)
    given = Network(
        (
            Population("input", shape=(1, 6, 6)),
            *(Population(name, neuron) for name in ("conv1", "pool1", "fc1")),
        ),
        (
            Projection("input", "conv1", Conv2d(random.normal(20, 20, (4, 1, 3, 3)), padding=(1, 1))),
            Projection("conv1", "pool1", SumPool2d(np.full((2, 2), 28.0), (2, 2))),
            Projection("pool1", "fc1", Dense(random.normal(10, 20, (2, 36)))),
        ),
    )
    seen: list[int] = []
    trained = nd.fine_tune(
        given, tmp_path, 4, 2, split="train", layer_bits={"fc1": 6}, true_count=10, false_count=2, batch_size=4,
        progress=lambda update: seen.append(update.recordings), report=lambda epoch: seen.append(-epoch.number),
    )  # fmt: skip
    assert seen == [4, 2, -1, 4, 2, -2]
    formats = {p.target: p.weight_format.bits for p in trained.projections if p.weight_format}
    assert formats == {"conv1": 4, "pool1": 8, "fc1": 6}
    assert not any(layer.changed for layer in nd.compile(trained).quantization)
    pool = trained.into("pool1")[0]
    np.testing.assert_array_equal(np.ldexp(pool.synapse.weight, pool.weight_exponent), np.full((2, 2), 28.0))


def test_what_is_refused() -> None:
    given, data = network(), recordings(4)
    outside = nd.Events(np.zeros(1, int), np.array([12]))
    cases: list[tuple[type[NeurodeployError], str, Callable[[], Network]]] = [
        (OptionError, "weight bits: 9 is outside 1 … 8", lambda: nd.fine_tune(given, data, 9)),
        (OptionError, "epochs 0 is not above 0", lambda: nd.fine_tune(given, data, 4, 0)),
        (OptionError, "weight bits of fc9: no learned", lambda: nd.fine_tune(given, data, layer_bits={"fc9": 3})),
        (OptionError, "steps: 0 is less than 1", lambda: nd.fine_tune(given, data, steps=0)),
        (OptionError, "split: is for folders", lambda: nd.fine_tune(given, data, split="train")),
        (DataError, "training data: has no recordings", lambda: nd.fine_tune(given, [])),
        (DataError, "has the label 3", lambda: nd.fine_tune(given, [(data[0][0], 3)])),
        (DataError, "neuron 12 is outside", lambda: nd.fine_tune(given, [(outside, 0)])),
        (NetworkError, "fc2: spikes 0 times", lambda: nd.fine_tune(_silent(given), data)),
    ]  # fmt: skip
    for error, message, call in cases:
        with pytest.raises(error, match=message):
            call()


def _silent(given: Network) -> Network:
    last = replace(given.populations[-1], neuron=CubaLif(800, 200, 2**17 - 1))
    return replace(given, populations=(*given.populations[:-1], last))
