"""The limits of a core: one function per limit, whose docstring is the rule.

The check, the error message and the table of the report all come from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neurodeploy.compiler.memory import WORD_BITS
from neurodeploy.compiler.target import Target


@dataclass(frozen=True)
class Load:
    """What one core is asked to hold; see `Cores` and `Memory` for the units.

    Attributes:
        crosses: whether any of its axons leave the chip.
    """

    compartments: int
    delay_bits: int
    input_axons: int
    output_slots: int
    crosses: bool
    nengo_bits: int
    nxtf_words: int
    longest_axon: int
    neuron_rows: int
    threshold_rows: int
    synapse_formats: int


@dataclass(frozen=True)
class Use:
    """How much of a limit is used; `remedy` helps when it is broken."""

    limit: str
    used: int
    maximum: int
    unit: str
    remedy: str

    @property
    def broken(self) -> bool:
        """Whether more is used than there is."""
        return self.used > self.maximum


def compartments(load: Load, target: Target) -> Use:
    """A core has 1,024 compartments; with delays of b bits only 2^(13 − b) can be addressed."""
    maximum = target.core.compartments
    if load.delay_bits:
        maximum = min(maximum, 1 << (13 - load.delay_bits))
    return Use("compartments", load.compartments, maximum, "compartments", "use fewer neurons or shorter delays")


def input_axons(load: Load, target: Target) -> Use:
    """A core takes 4,096 input axons, one per source neuron and projection that reaches it."""
    return Use(
        "input_axons", load.input_axons, target.core.input_axons, "input axons", "reduce the fan-in of the layer"
    )


def output_slots(load: Load, target: Target) -> Use:
    """A core has 4,096 output slots, one per neuron, destination core and projection; axons to another chip take
    two, and where there are any, only 1,024 slots are available.
    """
    maximum = target.core.output_slots
    if load.crosses:
        maximum = min(maximum, target.core.output_slots_across)
    return Use("output_slots", load.output_slots, maximum, "output slots", "reduce the fan-out of the layer")


def synapse_memory(load: Load, target: Target) -> Use:
    """Synapse memory in words of 64 bit: the bits by nengo-loihi's rule may fill it, the words by NxTF's rule must
    stay below it, the `conservative` rule demands both.
    """
    words = {
        "nengo-loihi": -(-load.nengo_bits // WORD_BITS),
        "nxtf": load.nxtf_words + 1,
    }
    used = max(words.values()) if target.memory_rule == "conservative" else words[target.memory_rule]
    return Use(
        "synapse_memory", used, target.core.synapse_words, "words of synapse memory", "use fewer synapses per neuron"
    )


def words_per_axon(load: Load, target: Target) -> Use:
    """The synapses of one input axon take at most 256 words (NxTF)."""
    return Use(
        "words_per_axon",
        load.longest_axon,
        target.core.words_per_axon,
        "words for one axon",
        "reduce the fan-out of the source",
    )


def neuron_rows(load: Load, target: Target) -> Use:
    """A core has few rows of neuron parameters: 31 of (current decay, voltage decay, refractory delay) on Loihi 1."""
    return Use(
        "neuron_rows",
        load.neuron_rows,
        target.core.neuron_rows,
        "neuron configuration rows",
        "share decays between neurons",
    )


def threshold_rows(load: Load, target: Target) -> Use:
    """A core has few threshold rows, 8 on Loihi 1."""
    return Use(
        "threshold_rows",
        load.threshold_rows,
        target.core.threshold_rows,
        "threshold rows",
        "share thresholds between neurons",
    )


def synapse_formats(load: Load, target: Target) -> Use:
    """A core has 7 usable synapse formats."""
    return Use(
        "synapse_formats",
        load.synapse_formats,
        target.core.synapse_formats,
        "synapse formats",
        "join projections into the layer",
    )


LIMITS: tuple[Callable[[Load, Target], Use], ...] = (
    compartments,
    synapse_memory,
    input_axons,
    output_slots,
    words_per_axon,
    neuron_rows,
    threshold_rows,
    synapse_formats,
)


def uses(load: Load, target: Target) -> tuple[Use, ...]:
    """How a load stands against every limit."""
    return tuple(limit(load, target) for limit in LIMITS)


def broken(load: Load, target: Target) -> Use | None:
    """The first limit a load breaks, if any."""
    return next((use for use in uses(load, target) if use.broken), None)
