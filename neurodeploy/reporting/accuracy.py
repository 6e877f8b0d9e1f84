"""How often a network was right: counts, intervals and confusions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import sqrt
from typing import Any

#: 97.5 % quantile of the standard normal distribution.
Z_95 = 1.959963984540054

Class = int | str | None


@lru_cache(2**16)  # a thousand runs ask for the same few thousand
def wilson(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a proportion by Wilson's score (Wilson 1927): honest for few samples and near 0 and 1.

    Args:
        correct: successes, 0 … `total`.
        total: at least 1.

    Returns:
        Lower and upper end, within 0 … 1.

    """
    share = correct / total
    spread = Z_95**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))  # rounding kept out


def accuracy(counts: Mapping[str, int] | None) -> dict[str, Any] | None:
    """The share of right answers with its interval; None without labels."""
    if counts is None or counts["total"] == 0:
        return None
    correct, total = counts["correct"], counts["total"]
    return {"correct": correct, "total": total, "share": correct / total, "interval_95": list(wilson(correct, total))}


def is_correct(sample: Mapping[str, Any]) -> bool | None:
    """Whether a recording was recognised; None without a label. Silence is wrong."""
    return None if sample["label"] is None else bool(sample["prediction"] == sample["label"])


def confusion(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """How often each label was read out as each class.

    Args:
        samples: of `run --json`.

    Returns:
        `labels` (rows) and `predictions` (columns; every label that is a class, every class that was predicted, and
        null for silent recordings), and `counts` (rows of columns). None without labels.

    """
    return confusion_of(Counter((sample["label"], sample["prediction"]) for sample in samples))


def confusion_of(answers: Counter[tuple[Class, Class]]) -> dict[str, Any] | None:
    """`confusion` of how often each label was answered by each class."""
    pairs = Counter({pair: count for pair, count in answers.items() if pair[0] is not None})
    if not pairs:
        return None
    labels = sorted({label for label, _ in pairs}, key=_order)
    classes = {label for label in labels if isinstance(label, int)} | {p for _, p in pairs if p is not None}
    predictions: list[Class] = [*sorted(classes), None]
    return {
        "labels": labels,
        "predictions": predictions,
        "counts": [[pairs[label, prediction] for prediction in predictions] for label in labels],
    }


def _order(label: Class) -> tuple[bool, Any]:
    """Numbers in their order, texts after them in theirs."""
    return isinstance(label, str), label
