"""Partition: every population on cores is cut into stretches of its layout, each as long as every limit allows.

Populations are cut from the output backwards, so that the number of output slots a neuron needs is known when its
own core is filled; projections that lead backwards are settled by repeating the pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.configuration import neuron_rows, row_width, thresholds
from neurodeploy.compiler.layout import LaidOut, Slice, compartment_order
from neurodeploy.compiler.limits import Load, Use, broken
from neurodeploy.compiler.target import Target
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import Network, Population
from neurodeploy.precision import IntArray

MAX_PASSES = 20


@dataclass(frozen=True, eq=False)
class Stretch:
    """One core's part of a population.

    Attributes:
        population: position in the network.
        neurons: neuron number of each compartment, (compartments,).
        slices: for each projection into the population, by its position in the network.
        load: what the core holds, output slots included.
        binding: the limit that kept it from being longer, None for the last stretch of a population.
    """

    population: int
    neurons: IntArray
    slices: dict[int, Slice]
    load: Load
    binding: str | None


def partition(
    network: Network, target: Target, laid: list[LaidOut], progress: Callable[[str], None] | None = None
) -> tuple[Stretch, ...]:
    """The stretches of all populations but the input, in network order.

    Args:
        network: integer and quantized.
        target: whose limits each stretch keeps.
        laid: its projections, laid out.
        progress: called with the name of each population before it is cut.

    Raises:
        DoesNotFitError: a neuron that no core can hold, or recurrence that never settles.
    """
    assumed = [np.zeros(p.neurons, np.int64) for p in network.populations]
    for _ in range(MAX_PASSES):
        stretches, backward = _pass(network, target, laid, assumed, progress)
        if all(np.all(b <= a) for a, b in zip(assumed, backward, strict=True)):
            return stretches
        assumed = [np.maximum(a, b) for a, b in zip(assumed, backward, strict=True)]
    raise DoesNotFitError(
        "network", "its backward projections ask for more output slots in every pass", "reduce their fan-out"
    )


def _pass(
    network: Network,
    target: Target,
    laid: list[LaidOut],
    assumed: list[IntArray],
    progress: Callable[[str], None] | None,
) -> tuple[tuple[Stretch, ...], list[IntArray]]:
    """One pass over the populations; also the slots that backward projections turned out to need, (neurons,) each."""
    cost = 1 if target.chips == 1 else 2
    forward = [np.zeros_like(a) for a in assumed]
    backward = [np.zeros_like(a) for a in assumed]
    width = row_width(network)
    result: list[Stretch] = []
    for i in range(len(network.populations) - 1, 0, -1):
        if progress:
            progress(network.populations[i].name)
        incoming = {j: part for j, part in enumerate(laid) if part.projection.target == network.populations[i].name}
        stretches = _Cutter(network.populations[i], i, target, incoming, forward[i] + assumed[i], width).stretches()
        for stretch in stretches:
            for j, part in stretch.slices.items():
                source = network.index(network.projections[j].source)
                (forward if source < i else backward)[source][part.source] += cost
        result = stretches + result
    return tuple(result), backward


class _Cutter:
    """Cuts one population; `slots` is what each of its neurons needs, (neurons,); `width` that of a row."""

    def __init__(
        self,
        population: Population,
        index: int,
        target: Target,
        incoming: dict[int, LaidOut],
        slots: IntArray,
        width: int,
    ) -> None:
        self._population = population
        self._index = index
        self._target = target
        self._incoming = incoming
        self._order = compartment_order(population)
        self._slots = np.concatenate([[0], np.cumsum(slots[self._order])])
        rows = neuron_rows(population, width)[self._order]
        self._rows = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
        self._thresholds = thresholds(population)[self._order]

    def stretches(self) -> list[Stretch]:
        """The whole population."""
        result: list[Stretch] = []
        first, size = 0, self._target.core.compartments
        while first < len(self._order):
            last, binding = self._longest(first, size)
            load, slices = self._load(first, last)
            result.append(Stretch(self._index, self._order[first:last], slices, load, binding))
            first, size = last, last - first
        return result

    def _longest(self, first: int, guess: int) -> tuple[int, str | None]:
        """End of the longest stretch that starts at `first`, and the limit that ends it.

        Every limit grows with the stretch, so the first break is found by bisection; the length of the last
        stretch is tried first, since neighbouring stretches are mostly alike.
        """
        total = len(self._order)
        fits, breaks = first, total + 1
        use: Use | None = None
        trial = min(first + guess, total)
        while breaks - fits > 1:
            found = self._broken(first, trial)
            if found is None:
                fits, trial = trial, trial + 1 if trial == first + guess else (trial + breaks) // 2
            else:
                breaks, use = trial, found
                trial = (fits + breaks) // 2
            trial = min(max(trial, fits + 1), total)
        if fits == first:
            assert use is not None
            raise DoesNotFitError(
                self._population.name,
                f"a single neuron needs {use.used:,} {use.unit}, a core of {self._target.name} has {use.maximum:,}",
                use.remedy,
            )
        return fits, use.limit if use else None

    def _broken(self, first: int, last: int) -> Use | None:
        if last - first > self._target.core.compartments:
            last = first + self._target.core.compartments + 1
            load = Load(last - first, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        else:
            load = self._load(first, last)[0]
        return broken(load, self._target)

    def _load(self, first: int, last: int) -> tuple[Load, dict[int, Slice]]:
        slices = {j: laid.cut(first, last) for j, laid in self._incoming.items()}
        slices = {j: part for j, part in slices.items() if len(part.source)}
        memory = [self._incoming[j].memory(part, last - first) for j, part in slices.items()]
        load = Load(
            compartments=last - first,
            delay_bits=max((part.delay_bits for part in slices.values()), default=0),
            input_axons=sum(len(part.source) for part in slices.values()),
            output_slots=int(self._slots[last] - self._slots[first]),
            nengo_bits=sum(m.nengo_bits for m in memory),
            nxtf_words=sum(m.nxtf_words for m in memory),
            longest_axon=max((m.longest_axon for m in memory), default=0),
            neuron_rows=len(np.unique(self._rows[first:last])),
            threshold_rows=len(np.unique(self._thresholds[first:last])),
            synapse_formats=len(slices),
        )
        return load, slices
