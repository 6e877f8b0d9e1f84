"""Bundles as the C core finds them: link by link, a row for every neuron of the source population.

A link joins two populations. What a spike adds is then found by its neuron's number alone, and what all spikes of a
population have in common, mostly the delay, is not stored with each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.emulator import _core
from neurodeploy.emulator.bundles import Bundles
from neurodeploy.emulator.columns import MAX_ROWS, broken, owners
from neurodeploy.emulator.sharing import shared
from neurodeploy.emulator.validation import population_starts
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Links:
    """All links, those with the same target one after the other.

    Attributes:
        table: (links, 7), the columns of `nd_link` in core.h.
        target_start: links into each population, (populations + 1,).
        outgoing: the links in the order of their sources, (links,).
        source_start: those of each population, (populations + 1,).
        row: (rows, 2), the columns of `nd_row`.
        bound, delay: of each row, (rows,).
        run: (runs and heads, 3), the columns of `nd_run`.
    """

    table: IntArray
    target_start: IntArray
    outgoing: IntArray
    source_start: IntArray
    row: IntArray
    bound: IntArray
    delay: IntArray
    run: IntArray


def links(bundles: Bundles, network: Network) -> Links:
    """The links of bundles.

    A neuron with bundles of several delays for one population has as many links to it.

    Raises:
        FormatError: more rows than the core can count.
    """
    start = population_starts(network)
    neurons = owners(bundles.start)
    target, delay, first, runs, bound = bundles.rows.T
    source = np.searchsorted(start, neurons, side="right") - 1
    new = np.diff(neurons, prepend=-1).astype(bool) | np.diff(target, prepend=-1).astype(bool)
    rank = np.arange(len(neurons)) - np.maximum.accumulate(np.where(new, np.arange(len(neurons)), 0))
    ends = (target * len(start) + source) * (rank.max(initial=0) + 1) + rank
    _, head, link = np.unique(ends, return_index=True, return_inverse=True)
    size = np.diff(start)[source[head]]
    if size.sum() > MAX_ROWS:
        raise broken(f"its populations are joined by more than {MAX_ROWS} rows of synapses")
    first_row = np.cumsum(size) - size
    place = first_row[link] + neurons - start[source]
    total = int(size.sum())
    row, bounds, delays = np.zeros((total, 2), np.int64), np.zeros(total, np.int64), np.zeros(total, np.int64)
    bounds[place], delays[place] = bound, delay
    table = np.zeros((len(head), 7), np.int64)
    table[:, 0], table[:, 1], table[:, 3] = source[head], target[head], first_row
    for i in range(len(head)):
        here = np.flatnonzero(link == i)
        table[i, 2] = delay[here[0]] if np.all(delay[here] == delay[here[0]]) else -1
        table[i, 4] = bound[here].max()
        table[i, 5:] = _shape(bundles.runs[first[here[runs[here] == 1]], :2], len(here))
    only = bundles.runs[first]
    alone = runs == 1
    single = alone & (only[:, 1] == 0)
    row[place[single]] = only[single][:, [0, 2]] - (0, _core.SINGLE)
    alike = alone & ~single & np.all(only[:, :2] == table[link, 5:], axis=1)
    row[place[alike]] = np.column_stack([only[alike, 2], np.full(np.count_nonzero(alike), _core.LIKE_LINK)])
    several = np.flatnonzero(~single & ~alike)
    at, pattern, run = _patterns(bundles.runs, first[several], runs[several])
    row[place[several]] = np.column_stack([at, pattern])
    count = np.arange(len(start))
    outgoing = np.argsort(table[:, 0], kind="stable")
    return Links(
        table,
        np.searchsorted(table[:, 1], count),
        outgoing,
        np.searchsorted(table[outgoing, 0], count),
        row,
        bounds,
        delays,
        run,
    )


def _patterns(runs: IntArray, first: IntArray, count: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """What a spike adds as a place and a pattern that others may have too.

    Args:
        runs: (runs, 3), the columns of `nd_run` with targets inside the population.
        first: where the runs of each spike begin, (rows,).
        count: how many it has, at least 1; (rows,).

    Returns:
        piece where the pattern begins and where its head is, (rows,); heads and runs, (runs, 3), targets relative.
    """
    nothing = np.zeros((1, 3), np.int64)
    if not len(first):
        return first, first, nothing
    mine = np.repeat(first - (np.cumsum(count) - count), count) + np.arange(int(count.sum()))
    unit = np.where(runs[first, 1] > 0, 1, _core.PIECE)
    at = runs[first, 0] // unit
    table = runs[mine]
    table[:, 0] -= np.repeat(at, count) * np.where(table[:, 1] > 0, 1, _core.PIECE)
    place, kept = shared(table, np.cumsum(count) - count, count)
    start, which = np.unique(place, return_index=True)
    pieces = table[:, 1]
    least, most = (kind.reduceat(pieces, np.cumsum(count) - count) for kind in (np.minimum, np.maximum))
    head = np.column_stack([count, np.where(least == most, most, 0), np.zeros_like(count)])[which]
    number = np.searchsorted(start, place)
    return at, 1 + place + number, np.concatenate([nothing, np.insert(table[kept], start, head, axis=0)])


def _shape(runs: IntArray, rows: int) -> tuple[int, int]:
    """Target and pieces of the run that most of so many rows consist of, (0, 0) unless more than every second does."""
    shapes, count = np.unique(runs[:, 0] << 32 | runs[:, 1], return_counts=True)
    if 2 * count.max(initial=0) <= rows:
        return 0, 0
    target, pieces = divmod(int(shapes[np.argmax(count)]), 1 << 32)
    return target, pieces
