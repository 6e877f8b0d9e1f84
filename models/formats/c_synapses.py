"""A projection in generated C99: a loop over the source neurons, and for those that spiked over their synapses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.models.formats.c_population import Cells
from neurodeploy.models.formats.c_text import Tables, block, indented, loop
from neurodeploy.network import (
    Axis,
    ConvTranspose2d,
    Dense,
    OneToOne,
    Projection,
    Shape,
    Sparse,
    SumPool2d,
    Windowed,
    Windows,
    windows,
)
from neurodeploy.precision import IntArray


@dataclass(frozen=True)
class Scaled:
    """Weights as they are stored.

    Attributes:
        weight: divided by a power of two that all have in common.
        gain: what a spike's payload is multiplied by.
        floor_bits: the sum is divided by 2^this, rounded down, and multiplied by 64; 0: it is not.
    """

    weight: IntArray
    gain: int
    floor_bits: int


def scaled(projection: Projection, profile: str) -> Scaled:
    """The weights of a projection in a profile: w · 2^(6 + e) = weight · gain, exponents below zero floored."""
    weight, exponent = projection.synapse.weight.astype(np.int64), projection.weight_exponent
    if exponent < 0 and profile == "loihi":
        weight, exponent = weight >> -exponent, 0
    common = int(np.bitwise_or.reduce(weight, axis=None))
    shift = min((common & -common).bit_length() - 1, 8) if common else 0
    gain = 1 << (shift + (6 + exponent if exponent >= 0 else 0))
    return Scaled(weight >> shift, gain, max(-exponent, 0))


def largest_sum(projection: Projection) -> int:
    """The most that |Σ weight| of one target neuron can be."""
    synapse, size = projection.synapse, np.abs(projection.synapse.weight.astype(np.int64))
    if isinstance(synapse, Sparse):
        total = np.zeros(synapse.targets, np.int64)
        np.add.at(total, synapse.target, size)
        return int(total.max(initial=0))
    if isinstance(synapse, SumPool2d):
        return int(size.sum())
    if isinstance(synapse, ConvTranspose2d):  # of all input channels of a group, through every tap
        return int(size.reshape(synapse.groups, -1, *size.shape[1:]).sum(axis=(1, 3, 4)).max())
    return int(size.max() if isinstance(synapse, OneToOne) else size.reshape(len(size), -1).sum(axis=1).max())


def add_function(
    number: int, projection: Projection, source: Cells, tables: Tables, prefix: str, kind: str, profile: str
) -> list[str]:
    """The function `add_NUMBER`, which adds what arrives in this step to `s->q`, or where the projection is imaginary
    to `s->imaginary`; empty without synapses.

    Args:
        number: position of the projection.
        projection: with integer weights.
        source: its source population.
        tables: gets its weights.
        prefix: of the state structure.
        kind: type of q.
        profile: see `scaled`.
    """
    stored = scaled(projection, profile)
    if not stored.weight.size:
        return []
    total = "imaginary" if projection.imaginary else "q"
    into = "part" if stored.floor_bits else total
    shape = source.population.shape or ()
    before, payload = source.arriving(tables)
    once = _SynapseText(number, projection, shape, tables, kind, into)
    suffix = "u" if kind.startswith("u") else ""
    per_spike = [
        f"const int32_t payload = {payload};",
        "if (payload == 0) continue;",
        f"const {kind} gain = ({kind})payload * {stored.gain}{suffix};",
        *once.per_spike(stored.weight),
    ]
    body = [*before, *once.around(per_spike)]
    if stored.floor_bits:
        targets = int(np.prod(projection.synapse.output_shape(shape)))
        folded = [f"s->{total}[i] += floored(s->part[i], {stored.floor_bits}) * 64;"]
        body = ["memset(s->part, 0, sizeof s->part);", *body, *loop("i", targets, folded)]
    given = source.given and not source.rows
    head = f"static void add_{number}({prefix}_state *s{', const int16_t *input' if given else ''})"
    return [f"/* {projection.name} */", head, "{", *indented(body), "}"]


@dataclass(frozen=True)
class _SynapseText:
    """The loops of one kind of synapse; `kind` is the type of `s->INTO`, to which they add."""

    number: int
    projection: Projection
    source: Shape
    tables: Tables
    kind: str
    into: str

    def around(self, per_spike: list[str]) -> list[str]:
        """The loop over source neurons `n`; of planes, over channel, row and column."""
        neurons = int(np.prod(self.source))
        if not isinstance(self.projection.synapse, Windowed):
            return loop("n", neurons, per_spike)
        channels, height, width = self.source
        numbered = [f"const int32_t n = (channel * {height} + y) * {width} + x;", *per_spike]
        return loop("channel", channels, loop("y", height, loop("x", width, numbered)))

    def per_spike(self, weight: IntArray) -> list[str]:
        """What a spike of neuron `n` adds with `gain`."""
        synapse = self.projection.synapse
        if isinstance(synapse, Dense):
            kind = self._table(weight.T, "[source][target]")
            targets = len(weight)
            row = f"const {kind} *w = weight_{self.number} + (size_t)n * {targets};"
            return [row, *loop("i", targets, [self._add("i", "w[i]")])]
        if isinstance(synapse, OneToOne):
            comment = f"weights of {self.projection.name}"
            value = self.tables.value(f"weight_{self.number}", weight, comment).replace("[i]", "[n]")
            return [self._add("n", f"({value})" if value.startswith("-") else value)]
        if isinstance(synapse, Sparse):
            return self._sparse(synapse, weight)
        return self._windows(synapse, weight)

    def _sparse(self, synapse: Sparse, weight: IntArray) -> list[str]:
        """Synapses sorted by source; those of neuron n are numbers start[n] … start[n + 1] − 1."""
        order = np.argsort(synapse.source, kind="stable")
        neurons = int(np.prod(self.source))
        start = np.concatenate(([0], np.cumsum(np.bincount(synapse.source, minlength=neurons))))
        name = self.projection.name
        self._table(weight[order], "by source")
        self.tables.add(f"target_{self.number}", synapse.target[order], f"target neurons of {name}")
        self.tables.add(f"start_{self.number}", start, f"first synapse of every source neuron of {name}")
        begin, end = f"(size_t)start_{self.number}[n]", f"(size_t)start_{self.number}[n + 1]"
        add = self._add(f"target_{self.number}[k]", f"weight_{self.number}[k]")
        return block(f"for (size_t k = {begin}; k < {end}; k++)", [add])

    def _windows(self, synapse: Windowed, weight: IntArray) -> list[str]:
        """Through each kernel tap to the one pixel that it reaches there, in all output channels of the group."""
        found = windows(synapse, self.source)
        taps = [*_reached("x", found.columns), *self._channels(synapse, found, weight)]
        rows = [*_reached("y", found.rows), *loop("tap_x", found.columns.taps, taps)]
        return loop("tap_y", found.rows.taps, rows)

    def _channels(self, synapse: Windowed, found: Windows, weight: IntArray) -> list[str]:
        pixel = f"* {found.rows.targets} + out_y) * {found.columns.targets} + out_x"
        taps_y, taps_x = found.rows.taps, found.columns.taps
        if isinstance(synapse, SumPool2d) or not synapse.learned:  # one kernel for all channels
            self._table(weight.reshape(-1, taps_y, taps_x)[0], "[row][column]")
            return [self._add(f"(channel {pixel}", f"weight_{self.number}[tap_y * {taps_x} + tap_x]")]
        outputs, members = found.kernels.shape[1:3]
        if isinstance(synapse, ConvTranspose2d):
            self._table(weight.transpose(0, 2, 3, 1), "[input channel][row][column][output channel of a group]")
            tap = f"((channel * {taps_y} + tap_y) * {taps_x} + tap_x) * {outputs}"
        else:
            self._table(weight.transpose(1, 2, 3, 0), "[input channel of a group][row][column][output channel]")
            tap = f"(((channel % {members}) * {taps_y} + tap_y) * {taps_x} + tap_x) * {weight.shape[0]} + first"
        return [
            f"const int32_t first = channel / {members} * {outputs};",
            f"const int32_t tap = {tap};",
            *loop("o", outputs, [self._add(f"((first + o) {pixel}", f"weight_{self.number}[tap + o]")]),
        ]

    def _table(self, weight: IntArray, order: str) -> str:
        return self.tables.add(f"weight_{self.number}", weight, f"weights of {self.projection.name}, {order}")

    def _add(self, target: str, weight: str) -> str:
        return f"s->{self.into}[{target}] += ({self.kind}){weight} * gain;"


def _reached(name: str, axis: Axis) -> list[str]:
    """The output row or column that a tap leads to; `continue` where there is none."""
    tap = f"tap_{name}" if axis.dilation == 1 else f"tap_{name} * {axis.dilation}"
    outside = f"if (out_{name} < 0 || out_{name} >= {axis.targets}) continue;"
    if axis.transposed:
        start = name if axis.stride == 1 else f"{name} * {axis.stride}"
        return [f"const int32_t out_{name} = {start} + {tap} - {axis.before};", outside]
    if axis.stride == 1:
        return [f"const int32_t out_{name} = {name} + {axis.before} - {tap};", outside]
    return [
        f"const int32_t at_{name} = {name} + {axis.before} - {tap};",
        f"const int32_t out_{name} = at_{name} / {axis.stride};",
        f"if (at_{name} < 0 || at_{name} % {axis.stride} != 0 || out_{name} >= {axis.targets}) continue;",
    ]
