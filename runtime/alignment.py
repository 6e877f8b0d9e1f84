"""Alignment in time: whether two backends agree once one of them is shifted by some steps.

Every backend answers in the steps of `docs/semantics.md`, so the expected offset is 0 between any two; a simulator
whose own clock differs corrects it before it answers. The correlation of spike counts confirms that it did.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.emulator.simulation import Spikes
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.runtime.trace import Trace

#: Offsets looked for, in steps.
MOST_STEPS = 64
#: The offsets that correlate best and are checked spike for spike.
CANDIDATES = 5


def offset(network: Network, reference: Trace, other: Trace) -> int:
    """Steps by which `other` runs late (early: negative); 0 unless that offset alone makes all of them agree."""
    ran = [i for i, population in enumerate(network.populations) if population.neuron is not None]
    correlation = _correlation(*(np.stack([_counts(t.spikes[i], t.steps) for i in ran]) for t in (reference, other)))
    best = sorted(correlation, key=lambda late: (-correlation[late], abs(late)))[:CANDIDATES]
    agreeing = (late for late in best if correlation[late] and late and _agree(reference, other, late, ran))
    return next(agreeing, 0)


def _counts(spikes: Spikes, steps: int) -> IntArray:
    """Spikes in every step, (steps,)."""
    return np.bincount(spikes.step, minlength=steps)


def _correlation(reference: IntArray, other: IntArray) -> dict[int, int]:
    """Σ over populations and steps of counts(t) · counts of the other(t + late), by `late`; (populations, steps)."""
    steps = reference.shape[1]
    reach = min(MOST_STEPS, steps - 1)
    return {
        late: int(
            np.sum(reference[:, max(-late, 0) : steps - max(late, 0)] * other[:, max(late, 0) : steps + min(late, 0)])
        )
        for late in range(-reach, reach + 1)
    }


def _agree(reference: Trace, other: Trace, late: int, populations: list[int]) -> bool:
    """Whether every spike, u and v agree in the steps that both have after the shift."""
    first, last = max(0, -late), reference.steps - max(late, 0)
    for i in populations:
        ours, theirs = _between(reference.spikes[i], first, last, 0), _between(other.spikes[i], first, last, late)
        if not all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)):
            return False
        if i not in reference.states:
            continue
        one, two = reference.states[i], other.states[i]
        rows = np.arange(len(one.u))
        rows = rows[(rows + late >= 0) & (rows + late < len(one.u))]
        if not (np.array_equal(one.u[rows], two.u[rows + late]) and np.array_equal(one.v[rows], two.v[rows + late])):
            return False
    return True


def _between(spikes: Spikes, first: int, last: int, late: int) -> tuple[IntArray, IntArray, IntArray]:
    step = spikes.step - late
    inside = (step >= first) & (step < last)
    return step[inside], spikes.neuron[inside], spikes.payloads[inside]
