"""The likely cause of a first difference: the first hypothesis, from the most special to the least, that explains it.

A hypothesis must explain *every* value of the population in the window around the difference, those that are right
included; the more special it is, the less it does so by chance. They are about
CUBA LIF neurons, and nothing explains others. The names of the causes are those of `docs/verify.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from neurodeploy.network import CubaLif
from neurodeploy.runtime import current_causes as current
from neurodeploy.runtime import voltage_causes as voltage
from neurodeploy.runtime.evidence import Evidence

Hypothesis = tuple[str, Callable[[Evidence], bool]]

#: What may be wrong when u is.
OF_CURRENT: tuple[Hypothesis, ...] = (
    ("wrap", current.wraps_elsewhere),
    ("kernel_orientation", current.turned_kernel),
    ("exponent", current.other_exponent),
    ("reset", voltage.resets_elsewhen),
    ("weight", current.least_weight),
    ("delay", current.moved_population),
    ("delay", current.moved_neuron),
    ("decay", current.same_decay_everywhere),
    ("weight", current.one_weight),
    ("decay", current.own_decays),
    ("weight", current.some_weights),
)
#: What may be wrong when u is right and v is not.
OF_VOLTAGE: tuple[Hypothesis, ...] = (
    ("reset", voltage.keeps_voltage),
    ("clip", voltage.clips_elsewhere),
    ("reset", voltage.resets_elsewhen),
    ("reset", voltage.holds_otherwise),
    ("reset", voltage.holds_at_other_times),
    ("bias", voltage.same_bias_everywhere),
    ("bias", voltage.scaled_bias),
    ("decay", voltage.same_decay_everywhere),
    ("bias", voltage.own_biases),
    ("decay", voltage.own_decays),
    ("bias", voltage.is_free),
)
#: What may be wrong when only spikes are.
OF_SPIKES: tuple[Hypothesis, ...] = (
    ("threshold", voltage.other_threshold),
    ("reset", voltage.holds_otherwise),
    ("reset", voltage.holds_at_other_times),
    ("bias", voltage.is_free),
)


def likely_cause(evidence: Iterable[Evidence]) -> str:
    """The cause seen in the first piece of evidence in which anything is wrong; `unknown` if nothing explains it.

    Args:
        evidence: of the two backends that differ, the suspected one first. That a program's own network explains
            the suspect means that the other one deviates from it.
    """
    for piece in evidence:
        hypotheses = _candidates(piece)
        if hypotheses:
            return next((name for name, explains in hypotheses if explains(piece)), "unknown")
    return "unknown"


def _candidates(evidence: Evidence) -> tuple[Hypothesis, ...]:
    if not len(evidence.steps) or not isinstance(evidence.population.neuron, CubaLif):
        return ()
    if evidence.u_error.any():
        return OF_CURRENT
    if evidence.v_error.any():
        return OF_VOLTAGE
    return OF_SPIKES if evidence.spike_error.any() else ()
