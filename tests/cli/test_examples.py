"""The examples at reduced size: each ends on the emulator, or fails by itself. Digits: unit/test_training_tssl.py.

They run as `python -m examples.NAME` does, in this process, which has imported what they need.
"""

from __future__ import annotations

import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from examples.nmnist_tssl import experiment
from neurodeploy.models.datasets.labelled import Labelled
from neurodeploy.models.datasets.tables import yin_yang
from neurodeploy.models.forward_prop.recipe import YIN_YANG
from neurodeploy.models.forward_prop.simulate import simulate
from neurodeploy.models.forward_prop.train import ForwardTrainer
from neurodeploy.models.slayer.network import LoihiMlp
from neurodeploy.spikes.latency import Latency
from neurodeploy.spikes.recording import Recording


@pytest.mark.parametrize(
    ("name", "epochs", "least", "figures"),
    [
        ("xor", 40, 1.0, ("voltages", "first_times", "loss")),
        ("iris", 10, 0.7, ("first_times", "loss")),
        ("yin_yang", 4, 0.6, ("first_times", "loss")),
    ],
)
def test_an_example_ends_on_the_chip(
    name: str,
    epochs: int,
    least: float,
    figures: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--quick", "--epochs", str(epochs), "--threads", "1", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [name, *options])
    with matplotlib.rc_context():
        runpy.run_module(f"examples.{name}", run_name="__main__")
    shown = capsys.readouterr().out
    assert "reference == C emulator: True" in shown
    reached = re.search(r"emulator: (\d+) of (\d+) right", shown)
    assert reached is not None
    assert int(reached[1]) >= least * int(reached[2])
    for figure in figures:
        assert (tmp_path / f"{name}_{figure}.svg").stat().st_size > 5000


def moving(draw: np.random.Generator, label: int) -> Recording:
    """Events of a camera of 34 x 34 pixels, some everywhere, most of them where the class has them."""
    count = 400
    y = np.where(draw.random(count) < 0.8, 3 + 10 * label + draw.integers(0, 8, count), draw.integers(0, 34, count))
    x, polarity = draw.integers(0, 34, count), draw.integers(0, 2, count)
    time = np.sort(draw.uniform(0, 300_000, count))
    return Recording(time, x.astype(np.int32), y.astype(np.int32), polarity.astype(np.int32), "moving")


def test_the_recipe_for_nmnist_ends_on_the_chip(tmp_path: Path) -> None:
    """On recordings of their shape and length, three classes."""
    draw = np.random.default_rng(0)
    made = [(moving(draw, k % 3), k % 3) for k in range(40)]
    items = [
        Labelled(f"{k}", label, "train", lambda recording=recording: recording)  # type: ignore[misc]  # bound now
        for k, (recording, label) in enumerate(made)
    ]
    found = experiment(items[:30], items[30:], tmp_path / "n.ndn", arch="34x34x2-20-10", epochs=6, batch_size=5)
    assert found["equal"]
    assert (found["steps"], found["test_recordings"]) == (31, 10)
    assert found["accuracy"]["correct"] >= 8
    assert found["chip"] >= found["accuracy"]["correct"] - 1


def test_the_surrogate_gradient_starts_from_the_same_network_and_learns() -> None:
    torch = pytest.importorskip("torch")
    from examples import surrogate

    table, recipe = yin_yang(120, 3), replace(YIN_YANG, epochs=8, batch_size=30, learning_rate=0.02)
    times = Latency((0.0, 0.0), (1.0, 1.0), 0.15, 2.0, complement=True, bias_ms=0.9).times(table.features)
    network = ForwardTrainer((5, 16, 3), times, table.labels, recipe, 1).network()
    trainer = surrogate.surrogate_trainer(network, times, table.labels, recipe, 1)
    assert isinstance(trainer.model, LoihiMlp)
    with torch.no_grad():
        spikes = trainer.model(trainer.data.batch(range(120), 1)[0]).numpy()
    stepped = np.where(spikes.any(axis=0), spikes.argmax(axis=0) * trainer.model.timestep_ms, np.nan)
    exact = simulate(network, times).output.first_times()
    # half a step a layer late, and rounded; silent alike
    assert np.nanmedian(np.abs(stepped - exact)) < 2 * trainer.model.timestep_ms
    assert np.mean(np.isnan(stepped) == np.isinf(exact)) > 0.95
    losses, _ = surrogate.surrogate_trained(trainer)
    assert losses[-1] < 0.9 * losses[0]
