"""Losses, recipes, tables and the training loop of forward propagation."""

import csv
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import DataError, FormatError, OptionError
from neurodeploy.models.datasets.tables import (
    Table,
    divided,
    iris,
    read_table,
    write_table,
    xor,
    yin_yang,
    yin_yang_class,
)
from neurodeploy.models.forward_prop.file import load_forward
from neurodeploy.models.forward_prop.gradient import gradient
from neurodeploy.models.forward_prop.losses import CountLoss, FirstSpikeLoss, first_to_fire
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.recipe import IRIS, IRIS_PAPER, XOR, YIN_YANG, Recipe
from neurodeploy.models.forward_prop.simulate import simulate
from neurodeploy.models.forward_prop.spikes import FloatArray, IntArray
from neurodeploy.models.forward_prop.train import ForwardTrainer
from neurodeploy.spikes.latency import Latency
from neurodeploy.training_fp import train_fp


def xor_trainer(seed: int, threads: int = 1, **changes: Any) -> ForwardTrainer:
    table = xor()
    return ForwardTrainer((2, 4, 2), 2 * table.features, table.labels, replace(XOR, **changes), seed, threads)


def steps_to_converge(trainer: ForwardTrainer) -> int | None:
    """Updates until all four cases are right; None: never."""
    return next((update.epoch for update in trainer.run() if update.correct == update.recordings), None)


@pytest.mark.parametrize("loss", [FirstSpikeLoss(0.3, 1.0, 0.1), CountLoss(1.0)])
def test_the_gradient_of_a_loss_is_its_difference(loss: FirstSpikeLoss | CountLoss) -> None:
    rng = np.random.default_rng(4)
    weights = [rng.uniform(1, 2, (3, 4)), rng.uniform(0.5, 1.5, (4, 3))]
    times, labels = rng.uniform(0, 1, (4, 3)), np.array([0, 1, 2, 1])

    def value(changed: list[FloatArray]) -> float:
        return loss(simulate(ForwardNetwork(tuple(changed), horizon_ms=3.0), times), labels).loss

    run = simulate(ForwardNetwork(tuple(weights), horizon_ms=3.0), times)
    found = gradient(run, [None, loss(run, labels).by_times])
    for layer, place in ((0, (0, 1)), (0, (2, 3)), (1, (0, 0)), (1, (3, 2))):
        moved = []
        for step in (1e-6, -1e-6):
            changed = [weight.copy() for weight in weights]
            changed[layer][place] += step
            moved.append(value(changed))
        assert found.weights[layer][place] == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-6, abs=1e-8)


def test_first_spike_loss_by_hand_and_with_a_silent_output() -> None:
    network = ForwardNetwork((np.array([[8.0, 4.0, 0.0]]),), 1.0, 1.0, horizon_ms=0.5)
    run = simulate(network, [[0.0]])
    early, late = run.output.first_times()[0, :2]
    times = np.array([early, late, 0.5])
    value = FirstSpikeLoss(0.2, 1.0, 0.1)(run, np.array([1]))
    share = np.exp(-times / 0.2) / np.exp(-times / 0.2).sum()
    assert value.loss == pytest.approx(-np.log(share[1]) + 0.1 * (np.exp(late) - 1))
    first = run.output.first()[0]
    assert value.by_times[first[0]] == pytest.approx(-share[0] / 0.2)
    assert value.by_times[first[1]] == pytest.approx((1 - share[1]) / 0.2 + 0.1 * np.exp(late))
    assert value.predicted.tolist() == [0]
    silent = simulate(network, [[np.inf]])
    nothing = FirstSpikeLoss()(silent, np.array([2]))
    assert nothing.predicted.tolist() == [-1]
    assert nothing.by_times.size == 0
    assert first_to_fire(silent).tolist() == [-1]


@pytest.mark.parametrize("labels", [np.array([3]), np.array([-1]), np.array([0, 1])])
def test_labels_that_do_not_fit_are_refused(labels: IntArray) -> None:
    run = simulate(ForwardNetwork((np.ones((1, 3)),)), [[0.0]])
    with pytest.raises(DataError, match="labels"):
        FirstSpikeLoss()(run, labels)


def test_xor_converges_from_random_weights() -> None:
    found = [steps_to_converge(xor_trainer(seed, epochs=200)) for seed in range(20)]
    assert None not in found


def test_iris_is_learned() -> None:
    table = iris()
    low, high = table.features.min(axis=0), table.features.max(axis=0)
    coding = Latency(tuple(low.tolist()), tuple(high.tolist()), 0.0, IRIS.late_ms, True, True, IRIS.bias_ms)
    times, (training, test) = coding.times(table.features), divided(table.labels, 0.2, 0)
    quick = replace(IRIS, epochs=20, learning_rate=0.03)
    trainer = ForwardTrainer((coding.inputs, 10, 3), times[training], table.labels[training], quick, 0)
    for _ in trainer.run():
        pass
    right = trainer.predicted(times) == table.labels
    assert right[training].mean() > 0.93
    assert right[test].mean() > 0.85


@pytest.mark.evidence
def test_xor_converges_from_a_thousand_random_weights() -> None:
    found = [steps_to_converge(xor_trainer(seed, epochs=1000)) for seed in range(1000)]
    steps = [step for step in found if step is not None]
    sys.stdout.write(f"\nXOR: mean {np.mean(steps):.1f} steps, maximum {max(steps)}; paper 17.5 and 98\n")
    assert len(steps) == 1000


def test_a_checkpoint_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    whole = xor_trainer(3, epochs=12, batch_size=3)
    for _ in whole.run():
        pass
    begun = xor_trainer(3, epochs=12, batch_size=3)
    for _ in range(7):
        begun.update()
    begun.save(tmp_path / "a.training")
    later = xor_trainer(3, threads=2, epochs=12, batch_size=3)
    later.resume(tmp_path / "a.training")
    for _ in later.run():
        pass
    assert all(np.array_equal(a, b) for a, b in zip(whole.weights, later.weights, strict=True))
    with pytest.raises(OptionError, match="other options"):
        xor_trainer(4, epochs=12, batch_size=3).resume(tmp_path / "a.training")
    (tmp_path / "b.training").write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(FormatError, match="no checkpoint"):
        later.resume(tmp_path / "b.training")


def test_recurrent_weights_are_trained_and_resumed(tmp_path: Path) -> None:
    whole = xor_trainer(2, epochs=60, recurrent_std=0.2)
    before = whole.recurrent[0].copy()
    losses = [update.loss for update in whole.run()]
    own = whole.network().recurrent
    assert own is not None
    assert (own[0] is not None, own[1]) == (True, None)
    assert np.abs(whole.recurrent[0] - before).max() > 0.1
    assert losses[-1] < losses[0] / 4
    begun, later = (xor_trainer(2, epochs=60, recurrent_std=0.2) for _ in range(2))
    for _ in range(20):
        begun.update()
    begun.save(tmp_path / "a.training")
    later.resume(tmp_path / "a.training")
    for _ in later.run():
        pass
    assert all(np.array_equal(a, b) for a, b in zip(whole.trained, later.trained, strict=True))
    with pytest.raises(OptionError, match="recurrent_std"):
        Recipe(recurrent_std=-1.0)


def test_silent_neurons_are_woken_and_without_it_stay_silent() -> None:
    for wake, heard in ((0.05, True), (0.0, False)):
        trainer = xor_trainer(0, wake=wake, epochs=200)
        trainer.weights[0][:] = 0.1
        steps = steps_to_converge(trainer)
        counts = simulate(trainer.network(), trainer.times).output.counts()
        assert counts.any() == heard
        assert (steps is None) == (not heard)


def test_recipes_hold_the_constants_of_the_paper() -> None:
    rates = [(one.synapse_rate, one.membrane_rate, one.learning_rate, one.tau0) for one in (XOR, IRIS_PAPER, YIN_YANG)]
    assert rates == [(1.0, 0.99, 0.1, 0.1), (1.0, 0.9, 0.05, 1.0), (0.999, 1.0, 0.0005, 0.2)]
    refused: tuple[dict[str, Any], ...] = (
        {"learning_rate": 0.0},
        {"beta1": 1.5},
        {"hidden_std": -1.0},
        {"hidden_mean": np.nan},
        {"epochs": 0},
    )
    for wrong in refused:
        with pytest.raises(OptionError):
            Recipe(**wrong)


def test_tables_are_what_they_say(tmp_path: Path) -> None:
    assert np.bincount(iris().labels).tolist() == [50, 50, 50]
    table = yin_yang(600, 1)
    assert np.array_equal(table.features, yin_yang(600, 1).features)
    assert np.all(np.bincount(table.labels) > 150)
    assert np.all(np.hypot(*(table.features - 0.5).T) <= 0.5)
    known = {(0.25, 0.5): 2, (0.75, 0.58): 2, (0.25, 0.35): 0, (0.75, 0.65): 1, (0.5, 0.9): 0, (0.5, 0.1): 1}
    assert {point: yin_yang_class(*point) for point in known} == known
    parted = replace(table, split=np.where(np.arange(600) < 500, "train", "test"))
    write_table(parted, tmp_path / "t.csv")
    again = read_table(tmp_path / "t.csv")
    assert np.array_equal(again.features, table.features)
    assert np.array_equal(again.labels, table.labels)
    assert again.split is not None
    assert again.split.tolist().count("test") == 100
    for text in ("x,label\n", "x,y\n1,2\n", "label\n1\n", "x,label\n1\n", "x,x,label\n1,1,1\n"):
        (tmp_path / "w.csv").write_text(text)
        with pytest.raises(FormatError):
            read_table(tmp_path / "w.csv")
    for text in ("x,label\nnan,1\n", "x,label\n1,-1\n", "x,label\n1,0.5\n", "x,label\na,1\n"):
        (tmp_path / "w.csv").write_text(text)
        with pytest.raises(DataError):
            read_table(tmp_path / "w.csv")


def small() -> Table:
    table = yin_yang(90, 7)
    return replace(table, split=np.array(["train"] * 60 + ["test"] * 30))


def test_train_fp_writes_a_network_that_answers_alike_and_resumes(tmp_path: Path) -> None:
    options: dict[str, Any] = {"batch_size": 20, "epochs": 3, "seed": 5}
    whole = train_fp("5-12-3", small(), tmp_path / "a.npz", log=tmp_path / "a.csv", **options)
    assert whole.accuracy is not None
    assert (whole.training, whole.test, whole.as_dict()["schema"]) == (60, 30, "neurodeploy.training/1")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 4
    network, latency = load_forward(tmp_path / "a.npz")
    assert first_to_fire(simulate(network, latency.times(small().features[60:]))).tolist() == whole.predicted.tolist()
    asked = iter(range(100))
    with pytest.raises(OptionError, match="--resume"):
        train_fp("5-12-3", small(), tmp_path / "b.npz", stopped=lambda: next(asked) == 4, **options)
    train_fp("5-12-3", small(), tmp_path / "b.npz", resume=True, threads=2, **options)
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "a.npz").read_bytes()
    with pytest.raises(FormatError, match="exists"):
        train_fp("5-12-3", small(), tmp_path / "a.npz", **options)


def test_the_log_and_the_sums_of_train_fp_are_those_of_its_updates(tmp_path: Path) -> None:
    told: list[str] = []
    settings: dict[str, Any] = {"batch_size": 20, "epochs": 3, "seed": 5, "hidden_mean": 0.2}  # most stay silent
    made = train_fp("5-12-3", small(), tmp_path / "a.npz", log=tmp_path / "a.csv", progress=told.append, **settings)
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert made.accuracy is not None
    assert float(rows[-1]["test_accuracy"]) == pytest.approx(made.accuracy["share"], rel=1e-5)
    assert float(rows[-1]["loss"]) == pytest.approx(made.loss, rel=1e-5)
    assert told[0] == "epoch 1 of 3"
    assert told[-1] == f"epoch 3 of 3, {float(rows[-1]['training_accuracy']):.1%} right in the last"
    train_fp("5-12-3", small(), tmp_path / "b.npz", log=tmp_path / "b.csv", test_every=2, **settings)
    looks = [row["test_accuracy"] for row in csv.DictReader((tmp_path / "b.csv").read_text().splitlines())]
    assert looks == ["", rows[1]["test_accuracy"], ""]
    latency = load_forward(tmp_path / "a.npz")[1]
    recipe = replace(YIN_YANG, batch_size=20, epochs=3, hidden_mean=0.2)
    trainer = ForwardTrainer((5, 12, 3), latency.times(small().features[:60]), small().labels[:60], recipe, 5)
    updates = list(trainer.run())
    assert (made.dropped, made.woken) == (sum(u.dropped for u in updates), sum(u.woken for u in updates))
    assert made.woken > 0


def test_train_fp_parts_tables_by_class(tmp_path: Path) -> None:
    made = train_fp("9-5-3", iris(), tmp_path / "i.npz", neuron="iris", epochs=1, test_share=0.2, refractory_ms=20.0)
    assert (made.training, made.test) == (120, 30)


def test_train_fp_answers_wrong_options(tmp_path: Path) -> None:
    refused: tuple[tuple[str, dict[str, Any]], ...] = (
        ("4-3", {}),
        ("5x5-3", {}),
        ("5-3", {"neuron": "none"}),
        ("5-3", {"limit": 0}),
    )
    for arch, changes in refused:
        with pytest.raises(OptionError):
            train_fp(arch, small(), tmp_path / "w.npz", **changes)
    with pytest.raises(OptionError, match="dropout"):
        train_fp("5-3", small(), tmp_path / "w.npz", dropout=0.1)
    with pytest.raises(DataError, match="split"):
        train_fp("5-3", small(), tmp_path / "w.npz", split="other")
    with pytest.raises(DataError, match="labels"):
        train_fp("5-2", small(), tmp_path / "w.npz")
    assert asdict(XOR)["gamma"] == 0.01
