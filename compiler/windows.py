"""Convolutions and pools laid out without listing their synapses.

Sources in the middle of a plane reach the same compartments through the same weights, but for where the first of them
lies; at each border there are a few kinds more. A stretch of the layout cuts some of that off at both of its ends. What
is left of a source's synapses, its fragment, is one of few and is written out once, whichever sources have it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.axis import Axis
from neurodeploy.compiler.entries import Entries
from neurodeploy.compiler.layout import LaidOut, Slice
from neurodeploy.compiler.memory import Lists, SynapseFormat
from neurodeploy.compiler.ragged import Integers, Pool
from neurodeploy.compiler.shared_lists import EntryStore, ListStore
from neurodeploy.compiler.viterbi import Costs
from neurodeploy.network import Conv2d, Population, Projection, Shape, SumPool2d
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class _Kernel:
    """A convolution or pool, brought to one form.

    Attributes:
        weight: (slabs, kernel height, kernel width, channels out of a group); what one channel of the source sends.
        slab: of each channel of the source, (groups, channels in of a group).
    """

    weight: IntArray
    slab: IntArray

    @classmethod
    def of(cls, synapse: Conv2d | SumPool2d, channels: int) -> _Kernel:
        weight = synapse.weight.astype(np.int64)
        if isinstance(synapse, SumPool2d):
            return cls(weight[None, :, :, None], np.zeros((channels, 1), np.int64))
        outputs, inputs, height, width = weight.shape
        grouped = weight.reshape(synapse.groups, outputs // synapse.groups, inputs, height, width)
        slabs = grouped.transpose(0, 2, 3, 4, 1).reshape(-1, height, width, outputs // synapse.groups)
        return cls(slabs, np.arange(len(slabs)).reshape(synapse.groups, inputs))


def _axes(synapse: Conv2d | SumPool2d, source: Shape, out: Shape) -> tuple[Axis, Axis]:
    """Rows and columns."""
    top, left = synapse.padding[0], synapse.padding[2 if isinstance(synapse, SumPool2d) else 1]
    dilation = (1, 1) if isinstance(synapse, SumPool2d) else synapse.dilation
    size = synapse.weight.shape[-2:]
    rows, columns = (
        Axis.of(source[1 + i], out[1 + i], size[i], synapse.stride[i], dilation[i], before)
        for i, before in enumerate((top, left))
    )
    return rows, columns


class Windows(LaidOut):
    """A convolution or pool into a plane whose layout has its channels innermost.

    A pattern is what a source reaches through all taps of the kernel, weights of zero among them, counted from its
    origin: pixel and group of the first of them. Row and column pattern together give it.

    Args:
        projection: from a plane by `Conv2d` or `SumPool2d`.
        source: the population it comes from.
    """

    def __init__(self, projection: Projection, source: Population) -> None:
        synapse, shape = projection.synapse, source.shape or ()
        assert isinstance(synapse, Conv2d | SumPool2d)
        self.projection, self.delays, self._shape = projection, source.delays(), shape
        out = synapse.output_shape(shape)
        self.targets = int(np.prod(out))
        self._row, self._pixel = out[0] * out[2], out[0]
        self._rows, self._columns = _axes(synapse, shape, out)
        kernel = _Kernel.of(synapse, shape[0])
        self._slab, self._slabs = kernel.slab, len(kernel.weight)
        group = kernel.weight.shape[3]
        self._offset = np.arange(len(kernel.slab)) * group
        self._reached: list[IntArray] = []
        self._weights: list[IntArray] = []
        for taps_y, y in self._rows.taps:
            for taps_x, x in self._columns.taps:
                place = (y[:, None] * out[2] + x)[:, :, None] * self._pixel + np.arange(group)
                self._reached.append(place.reshape(-1))
                self._weights.append(kernel.weight[:, taps_y][:, :, taps_x].reshape(self._slabs, -1))
        self._taps = np.array([len(r) for r in self._reached])
        self._extent = np.array([r[-1] if len(r) else -1 for r in self._reached])
        self._wide = int(self._extent.max()) + 2
        self._key = np.concatenate([i * self._wide + r for i, r in enumerate(self._reached)])
        self._key_start = np.cumsum(self._taps) - self._taps
        self.weight = np.unique(np.concatenate([w.reshape(-1) for w in self._weights]))
        self.weight = self.weight[self.weight != 0]
        self.fan_out = self._per_source(np.broadcast_to(self._taps, (self._slabs, len(self._taps))))
        self._cuts: dict[tuple[int, int, int], int] = {}
        self._fragments = Pool(position=np.int32, weight=np.int32)
        self._number((0, 0, 0))  # cut 0 holds nothing
        self._stores: dict[tuple[tuple[SynapseFormat, ...], Costs, bool], ListStore] = {}
        self._entries = EntryStore(self._fragments)

    def part(self, first: int, last: int) -> Touched:
        """See `LaidOut`."""
        last = min(last, self.targets)
        rows, columns = self._near(first, last)
        pattern = self._pattern(rows, columns)[None]
        origin = self._origin(rows, columns) + self._offset[:, None, None] - first
        low, high = np.zeros(origin.shape, np.int64), np.broadcast_to(self._taps[pattern], origin.shape).copy()
        for cut, edge in ((low, -origin), (high, last - first - origin)):
            inside = edge > 0 if cut is low else edge <= self._extent[pattern]
            some = np.flatnonzero(inside)
            which = np.broadcast_to(pattern, origin.shape).reshape(-1)[some]
            key = which * self._wide + np.clip(edge.reshape(-1)[some], 0, self._wide - 1)
            cut.reshape(-1)[some] = np.searchsorted(self._key, key) - self._key_start[which]
        number = self._numbers(np.broadcast_to(pattern, origin.shape), low, high)
        fragment = (number[:, None] * self._slabs + self._slab[:, :, None, None]).reshape(-1)
        used = np.flatnonzero(self._fragments.length[fragment])
        shift = np.broadcast_to(origin[:, None], (*self._slab.shape, *origin.shape[1:])).reshape(-1)[used]
        return Touched(self, self._sources(rows, columns)[used], fragment[used], shift)

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
        ends = np.array([[_ends(at, row) for at, row in zip(self._reached, w, strict=True)] for w in self._by_slab()])
        origin = self._origin(slice(None), slice(None))[None, None] + self._offset[:, None, None, None]
        origin = np.broadcast_to(origin, (*self._slab.shape, *self._shape[1:])).reshape(-1)
        first, last = (self._per_source(ends[:, :, i]) for i in (0, 1))
        none = last < 0
        return np.where(none, self.targets, origin + first), np.where(none, -1, origin + last)

    def sums(self, cost: IntArray) -> IntArray:
        """See `LaidOut`."""
        counted = np.where(np.arange(len(cost)) > 0, cost, 0)
        return self._per_source(np.array([counted[np.abs(w)].sum(axis=1) for w in self._weights]).T)

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

    def _by_slab(self) -> list[list[IntArray]]:
        return [[w[slab] for w in self._weights] for slab in range(self._slabs)]

    def _near(self, first: int, last: int) -> tuple[slice, slice]:
        """Rows and columns of sources that may reach a stretch."""
        top, bottom = first // self._row, max(last - 1, first) // self._row
        columns = slice(0, self._shape[2])
        if top == bottom:
            inside = first % self._row, max(last - 1, first) % self._row
            columns = self._columns.inputs(inside[0] // self._pixel, inside[1] // self._pixel)
        return self._rows.inputs(top, bottom), columns

    def _pattern(self, rows: slice, columns: slice) -> IntArray:
        """(rows, columns)."""
        return self._rows.pattern[rows, None] * len(self._columns.taps) + self._columns.pattern[columns]

    def _origin(self, rows: slice, columns: slice) -> IntArray:
        """First pixel that a source reaches, as a position of the layout, (rows, columns)."""
        result: IntArray = self._rows.first[rows, None] * self._row + self._columns.first[columns] * self._pixel
        return result

    def _sources(self, rows: slice, columns: slice) -> IntArray:
        """Numbers of the sources in some rows and columns of all channels, ascending, (sources,)."""
        height, width = self._shape[1:]
        channel = np.arange(self._slab.size) * (height * width)
        pixel = np.arange(height)[rows, None] * width + np.arange(width)[columns]
        return (channel[:, None, None] + pixel).reshape(-1)

    def _per_source(self, table: Integers) -> IntArray:
        """A value for every slab and pattern, (slabs, patterns), as one for every source neuron, (source neurons,)."""
        pattern = self._pattern(slice(None), slice(None))
        return np.asarray(table)[self._slab.reshape(-1)[:, None, None], pattern].reshape(-1).astype(np.int64)

    def _numbers(self, pattern: IntArray, low: IntArray, high: IntArray) -> IntArray:
        """The number of each cut, 0 for those that leave nothing; the shape of all three."""
        most = int(self._taps.max()) + 1
        key = np.where(low < high, (pattern * most + low) * most + high, 0)
        distinct, which = np.unique(key, return_inverse=True)
        numbers = [self._number((k // most // most, k // most % most, k % most)) for k in distinct.tolist()]
        return np.array(numbers, np.int64)[which.reshape(key.shape)]

    def _number(self, cut: tuple[int, int, int]) -> int:
        """The number of (pattern, first tap, end of taps), written out for every slab when first seen."""
        if cut not in self._cuts:
            pattern, low, high = cut
            weight = self._weights[pattern][:, low:high]
            used = weight != 0
            place = np.broadcast_to(self._reached[pattern][low:high], weight.shape)
            self._fragments.add(np.count_nonzero(used, axis=1), position=place[used], weight=weight[used])
            self._cuts[cut] = len(self._cuts)
        return self._cuts[cut]


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


def _ends(place: IntArray, weight: IntArray) -> tuple[int, int]:
    """First and last place with a weight that is not zero, (0, −1) without any."""
    used = np.flatnonzero(weight)
    return (int(place[used[0]]), int(place[used[-1]])) if len(used) else (0, -1)
