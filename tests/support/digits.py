"""A folder of the first digits, without recording all of them."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.models.datasets.digits import Digit, load_images, write_digits
from neurodeploy.models.datasets.saccades import Sensor, record


def write_few_digits(folder: Path, count: int) -> None:
    """Write the first `count` digits with `labels.csv`, even ones `train`, odd ones `test`."""
    images, labels = load_images()
    recordings = record(images[:count], Sensor())
    write_digits(
        folder, [Digit(i, *pair) for i, pair in enumerate(zip(recordings, labels[:count].tolist(), strict=True))]
    )
