"""Partition: populations are cut into stretches of their layout, which share cores.

Populations are placed one after the other, the most demanding first: the one of which the fewest neurons fill a
core. A stretch takes as much of a core as every limit allows and as leaves what the light populations, which come
last, need to fill the core's compartments. Output slots are counted from the targets that are placed already and
forecast for the others; a plan that broke its slots is made again with what the last one needed. The plain plan, one
population per core from the output backwards, is tried too where the first is not known to be best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import ceil

import numpy as np

from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.limits import Load, Use, uses
from neurodeploy.compiler.pieces import Cutter, Piece, load_of
from neurodeploy.compiler.preflight import neuron_too_large
from neurodeploy.compiler.slots import Slots
from neurodeploy.compiler.target import Target
from neurodeploy.compiler.workload import WorkCap
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import Network
from neurodeploy.precision import IntArray

#: Plans for one margin before its slots are given up.
MAX_PASSES = 8
#: What is left for light populations, relative to what they took in the probe; slabs do best with the last.
MARGINS = (1.3, 1.1, 1.02)
#: A plan is good enough when one core in this many could be saved; on boards of several chips one in fewer, because
#: axons that cross chips take more cores afterwards than a tighter packing saves.
WORTHWHILE, WORTHWHILE_BOARD = 128, 16
#: Trials of a piece's length that follow the straight line; those after them halve what is left.
STRAIGHT = 6
#: A stretch beside others is at least this part of a core, or all that is left.
LEAST_PART = 32


@dataclass(frozen=True, eq=False)
class CorePlan:
    """One core: its pieces in network order, and what they take, output slots included.

    Attributes:
        slots: output slots of each piece.
        chip: the one it shares with the cores whose number is the same, since its slots were counted there; None: on
            whichever.
    """

    pieces: tuple[Piece, ...]
    load: Load
    slots: tuple[int, ...]
    chip: int | None = None


@dataclass(frozen=True)
class _Density:
    """What one neuron of a population takes of each limit that adds up, on average."""

    words: float
    axons: float
    slots: float

    @classmethod
    def of(cls, load: Load, target: Target) -> _Density:
        used = {use.limit: use.used for use in uses(load, target)}
        n = max(load.compartments, 1)
        return cls(used["synapse_memory"] / n, used["input_axons"] / n, used["output_slots"] / n)

    def by_limit(self) -> dict[str, float]:
        """The same by the name of the limit."""
        return {"synapse_memory": self.words, "input_axons": self.axons, "output_slots": self.slots}


class _Core:
    """A core while it is filled."""

    def __init__(self, slab: int) -> None:
        self.slab = slab
        self.pieces: list[Piece] = []
        self.slots = 0.0
        self.work = 0.0
        self.neurons = 0

    def add(self, piece: Piece, slots: float) -> None:
        self.pieces.append(piece)
        self.slots += slots
        self.neurons += piece.neurons

    def with_piece(self, piece: Piece, slots: float, target: Target) -> Load:
        return load_of([*self.pieces, piece], int(np.ceil(self.slots + slots - 1e-6)), target)


def partition(
    network: Network,
    target: Target,
    laid: list[LaidOut],
    orders: list[IntArray],
    cutters: Sequence[Cutter],
    enough: int,
    progress: Callable[[str], None] | None = None,
    cap: WorkCap | None = None,
    slabs: int = 1,
) -> tuple[CorePlan, ...]:
    """The cores of all populations but the input, in network order.

    Args:
        network: integer and quantized.
        target: whose limits each core keeps, where there are several chips as if every axon went to another.
        laid: its projections, laid out.
        orders: layout of each population.
        cutters: for each population but the input.
        enough: a number of cores with which no other plan is tried.
        progress: called with the name of each population before it is placed.
        cap: the most that a core may have to do, with which any plan is taken; None: as much as the limits allow.
        slabs: how many parts the large populations' layouts are cut into, each of which has cores of its own; these
            say as their chip which it is.

    Raises:
        DoesNotFitError: a neuron that no core can hold, or recurrence that never settles.
    """
    say = progress or (lambda name: None)
    planner = _Planner(network, target, laid, orders, cutters, say, cap, slabs)
    plans = []
    margins = MARGINS if slabs == 1 else MARGINS[::-1]
    for margin in () if target.stack.one_layer_per_core else margins:
        plans.append(planner.shared(margin) or ())
        if plans[-1] and (cap or _good(plans[-1], enough, target, slabs)):
            break
    found = [plan for plan in plans if plan]
    if not any(cap or _good(plan, enough, target, slabs) for plan in found):
        plain = planner.plain(given_up=not found)
        found += [plain] if plain else []
    return min(found, key=len)


def _good(plan: tuple[CorePlan, ...], enough: int, target: Target, slabs: int) -> bool:
    """Whether other plans can save no core, or of many hundred cores so few that they are not worth the search."""
    least = max(enough, _volume(plan, target))
    return len(plan) - least <= least // (WORTHWHILE if slabs == 1 else WORTHWHILE_BOARD) + slabs - 1


def _volume(plan: tuple[CorePlan, ...], target: Target) -> int:
    """Cores that the plan's pieces would take if they could be poured: no other packing of them takes fewer."""
    table = [uses(core.load, target) for core in plan]
    sums: list[float] = [sum(use.used / use.maximum for use in column) for column in zip(*table, strict=True)]
    return max(ceil(total - 1e-9) for total, use in zip(sums, table[0], strict=True) if use.limit not in _TABLES)


class _Planner:
    """Plans for one target; `cutters` are those of all populations but the input."""

    def __init__(
        self,
        network: Network,
        target: Target,
        laid: list[LaidOut],
        orders: list[IntArray],
        cutters: Sequence[Cutter],
        say: Callable[[str], None],
        cap: WorkCap | None,
        slabs: int,
    ) -> None:
        self._target = target
        self._cap = cap
        self._cutters = {cutter.index: cutter for cutter in cutters}
        self._say = say
        self._slots = Slots(network, laid, orders, 1 if target.chips == 1 else 2)
        self._density: dict[int, _Density] = {}
        self._heaviness: dict[int, float] = {}
        self._probes = {index: self._probe(index) for index in self._cutters}
        for _ in range(2):
            for index in self._cutters:
                self._weigh(index)
            self._guess()
        self._margin = 1.0
        self._slabs = slabs

    def slab(self, index: int, number: int) -> tuple[int, int]:
        """The positions of a population that are in a slab; one that fills few cores is in the last as a whole."""
        neurons = self._cutters[index].population.neurons
        if neurons * self._heaviness[index] < self._slabs * self._target.core.compartments:
            return (0, neurons) if number == self._slabs - 1 else (0, 0)
        return neurons * number // self._slabs, neurons * (number + 1) // self._slabs

    def shared(self, margin: float) -> tuple[CorePlan, ...] | None:
        """A plan in which populations share cores; None if its output slots never settle."""
        self._margin = margin
        self._guess()
        order = sorted(self._cutters, key=lambda i: (-self._heaviness[i], -i))
        return self._settled(order, True)

    def plain(self, given_up: bool) -> tuple[CorePlan, ...] | None:
        """The plan with one population per core, from the output backwards.

        Raises:
            DoesNotFitError: no such plan, where there is no other either.
        """
        self._guess(1.0)
        plan = self._settled(sorted(self._cutters, reverse=True), False)
        if plan is None and given_up:
            raise DoesNotFitError(
                "network", "its projections ask for more output slots in every pass", "reduce their fan-out"
            )
        return plan

    def _guess(self, cores: float | None = None) -> None:
        fill = self._target.core.compartments
        self._slots.forget()
        guess = [1.0] * (max(self._cutters) + 1)
        for i, cutter in self._cutters.items():
            guess[i] = cores or 1.3 * cutter.population.neurons * max(self._heaviness[i], 1) / fill
        self._slots.guess(guess)

    def _probe(self, index: int) -> Piece:
        """A stretch of about as many neurons as fill a core, from the middle of the layout."""
        cutter, core = self._cutters[index], self._target.core
        neurons = min(cutter.population.neurons, core.compartments)
        first = (cutter.population.neurons - neurons) // 2
        piece = cutter.piece(first, first + neurons, 1)
        worst = self._worst(load_of([piece], 0, self._target))
        if worst > 1:
            piece = cutter.piece(first, first + max(int(neurons / worst), 1), cutter.most_formats)
        return piece

    def _weigh(self, index: int) -> None:
        """What a neuron takes on average, and how many cores' worth of it fill all compartments of a core."""
        piece = self._probes[index]
        before = self._slots.before(index)
        load = load_of([piece], int(before[piece.last] - before[piece.first]), self._target)
        self._heaviness[index] = self._worst(load) * self._target.core.compartments / piece.neurons
        self._density[index] = _Density.of(load, self._target)

    def _worst(self, load: Load) -> float:
        return max(use.used / use.maximum for use in uses(load, self._target) if use.limit not in _TABLES)

    def _settled(self, order: list[int], shared: bool) -> tuple[CorePlan, ...] | None:
        for _ in range(MAX_PASSES):
            cores = self._pass(order, shared)
            plan = self._counted(cores)
            if not any(use.broken for core in plan for use in uses(core.load, self._target)):
                return plan
            self._slots.learn(least=True)
        return None

    def _counted(self, cores: list[_Core]) -> tuple[CorePlan, ...]:
        """The cores in network order, with the slots they really need."""
        before = {index: self._slots.before(index) for index in self._cutters}
        plan = []
        for core in cores:
            pieces = tuple(sorted(core.pieces, key=lambda p: p.population))
            slots = tuple(round(before[p.population][p.last] - before[p.population][p.first]) for p in pieces)
            chip = core.slab if self._slabs > 1 else None
            plan.append(CorePlan(pieces, load_of(pieces, sum(slots), self._target), slots, chip))
        return tuple(sorted(plan, key=lambda c: (c.pieces[0].population, c.pieces[0].first)))

    def _pass(self, order: list[int], shared: bool) -> list[_Core]:
        self._slots.forget()
        cores: list[list[_Core]] = [[] for _ in range(self._slabs)]
        for number, index in enumerate(order):
            self._say(self._cutters[index].population.name)
            lighter = order[number + 1 :] if shared else []
            pieces: list[Piece] = []
            for slab, begun in enumerate(cores):
                placed = _Filler(self, index, lighter, begun if shared else [], slab)
                cores[slab] = placed.fill() if shared else begun + placed.fill()
                pieces += placed.pieces
            self._slots.place(index, pieces)
        return [core for slab in cores for core in slab]


class _Filler:
    """Places a slab of one population on cores that are begun and on new ones."""

    def __init__(self, planner: _Planner, index: int, lighter: list[int], cores: list[_Core], slab: int) -> None:
        self._target = planner._target
        self._cutter = planner._cutters[index]
        self._before = planner._slots.before(index)
        self._cap = planner._cap
        self._density = planner._density[index]
        self._margin = planner._margin
        self._begin, self._end = planner.slab(index, slab)
        self._slab = slab
        sizes = {i: last - first for i in lighter for first, last in [planner.slab(i, slab)]}
        self._light = [(sizes[i], planner._density[i]) for i in reversed(lighter)]
        self._cores = list(cores)
        self._waiting = sum(planner._target.core.compartments - core.neurons for core in cores)  # on all cores together
        self._guess: dict[int, int] = {}
        self._made: dict[tuple[int, int], Piece] = {}  # by end and formats; core after core is offered the same
        self._made_from = -1
        self.pieces: list[Piece] = []

    def fill(self) -> list[_Core]:
        """All cores, the population included."""
        first, total = self._begin, self._end
        for core in self._cores:
            if first < total:
                first = self._add(core, first)
        while first < total:
            self._cores.append(_Core(self._slab))
            self._waiting += self._target.core.compartments
            first = self._add(self._cores[-1], first)
        return self._cores

    def _add(self, core: _Core, first: int) -> int:
        """Add as much as the core takes from `first` on; where the rest begins."""
        total = self._end
        room = min(total - first, self._target.core.compartments - core.neurons)
        least = min(total - first, max(self._target.core.compartments // LEAST_PART, 1)) if core.pieces else 1
        if room < least or (core.pieces and not self._may_hold(core, first, least)):
            return first
        piece, use = self._longest(core, first, (least, room), True)
        if piece is None and not core.pieces:
            piece, use = self._longest(core, first, (least, room), False)
        if piece is None and not core.pieces:
            assert use is not None
            held = self._piece(core, (first, first + 1), float(self._before[first + 1] - self._before[first]))[1]
            raise neuron_too_large(self._cutter.population.name, use, uses(held, self._target), self._target)
        if piece is None:
            return first
        if piece.last < total:
            piece = replace(piece, binding=use.limit if use else "compartments")
        core.add(piece, float(self._before[piece.last] - self._before[piece.first]))
        self._waiting -= piece.neurons
        core.work += self._work(piece.first, piece.last)
        self.pieces.append(piece)
        return piece.last

    def _may_hold(self, core: _Core, first: int, least: int) -> bool:
        """Whether a core that is begun has any room for neurons as they are on average."""
        load = load_of(core.pieces, int(core.slots), self._target)
        slots = (self._before[first + least] - self._before[first]) / least
        need = self._density.by_limit() | {"output_slots": slots}
        return all(use.used + need.get(use.limit, 0) * least / 2 <= use.maximum for use in uses(load, self._target))

    def _longest(
        self, core: _Core, first: int, lengths: tuple[int, int], leave: bool
    ) -> tuple[Piece | None, Use | None]:
        """The longest piece from `first` on of least to most `lengths`, and what keeps it from being longer.

        What a piece takes grows about linearly, so the next trial is where the last two say that a limit is reached.
        Each lies strictly between what fits and what breaks, and after some of them halves what is between: they end.
        """
        least, room = lengths
        best, use = None, None
        fits, breaks = least - 1, room + 1
        last = 0, self._average(core, 0, leave)
        guess = self._guess.get(len(core.pieces)) or _reached(last, (room, self._average(core, room, leave)))
        trial = min(max(guess, least), room)
        for step in count():
            parts, found, piece = self._filled(core, (first, first + trial), leave)
            if found is None:
                fits, best = trial, piece
            else:
                breaks, use = trial, found
            if breaks - fits <= 1 + (fits // 128 if best and use else 0):
                break
            reached, last = _reached(last, (trial, parts)), (trial, parts)
            if step >= STRAIGHT or (use and reached >= 2 * breaks - fits):
                trial = (fits + breaks) // 2
            else:
                trial = min(max(reached, fits + 1 + (fits // 128 if use else 0)), breaks - 1)
        if best is not None:
            self._guess[len(core.pieces)] = best.neurons
        return best, use

    def _filled(
        self, core: _Core, stretch: tuple[int, int], leave: bool
    ) -> tuple[list[float], Use | None, Piece | None]:
        """The part used of each limit that adds up, the first limit that breaks, and the piece."""
        neurons = stretch[1] - stretch[0]
        slots = float(self._before[stretch[1]] - self._before[stretch[0]])
        piece, load = self._piece(core, stretch, slots)
        reserve = self._reserve(core, neurons) if leave else {}
        parts, found = self._parts(load, reserve, core.work + self._work(*stretch))
        return parts, found, piece

    def _average(self, core: _Core, neurons: int, leave: bool) -> list[float]:
        """The part used of each limit that adds up with so many more neurons as they are on average."""
        load = load_of(core.pieces, int(core.slots), self._target)
        more = {"compartments": float(neurons)} | {k: neurons * part for k, part in self._density.by_limit().items()}
        for limit, kept in self._reserve(core, neurons).items() if leave else ():
            more[limit] += kept
        total = self._work(self._begin, self._end)
        return self._parts(load, more, core.work + total * neurons / max(self._end - self._begin, 1))[0]

    def _parts(self, load: Load, more: dict[str, float], work: float) -> tuple[list[float], Use | None]:
        """The part used of each limit that adds up if so much is added to a load, and the first limit that breaks."""
        parts, found = [], None
        for use in uses(load, self._target):
            wanted = use.used + more.get(use.limit, 0.0)
            if use.limit not in _TABLES:
                parts.append(wanted / use.maximum)
            if wanted > use.maximum and found is None:
                found = use
        if self._cap is not None:
            parts.append(work)
            if work > 1 and found is None:
                found = Use("work", ceil(100 * work), 100, "% of the work", "allow more work on a core")
        return parts, found

    def _work(self, first: int, last: int) -> float:
        """The part of the most work that a stretch is."""
        return 0.0 if self._cap is None else self._cap.of(self._cutter.index, first, last)

    def _piece(self, core: _Core, stretch: tuple[int, int], slots: float) -> tuple[Piece, Load]:
        """The piece with as many formats as the core's table has room for."""
        formats = self._cutter.most_formats
        if stretch[0] != self._made_from:
            self._made, self._made_from = {}, stretch[0]
        while True:
            key = (stretch[1], formats)
            piece = self._made[key] = self._made.get(key) or self._cutter.piece(*stretch, formats)
            load = core.with_piece(piece, slots, self._target)
            if load.synapse_formats <= self._target.core.synapse_formats or formats == 1:
                return piece, load
            formats -= 1

    def _reserve(self, core: _Core, neurons: int) -> dict[str, float]:
        """What lighter populations will take of the compartments left: the lightest come where there is room for
        them all, others where cores have begun to wait for more.
        """
        limit = self._target.core.compartments
        free = limit - core.neurons - neurons
        waiting = self._waiting - neurons
        words = axons = slots = 0.0
        left = waiting
        for available, density in self._light:
            taken = min(left, available)
            words, axons, slots = (
                total + taken * each
                for total, each in ((words, density.words), (axons, density.axons), (slots, density.slots))
            )
            left -= taken
        share = free / waiting * self._margin if waiting else 0.0
        return {"synapse_memory": words * share, "input_axons": axons * share, "output_slots": slots * share}


def _reached(last: tuple[int, list[float]], here: tuple[int, list[float]]) -> int:
    """The length at which the straight line through two trials, each with the parts used of every limit, reaches one;
    beyond all lengths if none is neared.
    """
    (a, before), (b, after) = sorted((last, here), key=lambda trial: trial[0])
    steps = [(1 - low) / (high - low) for low, high in zip(before, after, strict=True) if high > low]
    return a + int((b - a) * min(steps) + 1e-9) if steps else 1 << 31


#: Limits that count distinct rows, which do not grow with the stretch.
_TABLES = ("neuron_rows", "threshold_rows", "synapse_formats", "words_per_axon")
