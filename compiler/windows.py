"""Convolutions, transposed ones too, and pools laid out without listing their synapses.

Most sources of a plane reach the same compartments through the same weights, but for where the first of them lies. What
a source reaches in a stretch of the layout, its fragment, is one of few and is written out once, whichever sources have
it: sources in the middle, at a border of the plane, or where the stretch begins or ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.entries import Entries
from neurodeploy.compiler.kernel import Kernel, Planes
from neurodeploy.compiler.layout import LaidOut, Slice
from neurodeploy.compiler.memory import Lists, SynapseFormat
from neurodeploy.compiler.ragged import Integers, Pool
from neurodeploy.compiler.shared_lists import EntryStore, ListStore
from neurodeploy.compiler.viterbi import Costs
from neurodeploy.network import Population, Projection, Windowed
from neurodeploy.precision import IntArray

#: Weights of fragments that are written out at once, about.
AT_ONCE = 1 << 20


class Windows(LaidOut):
    """A convolution, transposed convolution or pool into planes.

    Args:
        projection: from planes by a `Windowed` synapse.
        source: the population it comes from.
        planes: the layout of its target.
    """

    def __init__(self, projection: Projection, source: Population, planes: Planes) -> None:
        self.projection, self.delays, self.targets = projection, source.delays(), planes.neurons
        assert isinstance(projection.synapse, Windowed)
        self._planes, kernel = planes, Kernel.of(projection.synapse, source.shape or ())
        reached = np.array([np.any(kernel.sources(planes.pixel, tap) >= 0) for tap in range(kernel.taps)])
        self._kernel = kernel = replace(kernel, weight=np.where(reached[:, None], kernel.weight, 0))
        self._slabs = len(kernel.weight)
        self._offset = np.arange(len(kernel.slab)) * kernel.weight.shape[2]
        self.weight = np.unique(kernel.weight)
        self.weight = self.weight[self.weight != 0]
        self.fan_out = self._summed(np.full(kernel.weight.shape[:2], kernel.weight.shape[2]))
        random = np.random.default_rng(0).integers(0, 2**63, kernel.taps, np.uint64)
        self._factor = 2 * random + np.uint64(1)
        self._rows: dict[bytes, int] = {}
        self._row: list[NDArray[np.int32]] = []
        self._cuts: dict[int, int] = {}
        self._fragments = Pool(position=np.int32, weight=np.int32)
        self._stores: dict[tuple[tuple[SynapseFormat, ...], Costs, bool], ListStore] = {}
        self._entries = EntryStore(self._fragments)

    def part(self, first: int, last: int) -> Touched:
        """See `LaidOut`."""
        last, plane = min(last, self.targets), len(self._planes.pixel)
        if not self._planes.apart:
            return self._touched(slice(None), first, last)
        found = [
            self._touched(slice(i, i + 1), max(first - i * plane, 0), min(last - i * plane, plane))
            for i in range(first // plane, -(-last // plane))
        ]
        starts = [max(i * plane - first, 0) for i in range(first // plane, -(-last // plane))]
        return Touched(
            windows=self,
            source=np.concatenate([part.source for part in found]),
            fragment=np.concatenate([part.fragment for part in found]),
            shift=np.concatenate([part.shift + start for part, start in zip(found, starts, strict=True)]),
        )

    def cut(self, first: int, last: int) -> Slice:
        """See `LaidOut`."""
        part = self.part(first, last)
        length = self._fragments.length[part.fragment]
        rows = self._fragments.rows(part.fragment)
        return Slice(
            source=part.source,
            start=np.concatenate([[0], np.cumsum(length)]),
            position=np.repeat(part.shift, length) + self._fragments["position"][rows].astype(np.int64),
            weight=self._fragments["weight"][rows],
            exponent=self.projection.weight_exponent,
        )

    def reach(self) -> tuple[IntArray, IntArray]:
        """See `LaidOut`."""
        slab = self._kernel.slab.reshape(-1)
        offset = np.repeat(self._offset, self._kernel.slab.shape[1])[:, None]
        used = self._kernel.weight != 0
        low, high = used.argmax(axis=2), used.shape[2] - 1 - used[:, :, ::-1].argmax(axis=2)
        shape = (len(slab), self._kernel.pixels)
        first, last = np.full(shape, self.targets), np.full(shape, -1)
        for tap in range(self._kernel.taps):
            channel = np.flatnonzero(used[slab, tap].any(axis=1))
            pixel, rank = self._reached(tap)
            at = np.ix_(channel, pixel)
            position = rank * self._planes.step + offset[channel] * self._planes.spacing
            first[at] = np.minimum(first[at], position + low[slab[channel], tap][:, None])
            last[at] = np.maximum(last[at], position + high[slab[channel], tap][:, None])
        return first.reshape(-1), last.reshape(-1)

    def sums(self, cost: IntArray) -> IntArray:
        """See `LaidOut`."""
        counted = np.where(np.arange(len(cost)) > 0, cost, 0)
        return self._summed(counted[np.abs(self._kernel.weight)].sum(axis=2))

    def lists(self, part: Touched, formats: tuple[SynapseFormat, ...], costs: Costs, one_per_axon: bool) -> Lists:
        """How the axons of a part are stored."""
        key = (formats, costs, one_per_axon)
        if key not in self._stores:
            exponent = self.projection.weight_exponent
            self._stores[key] = ListStore(self._fragments, exponent, formats, costs, one_per_axon)
        return self._stores[key].lists(part.fragment, part.shift)

    def entries(self, part: Touched) -> Entries:
        """The weights of a part by axon."""
        return self._entries.entries(part.fragment, part.shift)

    def _reached(self, tap: int) -> tuple[IntArray, IntArray]:
        """The source pixels that a tap joins to a target pixel, and the rank of that; (pairs,)."""
        pixel = self._kernel.sources(self._planes.pixel, tap)
        rank = np.flatnonzero(pixel >= 0)
        return pixel[rank], rank

    def _summed(self, table: Integers) -> IntArray:
        """What each slab has for each tap, (slabs, taps), added up over the taps of each source neuron."""
        total = np.zeros((self._kernel.slab.size, self._kernel.pixels), np.int64)
        for tap in range(self._kernel.taps):
            total[:, self._reached(tap)[0]] += table[self._kernel.slab.reshape(-1), tap][:, None]
        return total.reshape(-1)

    def _touched(self, groups: slice, first: int, last: int) -> Touched:
        """The part of some groups; positions are counted in the planes of the groups."""
        step, group = self._planes.step, self._kernel.weight.shape[2]
        begin, end = first // step, -(-last // step)
        pixel, rows = self._windows(begin, end)
        lowest = np.min(rows, axis=1, where=rows >= 0, initial=end)
        highest = rows.max(axis=1, initial=-1)
        row = self._row_numbers(np.where(rows >= 0, rows - lowest[:, None], -1).astype(np.int32))
        # in planes apart each group is looked at in its own plane
        offset = self._offset[groups][:, None] * (0 if self._planes.apart else 1)
        low = np.where(lowest == begin, np.clip(first - begin * step - offset, 0, group), 0)
        high = np.where(highest == end - 1, np.clip(last - (end - 1) * step - offset, 0, group), group)
        cut = self._cut_numbers((row * (group + 1) + low) * (group + 1) + high)
        slab = self._kernel.slab[groups]
        fragment = (cut[:, None, :] * self._slabs + slab[:, :, None]).reshape(-1)
        used = np.flatnonzero(self._fragments.length[fragment])
        channel = np.arange(self._kernel.slab.size).reshape(self._kernel.slab.shape)[groups]
        source = (channel[:, :, None] * self._kernel.pixels + pixel).reshape(-1)
        shift = np.broadcast_to((lowest * step + offset - first)[:, None, :], (*slab.shape, len(pixel)))
        return Touched(self, source[used], fragment[used], shift.reshape(-1)[used])

    def _windows(self, begin: int, end: int) -> tuple[IntArray, IntArray]:
        """The source pixels that reach target pixels of rank begin … end − 1, ascending, and the rank that each
        reaches through each tap, −1 for none, (sources, taps).
        """
        taps = np.arange(self._kernel.taps)
        pixel = self._kernel.sources(self._planes.pixel[begin:end, None], taps)
        pair = np.flatnonzero(pixel >= 0)
        source, which = np.unique(pixel.reshape(-1)[pair], return_inverse=True)
        rows = np.full((len(source), len(taps)), -1, np.int64)
        rank, tap = np.divmod(pair, len(taps))
        rows[which.reshape(-1), tap] = rank + begin
        return source, rows

    def _row_numbers(self, rows: NDArray[np.int32]) -> IntArray:
        """A number for each row of ranks, counted from its lowest, the same for equal ones, (rows,)."""
        key = (rows + 1).astype(np.uint64) @ self._factor
        _, some, which = np.unique(key, return_index=True, return_inverse=True)
        if not np.array_equal(rows, rows[some][which.reshape(-1)]):
            _, some, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        numbers = []
        for row in rows[some]:
            numbers.append(self._rows.setdefault(row.tobytes(), len(self._rows)))
            if len(self._row) < len(self._rows):
                self._row.append(row)
        result: IntArray = np.array(numbers, np.int64)[which.reshape(-1)]
        return result

    def _cut_numbers(self, key: IntArray) -> IntArray:
        """The number of each (row, first channel of its first pixel, end of the channels of its last)."""
        distinct, which = np.unique(key, return_inverse=True)
        new = [cut for cut in distinct.tolist() if cut not in self._cuts]
        together = max(AT_ONCE // self._kernel.weight.size, 1)
        for first in range(0, len(new), together):
            self._write_out(new[first : first + together])
        numbers = np.array([self._cuts[cut] for cut in distinct.tolist()], np.int64)
        return numbers[which].reshape(key.shape)

    def _write_out(self, cuts: list[int]) -> None:
        """Number new cuts and append their fragments, one for each slab."""
        for cut in cuts:
            self._cuts[cut] = len(self._cuts)
        weight, group = self._kernel.weight, self._kernel.weight.shape[2]
        pair, high = np.divmod(np.array(cuts), group + 1)
        row, low = np.divmod(pair, group + 1)
        rank = np.stack([self._row[i] for i in row.tolist()])
        tap = np.argsort(rank, axis=1)
        rank = np.take_along_axis(rank, tap, axis=1)[:, :, None]
        place = rank * self._planes.step + np.arange(group)
        inside = (rank >= 0) & (place >= low[:, None, None]) & (place < place[:, -1:, :1] + high[:, None, None])
        used = (weight != 0)[:, tap].swapaxes(0, 1) & inside[:, None]
        one, slab, nth, out = np.nonzero(used)
        self._fragments.add(
            np.count_nonzero(used, axis=(2, 3)).reshape(-1),
            position=place[one, nth, out],
            weight=weight[slab, tap[one, nth], out],
        )


@dataclass(frozen=True, eq=False)
class Touched:
    """A `Part` of a projection of windows.

    Attributes:
        source: see `Part`.
        fragment: of each axon, (axons,).
        shift: where each fragment's origin lies in the stretch, (axons,).
    """

    windows: Windows
    source: IntArray
    fragment: IntArray
    shift: IntArray

    def lists(self, formats: tuple[SynapseFormat, ...], costs: Costs, one_per_axon: bool) -> Lists:
        """See `Part`."""
        return self.windows.lists(self, formats, costs, one_per_axon)

    def entries(self) -> Entries:
        """See `Part`."""
        return self.windows.entries(self)
