"""Drafts: a network laid out on cores in several ways, of which the one with fewest cores and packets is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from neurodeploy.compiler.chips import board_plan, likely_chips
from neurodeploy.compiler.configuration import row_width
from neurodeploy.compiler.flows import Rates, reached
from neurodeploy.compiler.formats import MOST_FORMATS, FormatChoice, choose_formats
from neurodeploy.compiler.laying import lay_out
from neurodeploy.compiler.layout import LaidOut, compartment_order
from neurodeploy.compiler.memory import index_bits
from neurodeploy.compiler.partition import CorePlan
from neurodeploy.compiler.pieces import Cutter
from neurodeploy.compiler.strips import strip_packets
from neurodeploy.compiler.target import Target
from neurodeploy.compiler.viterbi import Costs
from neurodeploy.compiler.workload import WorkCap, work_before
from neurodeploy.network import Network
from neurodeploy.precision import IntArray

#: The strips of every population; see `compartment_order`.
Strips = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Draft:
    """One way to lay a network out.

    Attributes:
        orders: layout of each population; laid: the projections, laid out.
        cores: in network order.
    """

    orders: list[IntArray]
    laid: list[LaidOut]
    cores: tuple[CorePlan, ...]

    @property
    def lacks_memory(self) -> bool:
        """Whether some population was cut because a core's synapse memory was full."""
        return any(piece.binding == "synapse_memory" for core in self.cores for piece in core.pieces)

    def packets(self, network: Network, rates: Rates) -> int:
        """Packets that all cores receive while the rates were counted, those from the host included."""
        spikes = rates.by_population(network)
        source = [network.index(p.source) for p in network.projections]
        total = 0
        for core in self.cores:
            total += reached([(source[j], heard) for p in core.pieces for j, heard in p.sources.items()], spikes)
        return total


class Drafter:
    """Drafts a network for a target; what drafts share is made once.

    Args:
        network: integer and quantized.
        target: whose limits each core keeps.
        say: called with the name of each population before it is placed.
    """

    def __init__(self, network: Network, target: Target, say: Callable[[str], None]) -> None:
        self._network, self._target, self._say = network, target, say
        self._orders: dict[tuple[int, int | None], IntArray] = {}
        self._laid: dict[tuple[int, int | None], LaidOut] = {}
        self._cutters: dict[tuple[int, int | None], Cutter] = {}
        self._alike = Rates.uniform(network)
        self._counted: dict[Rates, list[dict[int, int]]] = {}

    def strips(self, rates: Rates) -> Strips:
        """For each population the strips whose stretches fewest packets go to."""
        return tuple(min(p, key=lambda width: p[width]) if p else None for p in self._packets(rates))

    def candidates(self, rates: Rates) -> tuple[Strips, ...]:
        """Strips worth trying, the most promising first: those that fit the rates best; those that fit best if all
        neurons fire alike, but for the population where the rates matter most; these for all; whole rows.
        """
        best, alike = self.strips(rates), self.strips(self._alike)
        gains = [
            p[a] - min(p.values()) if a is not None else 0 for p, a in zip(self._packets(rates), alike, strict=True)
        ]
        most = gains.index(max(gains))
        mixed = (*alike[:most], best[most], *alike[most + 1 :])
        return tuple(dict.fromkeys((best, mixed, alike, (None,) * len(best))))

    def columns(self, rates: Rates) -> Strips:
        """Strips of one column each, but for planes one after the other.

        They go down and up in turns: a window that lies across the end of a column is one run and takes fewer words.
        """
        best, shapes = self.strips(rates), [p.shape or () for p in self._network.populations]
        planes = [i > 0 and len(shape) == 3 and shape[1] > 1 and best[i] != 0 for i, shape in enumerate(shapes)]
        return tuple(1 if plane else strip for plane, strip in zip(planes, best, strict=True))

    def _packets(self, rates: Rates) -> list[dict[int, int]]:
        rates = rates if rates.recordings else self._alike
        if rates not in self._counted:
            network, per_core = self._network, self._target.core.compartments
            spikes = rates.by_population(network)
            self._counted[rates] = [
                strip_packets(network, i, per_core, spikes) for i in range(len(network.populations))
            ]
        return self._counted[rates]

    def laid(self, strips: Strips) -> list[LaidOut]:
        """The projections, laid out."""
        network = self._network
        found = []
        for j, projection in enumerate(network.projections):
            target = network.index(projection.target)
            key = (j, strips[target])
            if key not in self._laid:
                self._laid[key] = lay_out(network, projection, self._order(target, strips[target]))
            found.append(self._laid[key])
        return found

    def best(self, rates: Rates, least: int) -> Draft:
        """The draft with fewest cores, among those the one with fewest packets.

        Another of the `candidates` is tried only where the ones before take more than the `least` cores that any
        mapping takes, `columns` only where memory is what they lack. If that is more than a chip has, the candidate
        with least between chips is taken.

        Raises:
            DoesNotFitError: a neuron that no core can hold, or recurrence that never settles.
        """
        network = self._network
        found: list[Draft] = []
        candidates: Sequence[Strips] = self.candidates(rates)
        if least > self._target.cores_per_chip:
            candidates = (min(candidates, key=lambda strips: self._chips(strips, least)),)
        for strips in candidates:
            found.append(self._draft(strips, least))
            if len(found[-1].cores) <= least:
                break
        columns, one_chip = self.columns(rates), least <= self._target.cores_per_chip
        if one_chip and columns not in candidates and all(len(d.cores) > least and d.lacks_memory for d in found):
            found.append(self._draft(columns, least))
        if len(found) == 1:
            return found[0]
        return min(found, key=lambda draft: (len(draft.cores), draft.packets(network, rates)))

    def spread(self, rates: Rates, cores: int) -> Draft:
        """A draft for about so many cores or some more, of which none has more to do than its share; whatever comes out
        is taken as it is.

        Raises:
            DoesNotFitError: see `best`.
        """
        strips = self.strips(rates)
        before = work_before(self._network, self.laid(strips), rates)
        cap = WorkCap(sum(float(work[-1]) for work in before) / cores, before)
        return self._draft(strips, cores, cap)

    def _draft(self, strips: Strips, least: int, cap: WorkCap | None = None) -> Draft:
        laid = self.laid(strips)
        orders = [self._order(i, strip) for i, strip in enumerate(strips)]
        cutters = [self._cutter(i, strip, laid) for i, strip in enumerate(strips) if i]
        cores = board_plan(self._network, self._target, laid, orders, cutters, least, self._say, cap)
        return Draft(orders, laid, cores)

    def _chips(self, strips: Strips, least: int) -> tuple[int, int]:
        orders = [self._order(i, strip) for i, strip in enumerate(strips)]
        return likely_chips(least, self._network, self._target, self.laid(strips), orders)

    def _order(self, index: int, strip: int | None) -> IntArray:
        if (index, strip) not in self._orders:
            population = self._network.populations[index]
            self._orders[index, strip] = compartment_order(population, self._network.into(population.name), strip)
        return self._orders[index, strip]

    def _cutter(self, index: int, strip: int | None, laid: list[LaidOut]) -> Cutter:
        """What makes pieces of a population."""
        if (index, strip) not in self._cutters:
            network, target = self._network, self._target
            costs = Costs(index_bits(target.core.compartments), target.memory_rule != "nxtf")
            incoming = _formats(network, index, laid, target, costs)
            population, order = network.populations[index], self._order(index, strip)
            self._cutters[index, strip] = Cutter(population, index, order, incoming, target, costs, row_width(network))
        return self._cutters[index, strip]


def _formats(
    network: Network, index: int, laid: list[LaidOut], target: Target, costs: Costs
) -> dict[int, tuple[LaidOut, FormatChoice]]:
    """The projections into a population with the formats they may use.

    Several formats are tried where dense synapses into a population are many; windows of a kernel hold few weights
    that differ, and their axons are short.
    """
    name = network.populations[index].name
    mine = [(j, part) for j, part in enumerate(laid) if part.projection.target == name]
    room = max(min(MOST_FORMATS, target.core.synapse_formats) - len(mine) + 1, 1)
    return {
        j: (part, choose_formats(part, target, costs, room if part.projection.synapse.learned else 1))
        for j, part in mine
    }
