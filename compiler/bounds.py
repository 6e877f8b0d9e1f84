"""Lower bounds on the number of cores, one per limit: what no mapping can beat under the stated assumption."""

from __future__ import annotations

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


def core_bounds(network: Network, target: Target, laid: list[LaidOut]) -> dict[str, int]:
    """Cores that each limit alone demands.

    - compartments: all neurons on cores; one that hears delays of b bits shares its core with fewer.
    - input_axons: one axon per projection and source neuron with a non-zero synapse.
    - output_slots: one slot per projection and such source neuron that sits on a core.
    - synapse_memory_any: whatever the encoding, an axon takes whole words and stores at least the magnitude bits
      of every weight that is not zero.
    - synapse_memory_uniform: dense entries, one weight width per projection.
    """
    core = target.core
    sources = [int(np.count_nonzero(_heard(part))) for part in laid]
    on_core = [n for n, part in zip(sources, laid, strict=True) if part.projection.source != network.input.name]
    demand: dict[str, tuple[Fraction | int, int]] = {
        "compartments": (_compartments(network, target, laid), 1),
        "input_axons": (sum(sources), core.input_axons),
        "output_slots": (sum(on_core), core.output_slots),
        "synapse_memory_any": (sum(map(_least_words, laid)), core.synapse_words),
        "synapse_memory_uniform": (sum(map(_uniform_words, laid)), core.synapse_words),
    }
    return {name: max(ceil(Fraction(needed) / room), 1) for name, (needed, room) in demand.items()}


def cores_lower_bound(bounds: dict[str, int]) -> int:
    """The largest bound that assumes no particular encoding."""
    return max(cores for name, cores in bounds.items() if name != "synapse_memory_uniform")


def _compartments(network: Network, target: Target, laid: list[LaidOut]) -> Fraction:
    """The part of a core that each neuron takes at least, all added up."""
    widest = {p.name: np.zeros(p.neurons, np.int64) for p in network.populations[1:]}
    widths = np.array([delay_bits(delay) for delay in range(MAX_DELAY + 1)])
    for part in laid:
        if part.delays.any():
            mine = widest[part.projection.target]
            for first in range(0, len(mine), BLOCK):
                here = part.cut(first, first + BLOCK)
                width = np.repeat(widths[part.delays[here.source]], np.diff(here.start))
                np.maximum.at(mine, first + here.position, width)
    most = target.core.compartments
    counts = np.bincount(np.concatenate(list(widest.values()))).tolist()
    rooms = [min(most, 1 << (13 - width)) if width else most for width in range(len(counts))]
    return sum((Fraction(count, room) for count, room in zip(counts, rooms, strict=True)), Fraction(0))


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
