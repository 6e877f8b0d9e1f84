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
        run: (runs, 3), the columns of `nd_run`.
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
    single = (runs == 1) & (bundles.runs[first, 1] == 0)
    kept = np.ones(len(bundles.runs), bool)
    kept[first[single]] = False
    number = np.cumsum(kept) - kept
    row[place] = np.column_stack([number[first], runs])
    row[place[single]] = bundles.runs[first[single]][:, [0, 2]] - (0, _core.SINGLE)
    bounds[place], delays[place] = bound, delay
    table = np.zeros((len(head), 7), np.int64)
    table[:, 0], table[:, 1], table[:, 3] = source[head], target[head], first_row
    for i in range(len(head)):
        here = np.flatnonzero(link == i)
        table[i, 2] = delay[here[0]] if np.all(delay[here] == delay[here[0]]) else -1
        table[i, 4] = bound[here].max()
        table[i, 5:] = _shape(bundles.runs[first[here[runs[here] == 1]], :2])
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
        bundles.runs[kept],
    )


def _shape(runs: IntArray) -> tuple[int, int]:
    """Target and pieces that most of these runs have in common, (0, 0) unless it is more than every second one."""
    if not len(runs):
        return 0, 0
    shapes, count = np.unique(runs[:, 0] << 32 | runs[:, 1], return_counts=True)
    most = int(np.argmax(count))
    target, pieces = divmod(int(shapes[most]), 1 << 32)
    return (target, pieces) if 2 * count[most] > len(runs) else (0, 0)
