"""What networks answered to the same labelled recordings: how often each was right, and who alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from neurodeploy.errors import DataError
from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import accuracy
from neurodeploy.reporting.pairing import Pairing


@dataclass(frozen=True)
class Answers:
    """The answers of one network.

    Attributes:
        name: of the network.
        predictions: the class of each recording; None: silent, which is wrong.
        labels: what would be right.
    """

    name: str
    predictions: tuple[int | None, ...]
    labels: tuple[int, ...]

    @classmethod
    def of(cls, name: str, counts: IntArray, labels: Sequence[int], classes: int | None = None) -> Answers:
        """The class that spiked most, the lowest one on ties.

        Args:
            name: of the network.
            counts: output spikes, shape (recordings, outputs).
            labels: one per recording.
            classes: that equal groups of neighbouring outputs stand for; None: one per output.

        Raises:
            DataError: a label that is no class.
        """
        known = classes or counts.shape[1]
        if labels and max(labels) >= known:
            raise DataError("labels", f"say class {max(labels)}, the network has {known}", "correct labels.csv")
        votes = counts.reshape(len(counts), known, counts.shape[1] // known).sum(2)
        best = votes.argmax(1).tolist()
        heard = votes.any(1).tolist()
        return cls(name, tuple(b if h else None for b, h in zip(best, heard, strict=True)), tuple(labels))

    @property
    def correct(self) -> int:
        """Recordings that were recognised."""
        return int(np.sum([p == label for p, label in zip(self.predictions, self.labels, strict=True)]))

    def as_dict(self) -> dict[str, Any]:
        """Name, silent recordings, and accuracy with its interval, None without recordings."""
        right = accuracy({"correct": self.correct, "total": len(self.labels)})
        return {"name": self.name, "silent": self.predictions.count(None), "accuracy": right}


def paired(answers: Sequence[Answers]) -> dict[str, Any]:
    """Networks side by side, `networks`, and two by two, `pairs`; for JSON."""
    return {
        "networks": [each.as_dict() for each in answers],
        "pairs": [_pair(first, second) for first, second in combinations(answers, 2) if first.labels],
    }


def _pair(first: Answers, second: Answers) -> dict[str, Any]:
    pairing = Pairing.of(first.predictions, second.predictions, first.labels)
    return {
        "networks": [first.name, second.name],
        "right": {name: getattr(pairing, name) for name in ("both", "neither", "only_first", "only_second")},
        "p_value": pairing.p_value,
    }
