"""What a run would have answered after every step: accuracy over time, and how long an answer takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import wilson
from neurodeploy.runtime.outputs import Outputs

#: Answers (recordings, steps) that are held, and counts (steps, classes) of one recording; longer runs are not told
#: over time.
MAX_ANSWERS, MAX_COUNTS = 2**27, 2**25
#: Largest number that stands for a spike of a class while spikes are counted.
MAX_KEY = 2**60
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
    leader, last = _leaders(outputs)
    return np.append(leader, NOTHING)[last]


def _leaders(outputs: Outputs) -> tuple[IntArray, IntArray]:
    """The class that leads after every vote, (votes,), and the last vote up to every step, (recordings, steps), which
    is −1 while there is none.
    """
    classes, steps = outputs.classes, int(outputs.steps.max(initial=0))
    recording, step, vote = _votes(outputs)
    # of two classes the one with more spikes leads, then the lower one; neither falls back, so that the leader is the
    # largest of all votes so far
    bits = classes.bit_length()
    count = _count_so_far(recording * classes + vote)
    room = int(count.max(initial=0)).bit_length()
    rank = recording.astype(_narrowest(outputs.recordings.bit_length() + room + bits))
    for width, part in ((room, count), (bits, classes - 1 - vote)):  # each above all of the recordings before it
        rank <<= width
        rank |= part.astype(rank.dtype)
    np.maximum.accumulate(rank, out=rank)
    leader = classes - 1 - (rank & ((1 << bits) - 1))
    past: IntArray = np.bincount(recording * steps + step, minlength=outputs.recordings * steps)
    np.cumsum(past, out=past)
    past -= 1
    last = past.reshape(outputs.recordings, steps)
    last[last < np.searchsorted(recording, np.arange(outputs.recordings))[:, None]] = NOTHING
    return leader, last


def _votes(outputs: Outputs) -> tuple[IntArray, IntArray, IntArray]:
    """Recording, step and class of every spike that counts, in the order of the spikes, (votes,) each."""
    vote = outputs.neuron // (outputs.neurons // outputs.classes)
    if outputs.readout != "first":
        return outputs.recording, outputs.step, vote
    kept = np.flatnonzero(np.diff(outputs.recording, prepend=NOTHING))  # sorted by step and neuron: the first decides
    return outputs.recording[kept], outputs.step[kept], vote[kept]


def _count_so_far(group: IntArray) -> IntArray:
    """How many of its group there are up to each item, itself counted, (items,)."""
    items = len(group)
    bits = items.bit_length()
    kind = _narrowest(int(group.max(initial=0)).bit_length() + bits)
    key = group.astype(kind) << bits
    key |= np.arange(items, dtype=kind)
    key.sort()  # several times as fast as a stable argsort
    position = key & ((1 << bits) - 1)
    key >>= bits
    first = np.flatnonzero(np.diff(key, prepend=-1))
    number = np.arange(1, items + 1, dtype=kind)
    number -= np.repeat(first.astype(kind), np.diff(first, append=items))
    result = np.empty_like(number)
    result[position] = number
    return result


def _narrowest(bits: int) -> np.dtype[Any]:
    """Integers of so many bits without a sign; narrow ones take half the time of a thousand runs."""
    return np.dtype(np.int32 if bits < 32 else np.int64)


def is_told(outputs: Outputs) -> bool:
    """Whether the answers after all steps are few enough to be held; a file claims the number of steps."""
    steps = int(outputs.steps.max(initial=0))
    groups = outputs.recordings * outputs.classes
    return (
        outputs.recordings * steps <= MAX_ANSWERS
        and steps * outputs.classes <= MAX_COUNTS
        and groups * 2 * len(outputs.step) <= MAX_KEY
    )


def first_spikes(outputs: Outputs) -> IntArray:
    """Step of the output's first spike, `NOTHING` where it stayed silent, (recordings,)."""
    numbers = np.arange(outputs.recordings)
    first, end = (np.searchsorted(outputs.recording, numbers, side) for side in ("left", "right"))
    return np.where(end > first, np.append(outputs.step, NOTHING)[first], NOTHING)


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


@dataclass(frozen=True, eq=False)
class Wanted:
    """What would be right.

    Attributes:
        known: positions of the labelled recordings, (labelled,).
        classes: their labels, (labelled,); one that is a text is no class, and no answer is right.
    """

    known: IntArray
    classes: IntArray

    @classmethod
    def of(cls, labels: Sequence[Label]) -> Wanted:
        """Lay labels out; None where unknown."""
        known = [i for i, label in enumerate(labels) if label is not None]
        classes = [label if isinstance(label, int) else NOTHING - 1 for label in labels if label is not None]
        return cls(np.array(known, np.int64), np.array(classes, np.int64))


@dataclass(frozen=True, eq=False)
class Told:
    """A run over time.

    Attributes:
        outputs: of the run.
        right: whether each labelled recording is right after each step, (labelled, steps).
    """

    outputs: Outputs
    right: NDArray[np.bool_]

    @classmethod
    def of(cls, outputs: Outputs, wanted: Wanted) -> Told | None:
        """Lay the answers out; None of runs too long for `is_told`.

        Args:
            outputs: of a run.
            wanted: of its recordings.
        """
        if not is_told(outputs):
            return None
        leader, last = _leaders(outputs)
        if len(wanted.known) < outputs.recordings:
            last = last[wanted.known]
        return cls(outputs, np.append(leader, NOTHING)[last] == wanted.classes[:, None])

    def over_time(self) -> dict[str, Any] | None:
        """See the function `over_time`."""
        total, steps = self.right.shape
        if not total or not steps:
            return None
        correct = np.count_nonzero(self.right, axis=0)
        points = np.unique(np.linspace(0, steps - 1, MAX_POINTS).round().astype(np.int64))
        return {
            "steps": (points + 1).tolist(),
            "correct": correct[points].tolist(),
            "total": total,
            "interval_95": [list(wilson(count, total)) for count in correct[points].tolist()],
        }

    def latency(self) -> dict[str, Any]:
        """See the function `latency`."""
        return {
            "timestep_ms": self.outputs.timestep_ms,
            "first_spike": _quantiles(first_spikes(self.outputs)),
            "right_from": _quantiles(settled(self.right)),
        }


def over_time(outputs: Outputs, labels: Sequence[Label]) -> dict[str, Any] | None:
    """How many recordings are right after how many steps.

    Args:
        outputs: of a run.
        labels: of its recordings, None where unknown.

    Returns:
        `steps` (numbers of steps that have passed, the last one all of them), `correct` after them, `total` and
        `interval_95` (Wilson's, lower and upper share); None without labels, or of runs too long for `is_told`.
    """
    told = Told.of(outputs, Wanted.of(labels))
    return None if told is None else told.over_time()


def latency(outputs: Outputs, labels: Sequence[Label]) -> dict[str, Any] | None:
    """How long an answer takes, in steps; step 0 is the first.

    Returns:
        `timestep_ms`; `first_spike`, of recordings whose output spikes; `right_from`, the step after which the answer
        is right and stays so, of labelled recordings that end right. Each has `recordings` (how many), `median` and
        `percentile_90`, null where there are none. None of runs too long for `is_told`.
    """
    told = Told.of(outputs, Wanted.of(labels))
    return None if told is None else told.latency()


def _quantiles(steps: IntArray) -> dict[str, Any]:
    reached = steps[steps != NOTHING]
    if not len(reached):
        return {"recordings": 0, "median": None, "percentile_90": None}
    ordered = np.sort(reached)
    median, late = (int(ordered[-(-len(ordered) * tenths // 10) - 1]) for tenths in (5, 9))  # inverse of the ECDF
    return {"recordings": len(ordered), "median": median, "percentile_90": late}
