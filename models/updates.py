"""What every training tells of itself, batch by batch, and what a session of training asks of it; without torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Update:
    """One batch.

    Args:
        epoch: from 1.
        batch, batches: number of this one in its epoch from 1, and of all in an epoch.
        recordings: in this batch.
        loss: summed over the recordings, before the update.
        correct: recordings that were answered right, silent ones were not; 0 where there are no labels.
    """

    epoch: int
    batch: int
    batches: int
    recordings: int
    loss: float
    correct: int


@dataclass(frozen=True)
class Epoch:
    """What one pass over the data came to.

    Args:
        number: from 1.
        loss: mean per recording.
        accuracy: share of recordings that were answered right, while the weights were changing.
    """

    number: int
    loss: float
    accuracy: float


class Training(Protocol):
    """A training that can be left at any update and gone on with.

    Attributes:
        updates, done: updates in all, and behind it.
        batches: updates of an epoch.
        learning_rate: of the next update.
    """

    done: int
    batches: int

    @property
    def updates(self) -> int:
        """Updates in all."""
        ...

    @property
    def learning_rate(self) -> float:
        """Of the next update."""
        ...

    def run(self) -> Iterator[Update]:
        """Train on, one update each time the iterator is advanced."""
        ...

    def save(self, path: Path) -> None:
        """Write a checkpoint, complete or not at all."""
        ...


def epochs(updates: Iterator[Update]) -> Iterator[Epoch]:
    """Sum updates up by epoch; the first may be one that was resumed, and then tells of the rest of it."""
    loss, correct, recordings = 0.0, 0, 0
    for update in updates:
        loss += update.loss
        correct += update.correct
        recordings += update.recordings
        if update.batch == update.batches:
            yield Epoch(update.epoch, loss / recordings, correct / recordings)
            loss, correct, recordings = 0.0, 0, 0
