"""Tables of features: XOR, Iris, Yin-Yang, and .csv files."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError, MissingPackageError, OptionError
from neurodeploy.files import write_atomic
from neurodeploy.spikes.table import read_rows

#: Yin-Yang's circle and dots, after Kriener, Göltz, Petrovici, "The Yin-Yang dataset" (2022).
RADIUS, DOT = 0.5, 0.1


@dataclass(frozen=True, eq=False)
class Table:
    """Labelled features.

    Args:
        features: float64, shape (samples, features).
        labels: int64, shape (samples,), from 0.
        split: the part each sample belongs to, shape (samples,); None: not parted.
        names: of the features.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.int64]
    split: NDArray[np.str_] | None = None
    names: tuple[str, ...] = ()


def xor() -> Table:
    """The four cases; a one is a late spike, as features 0 and 1."""
    features = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float64)
    return Table(features, np.array([0, 1, 1, 0]), names=("a", "b"))


def iris() -> Table:
    """Fisher's 150 irises, from scikit-learn; in cm.

    Raises:
        MissingPackageError: scikit-learn cannot be imported.
    """
    try:
        from sklearn.datasets import load_iris
    except ImportError as error:
        raise MissingPackageError("scikit-learn", "cannot be imported", "pip install scikit-learn") from error
    bunch = load_iris()
    names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
    return Table(np.array(bunch.data, np.float64), np.array(bunch.target, np.int64), names=names)


def yin_yang(samples: int, seed: int) -> Table:
    """Points of a yin-yang sign in the unit square: class 0 the dark side, 1 the light side, 2 the two dots.

    Each point's class is drawn first, then points of the disc until one is of that class.

    Args:
        samples: how many.
        seed: another for every part of the data.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=samples)
    features = np.zeros((samples, 2))
    for k, label in enumerate(labels):
        while True:
            point = rng.uniform(0, 2 * RADIUS, 2)
            if np.hypot(*(point - RADIUS)) <= RADIUS and yin_yang_class(*point) == label:
                break
        features[k] = point
    return Table(features, labels.astype(np.int64), names=("x", "y"))


def yin_yang_class(x: float, y: float) -> int:
    """Class of a point in the disc: half of it, but the left lobe belongs to the upper half, the right to the lower."""
    left, right = np.hypot(x - RADIUS / 2, y - RADIUS), np.hypot(x - 3 * RADIUS / 2, y - RADIUS)
    if min(left, right) <= DOT:
        return 2
    if left <= RADIUS / 2:
        return 0
    return 1 if right <= RADIUS / 2 or y <= RADIUS else 0


def divided(labels: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the samples to train and to test on, each in order.

    Args:
        labels: of all samples.
        share: of each class that is tested on, rounded; between 0 and 1.
        seed: of the draw.

    Raises:
        OptionError: another share.
    """
    if not 0 < share < 1:
        raise OptionError("test share", f"{share} is outside 0 … 1", "choose for example 0.2")
    rng = np.random.default_rng([seed, 1])
    drawn = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    test = np.sort(np.concatenate([rng.permutation(own)[: round(share * len(own))] for own in drawn]))
    return np.setdiff1d(np.arange(len(labels)), test), test


def read_table(path: Path) -> Table:
    """A `.csv`, as of `neurodeploy.spikes.table`, with at least one sample and with labels.

    Raises:
        FormatError: no such file, no such table, no samples, or no column `label`.
        DataError: a number that is none or not finite, or a label that is no whole number from 0.
    """
    rows = read_rows(path)
    if rows.labels is None or not len(rows.labels):
        problem = "has no samples" if rows.labels is not None else "has no column `label`"
        raise FormatError(str(path), problem, "give a line of names, then a sample with its class in every line")
    split = None if rows.split is None else np.array(rows.split)
    return Table(rows.features, rows.labels, split, rows.names)


def write_table(table: Table, path: Path, overwrite: bool = False) -> None:
    """Write what `read_table` reads; raises FormatError where the system refuses."""
    text = io.StringIO()
    names = table.names or tuple(f"feature_{k}" for k in range(table.features.shape[1]))
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*names, "label"] + ([] if table.split is None else ["split"]))
    for k, (features, label) in enumerate(zip(table.features, table.labels, strict=True)):
        part = [] if table.split is None else [table.split[k]]
        rows.writerow([*(repr(float(value)) for value in features), int(label), *part])
    write_atomic(path, text.getvalue().encode(), overwrite)
