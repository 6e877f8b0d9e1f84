"""What a run would have answered after every step: accuracy over time, and how long an answer takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import wilson
from neurodeploy.runtime.outputs import Outputs

#: Counts of (recording, step, class) that are laid out at a time.
BLOCK_CELLS = 2**22
#: Answers (recordings, steps) that are held, and counts (steps, classes) of one recording; longer runs are not told
#: over time.
MAX_ANSWERS, MAX_COUNTS = 2**27, 2**25
#: Points of a curve; longer runs are told at so many steps, the last one among them.
MAX_POINTS = 256
#: An answer of an output that is still silent, and a step that never came.
NOTHING = -1

Label = int | str | None


def answers(outputs: Outputs) -> IntArray:
    """The class that leads after every step, by the run's own read-out, lowest index on ties.

    Returns:
        (recordings, steps of the longest), `NOTHING` while the output is silent; a shorter recording keeps its last
        answer, so that the last column is the prediction of the run.
    """
    steps = int(outputs.steps.max(initial=0))
    result = np.full((outputs.recordings, steps), NOTHING, np.int64)
    at_a_time = max(BLOCK_CELLS // max(steps * outputs.classes, 1), 1)
    for low in range(0, outputs.recordings, at_a_time):
        high = min(low + at_a_time, outputs.recordings)
        result[low:high] = _leaders(outputs, low, high, steps)
    return result


def is_told(outputs: Outputs) -> bool:
    """Whether the answers after all steps are few enough to be held; a file claims the number of steps."""
    steps = int(outputs.steps.max(initial=0))
    return outputs.recordings * steps <= MAX_ANSWERS and steps * outputs.classes <= MAX_COUNTS


def _leaders(outputs: Outputs, low: int, high: int, steps: int) -> IntArray:
    first, last = np.searchsorted(outputs.recording, (low, high))
    recording, step = outputs.recording[first:last] - low, outputs.step[first:last]
    vote = outputs.neuron[first:last] // (outputs.neurons // outputs.classes)
    if outputs.readout == "first":  # sorted by recording, step and neuron: the first row of a recording decides
        kept = np.unique(recording, return_index=True)[1]
        recording, step, vote = recording[kept], step[kept], vote[kept]
    shape = (high - low, steps, outputs.classes)
    cells = (recording * steps + step) * outputs.classes + vote
    counts = np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape).cumsum(axis=1)
    return np.where(counts.any(axis=2), counts.argmax(axis=2), NOTHING)


def first_spikes(outputs: Outputs) -> IntArray:
    """Step of the output's first spike, `NOTHING` where it stayed silent, (recordings,)."""
    result = np.full(outputs.recordings, NOTHING, np.int64)
    recordings, first = np.unique(outputs.recording, return_index=True)
    result[recordings] = outputs.step[first]
    return result


def settled(right: NDArray[np.bool_]) -> IntArray:
    """First step after which the answer is right and stays so, `NOTHING` where the last one is wrong, (recordings,).

    Args:
        right: whether the answer after each step is right, (recordings, steps).
    """
    if not right.shape[1]:
        return np.full(len(right), NOTHING, np.int64)
    wrong_from_end = np.argmax(~right[:, ::-1], axis=1)
    tail = np.where(right.all(axis=1), right.shape[1], wrong_from_end)
    return np.where(tail > 0, right.shape[1] - tail, NOTHING)


def over_time(outputs: Outputs, labels: Sequence[Label]) -> dict[str, Any] | None:
    """How many recordings are right after how many steps.

    Args:
        outputs: of a run.
        labels: of its recordings, None where unknown.

    Returns:
        `steps` (numbers of steps that have passed, the last one all of them), `correct` after them, `total` and
        `interval_95` (Wilson's, lower and upper share); None without labels, or of runs too long for `is_told`.
    """
    if not is_told(outputs):
        return None
    known, right = _right(outputs, labels)
    if not known.any() or not right.shape[1]:
        return None
    correct, total = right.sum(axis=0), len(right)
    points = np.unique(np.linspace(0, right.shape[1] - 1, MAX_POINTS).round().astype(np.int64))
    return {
        "steps": (points + 1).tolist(),
        "correct": correct[points].tolist(),
        "total": total,
        "interval_95": [list(wilson(int(correct[point]), total)) for point in points],
    }


def latency(outputs: Outputs, labels: Sequence[Label]) -> dict[str, Any] | None:
    """How long an answer takes, in steps; step 0 is the first.

    Returns:
        `timestep_ms`; `first_spike`, of recordings whose output spikes; `right_from`, the step after which the answer
        is right and stays so, of labelled recordings that end right. Each has `recordings` (how many), `median` and
        `percentile_90`, null where there are none. None of runs too long for `is_told`.
    """
    if not is_told(outputs):
        return None
    _, right = _right(outputs, labels)
    return {
        "timestep_ms": outputs.timestep_ms,
        "first_spike": _quantiles(first_spikes(outputs)),
        "right_from": _quantiles(settled(right)),
    }


def _right(outputs: Outputs, labels: Sequence[Label]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which recordings have a label, and whether each of these is right after each step, (labelled, steps)."""
    known = np.array([label is not None for label in labels], np.bool_)
    # a label that is a text is no class, and no answer is right
    wanted = np.array([label if isinstance(label, int) else NOTHING - 1 for label in labels], np.int64)
    return known, (answers(outputs) == wanted[:, None])[known]


def _quantiles(steps: IntArray) -> dict[str, Any]:
    reached = steps[steps != NOTHING]
    if not len(reached):
        return {"recordings": 0, "median": None, "percentile_90": None}
    median, late = np.quantile(reached, (0.5, 0.9), method="inverted_cdf")
    return {"recordings": len(reached), "median": int(median), "percentile_90": int(late)}
