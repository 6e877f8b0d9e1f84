"""Plans for boards of several chips, by counting which axons really leave their chip.

Each chip takes a slab of every large population's layout: what lies near in a plane then lies near on the board, and
axons leave a chip at the ends of its slab. Cores there have fewer output slots and give part of their neurons to cores
of their own, until all of them fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from math import ceil

import numpy as np

from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.limits import uses
from neurodeploy.compiler.partition import CorePlan, partition
from neurodeploy.compiler.pieces import Cutter, Piece, load_of
from neurodeploy.compiler.target import Target
from neurodeploy.network import Network
from neurodeploy.precision import IntArray

#: Times that cores are divided before a number of chips is given up.
MAX_ROUNDS = 24
#: How full a core is made when others must be divided for lack of output slots: what reaches them may be divided too.
FILL = 0.8
#: How full chips are made before those cores are divided.
FILLED = 0.7
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
) -> tuple[CorePlan, ...]:
    """The cores of a chip or board; arguments and errors as `partition` has them.

    A board of several chips is planned with a slab of every large population on each chip. Where that takes many more
    cores than one large chip, a plan for which it does not matter on which chips its cores are may take fewer.
    """
    if target.chips == 1:
        return partition(network, target, laid, orders, cutters, enough, progress)
    least, chip = enough, replace(target, chips=1)
    if enough <= target.cores_per_chip:
        one = partition(network, chip, laid, orders, cutters, enough, progress)
        if len(one) <= target.cores_per_chip:
            return one
        least = len(one)
    chips, found = ceil(least / (FILLED * target.cores_per_chip)), None
    while found is None and chips <= target.chips:
        plan = partition(network, chip, laid, orders, cutters, least, progress, chips)
        found = _settled([_Dealt(core.pieces, core.chip or 0) for core in plan], network, target, orders, cutters)
        chips = target.chips if chips < target.chips < chips * GROWTH else max(chips + 1, int(chips * GROWTH))
    if found is not None and len(found) <= least * DIVIDED:
        return found
    anywhere = partition(network, target, laid, orders, cutters, enough, progress)
    return found if found is not None and len(found) <= len(anywhere) else anywhere


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
        cores = list(
            chain.from_iterable(_divided(d, p, slots, target, by_index) for d, p in zip(cores, planned, strict=True))
        )
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

    def of(self, piece: Piece) -> int:
        """Slots that a piece takes, axons that leave the chip counted twice."""
        total = self._total[piece.population]
        return int(total[piece.last] - total[piece.first])

    def planned(self, core: _Dealt, target: Target) -> CorePlan:
        """The core with what it takes."""
        crosses = any(self.leaves(p.first, p.last, p.population) for p in core.pieces)
        slots = sum(map(self.of, core.pieces))
        return CorePlan(core.pieces, load_of(core.pieces, slots, target, crosses), core.chip)

    def leaves(self, first: int, last: int, population: int) -> bool:
        """Whether axons of a stretch leave the chip."""
        leaving = self._leaving[population]
        return bool(leaving[last] > leaving[first])

    def cuts(self, piece: Piece, target: Target) -> list[tuple[int, int]]:
        """Stretches of a piece that have slots enough: from the first axon that leaves the chip to the last, and the
        rest.
        """
        leaving = self._leaving[piece.population][piece.first : piece.last + 1]
        first = int(np.searchsorted(leaving, leaving[0], side="right")) - 1
        last = int(np.searchsorted(leaving, leaving[-1], side="left"))
        edges = sorted({0, first, last, piece.neurons}) if last > first else [0, piece.neurons]
        found = []
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
    core: _Dealt, planned: CorePlan, slots: _Slots, target: Target, cutters: dict[int, Cutter]
) -> Iterable[_Dealt]:
    """Several cores in place of one with too few slots: by pieces first, which costs the sources nothing."""
    if not any(use.broken for use in uses(planned.load, target)):
        yield core
        return
    bins: list[tuple[bool, int, list[Piece]]] = []
    for piece in core.pieces:
        crosses, needed = slots.leaves(piece.first, piece.last, piece.population), slots.of(piece)
        room = _room(crosses, target)
        if needed > room:
            for first, last in slots.cuts(piece, target):
                yield _Dealt((_part(piece, first, last, cutters[piece.population], target),), core.chip)
            continue
        fits = (i for i, (across, taken, _) in enumerate(bins) if across == crosses and taken + needed <= room)
        place = next(fits, len(bins))
        if place == len(bins):
            bins.append((crosses, 0, []))
        bins[place] = (crosses, bins[place][1] + needed, [*bins[place][2], piece])
    yield from (_Dealt(tuple(pieces), core.chip) for _, _, pieces in bins)


def _part(piece: Piece, first: int, last: int, cutter: Cutter, target: Target) -> Piece:
    """A part of a piece, in as many formats as a core may have."""
    for formats in range(cutter.most_formats, 1, -1):
        part = cutter.piece(first, last, formats)
        if len(part.formats) <= target.core.synapse_formats:
            break
    else:
        part = cutter.piece(first, last, 1)
    return replace(part, binding="output_slots")
