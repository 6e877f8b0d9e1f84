"""The network in steps, trained with SLAYER's surrogate gradient: same weights, data, batches and learning rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from neurodeploy.models.forward_prop.kernel import good_timesteps, step_kernel
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.recipe import Recipe
from neurodeploy.models.slayer.loss import CountEntropyLoss
from neurodeploy.models.slayer.network import LoihiMlp
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.train import Rasters, Trainer
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.updates import epochs

#: Steps of a recording, about.
STEPS = 100
#: Largest weight at the start: half of the chip's range is left to learn.
LARGEST = 127


def surrogate_trainer(
    network: ForwardNetwork, times: np.ndarray, labels: np.ndarray, recipe: Recipe, seed: int
) -> Trainer:
    """Cross-entropy of counts, as the first spike has no surrogate gradient (Lee et al. 2023, footnote 2)."""
    middle = network.horizon_ms / STEPS
    found = good_timesteps(network, middle / 1.25, middle * 1.25)[0]
    kernel = step_kernel(network, found.timestep_ms)
    largest = max(float(np.abs(weight).max()) for weight in network.weights)
    mantissa = max(int(LARGEST / largest * network.threshold / kernel.factor), 1)
    scale = kernel.factor * mantissa / network.threshold
    neuron = TrainedNeuron(mantissa, kernel.voltage_decay, kernel.current_decay, 1, 0)
    steps = int(np.ceil(network.horizon_ms / kernel.timestep_ms))
    model = LoihiMlp((network.sizes[0],), network.sizes[1:], neuron, steps, kernel.timestep_ms, seed)
    with torch.no_grad():
        for layer, weight in zip(model.layers(), network.weights, strict=True):
            layer.weight.copy_(torch.tensor(scale * weight.T, dtype=torch.float32)[:, :, None, None, None])
    raster = np.zeros((len(times), steps, times.shape[1]), np.uint8)
    step = np.round(times / kernel.timestep_ms)
    row, column = np.nonzero(step < steps)
    raster[row, step[row, column].astype(int), column] = 1
    options = TrainingOptions(recipe.epochs, recipe.batch_size, recipe.learning_rate * scale, seed)
    data = Rasters(torch.from_numpy(raster), torch.as_tensor(labels))
    return Trainer(model, data, CountEntropyLoss(evidence=1.0, smoothing=0.0), options)


def surrogate_trained(trainer: Trainer) -> tuple[list[float], list[float]]:
    """Train to the end; loss a recording and share right of every epoch."""
    passed = list(epochs(trainer.run()))
    print(f"surrogate: loss {passed[-1].loss:.4f}, right {100 * passed[-1].accuracy:.2f} %", flush=True)
    return [epoch.loss for epoch in passed], [epoch.accuracy for epoch in passed]


def draw_comparison(name: str, curves: dict[str, tuple[list[float], list[float]]], out: Path) -> None:
    """Loss as part of the first epoch's, as the losses differ, and what was right."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    loss, right = figure.subplots(1, 2)
    for label, (losses, shares) in curves.items():
        epoch = np.arange(1, len(losses) + 1)
        loss.plot(epoch, np.array(losses) / losses[0], label=label)
        right.plot(epoch, 100 * np.array(shares), label=label)
    loss.set(xlabel="epoch", ylabel="loss / first epoch's", yscale="log")
    right.set(xlabel="epoch", ylabel="right in training (%)")
    right.legend()
    figure.savefig(out / f"{name}_surrogate.svg")
