"""Train on 500 recordings of N-MNIST: `python -m benchmarks.nmnist FOLDER --arch mlp -o nmnist.pt`.

FOLDER holds recordings and a `labels.csv` with a column `split`. The first 500 of split `train` are for training, all
others for testing. Every number here was chosen with parts of the 500 alone (`--fold`). The trained network is compiled
and run by the emulator, whose counts must be the model's; `--others` trains two classifiers of scikit-learn on the
spike counts of the three saccades instead.
"""

from __future__ import annotations

import json
from ast import literal_eval
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import neurodeploy
from neurodeploy.errors import DataError
from neurodeploy.models.datasets.labelled import Labelled
from neurodeploy.models.datasets.layouts import find_labelled
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.spikes.events import bin_recording

TRAINING = 500
#: A threshold of 640 · 64 so that weights are many steps of 2, and a voltage that loses a 64th in a step.
NEURON = TrainedNeuron(
    threshold_mantissa=640, voltage_decay=64, current_decay=1024, refractory_delay=1, weight_exponent=0
)


@dataclass(frozen=True)
class Recipe:
    """What a network is trained with.

    Args:
        arch: its layers.
        augment: distortions in the phase by rates.
        settings: other fields of `neurodeploy.models.slayer.plan.TrainingPlan`.
    """

    arch: str
    augment: str
    settings: dict[str, Any]


AUGMENT = "shift=2,rotate=15,zoom=0.15"
COMMON = {"rate_epochs": 60, "learning_rate": 0.005, "batch_size": 16, "loss": "entropy"}
RECIPES = {
    "mlp": Recipe("34x34x2-512-10", AUGMENT, {"epochs": 4}),
    "cnn": Recipe("34x34x2-12c5-2a-64c5-2a-10", AUGMENT, {"epochs": 3, "piece": 2}),
}


def parts(folder: Path) -> tuple[list[Labelled], list[Labelled]]:
    """The recordings to train on, and those to test on.

    Raises:
        DataError: fewer than 500 of split `train`, or none beside them.
    """
    items = find_labelled(folder)
    training = [item for item in items if item.split == "train"][:TRAINING]
    names = {item.name for item in training}
    test = [item for item in items if item.name not in names]
    if len(training) < TRAINING or not test:
        problem = f"holds {len(training)} recordings of split train and {len(test)} others"
        raise DataError(str(folder), problem, f"give {TRAINING}, and others to test on")
    return training, test


def emulated(network: Path, yaml: Path, test: list[Labelled]) -> NDArray[np.int64]:
    """Output counts of the compiled network on the emulator, shape (recordings, outputs)."""
    loaded = neurodeploy.load(network, yaml=yaml)
    assert isinstance(loaded, neurodeploy.Network)
    program = neurodeploy.compile(loaded)
    runs = [neurodeploy.run(program, bin_recording(item.read(), (2, 34, 34), 1.0)) for item in test]
    return np.array([run.output_counts for run in runs if isinstance(run, neurodeploy.Run)])


def saccades(items: list[Labelled]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Spikes of every pixel and polarity in each third of a recording, as square roots; labels."""
    features = np.zeros((len(items), 3, 2312))
    for row, item in zip(features, items, strict=True):
        recording = item.read()
        third = np.minimum(recording.time_us // 105_000, 2).astype(np.int64)
        np.add.at(row, (third, recording.neurons((2, 34, 34))), 1)
    return np.sqrt(features.reshape(len(items), -1)), np.array([item.label for item in items])


def others(training: list[Labelled], test: list[Labelled]) -> dict[str, float]:
    """Accuracy of a support vector machine and of a perceptron on the counts of the saccades."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    (x, y), (x_test, y_test) = saccades(training), saccades(test)
    known = {"svm": SVC(C=10, gamma="scale"), "mlp": MLPClassifier((512,), max_iter=300, random_state=0)}
    return {name: float(model.fit(x, y).score(x_test, y_test)) for name, model in known.items()}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--arch", type=click.Choice(list(RECIPES)), default="mlp", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("nmnist.pt"), show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--fold", type=click.IntRange(0, 4), help="Train on 400 of the 500, test on the other 100.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another value of the recipe, as Python.")
@click.option("--others", "compare", is_flag=True, help="Other classifiers instead.")
@click.option("--resume", is_flag=True)
@click.option("--force", is_flag=True)
def main(
    folder: Path,
    arch: str,
    output: Path,
    seed: int,
    fold: int | None,
    changes: tuple[str, ...],
    compare: bool,
    resume: bool,
    force: bool,
) -> None:
    """Train, test, compare with the emulator, and print the answer as JSON."""
    recipe, (training, test) = RECIPES[arch], parts(folder)
    if fold is not None:
        training, test = [item for i, item in enumerate(training) if i % 5 != fold], training[fold::5]
    if compare:
        click.echo(json.dumps(others(training, test)))
        return
    settings: dict[str, Any] = {"neuron": NEURON, "rate_augment": recipe.augment, **COMMON, **recipe.settings}
    settings |= {name: literal_eval(value) for name, value in (change.split("=", 1) for change in changes)}
    trained = neurodeploy.train(
        recipe.arch,
        (training, test),
        output,
        log=output.with_suffix(".csv"),
        resume=resume,
        overwrite=force,
        seed=seed,
        steps=300,
        test_every=0,
        **settings,
    )
    assert trained.yaml is not None
    equal = np.array_equal(emulated(trained.network, trained.yaml, test), trained.counts)
    click.echo(json.dumps(trained.as_dict() | {"emulator_equal": equal}))


if __name__ == "__main__":
    main()
