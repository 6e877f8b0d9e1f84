"""Train float SRM networks on the digits: `python -m neurodeploy.models.zoo.digits_srm.train -o srm.pt --seed 0`.

They are what conversion to CUBA neurons, quantization and fine-tuning are measured on (docs/conversion.md).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import torch

from neurodeploy.files import write_atomic
from neurodeploy.models.datasets.augment import warp
from neurodeploy.models.datasets.digits import Digit, load_images, record_digits
from neurodeploy.models.datasets.saccades import Sensor, record
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.labelled import LabelledEvents
from neurodeploy.models.slayer.loss import SpikeCountLoss
from neurodeploy.models.slayer.spiking import Extras, SpikingNetwork, build_network
from neurodeploy.models.slayer.srm import SrmNeuron
from neurodeploy.models.slayer.train import Trainer
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.updates import Epoch, epochs
from neurodeploy.spikes.events import Events, bin_recording
from neurodeploy.spikes.recording import Recording

STEPS = 80
SHAPE = (2, 16, 16)
#: theta 10 as in slayerPytorch's examples; tauSr 4 and tauRef 1 steps, scaleRef 1.
NEURON = SrmNeuron(threshold=10.0, synapse=4.0, refractory=1.0, depth=10.0)
LOSS = SpikeCountLoss(true_count=20, false_count=3)
#: Distorted copies of each training image, beside the image itself.
COPIES = 8
EPOCHS, LEARNING_RATE = 8, 0.1


def build(seed: int) -> SpikingNetwork:
    """The untrained network."""
    return build_network(parse_architecture("16x16x2-128-10"), NEURON, STEPS, extras=Extras(seed=seed))


def binned(recordings: list[Recording]) -> list[Events]:
    """Recordings in steps, as all networks here take them."""
    return [bin_recording(recording, SHAPE, 1.0).within(STEPS)[0] for recording in recordings]


def training_data(copies: int = COPIES) -> LabelledEvents:
    """The 899 training images and distorted copies of them."""
    all_images, all_labels = load_images()
    images, labels = all_images[::2], all_labels[::2]
    recordings = record(np.concatenate([images, *(warp(images, seed) for seed in range(copies))]), Sensor())
    return LabelledEvents(binned(recordings), torch.from_numpy(np.tile(labels, copies + 1)), SHAPE, STEPS)


def held_out() -> list[Digit]:
    """The 898 images that no training sees."""
    return [digit for digit in record_digits() if digit.split == "test"]


def learn(model: SpikingNetwork, data: LabelledEvents, count: int = EPOCHS, seed: int = 0) -> Iterator[Epoch]:
    """Train a network in place, one epoch each time the iterator is advanced."""
    options = TrainingOptions(count, learning_rate=LEARNING_RATE, seed=seed)
    yield from epochs(Trainer(model, data, LOSS, options).run())


def trained(seed: int, copies: int = COPIES, count: int = EPOCHS) -> SpikingNetwork:
    """Train one network; on one thread, since the order of float sums, and so the result, depends on their number."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = build(seed)
        for _ in learn(model, training_data(copies), count, seed):
            pass
    finally:
        torch.set_num_threads(threads)
    return model


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("srm.pt"), show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--seed", default=0, show_default=True)
def main(output: Path, force: bool, seed: int) -> None:
    """Train a network, count its errors on the held-out images and write the checkpoint."""
    torch.set_num_threads(1)
    model = build(seed)
    for epoch in learn(model, training_data(), seed=seed):
        click.echo(f"epoch {epoch.number}: loss {epoch.loss:.3f}, training accuracy {epoch.accuracy:.4f}", err=True)
    digits = held_out()
    counts = model.output_counts([digit.recording for digit in digits])
    labels = [digit.label for digit in digits]
    right = int(np.sum((counts.argmax(axis=1) == labels) & counts.any(axis=1)))
    click.echo(f"held out: {right} of {len(labels)} correct ({right / len(labels):.2%})", err=True)
    checkpoint = io.BytesIO()
    torch.save(model.state_dict(), checkpoint)
    write_atomic(output, checkpoint.getvalue(), overwrite=force)


if __name__ == "__main__":
    main()
