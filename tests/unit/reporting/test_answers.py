"""Answers by hand: ties, silence, classes of several outputs, and who is right alone."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.errors import DataError
from neurodeploy.reporting.answers import Answers, paired


def test_the_class_that_spiked_most_the_lowest_on_ties_none_when_silent() -> None:
    counts = np.array([[3, 1, 0], [2, 2, 0], [0, 0, 0], [0, 1, 4]])
    found = Answers.of("net", counts, [0, 1, 0, 2])
    assert found.predictions == (0, 0, None, 2)
    assert found.correct == 2
    answer = found.as_dict()
    assert (answer["name"], answer["silent"]) == ("net", 1)
    assert (answer["accuracy"]["correct"], answer["accuracy"]["total"]) == (2, 4)


def test_neighbouring_outputs_vote_for_their_class() -> None:
    assert Answers.of("net", np.array([[5, 0, 3, 3]]), [1], classes=2).predictions == (1,)
    with pytest.raises(DataError, match="say class 2, the network has 2"):
        Answers.of("net", np.array([[5, 0, 3, 3]]), [2], classes=2)


def test_pairs_count_who_is_right_alone() -> None:
    labels = (0, 1, 1, 2)
    found = paired([Answers("a", (0, 1, 1, 0), labels), Answers("b", (0, 2, None, 2), labels)])
    assert [each["accuracy"]["correct"] for each in found["networks"]] == [3, 2]
    (pair,) = found["pairs"]
    assert pair["networks"] == ["a", "b"]
    assert pair["right"] == {"both": 1, "neither": 0, "only_first": 2, "only_second": 1}
    assert pair["p_value"] == 1.0
    assert paired([Answers("a", (), ()), Answers("b", (), ())])["pairs"] == []
