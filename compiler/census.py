"""What every layer takes of its cores: the numbers behind the pre-flight report, counted on the finished plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from neurodeploy.compiler.limits import compartments, output_slots
from neurodeploy.compiler.memory import WORD_BITS, Lists, index_bits
from neurodeploy.compiler.partition import CorePlan
from neurodeploy.compiler.pieces import Piece
from neurodeploy.compiler.target import Target
from neurodeploy.network import Network

#: Limits of a core that layers share by adding up; the others count distinct rows, or the longest of something.
SHARED = ("compartments", "synapse_memory", "input_axons", "output_slots")


def layer_census(network: Network, target: Target, plan: Sequence[CorePlan]) -> list[dict[str, Any]]:
    """One JSON-ready object per population, the input among them; it takes nothing.

    Returns:
        `cores_alone`: cores that hold nothing else. `fills`: cores that its own neurons would fill, by each limit that
        adds up, each stretch measured against what its core has; layers that share cores add up to no whole number.
        `stretches`: how many there are by the limit that ended them, "end" where the population ended. `input_axons`,
        `output_slots`, `synapse_words` (by the target's rule), `stored_synapses` (zeros inside dense lists included),
        `weight_bits`: how many of them have so many bits, and `formats`: how many in each format.
    """
    slots = _slots(network, plan)
    return [_layer(network, target, i, plan, slots[p.name]) for i, p in enumerate(network.populations)]


def _slots(network: Network, plan: Sequence[CorePlan]) -> dict[str, int]:
    """Output slots of all neurons of each population."""
    total = dict.fromkeys((p.name for p in network.populations), 0)
    for core in plan:
        for piece, slots in zip(core.pieces, core.slots, strict=True):
            total[network.populations[piece.population].name] += slots
    return total


def _layer(network: Network, target: Target, index: int, plan: Sequence[CorePlan], slots: int) -> dict[str, Any]:
    mine = [(core, piece) for core in plan for piece in core.pieces if piece.population == index]
    fills = dict.fromkeys(SHARED, 0.0)
    words = 0
    for core, piece in mine:
        held = _words(core, piece, target)
        words += held
        fills["compartments"] += piece.neurons / compartments(core.load, target).maximum
        fills["synapse_memory"] += held / target.core.synapse_words
        fills["input_axons"] += piece.axons / target.core.input_axons
        fills["output_slots"] = slots / output_slots(core.load, target).maximum
    formats = _formats(network, [piece for _, piece in mine])
    bits: Counter[int] = Counter()
    for row in formats:
        bits[row["bits"]] += row["synapses"]
    return {
        "cores_alone": sum(len(core.pieces) == 1 for core, _ in mine),
        "fills": {limit: round(cores, 4) for limit, cores in fills.items()},
        "stretches": dict(Counter(piece.binding or "end" for _, piece in mine)),
        "input_axons": sum(piece.axons for _, piece in mine),
        "output_slots": slots if index else 0,
        "synapse_words": words,
        "stored_synapses": sum(bits.values()),
        "weight_bits": [{"bits": width, "synapses": bits[width]} for width in sorted(bits)],
        "formats": formats,
    }


def _words(core: CorePlan, piece: Piece, target: Target) -> int:
    """Words of synapse memory of a piece by the target's rule, indices as wide as the whole core makes them."""
    memory = piece.memory(index_bits(core.load.compartments), target.stack.whole_projection_padding)
    by_rule = {
        "nengo-loihi": sum(m.nengo_bits for m in memory) // WORD_BITS,
        "nxtf": sum(m.nxtf_words for m in memory),
    }
    return by_rule.get(target.memory_rule, max(by_rule.values()))


def _formats(network: Network, pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """How many synapses and lists of a population stand in each format, the most used first."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for piece in pieces:
        for j, lists in piece.lists.items():
            for key, synapses, number in _counted(network.projections[j].name, lists):
                row = found.setdefault(key, [0, 0])
                row[0] += synapses
                row[1] += number
    names = ("projection", "sign_mode", "bits", "exponent", "delay_bits", "compression", "synapses", "lists")
    rows = [dict(zip(names, (*key, *counts), strict=True)) for key, counts in found.items()]
    return sorted(rows, key=lambda row: (-row["synapses"], *map(str, row.values())))


def _counted(projection: str, lists: Lists) -> list[tuple[tuple[Any, ...], int, int]]:
    """Format, synapses and number of the lists of one projection on one core."""
    rows = []
    for i, form in enumerate(lists.formats):
        mine = lists.form == i
        number = int(mine.sum())
        if number:
            kind = (form.sign_mode.name.lower(), form.bits, form.exponent, form.delay_bits)
            key = (projection, *kind, form.compression.name.lower())
            rows.append((key, int(lists.stored[mine].sum()), number))
    return rows
