"""N-MNIST in 30 steps of 10 ms: train with TSSL-BP, quantize to 8 bits, compile, run, verify.

`python -m examples.nmnist_tssl FOLDER --arch mlp -o nmnist.ndn` trains on the first 500 recordings of split `train` and
tests on all others, as `benchmarks.nmnist` does with SLAYER and 300 steps, and prints the answer as JSON. Every number
of a recipe was chosen with parts of the 500 alone (`--fold`).
"""

from __future__ import annotations

import json
from ast import literal_eval
from pathlib import Path
from typing import Any

import click
import numpy as np

import neurodeploy
from benchmarks.nmnist import AUGMENT, parts
from neurodeploy.models.datasets.labelled import Labelled
from neurodeploy.spikes.events import bin_recording

STEPS, TIMESTEP_MS = 30, 10.0
COMMON: dict[str, Any] = {"batch_size": 16, "augment": AUGMENT, "sigmoid": 0.5}
RECIPES: dict[str, dict[str, Any]] = {
    "mlp": {"arch": "34x34x2-512-10", "epochs": 30},
    "cnn": {"arch": "34x34x2-12c5-2a-64c5-2a-10", "epochs": 14, "piece": 4},
}


def on_chip(path: Path, test: list[Labelled]) -> dict[str, Any]:
    """Right answers of the emulator with 8-bit weights, and whether the reference agrees on the first recordings."""
    network = neurodeploy.load(path)
    assert isinstance(network, neurodeploy.Network)
    program = neurodeploy.compile(neurodeploy.quantize(network, 8)[0])
    correct, equal = 0, True
    for index, item in enumerate(test):
        events = bin_recording(item.read(), (2, 34, 34), TIMESTEP_MS)
        run = neurodeploy.run(program, events)
        assert isinstance(run, neurodeploy.Run)
        counts = np.asarray(run.output_counts)
        correct += bool(counts.any() and counts.argmax() == item.label)
        if index < 5:
            equal &= neurodeploy.verify(program, events).equal
    return {"chip": correct, "equal": equal, "steps": network.steps, "cores": program.summary["cores"]}


def experiment(
    training: list[Labelled], test: list[Labelled], output: Path, overwrite: bool = False, **settings: Any
) -> dict[str, Any]:
    """Training and chip."""
    options = {"steps": STEPS, "timestep_ms": TIMESTEP_MS, "test_every": 0} | COMMON | settings
    arch = options.pop("arch")
    log = output.with_suffix(".csv")
    trained = neurodeploy.train(arch, (training, test), output, method="tssl", overwrite=overwrite, log=log, **options)
    return trained.as_dict() | on_chip(output, test)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--arch", type=click.Choice(list(RECIPES)), default="mlp", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("nmnist.ndn"), show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--fold", type=click.IntRange(0, 4), help="Train on 400 of the 500, test on the other 100.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another value of the recipe, as Python.")
@click.option("--resume", is_flag=True)
@click.option("--force", is_flag=True)
def main(
    folder: Path,
    arch: str,
    output: Path,
    seed: int,
    fold: int | None,
    changes: tuple[str, ...],
    resume: bool,
    force: bool,
) -> None:
    training, test = parts(folder)
    if fold is not None:
        training, test = [item for i, item in enumerate(training) if i % 5 != fold], training[fold::5]
    settings = RECIPES[arch] | {name: literal_eval(value) for name, value in (c.split("=", 1) for c in changes)}
    answer = experiment(training, test, output, force, seed=seed, resume=resume, **settings)
    click.echo(json.dumps(answer))


if __name__ == "__main__":
    main()
