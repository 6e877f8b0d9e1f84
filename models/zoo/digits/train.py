"""Make `digits.pt`: `python -m neurodeploy.models.zoo.digits.train -o digits.pt`."""

from __future__ import annotations

import io
from pathlib import Path

import click
import numpy as np
import torch

from neurodeploy.files import write_atomic
from neurodeploy.models.datasets.augment import warp
from neurodeploy.models.datasets.digits import load_images, record_digits
from neurodeploy.models.datasets.saccades import Sensor, record
from neurodeploy.models.slayer.network import LoihiMlp, output_counts, rasters
from neurodeploy.models.slayer.train import train
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.zoo.digits.model import build_model

SEED = 0
#: Distorted copies of each training image, beside the image itself.
COPIES = 8
OPTIONS = TrainingOptions(epochs=8, batch_size=32, learning_rate=0.2, seed=SEED)


def training_data(model: LoihiMlp) -> tuple[torch.Tensor, torch.Tensor]:
    """Record the training images and their distorted copies: rasters for `model`, and labels."""
    all_images, all_labels = load_images()
    images, labels = all_images[::2], all_labels[::2]
    copies = [images, *(warp(images, seed) for seed in range(COPIES))]
    recordings = record(np.concatenate(copies), Sensor())
    return rasters(model, recordings), torch.from_numpy(np.tile(labels, len(copies)))


def correct(model: LoihiMlp) -> tuple[int, int]:
    """Count the held-out recordings that `model` classifies correctly, and all of them; a silent one is wrong."""
    held_out = [digit for digit in record_digits() if digit.split == "test"]
    counts = output_counts(model, [digit.recording for digit in held_out])
    labels = np.array([digit.label for digit in held_out])
    return int(np.sum((counts.argmax(axis=1) == labels) & counts.any(axis=1))), len(labels)


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("digits.pt"), show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def main(output: Path, force: bool) -> None:
    """Train the digits network, count its errors on the held-out images and write the checkpoint."""
    torch.set_num_threads(1)  # the order of float sums, and so the result, depends on it
    model, loss = build_model(SEED)
    for epoch in train(model, *training_data(model), loss, OPTIONS):
        click.echo(f"epoch {epoch.number}: loss {epoch.loss:.3f}, training accuracy {epoch.accuracy:.4f}", err=True)
    right, total = correct(model)
    click.echo(f"held out: {right} of {total} correct ({right / total:.2%})", err=True)
    checkpoint = io.BytesIO()
    torch.save(model.state_dict(), checkpoint)
    write_atomic(output, checkpoint.getvalue(), overwrite=force)


if __name__ == "__main__":
    main()
