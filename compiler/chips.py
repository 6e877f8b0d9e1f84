"""Plans for boards of several chips, by counting which axons really leave their chip.

Each chip takes a slab of every large population's layout: what lies near in a plane then lies near on the board, and
axons leave a chip at the ends of its slab. Cores there have fewer output slots and give part of their neurons to cores
of their own, until all of them fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np

from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.limits import uses
from neurodeploy.compiler.partition import CorePlan, partition
from neurodeploy.compiler.pieces import Cutter, Piece, load_of
from neurodeploy.compiler.target import Target
from neurodeploy.compiler.workload import WorkCap
from neurodeploy.network import Network
from neurodeploy.precision import IntArray

#: Times that cores are divided before a number of chips is given up.
MAX_ROUNDS = 24
#: How full a core is made when others must be divided for lack of output slots: what reaches them may be divided too.
FILL = 0.9
#: How full chips are made.
FILLED = 0.95
#: Slots of a neuron whose axons cross, about.
CROSSING_SLOTS = 3.5
#: Cores of a board relative to those of one large chip that are taken without another trial.
DIVIDED = 1.25
#: Chips of one trial relative to those of the last.
GROWTH = 1.2


def board_plan(
    network: Network,
    target: Target,
    laid: list[LaidOut],
    orders: list[IntArray],
    cutters: Sequence[Cutter],
    enough: int,
    progress: Callable[[str], None] | None = None,
    cap: WorkCap | None = None,
) -> tuple[CorePlan, ...]:
    """The cores of a chip or board; arguments and errors as `partition` has them.

    A board of several chips is planned with a slab of every large population on each chip. Where that takes many more
    cores than one large chip, a plan for which it does not matter on which chips its cores are may take fewer.
    """
    if target.chips == 1:
        return partition(network, target, laid, orders, cutters, enough, progress, cap)
    least, chip = enough, replace(target, chips=1)
    if enough <= target.cores_per_chip:
        one = partition(network, chip, laid, orders, cutters, enough, progress, cap)
        if len(one) <= target.cores_per_chip:
            return one
        least = len(one)
    (chips, _), found = likely_chips(least, network, target, laid, orders), None
    while found is None and chips <= target.chips:
        plan = partition(network, chip, laid, orders, cutters, least, progress, cap, chips)
        found = _settled([_Dealt(core.pieces, core.chip or 0) for core in plan], network, target, orders, cutters)
        chips = target.chips if chips < target.chips < chips * GROWTH else max(chips + 1, int(chips * GROWTH))
    if found is not None and len(found) <= max(least, _least_anywhere(network, target, laid)) * DIVIDED:
        return found
    anywhere = partition(network, target, laid, orders, cutters, enough, progress, cap)
    return found if found is not None and len(found) <= len(anywhere) else anywhere


def _least_anywhere(network: Network, target: Target, laid: Sequence[LaidOut]) -> int:
    """Cores that no plan can do without whose axons may all leave their chip: each takes two slots."""
    on_cores = (part for part in laid if network.index(part.projection.source))
    axons = sum(np.count_nonzero(np.greater_equal(*part.reach()[::-1])) for part in on_cores)
    return 2 * int(axons) // min(target.core.output_slots, target.core.output_slots_across)


def likely_chips(
    least: int, network: Network, target: Target, laid: Sequence[LaidOut], orders: Sequence[IntArray]
) -> tuple[int, int]:
    """The fewest chips on which cores are left for the neurons whose axons cross from slab to slab; cores in all.

    Args:
        least: cores without these.
        network: integer and quantized.
        target: the board.
        laid: its projections, laid out.
        orders: layout of each population.
    """
    ends = []
    for part in laid:
        source = network.index(part.projection.source)
        if source:
            place = np.empty(len(orders[source]), np.int64)
            place[orders[source]] = np.arange(len(place))
            first, last = part.reach()
            heard = np.flatnonzero(last >= first)
            ends.append((place[heard] / len(place), first[heard] / part.targets, last[heard] / part.targets))
    needed = least
    for chips in range(2, target.chips + 1):
        crossing = sum(np.count_nonzero(np.ptp(np.floor(chips * np.stack(places)), axis=0)) for places in ends)
        needed = int(least + crossing * CROSSING_SLOTS / _room(True, target))
        if needed <= FILLED * chips * target.cores_per_chip:
            return chips, needed
    return target.chips, needed


@dataclass(frozen=True, eq=False)
class _Dealt:
    """Pieces that share a core of a chip."""

    pieces: tuple[Piece, ...]
    chip: int


def _settled(
    cores: list[_Dealt], network: Network, target: Target, orders: Sequence[IntArray], cutters: Sequence[Cutter]
) -> tuple[CorePlan, ...] | None:
    """The cores of a plan on the chips they were dealt to, a few more where slots demand it; None where that needs
    more cores than a chip has.
    """
    by_index = {cutter.index: cutter for cutter in cutters}
    for _ in range(MAX_ROUNDS):
        per_chip = np.bincount([core.chip for core in cores])
        if per_chip.max() > target.cores_per_chip:
            return None
        slots = _Slots(cores, network, orders)
        planned = [slots.planned(core, target) for core in cores]
        if not any(use.broken for core in planned for use in uses(core.load, target)):
            return tuple(sorted(planned, key=lambda core: core.chip or 0))
        cores = _divided(cores, planned, slots, target, by_index)
    return None


class _Slots:
    """Output slots of all neurons as the cores are dealt out now."""

    def __init__(self, cores: Sequence[_Dealt], network: Network, orders: Sequence[IntArray]) -> None:
        source = [network.index(p.source) for p in network.projections]
        home = [np.zeros(p.neurons, np.int64) for p in network.populations]
        for core in cores:
            for piece in core.pieces:
                home[piece.population][orders[piece.population][piece.first : piece.last]] = core.chip
        total, leaving = ([np.zeros(p.neurons, np.int64) for p in network.populations] for _ in range(2))
        for core in cores:
            for j, neurons in chain.from_iterable(piece.sources.items() for piece in core.pieces):
                total[source[j]][neurons] += 1
                leaving[source[j]][neurons] += home[source[j]][neurons] != core.chip
        ordered = [(t[order], n[order]) for t, n, order in zip(total, leaving, orders, strict=True)]
        self._total = [np.concatenate([[0], np.cumsum(t + n)]) for t, n in ordered]
        self._leaving = [np.concatenate([[0], np.cumsum(n)]) for _, n in ordered]

    def of(self, population: int, first: int, last: int) -> tuple[bool, int]:
        """Whether axons of a stretch leave the chip, and the slots it takes, those axons counted twice."""
        total, leaving = self._total[population], self._leaving[population]
        return bool(leaving[last] > leaving[first]), int(total[last] - total[first])

    def planned(self, core: _Dealt, target: Target) -> CorePlan:
        """The core with what it takes."""
        pieces = tuple(sorted(core.pieces, key=lambda p: p.population))
        taken = [self.of(p.population, p.first, p.last) for p in pieces]
        slots = tuple(needed for _, needed in taken)
        crosses = any(leaves for leaves, _ in taken)
        return CorePlan(pieces, load_of(pieces, sum(slots), target, crosses), slots, core.chip)

    def cuts(self, piece: Piece, target: Target) -> list[tuple[int, int]]:
        """Stretches of a piece that have slots enough: from the first axon that leaves the chip to the last, and the
        rest.
        """
        leaving = self._leaving[piece.population][piece.first : piece.last + 1]
        first = int(np.searchsorted(leaving, leaving[0], side="right")) - 1
        last = int(np.searchsorted(leaving, leaving[-1], side="left"))
        edges = sorted({0, first, last, piece.neurons}) if last > first else [0, piece.neurons]
        found: list[tuple[int, int]] = []
        for a, b in pairwise(edges):
            total = self._total[piece.population][piece.first + a : piece.first + b + 1]
            parts = -(-(total[-1] - total[0]) // _room(leaving[b] > leaving[a], target))
            inner = np.searchsorted(total, total[0] + (total[-1] - total[0]) * np.arange(1, parts) // parts)
            found += list(pairwise(np.unique([a, *(a + inner), b]).tolist()))
        return [(piece.first + a, piece.first + b) for a, b in found]


def _room(crosses: bool, target: Target) -> int:
    """Slots of a core, some of them left for what others will ask."""
    core = target.core
    return int(FILL * (min(core.output_slots, core.output_slots_across) if crosses else core.output_slots))


def _divided(
    cores: Sequence[_Dealt], planned: Sequence[CorePlan], slots: _Slots, target: Target, cutters: dict[int, Cutter]
) -> list[_Dealt]:
    """The cores with what lies on those that break a limit dealt out anew, chip by chip."""
    result = []
    loose: dict[int, list[tuple[Piece, bool, int]]] = {}
    for core, plan in zip(cores, planned, strict=True):
        if not any(use.broken for use in uses(plan.load, target)):
            result.append(core)
            continue
        for piece in core.pieces:
            loose.setdefault(core.chip, []).extend(
                (_part(piece, first, last, cutters[piece.population], target), *slots.of(piece.population, first, last))
                for first, last in slots.cuts(piece, target)
            )
    for chip, parts in loose.items():
        result += [_Dealt(tuple(pieces), chip) for pieces in _packed(parts, target)]
    return result


def _packed(parts: Sequence[tuple[Piece, bool, int]], target: Target) -> list[list[Piece]]:
    """Parts put together on cores, those with axons that leave the chip apart from the others, where first they fit."""
    cores: list[tuple[bool, int, list[Piece]]] = []
    for piece, crosses, needed in sorted(parts, key=lambda part: -part[2]):
        for i, (across, taken, held) in enumerate(cores):
            room = target.core.compartments - sum(other.neurons for other in held)  # the limit that is soonest known
            if across == crosses and taken + needed <= _room(crosses, target) and piece.neurons <= room:
                load = load_of([*held, piece], taken + needed, target, crosses)
                if not any(use.broken for use in uses(load, target)):
                    cores[i] = (across, taken + needed, [*held, piece])
                    break
        else:
            cores.append((crosses, needed, [piece]))
    return [held for _, _, held in cores]


def _part(piece: Piece, first: int, last: int, cutter: Cutter, target: Target) -> Piece:
    """A part of a piece, in as many formats as a core may have."""
    if (first, last) == (piece.first, piece.last):
        return piece
    for formats in range(cutter.most_formats, 1, -1):
        part = cutter.piece(first, last, formats)
        if len(part.formats) <= target.core.synapse_formats:
            break
    else:
        part = cutter.piece(first, last, 1)
    return replace(part, binding="output_slots")
