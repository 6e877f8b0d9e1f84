"""Lower bounds on the number of cores, one per limit: what no mapping can beat under the stated assumption."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.layout import BLOCK, LaidOut
from neurodeploy.compiler.memory import PREFIX_BITS, WORD_BITS, delay_bits
from neurodeploy.compiler.target import Target
from neurodeploy.network import Network
from neurodeploy.network.network import MAX_DELAY

#: The bound that assumes one encoding.
UNIFORM = "synapse_memory_uniform"
#: What each bound takes for granted; see `core_bounds`.
ASSUMPTIONS = {
    "compartments": "a neuron is one compartment",
    "input_axons": "an axon per projection and source neuron",
    "output_slots": "a slot per projection and source neuron",
    "synapse_memory_any": "any exact encoding of lists per axon",
    UNIFORM: "dense lists, one width per projection",
}


def core_demands(network: Network, target: Target, laid: list[LaidOut]) -> dict[str, dict[str, Fraction]]:
    """Parts of a core that each limit alone demands for each population; they add up, and whole cores hold them.

    - compartments: all neurons on cores; one that hears delays of b bits shares its core with fewer.
    - input_axons: one axon per projection and source neuron with a non-zero synapse, told under the population it
      reaches.
    - output_slots: one slot per projection and such source neuron that sits on a core, told under its population.
    - synapse_memory_any: whatever the encoding, an axon takes whole words and stores at least the magnitude bits
      of every weight that is not zero.
    - synapse_memory_uniform: dense entries, one weight width per projection.
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
        demands["synapse_memory_any"][reached] += Fraction(_least_words(part), core.synapse_words)
        demands["synapse_memory_uniform"][reached] += Fraction(_uniform_words(part), core.synapse_words)
    return demands


def core_bounds(demands: Mapping[str, Mapping[str, Fraction]]) -> dict[str, int]:
    """Cores that each limit alone demands, of `core_demands`."""
    return {limit: max(ceil(sum(parts.values())), 1) for limit, parts in demands.items()}


def cores_lower_bound(bounds: Mapping[str, int]) -> int:
    """The largest bound that assumes no particular encoding."""
    return max(cores for name, cores in bounds.items() if name != UNIFORM)


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


def _least_words(part: LaidOut) -> int:
    """Words of all axons when each weight takes its magnitude's bits."""
    most = int(np.abs(part.weight).max(initial=0))
    bits = np.frexp(np.arange(most // _step(part) + 1))[1].repeat(_step(part))
    return _words(part.sums(bits))


def _uniform_words(part: LaidOut) -> int:
    """Words when all weights, zeros included, take two's complement of the widest, a plain magnitude if all have
    one sign.
    """
    low, high = (int(edge) // _step(part) for edge in (part.weight.min(initial=0), part.weight.max(initial=0)))
    signed = max(high.bit_length(), (-low - 1).bit_length()) + 1
    width = signed if low < 0 < high else max(high.bit_length(), (-low).bit_length())
    return _words(part.fan_out[_heard(part)] * width)


def _words(bits: NDArray[Any]) -> int:
    """Words of all axons that store so many bits, behind one prefix each."""
    used = bits[bits > 0].astype(np.int64) + PREFIX_BITS
    return int(np.sum(-(-used // WORD_BITS)))
