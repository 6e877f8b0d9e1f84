"""Train the Oxford pattern from random weights: `python -m neurodeploy.models.zoo.oxford.train FOLDER -o oxford.pt`.

FOLDER holds slayerPytorch's files of the example, `input.bs1` and `OxfordDes.txt` (rows: neuron, step of arrival).
The loss is ½ Σ (ε ∗ (out − desired))² over 1,900 steps, ε the response kernel over its peak, the output one step late.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from neurodeploy.errors import DataError
from neurodeploy.files import write_atomic
from neurodeploy.models.formats.notation import DenseLayer
from neurodeploy.models.slayer.loss import SpikeTimeLoss
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.sparse import Spikes, input_spikes
from neurodeploy.models.slayer.spiking import Extras, SpikingNetwork
from neurodeploy.models.slayer.train import Trainer
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.spikes.files import read_recording

INPUTS, HIDDEN, OUTPUTS, STEPS = 200, 256, 200, 1900
NEURON = TrainedNeuron(
    threshold_mantissa=80, voltage_decay=128, current_decay=1024, refractory_delay=1, weight_exponent=0
)
#: Weights start at about the stored checkpoint's size and move by a sixtieth of their deviation.
LEARNING_RATE, UPDATES = 0.03, 20_000


@dataclass(frozen=True)
class OnePattern:
    """A data set of one recording."""

    spikes: Spikes
    desired: Tensor

    def __len__(self) -> int:
        return 1

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Spikes, Tensor]:
        """The recording and its desired spikes."""
        return self.spikes, self.desired


def build(seed: int) -> SpikingNetwork:
    """The untrained 200-256-200 network."""
    layers = (DenseLayer(HIDDEN), DenseLayer(OUTPUTS))
    return SpikingNetwork((INPUTS,), layers, NEURON, STEPS, extras=Extras(seed=seed))


def pattern(folder: Path) -> tuple[Spikes, SpikeTimeLoss, Tensor]:
    """Input spikes, loss, and desired spikes (1, steps, outputs) from slayerPytorch's files.

    Raises:
        FormatError: a file that is missing or damaged.
        DataError: a spike outside the pattern.
    """
    spikes = input_spikes([read_recording(folder / "input.bs1")], (INPUTS,), STEPS, 1.0)
    neuron, step = np.loadtxt(folder / "OxfordDes.txt", dtype=np.int64).T
    if not (neuron.min() >= 0 and neuron.max() < OUTPUTS and step.min() >= 0 and step.max() < STEPS):
        raise DataError("OxfordDes.txt", f"has spikes outside {OUTPUTS} x {STEPS}", "give the example's own file")
    desired = torch.zeros(1, STEPS, OUTPUTS)
    desired[0, step, neuron] = 1
    return spikes, SpikeTimeLoss(torch.from_numpy(NEURON.srm_kernel / NEURON.peak), delay=1), desired


def learn(folder: Path, seed: int = 0, updates: int = UPDATES) -> Iterator[tuple[int, float, SpikingNetwork]]:
    """Train; the number of each update from 1, the loss before it, and the network, whose weights go on changing."""
    spikes, loss, desired = pattern(folder)
    model = build(seed)
    options = TrainingOptions(updates, batch_size=1, learning_rate=LEARNING_RATE, seed=seed)
    trainer = Trainer(model, OnePattern(spikes, desired), loss, options)
    for update in trainer.run():
        yield update.epoch, update.loss, model


def score(model: SpikingNetwork, folder: Path) -> float:
    """The loss of a network as it is."""
    spikes, loss, desired = pattern(folder)
    with torch.no_grad():
        return float(loss(model(spikes), desired))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("oxford.pt"), show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--seed", default=0, show_default=True)
@click.option("--updates", default=UPDATES, show_default=True)
def main(folder: Path, output: Path, force: bool, seed: int, updates: int) -> None:
    """Train the Oxford pattern and write the checkpoint of the end."""
    torch.set_num_threads(1)  # the order of float sums, and so the result, depends on it
    model = build(seed)
    for number, value, trained in learn(folder, seed, updates):
        model = trained
        if number % 500 == 0:
            click.echo(f"update {number}: {value:.1f}", err=True)
    click.echo(f"at the end: {score(model, folder):.1f}", err=True)
    checkpoint = io.BytesIO()
    torch.save(model.state_dict(), checkpoint)
    write_atomic(output, checkpoint.getvalue(), overwrite=force)


if __name__ == "__main__":
    main()
