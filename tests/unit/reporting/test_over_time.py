"""Answers over time: the last one is the prediction, and latencies of an example made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import DataError
from neurodeploy.reporting.over_time import answers, first_spikes, latency, over_time, settled
from neurodeploy.runtime.outputs import Outputs


def outputs(spikes: list[tuple[int, int, int]], steps: list[int], neurons: int = 3, **changes: Any) -> Outputs:
    columns = np.array(sorted(set(spikes)), np.int64).reshape(-1, 3)
    columns_of: dict[str, Any] = {
        "classes": neurons,
        "readout": "count",
        "layer_spikes": np.zeros((len(steps), 1), np.int64),
    } | changes
    return Outputs(
        neurons=neurons,
        timestep_ms=1.0,
        recording=columns[:, 0],
        step=columns[:, 1],
        neuron=columns[:, 2],
        steps=np.array(steps, np.int64),
        **columns_of,
    )


#: Recording 0: class 1 leads from step 2, class 0 draws level in step 3 and wins by its lower index, class 1 leads
#: again from step 5. Recording 1 is silent. Recording 2 has three steps only, and class 2 from the first.
BY_HAND = outputs([(0, 2, 1), (0, 3, 0), (0, 5, 1), (2, 0, 2)], [7, 7, 3])


def test_answers_by_hand() -> None:
    assert answers(BY_HAND).tolist() == [
        [-1, -1, 1, 0, 0, 1, 1],
        [-1] * 7,
        [2] * 7,
    ]


def test_latency_by_hand() -> None:
    assert first_spikes(BY_HAND).tolist() == [2, -1, 0]
    assert settled(answers(BY_HAND) == np.array([[1], [0], [2]])).tolist() == [5, -1, 0]
    told = latency(BY_HAND, [1, 0, 2])
    assert told is not None
    assert told["first_spike"] == {"recordings": 2, "median": 0, "percentile_90": 2}
    assert told["right_from"] == {"recordings": 2, "median": 0, "percentile_90": 5}
    wrong = latency(BY_HAND, [0, 0, "2"])  # the lead of step 3 is lost, silence is wrong, a text is no class
    assert wrong is not None
    assert wrong["right_from"] == {"recordings": 0, "median": None, "percentile_90": None}


def test_accuracy_by_hand() -> None:
    told = over_time(BY_HAND, [1, None, 2])
    assert told is not None
    assert told["steps"] == [1, 2, 3, 4, 5, 6, 7]
    assert told["correct"] == [1, 1, 2, 1, 1, 2, 2]
    assert told["total"] == 2
    assert over_time(BY_HAND, [None] * 3) is None


def test_runs_of_more_steps_than_memory_are_not_told() -> None:
    for run in (outputs([(0, 5, 1)], [2**31]), outputs([(0, 5, 1)], [2**20] * 200), outputs([], [2**27])):
        assert over_time(run, [1] * run.recordings) is None
        assert latency(run, [1] * run.recordings) is None
    with pytest.raises(DataError, match="more than 2147483648"):
        outputs([], [2**31 + 1])


def test_first_readout_keeps_its_first_answer() -> None:
    first = outputs([(0, 2, 1), (0, 3, 0), (0, 4, 0)], [6], readout="first")
    assert answers(first).tolist() == [[-1, -1, 1, 1, 1, 1]]


def test_neurons_share_classes() -> None:
    shared = outputs([(0, 0, 1), (0, 1, 2), (0, 1, 3)], [3], neurons=4, classes=2)
    assert answers(shared).tolist() == [[0, 1, 1]]


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    spikes=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8), st.integers(0, 3)), max_size=60),
    readout=st.sampled_from(["count", "first"]),
)
def test_answers_against_brute_force(spikes: list[tuple[int, int, int]], readout: str) -> None:
    found = outputs(spikes, [9] * 5, neurons=4, readout=readout)
    told = answers(found).tolist()
    for recording in range(5):
        for step in range(9):
            seen = sorted({(t, n) for r, t, n in spikes if r == recording and t <= step})
            votes = [n for _, n in seen[: 1 if readout == "first" else None]]
            assert told[recording][step] == (max(range(4), key=lambda n: (votes.count(n), -n)) if votes else -1)


@pytest.mark.parametrize(
    ("spikes", "steps", "changes", "message"),
    [
        ([(0, 9, 0)], [9], {}, "outside the steps"),
        ([(0, -1, 0)], [9], {}, "outside the steps"),
        ([(1, 0, 0)], [9], {}, "outside 0 … 0"),
        ([(0, 0, 3)], [9], {}, "outside the neurons 0 … 2"),
        ([], [0], {}, "rows of counts"),
        ([], [9], {"classes": 2}, "3 neurons for 2 classes"),
        ([], [9], {"readout": "guess"}, "'guess'"),
    ],
)
def test_nonsense_is_refused(
    spikes: list[tuple[int, int, int]], steps: list[int], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        outputs(spikes, steps, **changes)


def test_spikes_come_in_order_and_once() -> None:
    good = outputs([(0, 1, 1), (0, 2, 0), (1, 0, 0)], [9, 9])
    for order in ([1, 0, 2], [0, 2, 1], [0, 0, 1]):
        with pytest.raises(DataError, match="order"):
            Outputs(
                3, 3, "count", 1.0, good.recording[order], good.step[order], good.neuron[order], good.steps,
                good.layer_spikes,
            )  # fmt: skip


def test_a_choice_of_recordings() -> None:
    chosen = BY_HAND.only(np.array([2, 0]))
    assert answers(chosen).tolist() == [answers(BY_HAND).tolist()[i] for i in (2, 0)]
    assert chosen.counts().tolist() == [[0, 0, 1], [1, 2, 0]]
