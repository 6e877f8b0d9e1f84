"""Labelled recordings of any data set, read when they are asked for, and how they are split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.errors import DataError, OptionError
from neurodeploy.spikes.recording import Recording


@dataclass(frozen=True, eq=False)
class Labelled:
    """One recording of a data set.

    Args:
        name: of its file, or of its place in one.
        label: its class, from 0.
        split: the part of the data set it belongs to; None where the data set has no parts.
        read: gives the recording; raises FormatError or DataError for a damaged file.
    """

    name: str
    label: int
    split: str | None
    read: Callable[[], Recording]


def divided(items: Sequence[Labelled], share: float, seed: int) -> tuple[Labelled, ...]:
    """The same recordings, parted into `train` and `test` at random, every class in the same shares.

    The parts depend on the order of the recordings, on their labels and on the seed only.

    Args:
        items: recordings; their own splits are forgotten.
        share: of each class that is for testing, above 0 and below 1; rounded to whole recordings.
        seed: of the draw.

    Raises:
        OptionError: a share outside its range, or one that leaves nothing to train or to test on.
    """
    if not 0 < share < 1:
        raise OptionError("share for testing", f"{share} is outside 0 … 1", "choose for example 0.2")
    labels = np.array([item.label for item in items], np.int64)
    draw, testing = np.random.default_rng(seed), np.zeros(len(items), bool)
    for label in np.unique(labels):
        members = draw.permutation(np.flatnonzero(labels == label))
        testing[members[: round(share * len(members))]] = True
    if len(items) and testing.all() == testing.any():
        part = "everything" if testing.any() else "nothing"
        problem = f"{share} of each class leaves {part} of {len(items)} recordings for testing"
        raise OptionError("share for testing", problem, "choose a share of whole recordings, as 0.2 of five or more")
    return tuple(replace(item, split="test" if t else "train") for item, t in zip(items, testing, strict=True))


def of_split(items: Sequence[Labelled], split: str, subject: str) -> tuple[Labelled, ...]:
    """The recordings of one split.

    Args:
        items: all recordings.
        split: its name.
        subject: the data set, for messages.

    Raises:
        OptionError: no such split.
        DataError: data without recordings.
    """
    if not items:
        raise DataError(subject, "holds no labelled recordings", "give a folder with labels.csv, or a known data set")
    chosen = tuple(item for item in items if item.split == split)
    if not chosen:
        known = sorted({item.split for item in items if item.split is not None})
        remedy = f"choose from {', '.join(known)}" if known else "give a share for testing"
        raise OptionError(subject, f"has no split {split!r}", remedy)
    return chosen
