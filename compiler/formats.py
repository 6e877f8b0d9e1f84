"""Which synapse formats a projection is stored in: few rows that together make its lists short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.layout import BLOCK, LaidOut, values
from neurodeploy.compiler.memory import CODED_BITS, SKIP_BITS, Compression, SynapseFormat
from neurodeploy.compiler.target import Target
from neurodeploy.compiler.viterbi import NEVER, Costs, Ragged
from neurodeploy.precision import WEIGHT_EXPONENTS, IntArray, SignMode

#: Rows that one projection may take of a core's table, so that others find room beside it.
MOST_FORMATS = 5
#: A row more must save this part of the bits.
WORTHWHILE = 0.005
#: Axons, and synapses of each, by which sets of formats are compared.
SAMPLE = 48
SAMPLE_SYNAPSES = 64
#: Coarser grids that are tried: 2, 4 times the projection's own.
COARSER = 3


@dataclass(frozen=True, eq=False)
class FormatChoice:
    """The formats of a projection, best first: each prefix is a choice of fewer rows, and the first holds all.

    Attributes:
        formats: without delay bits, which depend on the axons of a stretch.
    """

    formats: tuple[SynapseFormat, ...]

    def first(self, count: int, delay_bits: int) -> tuple[SynapseFormat, ...]:
        """The best `count` formats with so many delay bits."""
        return tuple(_with_delay(form, delay_bits) for form in self.formats[:count])


def choose_formats(laid: LaidOut, target: Target, costs: Costs, most: int = MOST_FORMATS) -> FormatChoice:
    """The formats that make the lists of a sample of axons shortest.

    Args:
        laid: the projection.
        target: whose exponents and compressions are used; run-length lists are unknown to nengo-loihi's rule.
        costs: what to count.
        most: how many formats.
    """
    tried, complete = sensible_formats(laid, target)
    axons, value = _sample(laid)
    chosen: tuple[SynapseFormat, ...]
    chosen = (complete[int(np.argmin(_prices(axons, value, (), complete, costs)))],)
    price = int(_prices(axons, value, (), chosen, costs)[0])
    while len(chosen) < most and price:
        prices = _prices(axons, value, chosen, tried, costs)
        if prices.min() >= price * (1 - WORTHWHILE):
            break
        chosen, price = (*chosen, tried[int(np.argmin(prices))]), int(prices.min())
    return FormatChoice(chosen)


def sensible_formats(laid: LaidOut, target: Target) -> tuple[tuple[SynapseFormat, ...], tuple[SynapseFormat, ...]]:
    """Every format worth a trial, and those of them that hold every weight of the projection."""
    distinct = np.unique(values(laid.projection)).astype(np.int64)
    distinct = distinct[distinct != 0]
    tried = tuple(_candidates(laid, distinct, target))
    return tried, tuple(form for form in tried if form.holds(distinct).all())


def _candidates(laid: LaidOut, distinct: IntArray, target: Target) -> Iterator[SynapseFormat]:
    """Every sensible format, the projection's own among them; `distinct` are its values, none of them zero."""
    low, high = target.neuron.weight_exponent
    exponents = range(max(low, WEIGHT_EXPONENTS[0]), min(high, WEIGHT_EXPONENTS[-1]) + 1)
    finest = int(np.bitwise_or.reduce(np.abs(distinct), initial=0))
    finest = max((finest & -finest).bit_length() - 1, 0)
    seen = set()
    for form in (own_format(laid), *_grids(distinct, finest)):
        for compressed in _compressed(form, finest, target):
            if form.exponent in exponents and compressed not in seen:
                seen.add(compressed)
                yield compressed


def own_format(laid: LaidOut) -> SynapseFormat:
    """The format that quantization chose, as dense lists; 7 bits are stored in 8."""
    form, exponent = laid.projection.weight_format, laid.projection.weight_exponent
    assert form is not None
    grid = exponent + form.step.bit_length() - 1
    if form.bits == 7:
        return SynapseFormat(form.sign_mode, 8, grid - 1)
    return SynapseFormat(form.sign_mode, form.bits, grid)


def _grids(distinct: IntArray, finest: int) -> Iterator[SynapseFormat]:
    for grid in range(finest, finest + COARSER):
        units = distinct[distinct % (1 << grid) == 0] >> grid
        if not len(units):
            return
        low, high = int(units.min()), int(units.max())
        mixed = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1
        widths = ((SignMode.MIXED, mixed), (SignMode.EXCITATORY, max(high, 0).bit_length()))
        for mode, width in (*widths, (SignMode.INHIBITORY, max(-low, 0).bit_length())):
            for bits in CODED_BITS:
                if bits <= width or bits - 1 <= width == 7:
                    yield SynapseFormat(mode, bits, grid)


def _compressed(form: SynapseFormat, finest: int, target: Target) -> Iterator[SynapseFormat]:
    yield form
    if form.grid > finest:
        return
    yield SynapseFormat(form.sign_mode, form.bits, form.grid, compression=Compression.SPARSE)
    if target.memory_rule == "nxtf":
        for skip in range(2, SKIP_BITS + 1):
            yield SynapseFormat(
                form.sign_mode, form.bits, form.grid, compression=Compression.RUN_LENGTH, skip_bits=skip
            )


def _sample(laid: LaidOut) -> tuple[Ragged, IntArray]:
    """Synapses of some axons in the middle block, from all over the block."""
    middle = -(-laid.targets // BLOCK) // 2
    part = laid.cut(middle * BLOCK, (middle + 1) * BLOCK)
    value = part.values
    chosen = np.unique(np.linspace(0, max(len(part.source) - 1, 0), SAMPLE).astype(int))[: len(part.source)]
    ranges = []
    for number, axon in enumerate(chosen.tolist()):
        first, last = part.start[axon], part.start[axon + 1]
        begin = first + max(last - first - SAMPLE_SYNAPSES, 0) * number // len(chosen)
        ranges.append(np.arange(begin, min(last, begin + SAMPLE_SYNAPSES)))
    kept = np.concatenate([np.zeros(0, int), *ranges])
    start = np.concatenate([[0], np.cumsum([len(r) for r in ranges])]).astype(np.int64)
    return Ragged(start, part.position[kept]), value[kept]


def _prices(
    axons: Ragged, value: IntArray, chosen: tuple[SynapseFormat, ...], tried: tuple[SynapseFormat, ...], costs: Costs
) -> IntArray:
    """Bits of the sample with the chosen formats and one more, for each that is tried, (tried,)."""
    length = np.diff(axons.start)
    total = np.full((len(chosen) + 1, len(tried), len(length)), NEVER, np.int64)
    best = np.zeros((len(tried), len(length)), np.int64)
    rows = [(form,) * len(tried) for form in chosen] + [tried]

    def column(of: list[list[int]]) -> NDArray[np.int64]:
        return np.array(of, np.int64)[:, :, None]

    price = column([[costs.synapse(f) for f in row] for row in rows])
    zero = column([[costs.zero(f) for f in row] for row in rows])
    opening = column([[costs.opening(f) for f in row] for row in rows])
    far = column([[costs.longest_gap(f) for f in row] for row in rows])
    held = np.stack([f.holds(value) for f in tried])
    holds = np.stack([*(np.broadcast_to(f.holds(value), held.shape) for f in chosen), held])
    gap = axons.gap
    for rank in range(int(length.max(initial=0))):
        active = np.flatnonzero(length > rank)
        at = axons.start[active] + rank
        on = total[:, :, active] + np.where(gap[at] <= far, gap[at] * zero, NEVER)
        fresh = best[:, active] + opening
        now = np.minimum(np.minimum(on, fresh) if rank else fresh, NEVER)
        now = np.where(holds[:, :, at], now + price, NEVER)
        total[:, :, active], best[:, active] = now, now.min(axis=0)
    result: IntArray = best.sum(axis=1)
    return result


def _with_delay(form: SynapseFormat, delay_bits: int) -> SynapseFormat:
    return SynapseFormat(form.sign_mode, form.bits, form.grid, delay_bits, form.compression, form.skip_bits)
