"""What a run would have answered after every step: accuracy over time, and how long an answer takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import wilson
from neurodeploy.runtime.outputs import Outputs

#: Answers (recordings, steps) that are held, and counts (steps, classes) of one recording; longer runs are not told
#: over time.
MAX_ANSWERS, MAX_COUNTS = 2**27, 2**25
#: Counts (steps, classes, recordings) that are held at once, and rows of them (classes, recordings) below which adding
#: up row by row is the slower way.
BLOCK_CELLS, LONG_AND_THIN = 2**22, 256
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
    recording, step, vote = _votes(outputs)
    leader = np.empty((steps, outputs.recordings), _narrowest(outputs.classes.bit_length()))
    block = max(1, BLOCK_CELLS // max(steps * outputs.classes, 1))
    for start in range(0, outputs.recordings, block):
        end = min(start + block, outputs.recordings)
        mine = slice(*np.searchsorted(recording, (start, end)))
        votes = (step[mine], vote[mine], recording[mine] - start)
        leader[:, start:end] = _leaders(votes, (steps, outputs.classes, end - start))
    return leader.T


def _leaders(votes: tuple[IntArray, IntArray, IntArray], shape: tuple[int, int, int]) -> IntArray:
    """The class that leads after every step, (steps, recordings), of votes by step, class and recording."""
    _, classes, recordings = shape
    # of two classes the one with more spikes leads, then the lower one: the larger of count and class from above
    bits = classes.bit_length()
    room = _most(votes, classes).bit_length()
    rank = np.zeros(shape, _narrowest(room + bits))
    np.add.at(rank.reshape(-1), (votes[0] * classes + votes[1]) * recordings + votes[2], rank.dtype.type(1 << bits))
    if classes * recordings < LONG_AND_THIN:
        np.cumsum(rank, axis=0, out=rank)
    else:
        for before, now in pairwise(rank):
            np.add(before, now, out=now)
    rank |= np.arange(classes - 1, -1, -1, dtype=rank.dtype)[:, None]
    best = rank.max(axis=1)
    leader: IntArray = (classes - 1 - (best & ((1 << bits) - 1))).astype(_narrowest(bits))
    leader[best < 1 << bits] = NOTHING
    return leader


def _most(votes: tuple[IntArray, IntArray, IntArray], classes: int) -> int:
    """Most votes of one class in one recording."""
    return int(np.bincount(votes[2] * classes + votes[1]).max(initial=0))


def _votes(outputs: Outputs) -> tuple[IntArray, IntArray, IntArray]:
    """Recording, step and class of every spike that counts, in the order of the spikes, (votes,) each."""
    vote = outputs.neuron // (outputs.neurons // outputs.classes)
    if outputs.readout != "first":
        return outputs.recording, outputs.step, vote
    kept = np.flatnonzero(np.diff(outputs.recording, prepend=NOTHING))  # sorted by step and neuron: the first decides
    return outputs.recording[kept], outputs.step[kept], vote[kept]


def _narrowest(bits: int) -> np.dtype[Any]:
    """Integers of so many bits beside a sign; narrow ones take half the time of a thousand runs."""
    return np.min_scalar_type(-(1 << bits))


def is_told(outputs: Outputs) -> bool:
    """Whether the answers after all steps are few enough to be held; a file claims the number of steps."""
    steps = int(outputs.steps.max(initial=0))
    return outputs.recordings * steps <= MAX_ANSWERS and steps * outputs.classes <= MAX_COUNTS


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
    steps = right.shape[1]
    if not steps:
        return np.full(len(right), NOTHING, np.int64)
    numbers = np.arange(1, steps + 1, dtype=_narrowest(steps.bit_length()))
    first = np.where(right, numbers.dtype.type(0), numbers).max(axis=1).astype(np.int64)  # the last wrong one's next
    return np.where(first < steps, first, NOTHING)


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
        found = answers(outputs)
        if len(wanted.known) < outputs.recordings:
            found = found[wanted.known]
        return cls(outputs, found == wanted.classes[:, None])

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
