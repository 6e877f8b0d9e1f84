"""Why u is not what it should be: one function per hypothesis, each true only if it explains the whole window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.network import Projection, Windowed
from neurodeploy.network.network import MAX_DELAY
from neurodeploy.precision import STATE_BITS, WEIGHT_EXPONENTS, IntArray, WeightFormat
from neurodeploy.runtime.decay_fit import DecayFit, fit_decay
from neurodeploy.runtime.evidence import Evidence, residue

#: As many neurons that differ are looked at one by one.
MOST_NEURONS = 64
#: As many sources are tried one by one.
MOST_SOURCES = 256
_HALF = 1 << (STATE_BITS - 1)


def wraps_elsewhere(evidence: Evidence) -> bool:
    """U is off by multiples of 2^24, or only where it leaves 24 bits."""
    wrong = evidence.u_error != 0
    beyond = (np.abs(evidence.current) >= _HALF) | (np.abs(evidence.after.u) >= _HALF)
    return not np.any(evidence.u_residue) or not np.any(wrong & ~beyond)


def is_charge(evidence: Evidence) -> bool:
    """U is off by multiples of 64 only, as whatever spikes add to it is."""
    return not np.any(evidence.u_residue % 64)


def turned_kernel(evidence: Evidence) -> bool:
    """A kernel is flipped, transposed or both."""
    return is_charge(evidence) and any(
        _explains_weight(evidence, number, weight)
        for number, projection in enumerate(evidence.projections)
        for weight in _turns(projection)
    )


def other_exponent(evidence: Evidence) -> bool:
    """A projection has another weight exponent."""
    if not is_charge(evidence):
        return False
    row = _first_wrong_row(evidence)
    for number, projection in enumerate(evidence.projections):
        arrivals = evidence.arrivals(projection.source)
        for exponent in WEIGHT_EXPONENTS:
            changed = evidence.charge(projection, arrivals, exponent=exponent, row=row) - evidence.charges[number][row]
            if np.array_equal(residue(changed[0]), evidence.u_residue[row]):
                changed = evidence.charge(projection, arrivals, exponent=exponent) - evidence.charges[number]
                if _explains(evidence, changed):
                    return True
    return False


def moved_population(evidence: Evidence) -> bool:
    """All spikes of a source arrive the same number of steps earlier or later."""
    if not is_charge(evidence):
        return False
    for source in _sources(evidence):
        delay = evidence.network.population(source).delays()
        for late in range(-int(delay.min()), MAX_DELAY + 1 - int(delay.max())):
            if late and _explains_delay(evidence, source, delay + late):
                return True
    return False


def moved_neuron(evidence: Evidence) -> bool:
    """The spikes of one source neuron arrive earlier or later."""
    if not is_charge(evidence):
        return False
    row = _first_wrong_row(evidence)
    return any(
        _explains_delay(evidence, source, delay)
        for source in _sources(evidence)
        for neuron, landing in _suspects(evidence, source, row)
        for delay in _delays(evidence, source, neuron, landing)
    )


def least_weight(evidence: Evidence) -> bool:
    """In each neuron that differs, one synapse is one step of its weight format higher or lower."""
    return _one_synapse(evidence, least=True)


def one_weight(evidence: Evidence) -> bool:
    """In each neuron that differs, one synapse has another weight."""
    return _one_synapse(evidence, least=False)


def some_weights(evidence: Evidence) -> bool:
    """U is off only where spikes arrive, and by multiples of a weight's unit."""
    reached = np.zeros(evidence.after.u.shape, np.bool_)
    for projection in evidence.projections:
        arrivals, ones = evidence.arrivals(projection.source), np.ones_like(projection.synapse.weight, np.int64)
        strength = type(arrivals)(arrivals.row, arrivals.neuron, np.abs(arrivals.payload))
        reached |= evidence.charge(projection, strength, weight=ones, exponent=0) != 0
    return is_charge(evidence) and not np.any(evidence.u_residue[~reached])


def same_decay_everywhere(evidence: Evidence) -> bool:
    """All neurons have another current decay, changed by the same amount."""
    return _decay_of_u(evidence).together(evidence.parameter("current_decay"))


def own_decays(evidence: Evidence) -> bool:
    """Some neurons have other current decays."""
    return _decay_of_u(evidence).alone()


def _decay_of_u(evidence: Evidence) -> DecayFit:
    return fit_decay(evidence.kept.u, residue(evidence.after.u - evidence.charged))


def _first_wrong_row(evidence: Evidence) -> int:
    return int(np.flatnonzero(evidence.u_error.any(axis=1))[0])


def _explains(evidence: Evidence, change: IntArray) -> bool:
    """Whether a change of q, (rows, neurons), is all that is wrong with u."""
    return bool(np.array_equal(residue(change), evidence.u_residue))


def _explains_weight(evidence: Evidence, number: int, weight: IntArray) -> bool:
    projection, row = evidence.projections[number], _first_wrong_row(evidence)
    arrivals = evidence.arrivals(projection.source)
    change = evidence.charge(projection, arrivals, weight=weight, row=row)[0] - evidence.charges[number][row]
    if not np.array_equal(residue(change), evidence.u_residue[row]):
        return False
    return _explains(evidence, evidence.charge(projection, arrivals, weight=weight) - evidence.charges[number])


def _turns(projection: Projection) -> Iterator[IntArray]:
    """The seven other orientations of a kernel, as far as they have its shape."""
    if not isinstance(projection.synapse, Windowed):
        return
    weight = projection.synapse.weight.astype(np.int64)
    for turned in (weight, np.swapaxes(weight, -1, -2)):
        for axes in ((-2, -1), (-2,), (-1,), ()):
            other = np.flip(turned, axes)
            if other.shape == weight.shape and not np.array_equal(other, weight):
                yield other


def _sources(evidence: Evidence) -> list[str]:
    return list(dict.fromkeys(p.source for p in evidence.projections))


def _explains_delay(evidence: Evidence, source: str, delay: IntArray) -> bool:
    """Whether other delays of a source's neurons, (neurons,), explain u."""
    row = _first_wrong_row(evidence)
    if not np.array_equal(residue(_moved(evidence, source, delay, row))[0], evidence.u_residue[row]):
        return False
    return _explains(evidence, _moved(evidence, source, delay, None))


def _moved(evidence: Evidence, source: str, delay: IntArray, row: int | None) -> IntArray:
    """What other delays of a source's neurons change in q, (rows, neurons), or (1, neurons) of one row."""
    moved = delay != evidence.network.population(source).delays()
    change = evidence.arrivals(source, delay).only(moved).without(evidence.arrivals(source).only(moved))
    ways = [evidence.charge(p, change, row=row) for p in evidence.projections if p.source == source]
    total: IntArray = np.sum(ways, axis=0)
    return total


def _suspects(evidence: Evidence, source: str, row: int) -> Iterator[tuple[int, IntArray]]:
    """Neurons whose spikes could arrive in a row, each with the delays that bring one there."""
    index = evidence.network.index(source)
    hosted = evidence.network.populations[index].neuron is None
    spikes = evidence.events if hosted else evidence.trace.spikes[index]
    late = evidence.steps[row] - spikes.step - (0 if hosted else 1)
    in_reach = (late >= 0) & (late <= MAX_DELAY)
    neurons, lates = spikes.neuron[in_reach], late[in_reach]
    for neuron in np.unique(neurons)[:MOST_SOURCES]:
        yield int(neuron), np.unique(lates[neurons == neuron])


def _delays(evidence: Evidence, source: str, neuron: int, landing: IntArray) -> Iterator[IntArray]:
    """Delays of a source with those of one neuron changed, so that the first wrong row can be explained.

    Without the delays in `landing` the row lacks the neuron's spikes, whatever the delay: one look shows for all.
    """
    own = evidence.network.population(source).delays()
    elsewhere = np.setdiff1d(np.arange(MAX_DELAY + 1), landing)
    row = _first_wrong_row(evidence)

    def changed(late: int) -> IntArray:
        delay = own.copy()
        delay[neuron] = late
        return delay

    tried = landing
    if own[neuron] in landing and len(elsewhere):
        lacking = residue(_moved(evidence, source, changed(int(elsewhere[0])), row))[0]
        if np.array_equal(lacking, evidence.u_residue[row]):
            tried = np.concatenate((landing, elsewhere))
    yield from (changed(int(late)) for late in tried if late != own[neuron])


def _one_synapse(evidence: Evidence, least: bool) -> bool:
    """Whether the error of each neuron is a constant times what one source delivers."""
    if not is_charge(evidence):
        return False
    neurons = np.flatnonzero(evidence.u_residue.any(axis=0))[:MOST_NEURONS]
    delivered = [
        (evidence.arrivals(p.source).dense(len(evidence.steps), evidence.network.population(p.source).neurons), p)
        for p in evidence.projections
    ]
    return all(any(_one_source(evidence.u_residue[:, i], a, p, least) for a, p in delivered) for i in neurons)


def _one_source(error: IntArray, delivered: IntArray, projection: Projection, least: bool) -> bool:
    """Whether `error`, (rows,), is a multiple of one column of `delivered`, (rows, sources).

    With `least` the multiple must be one step of the weights.
    """
    row = int(np.flatnonzero(error)[0])
    columns = delivered[:, np.flatnonzero(delivered[row])]
    factor = error[row] // columns[row] if columns.size else columns[row]
    if least:
        columns = columns[:, np.abs(factor) == _least_charge(projection)]
        factor = error[row] // columns[row] if columns.size else columns[row]
    return bool(np.any(np.all(columns * factor == error[:, None], axis=0)))


def _least_charge(projection: Projection) -> int:
    """What one step of a projection's weights adds to u."""
    step = (projection.weight_format or WeightFormat()).step
    exponent = projection.weight_exponent
    return int(64 * (step << exponent if exponent >= 0 else max(step >> -exponent, 1)))
