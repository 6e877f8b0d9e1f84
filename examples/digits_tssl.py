"""Digits in 5 steps: train with TSSL-BP, quantize to 8 bits, compile for Loihi, run, verify.

`python -m examples.digits_tssl FOLDER` writes scikit-learn's images as bit planes (5 planes of 8 x 8, a bit is a spike
in every one of 5 steps), the 899 even ones to train on, the 898 odd ones held out, and trains 8x8x1-200-10 on them. It
prints how many are right in training's floats and on the emulator with 8-bit weights. It needs torch and scikit-learn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import click
import numpy as np

import neurodeploy
from neurodeploy.files import write_atomic
from neurodeploy.models.datasets.digits import SPLITS, load_images
from neurodeploy.spikes.bit_planes import bit_plane_rows

STEPS, PLANES = 5, 5
#: Chosen with folds of the images to train on.
RECIPE = {"epochs": 100, "gain": 0.3}


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network came to on the images held out.

    Args:
        images: their number.
        trained: right in training's floats.
        chip: right on the emulator with 8-bit weights.
        equal: whether the emulator and the reference gave the same spikes and states.
        steps: of a run on the chip.
        cores: of the chip.
    """

    images: int
    trained: int
    chip: int
    equal: bool
    steps: int
    cores: int


def write_images(folder: Path, limit: int | None = None) -> None:
    """The images as recordings with their labels, `bit_planes` of the whole intensities 0 … 16."""
    images, labels = load_images()
    rows = ["file,label,split"]
    folder.mkdir(parents=True, exist_ok=True)
    for index, (image, label) in enumerate(zip(images[:limit], labels[:limit], strict=True)):
        file = BytesIO()
        np.save(file, bit_plane_rows(image[None], PLANES, STEPS))
        write_atomic(folder / f"{index:04}.npy", file.getvalue(), overwrite=True)
        rows.append(f"{index:04}.npy,{label},{SPLITS[index % 2]}")
    write_atomic(folder / "labels.csv", ("\n".join(rows) + "\n").encode(), overwrite=True)


def experiment(folder: Path, arch: str = "8x8x1-200-10", limit: int | None = None, **changes: Any) -> Answer:
    """Images, training, chip."""
    write_images(folder, limit)
    trained = neurodeploy.train(
        arch, folder, folder / "digits.ndn", method="tssl", steps=STEPS, planes=PLANES, test_every=0, overwrite=True,
        **(RECIPE | changes),
    )  # fmt: skip
    network = neurodeploy.load(trained.network)
    assert isinstance(network, neurodeploy.Network)
    assert network.steps is not None
    program = neurodeploy.compile(neurodeploy.quantize(network, 8)[0])
    runs = neurodeploy.run(program, folder, split="test")
    assert isinstance(runs, list)
    counts = np.array([run.output_counts for run in runs])
    labels = load_images()[1][1:limit:2]
    verification = neurodeploy.verify(program, folder, split="test", limit=20)
    assert trained.accuracy is not None
    return Answer(
        images=len(labels),
        trained=trained.accuracy["correct"],
        chip=int(np.sum((counts.argmax(1) == labels) & counts.any(1))),
        equal=verification.equal,
        steps=network.steps,
        cores=program.summary["cores"],
    )


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True)
def main(folder: Path, seed: int) -> None:
    click.echo(json.dumps(vars(experiment(folder, seed=seed))))


if __name__ == "__main__":
    main()
