"""Why v or a spike is not what the recorded u leads to: one function per hypothesis, true for the whole window."""

from __future__ import annotations

import numpy as np

from neurodeploy.emulator.cells.arithmetic import decay, wrap_current
from neurodeploy.network import CubaLif
from neurodeploy.precision import VOLTAGE_LIMIT, IntArray
from neurodeploy.runtime.decay_fit import DecayFit, fit_decay
from neurodeploy.runtime.evidence import Evidence, Flags, clipped


def keeps_voltage(evidence: Evidence) -> bool:
    """V is not zero after a spike."""
    return bool(np.any(evidence.after.v[evidence.fired]))


def clips_elsewhere(evidence: Evidence) -> bool:
    """V is off only where it leaves ±(2^23 − 1)."""
    beyond = (np.abs(evidence.voltage) > VOLTAGE_LIMIT) | (np.abs(evidence.after.v) > VOLTAGE_LIMIT)
    wrong = evidence.v_error != 0
    return bool(np.any(wrong)) and not np.any(wrong & ~beyond)


def resets_elsewhen(evidence: Evidence) -> bool:
    """Whole rows start from u = v = 0 without a reset due, or do not although it is due."""
    before, nothing = evidence.before, np.zeros_like(evidence.before.u)
    u_left = decay(before.u, evidence.parameter("current_decay"))
    v_left = decay(before.v, evidence.parameter("voltage_decay"))
    keeps, clears = _follows(evidence, u_left, v_left), _follows(evidence, nothing, nothing)
    due = evidence.cleared[:, 0]
    wrong = np.where(due, ~clears, ~keeps)
    return bool(np.any(wrong)) and bool(np.all(np.where(due, keeps, clears)[wrong]))


def holds_otherwise(evidence: Evidence) -> bool:
    """Each neuron that differs is explained by another refractory delay."""
    low, high = CubaLif.RANGES["refractory_delay"]
    explained = np.zeros(evidence.population.neurons, np.bool_)
    threshold = 64 * evidence.parameter("threshold_mantissa")
    voltage = clipped(evidence.voltage)
    for delay in range(low, high + 1):
        held = evidence.since < delay
        right = evidence.after.v == np.where(evidence.fired | held, 0, voltage)
        right &= evidence.fired == (~held & (voltage > threshold))
        explained |= right.all(axis=0)
    return bool(np.all(explained))


def holds_at_other_times(evidence: Evidence) -> bool:
    """Everything is right once neurons may be held, or not, within the refractory delay of any spike."""
    voltage = clipped(evidence.voltage)
    spiking = voltage > 64 * evidence.parameter("threshold_mantissa")
    maybe_held = evidence.since_any_reset < evidence.parameter("refractory_delay")
    free = np.where(evidence.fired, spiking, ~spiking & (evidence.after.v == voltage))
    return bool(np.all(free | (maybe_held & ~evidence.fired & (evidence.after.v == 0))))


def same_bias_everywhere(evidence: Evidence) -> bool:
    """The same constant is added to v in all neurons and steps."""
    added = _added(evidence)
    values = np.unique(added[added != 0])
    return len(values) == 1 and _explains_added(evidence, np.full_like(added, values[0]))


def own_biases(evidence: Evidence) -> bool:
    """In each neuron that differs, a constant of its own is added to v in all steps."""
    return _explains_added(evidence, _added(evidence))


def scaled_bias(evidence: Evidence) -> bool:
    """The bias has another exponent, or its sign turned."""
    bias = evidence.population.bias
    if bias is None:
        return False
    mantissa = evidence.bias >> bias.exponent
    candidates = (-evidence.bias, *(mantissa << exponent for exponent in range(8)))
    return any(_explains_added(evidence, other - evidence.bias) for other in candidates)


def same_decay_everywhere(evidence: Evidence) -> bool:
    """All neurons have another voltage decay, changed by the same amount."""
    return _decay_of_v(evidence).together(evidence.parameter("voltage_decay"))


def own_decays(evidence: Evidence) -> bool:
    """Some neurons have other voltage decays."""
    return _decay_of_v(evidence).alone()


def is_free(evidence: Evidence) -> bool:
    """V is off only where it is neither held nor reset: something is added to it, but no constant."""
    return not np.any(evidence.v_error[~evidence.shown])


def other_threshold(evidence: Evidence) -> bool:
    """Each neuron spikes above some voltage of at least 0 and never below it."""
    voltage = clipped(evidence.voltage)
    free = ~evidence.held
    silent = np.where(free & ~evidence.fired, voltage, -VOLTAGE_LIMIT - 1).max(axis=0)
    spiking = np.where(evidence.fired, voltage, VOLTAGE_LIMIT + 1).min(axis=0)
    return not np.any(evidence.fired & evidence.held) and bool(np.all(np.maximum(silent, 0) < spiking))


def _follows(evidence: Evidence, u_left: IntArray, v_left: IntArray) -> Flags:
    """Which rows follow, in all neurons, from what is left of u and v; holds count as they can with any reset."""
    u = wrap_current(u_left + evidence.charged, evidence.options.profile)
    v = clipped(v_left + evidence.after.u + evidence.bias)
    maybe_held = evidence.since_any_reset < evidence.parameter("refractory_delay")
    right = evidence.fired | (evidence.after.v == v) | (maybe_held & (evidence.after.v == 0))
    result: Flags = np.all((evidence.after.u == u) & right, axis=1)
    return result


def _decay_of_v(evidence: Evidence) -> DecayFit:
    """Fitted where v is seen and was not clipped."""
    seen = evidence.shown & (np.abs(evidence.after.v) < VOLTAGE_LIMIT)
    left = evidence.after.v - evidence.after.u - evidence.bias
    return fit_decay(np.where(seen, evidence.kept.v, 0), np.where(seen, left, 0))


def _added(evidence: Evidence) -> IntArray:
    """What is added to v in the first wrong row of each neuron in which nothing was clipped, (neurons,)."""
    open_range = (np.abs(evidence.after.v) < VOLTAGE_LIMIT) & (np.abs(evidence.voltage) <= VOLTAGE_LIMIT)
    error = np.where(evidence.shown & open_range, evidence.v_error, 0)
    first = np.argmax(error != 0, axis=0)
    added: IntArray = np.take_along_axis(error, first[None], axis=0)[0]
    return added


def _explains_added(evidence: Evidence, added: IntArray) -> bool:
    wrong = evidence.shown & (evidence.after.v != clipped(evidence.voltage + added))
    return not np.any(wrong)
