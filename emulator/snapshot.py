"""The state of a network between two steps: all that a run needs to go on, in network order, whatever the mapping.

The four states of a neuron mean, by model (u and v are what probes show):

=============  ===============================================================================
CUBA LIF       u, v; r the refractory counter, 0 where it holds nothing; s nothing
ALIF           u, v; r its refractory state; s how far its threshold lies above the one at rest
sigma-delta    u = σ, v = a, r the residue, s the error
delta          u the residue, v = a; r nothing; s the error
sigma          u = v = σ; r and s nothing
resonate-fire  u the real, v the imaginary part; r and s nothing
=============  ===============================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.emulator.validation import population_starts
from neurodeploy.errors import FormatError
from neurodeploy.network import Alif, CubaLif, Delta, Network, Neuron, ResonateFire, Sigma, SigmaDelta
from neurodeploy.network.network import MAX_DELAY
from neurodeploy.precision import VOLTAGE_LIMIT, IntArray
from neurodeploy.spikes.events import MAX_STEP

#: u, v, r and s of neurons, (neurons,) each.
Kept = tuple[IntArray, IntArray, IntArray, IntArray]
#: spikes, current_wraps, voltage_clips, accumulator_overflows and active of `Counters`.
TOTALS = 5
_LARGEST = 2**62

_Range = tuple[int, int]
_NOTHING: _Range = (0, 0)
_CURRENT: _Range = (-VOLTAGE_LIMIT - 1, VOLTAGE_LIMIT)
_VOLTAGE: _Range = (-VOLTAGE_LIMIT, VOLTAGE_LIMIT)
_WORD: _Range = (-(2**31), 2**31 - 1)
_ANY: _Range = (-(2**63), 2**63 - 1)
#: Of ALIF: a spike needs θ + r ≤ v < 2^23, so neither r nor θ's distance from rest reaches this (alif.c).
_ADAPTED: _Range = (0, 2**25)
_RANGES: dict[type[Neuron], tuple[_Range, _Range, _Range, _Range]] = {
    CubaLif: (_CURRENT, _VOLTAGE, (0, 63), _NOTHING),
    Alif: (_CURRENT, _VOLTAGE, _ADAPTED, _ADAPTED),
    SigmaDelta: (_WORD, _WORD, _WORD, _WORD),
    Delta: (_WORD, _WORD, _NOTHING, _WORD),
    Sigma: (_WORD, _WORD, _NOTHING, _NOTHING),
    ResonateFire: (_VOLTAGE, _VOLTAGE, _NOTHING, _NOTHING),
}


@dataclass(frozen=True, eq=False)
class Snapshot:
    """See above. Neurons of all populations are numbered in network order.

    Attributes:
        step: the next step.
        u, v, r, s: (neurons,); zeros for an input without neurons.
        departure, neuron, payload: spikes on their way, (spikes,) each, sorted: the step in which the spike would
            arrive if its neuron had no axonal delay, that neuron, and what it carries (1 unless it is graded).
        totals: the first five columns of `Counters` since step 0, (populations, 5).
    """

    step: int
    u: IntArray
    v: IntArray
    r: IntArray
    s: IntArray
    departure: IntArray
    neuron: IntArray
    payload: IntArray
    totals: IntArray


def collected(
    network: Network, step: int, kept: Sequence[IntArray], spikes: Sequence[IntArray], totals: IntArray
) -> Snapshot:
    """A snapshot in its one form: counters that hold nothing are 0, spikes are sorted and all of them go somewhere.

    Args:
        network: whose state it is.
        step: the next step.
        kept: u, v, r, s, (neurons,) each.
        spikes: departure, neuron, payload, (spikes,) each.
        totals: as in `Snapshot`.
    """
    r, starts = kept[2].copy(), population_starts(network)
    sends = np.zeros(starts[-1], np.bool_)
    sources = {p.source for p in network.projections}
    for population, first, end in zip(network.populations, starts[:-1], starts[1:], strict=True):
        if isinstance(population.neuron, CubaLif):
            r[first:end][r[first:end] == 1] = 0
        sends[first:end] = population.name in sources
    rows = np.flatnonzero(sends[spikes[1]])
    order = rows[np.lexsort([column[rows] for column in reversed(spikes)])]
    departure, neuron, payload = (column[order] for column in spikes)
    return Snapshot(step, kept[0], kept[1], r, kept[3], departure, neuron, payload, totals)


def check_snapshot(snapshot: Snapshot, network: Network, profile: str) -> None:
    """Whether a network could be in that state: every size, index and range.

    Raises:
        FormatError: naming what cannot be.
    """
    start = population_starts(network)
    if not 0 <= snapshot.step <= MAX_STEP:
        raise _broken(f"step {snapshot.step} is outside 0 … 2^53")
    for name in "uvrs":
        _sized(name, getattr(snapshot, name), (int(start[-1]),))
    for i, population in enumerate(network.populations):
        ranges = (_NOTHING,) * 4 if population.neuron is None else _RANGES[type(population.neuron)]
        if profile != "loihi" and isinstance(population.neuron, (CubaLif, Alif)):
            ranges = (_ANY, *ranges[1:])  # Lava corrects u once and no more
        for name, limits in zip("uvrs", ranges, strict=True):
            _within(f"{population.name}.{name}", getattr(snapshot, name)[start[i] : start[i + 1]], limits)
    spikes = (len(snapshot.departure),)
    for name in ("departure", "neuron", "payload"):
        _sized(name, getattr(snapshot, name), spikes)
    _within("departure", snapshot.departure, (snapshot.step - MAX_DELAY, snapshot.step))
    _within("neuron", snapshot.neuron, (0, int(start[-1]) - 1))
    _within("payload", snapshot.payload, _WORD)
    _sized("totals", snapshot.totals, (len(network.populations), TOTALS))
    _within("totals", snapshot.totals, (0, _LARGEST))


def _sized(name: str, values: IntArray, shape: tuple[int, ...]) -> None:
    if values.shape != shape or values.dtype != np.int64:
        raise _broken(f"{name} is {values.dtype} of shape {values.shape}, not 64-bit integers of shape {shape}")


def _within(name: str, values: IntArray, limits: _Range) -> None:
    outside = np.flatnonzero((values < limits[0]) | (values > limits[1]))
    if len(outside):
        row = int(outside[0])
        raise _broken(f"{name} of {values.reshape(-1)[row]} in row {row} is outside {limits[0]} … {limits[1]}")


def _broken(problem: str) -> FormatError:
    return FormatError("snapshot", problem, "take it again")
