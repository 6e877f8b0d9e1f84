"""Lower bounds on the number of cores, one per limit: what no mapping can beat under the stated assumption."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.memory import PREFIX_BITS, WORD_BITS
from neurodeploy.compiler.target import Target
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


def core_bounds(network: Network, target: Target, laid: list[LaidOut]) -> dict[str, int]:
    """Cores that each limit alone demands.

    - compartments: all neurons on cores.
    - input_axons: one axon per projection and source neuron with a non-zero synapse.
    - output_slots: one slot per projection and such source neuron that sits on a core.
    - synapse_memory_any: whatever the encoding, an axon takes whole words and stores at least the magnitude bits
      of every weight that is not zero.
    - synapse_memory_uniform: dense entries, one weight width per projection.
    """
    core = target.core
    sources = [len(np.unique(part.source[part.weight != 0])) for part in laid]
    on_core = [n for n, part in zip(sources, laid, strict=True) if part.projection.source != network.input.name]
    demand = {
        "compartments": (sum(p.neurons for p in network.populations[1:]), core.compartments),
        "input_axons": (sum(sources), core.input_axons),
        "output_slots": (sum(on_core), core.output_slots),
        "synapse_memory_any": (sum(_words(part, _magnitude_bits(_units(part))) for part in laid), core.synapse_words),
        "synapse_memory_uniform": (sum(_words(part, _uniform_bits(_units(part))) for part in laid), core.synapse_words),
    }
    return {name: max(-(-needed // room), 1) for name, (needed, room) in demand.items()}


def cores_lower_bound(bounds: dict[str, int]) -> int:
    """The largest bound that assumes no particular encoding."""
    return max(cores for name, cores in bounds.items() if name != "synapse_memory_uniform")


def _units(part: LaidOut) -> IntArray:
    """The weights in units of the largest power of two that divides them all; an exponent can carry that factor."""
    weight = part.weight.astype(np.int64)
    common = int(np.bitwise_or.reduce(np.abs(weight), initial=0))
    return weight // max(common & -common, 1)


def _magnitude_bits(units: IntArray) -> IntArray:
    return _bit_length(np.abs(units))


def _uniform_bits(units: IntArray) -> IntArray:
    """Two's complement width of the widest weight, a plain magnitude if all have one sign."""
    low, high = int(units.min(initial=0)), int(units.max(initial=0))
    signed = max(high.bit_length(), (-low - 1).bit_length()) + 1
    width = signed if low < 0 < high else max(high.bit_length(), (-low).bit_length())
    return np.full(len(units), width)


def _bit_length(values: IntArray) -> IntArray:
    exponent: NDArray[np.int32] = np.frexp(values.astype(np.float64))[1]
    return exponent.astype(np.int64)


def _words(part: LaidOut, bits: IntArray) -> int:
    """Words of all axons when each stores its synapses with so many bits, behind one prefix."""
    if not len(bits):
        return 0
    per_axon = np.bincount(part.source, weights=bits).astype(np.int64)
    used = per_axon[per_axon > 0] + PREFIX_BITS
    return int(np.sum(-(-used // WORD_BITS)))
