"""The examples of networks in continuous time, at reduced size: each ends on the emulator, or it fails by itself."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.models.datasets.tables import yin_yang
from neurodeploy.models.forward_prop.recipe import YIN_YANG
from neurodeploy.models.forward_prop.simulate import simulate
from neurodeploy.models.forward_prop.train import ForwardTrainer
from neurodeploy.spikes.latency import Latency

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("call", "epochs", "figures"),
    [
        ("xor", 40, ("voltages", "first_times", "loss")),
        pytest.param("iris", 10, ("first_times", "loss"), marks=pytest.mark.evidence),
        pytest.param("yin_yang --surrogate", 20, ("first_times", "loss", "surrogate"), marks=pytest.mark.evidence),
    ],
)
def test_an_example_ends_on_the_chip(call: str, epochs: int, figures: tuple[str, ...], tmp_path: Path) -> None:
    name, *flags = call.split()
    script = str(EXAMPLES / f"{name}.py")
    command = [sys.executable, script, "--quick", "--epochs", str(epochs), "--threads", "1", *flags]
    environment = os.environ | {"MPLCONFIGDIR": str(tmp_path)}
    result = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, timeout=600, check=False, env=environment
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "reference == C emulator: True" in result.stdout
    reached = re.search(r"emulator: (\d+) of (\d+) right", result.stdout)
    assert reached is not None
    assert int(reached[1]) / int(reached[2]) > 0.7
    for figure in figures:
        assert (tmp_path / f"{name}_{figure}.svg").stat().st_size > 5000


def test_the_surrogate_gradient_starts_from_the_same_network_and_learns() -> None:
    torch = pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("surrogate", EXAMPLES / "surrogate.py")
    assert spec is not None
    assert spec.loader is not None
    surrogate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(surrogate)
    table, recipe = yin_yang(120, 3), replace(YIN_YANG, epochs=8, batch_size=30, learning_rate=0.02)
    times = Latency((0.0, 0.0), (1.0, 1.0), 0.15, 2.0, complement=True, bias_ms=0.9).times(table.features)
    network = ForwardTrainer((5, 16, 3), times, table.labels, recipe, 1).network()
    trainer = surrogate.surrogate_trainer(network, times, table.labels, recipe, 1)
    with torch.no_grad():
        spikes = trainer.model(trainer.data.batch(range(120), 1)[0]).numpy()
    stepped = np.where(spikes.any(axis=0), spikes.argmax(axis=0) * trainer.model.timestep_ms, np.nan)
    exact = simulate(network, times).output.first_times()
    # half a step a layer late, and rounded; silent alike
    assert np.nanmedian(np.abs(stepped - exact)) < 2 * trainer.model.timestep_ms
    assert np.mean(np.isnan(stepped) == np.isinf(exact)) > 0.95
    losses, _ = surrogate.surrogate_trained(trainer)
    assert losses[-1] < 0.9 * losses[0]
