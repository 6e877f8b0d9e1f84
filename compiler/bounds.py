"""Lower bounds on the number of cores, one per limit: what no mapping can beat under the stated assumption."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.layout import BLOCK, LaidOut
from neurodeploy.compiler.memory import LIST_SYNAPSES, PREFIX_BITS, WORD_BITS, delay_bits
from neurodeploy.compiler.target import Target
from neurodeploy.network import Network, Windowed
from neurodeploy.network.network import MAX_DELAY
from neurodeploy.precision import IntArray

#: The bound of synapse memory that no list undercuts, and those that assume an encoding.
PROVEN = "synapse_memory_proven"
ANY = "synapse_memory_any"
UNIFORM = "synapse_memory_uniform"
#: A sum counts synapses above so many bits of theirs: more than an axon has on any board, and a float64 is exact.
COUNT_SHIFT = 26
#: What each bound takes for granted; see `core_bounds`.
ASSUMPTIONS = {
    "compartments": "a neuron is one compartment",
    "input_axons": "an axon per projection and source neuron",
    "output_slots": "a slot per projection and source neuron",
    PROVEN: "lists per axon, every weight in the bits of its odd part",
    ANY: "lists per axon, any width, one exponent per projection",
    UNIFORM: "lists per axon, one width and exponent per projection",
}


def core_demands(network: Network, target: Target, laid: list[LaidOut]) -> dict[str, dict[str, Fraction]]:
    """Parts of a core that each limit alone demands for each population; they add up, and whole cores hold them.

    - compartments: all neurons on cores; one that hears delays of b bits shares its core with fewer.
    - input_axons: one axon per projection and source neuron with a non-zero synapse, told under the population it
      reaches.
    - output_slots: one slot per projection and such source neuron that sits on a core, told under its population.
    - synapse_memory_any: every weight that is not zero takes the bits of its magnitude, in units of the largest power
      of two that divides all weights of the projection.
    - synapse_memory_proven: it takes the bits of its odd part, since a list may have the exponent that leaves no more.
    - synapse_memory_uniform: every weight takes the bits of the widest, zeros of matrices too, those of kernels not.

    In all three a prefix stands before every 60 synapses begun, an axon takes at least a word, and more is not rounded:
    the rule by which the published bounds come out, 2, 6 and 20 cores for any width and 8, 12 and 46 for one (N-MNIST,
    gesture network, PilotNet). Exponents chosen list by list can go below `any`; `proven` holds for them too.
    """
    core = target.core
    names = [p.name for p in network.populations[1:]]
    demands = {limit: dict.fromkeys(names, Fraction(0)) for limit in ASSUMPTIONS}
    demands["compartments"] = compartment_demands(network, target, laid)
    for part in laid:
        reached, origin = part.projection.target, part.projection.source
        sources = int(np.count_nonzero(_heard(part)))
        demands["input_axons"][reached] += Fraction(sources, core.input_axons)
        if origin != network.input.name:
            demands["output_slots"][origin] += Fraction(sources, core.output_slots)
        bits = WORD_BITS * core.synapse_words
        for bound, taken in zip((PROVEN, ANY, UNIFORM), _memory_bits(part), strict=True):
            demands[bound][reached] += Fraction(taken, bits)
    return demands


def core_bounds(demands: Mapping[str, Mapping[str, Fraction]]) -> dict[str, int]:
    """Cores that each limit alone demands, of `core_demands`."""
    return {limit: max(ceil(sum(parts.values())), 1) for limit, parts in demands.items()}


def cores_lower_bound(bounds: Mapping[str, int]) -> int:
    """The largest bound that assumes no width of weights."""
    return max(cores for name, cores in bounds.items() if name != UNIFORM)


def cores_proven(bounds: Mapping[str, int]) -> int:
    """The largest bound that assumes neither width nor exponent: no mapping takes fewer cores."""
    return max(cores for name, cores in bounds.items() if name not in (ANY, UNIFORM))


def compartment_demands(
    network: Network, target: Target, laid: list[LaidOut], longest: int = MAX_DELAY
) -> dict[str, Fraction]:
    """Parts of a core that the neurons of each population take at least, if no delay were longer than `longest`."""
    widest = {p.name: np.zeros(p.neurons, np.int64) for p in network.populations[1:]}
    widths = np.array([delay_bits(min(delay, longest)) for delay in range(MAX_DELAY + 1)])
    for part in laid:
        if part.delays.any():
            mine = widest[part.projection.target]
            for first in range(0, len(mine), BLOCK):
                here = part.cut(first, first + BLOCK)
                width = np.repeat(widths[part.delays[here.source]], np.diff(here.start))
                np.maximum.at(mine, first + here.position, width)
    most = target.core.compartments
    taken = {}
    for name, mine in widest.items():
        counts = np.bincount(mine).tolist()
        rooms = [min(most, 1 << (13 - width)) if width else most for width in range(len(counts))]
        parts = [Fraction(count, room) for count, room in zip(counts, rooms, strict=True)]
        taken[name] = sum(parts, Fraction(0))
    return taken


def _heard(part: LaidOut) -> NDArray[np.bool_]:
    """Which source neurons have a synapse that is not zero, (source neurons,)."""
    first, last = part.reach()
    heard: NDArray[np.bool_] = last >= first
    return heard


def _step(part: LaidOut) -> int:
    """The largest power of two that divides all weights; an exponent can carry that factor."""
    common = int(np.bitwise_or.reduce(part.weight, initial=0))
    return max(common & -common, 1)


def _memory_bits(part: LaidOut) -> tuple[int, int, int]:
    """Bits of all axons as the bounds `PROVEN`, `ANY` and `UNIFORM` count them."""
    units = np.arange(int(np.abs(part.weight).max(initial=0)) + 1) // _step(part)
    odd = units // np.maximum(units & -units, 1)
    counted, magnitude = np.divmod(part.sums(_bit_lengths(units) + (1 << COUNT_SHIFT)), 1 << COUNT_SHIFT)
    stored = counted if isinstance(part.projection.synapse, Windowed) else np.where(counted > 0, part.fan_out, 0)
    return (
        _bits(counted, part.sums(_bit_lengths(odd))),
        _bits(counted, magnitude),
        _bits(stored, stored * _width(part)),
    )


def _bit_lengths(numbers: IntArray) -> IntArray:
    return np.frexp(numbers)[1].astype(np.int64)


def _width(part: LaidOut) -> int:
    """Bits of the widest weight in two's complement, or of its magnitude if all have one sign."""
    low, high = (int(edge) // _step(part) for edge in (part.weight.min(initial=0), part.weight.max(initial=0)))
    signed = max(high.bit_length(), (-low - 1).bit_length()) + 1
    return signed if low < 0 < high else max(high.bit_length(), (-low).bit_length())


def _bits(synapses: IntArray, bits: IntArray) -> int:
    """Bits of all axons, of which each has so many synapses that take so many bits, (axons,) both."""
    used = synapses > 0
    taken = bits[used] + PREFIX_BITS * -(-synapses[used] // LIST_SYNAPSES)
    return int(np.maximum(taken, WORD_BITS).sum())
