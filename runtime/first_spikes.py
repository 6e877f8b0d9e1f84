"""When outputs fired first: what the read-out `first` decides by, in the recordings of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy.precision import IntArray
from neurodeploy.runtime.run import Run

#: Bins of the histogram over the longest recording.
BINS = 20


def first_steps(run: Run) -> list[int | None] | None:
    """The step of the first spike of every class (of every output, where outputs are no shared classes).

    Returns:
        None of a class that stayed silent; None altogether where the output's spikes were not kept from step 0.
    """
    steps = _steps(run)
    return None if steps is None else [None if step < 0 else int(step) for step in steps]


def is_tie(run: Run) -> bool | None:
    """Whether several classes fired first, in the same step; the lowest of them is then the prediction."""
    steps = _steps(run)
    if steps is None:
        return None
    fired = steps[steps >= 0]
    return bool(len(fired) and (fired == fired.min()).sum() > 1)


def first_spikes(runs: Sequence[Run]) -> dict[str, Any] | None:
    """How early the class of the label fired and how early the first of the others, a histogram for every label.

    Args:
        runs: at least one, of one network.

    Returns:
        The object `first_spikes` of `run --json`: recordings without any output spike, recordings with a tie, edges of
        the bins in ms, and for each label the counts of first spikes in each bin; recordings without a label count
        under null, all classes being others. None where output spikes were not kept.
    """
    tables = [_steps(run) for run in runs]
    kept = [steps for steps in tables if steps is not None]
    if len(kept) < len(runs):
        return None
    longest = max(run.steps for run in runs)
    edges = np.linspace(0, longest, BINS + 1)
    rows = []
    for label in sorted({run.label for run in runs}, key=lambda label: (label is None, label or 0)):
        mine = [steps for run, steps in zip(runs, kept, strict=True) if run.label == label]
        own = [int(steps[label]) for steps in mine if label is not None]
        others = [_earliest(np.delete(steps, [] if label is None else [label])) for steps in mine]
        counts = [np.histogram([s for s in found if s >= 0], edges)[0].tolist() for found in (own, others)]
        rows.append({"label": label, "recordings": len(mine), "label_first": counts[0], "others_first": counts[1]})
    return {
        "silent": sum(run.prediction is None for run in runs),
        "ties": sum(bool(is_tie(run)) for run in runs),
        "edges_ms": (edges * runs[0].network.timestep_ms).tolist(),
        "classes": rows,
    }


def _steps(run: Run) -> IntArray | None:
    """First step of every class, −1 while silent, (classes,)."""
    spikes = run.output_spikes
    if spikes is None or run.first:
        return None
    network = run.network
    classes = network.classes or network.output.neurons
    steps = np.full(classes, -1, np.int64)
    owner = spikes.neuron[::-1] // (network.output.neurons // classes)
    steps[owner] = spikes.step[::-1]  # backwards, so that the first one stays
    return steps


def _earliest(steps: IntArray) -> int:
    fired = steps[steps >= 0]
    return int(fired.min()) if len(fired) else -1
