"""Proportions and confusions, against numbers worked out by hand or taken from Wilson's tables."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.reporting.accuracy import accuracy, confusion, is_correct, wilson


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [(5, 5, 0.56552, 1.0), (8, 10, 0.49016, 0.94331), (0, 10, 0.0, 0.27753), (640, 650, 0.97192, 0.99162)],
)
def test_wilson_interval(correct: int, total: int, low: float, high: float) -> None:
    assert wilson(correct, total) == pytest.approx((low, high), abs=2e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_the_share(counts: tuple[int, int]) -> None:
    correct, total = counts
    low, high = wilson(correct, total)
    assert 0 <= low <= correct / total <= high <= 1
    mirrored = wilson(total - correct, total)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


def test_all_and_nothing_are_not_rounded_away() -> None:
    for total in range(1, 500):
        assert wilson(0, total)[0] == 0
        assert wilson(total, total)[1] == 1


def test_accuracy_needs_labels() -> None:
    assert accuracy(None) is None
    assert accuracy({"correct": 0, "total": 0}) is None
    found = accuracy({"correct": 3, "total": 4})
    assert found is not None
    assert (found["correct"], found["total"], found["share"]) == (3, 4, 0.75)


def samples(*pairs: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [{"label": label, "prediction": prediction} for label, prediction in pairs]


def test_confusion_counts_every_labelled_recording() -> None:
    found = confusion(samples((0, 0), (0, 0), (0, 2), (2, None), (2, 2), (5, 0), (None, 7)))
    assert found == {
        "labels": [0, 2, 5],
        "predictions": [0, 2, 5, None],
        "counts": [[2, 1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]],
    }


def test_confusion_of_names_and_numbers() -> None:
    found = confusion(samples(("wave", 1), (3, 1), ("clap", None)))
    assert found == {
        "labels": [3, "clap", "wave"],
        "predictions": [1, 3, None],
        "counts": [[1, 0, 0], [0, 0, 1], [1, 0, 0]],
    }
    assert confusion(samples((None, 1))) is None
    assert confusion([]) is None


@pytest.mark.parametrize(
    ("label", "prediction", "correct"),
    [(1, 1, True), (1, 0, False), (0, None, False), (None, 0, None), (None, None, None), ("0", 0, False)],
)
def test_silence_is_wrong_and_no_label_is_neither(label: Any, prediction: Any, correct: bool | None) -> None:
    assert is_correct({"label": label, "prediction": prediction}) is correct
