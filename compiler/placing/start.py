"""Where placement begins: orders of the cores along the mesh, of which the cheapest is taken."""

from __future__ import annotations

import numpy as np

from neurodeploy.compiler.placing.problem import Graph, Grid
from neurodeploy.compiler.program import Column
from neurodeploy.precision import IntArray


def first_placement(graph: Graph, grid: Grid) -> IntArray:
    """The cheapest of three placements, (cores,) routers by their number in the grid: network order down the columns,
    network order along the curve, and along the curve in an order that keeps together what talks most.
    """
    cores = len(graph.start) - 1
    places = np.repeat(np.arange(len(grid.room)), grid.room)
    columns = np.lexsort((grid.row[places], grid.column[places]))
    matched = np.empty(cores, np.int64)
    matched[_matched_order(graph)] = places[:cores]
    options = (places[columns][:cores], places[:cores], matched)
    return min(options, key=lambda router: graph.cost(grid, router))


def chip_by_chip(grid: Grid, chips: Column) -> IntArray:
    """Cores along the curve, those of one number on one chip, (cores,) routers by their number in the grid."""
    places = np.repeat(np.arange(len(grid.room)), grid.room)
    begin = np.flatnonzero(np.diff(grid.chip[places], prepend=-1))
    order = np.argsort(chips, kind="stable")
    router = np.empty(len(chips), np.int64)
    ranked = np.asarray(chips, np.int64)[order]
    router[order] = places[begin[ranked] + np.arange(len(order)) - np.searchsorted(ranked, ranked)]
    return router


def _matched_order(graph: Graph) -> IntArray:
    """Cores ordered by joining pairs, pairs of pairs and so on, each with the free partner it talks to most: groups of
    four share a router, groups of sixteen a square of them, as Hilbert's curve runs.
    """
    groups = [[core] for core in range(len(graph.start) - 1)]
    source, other, packets = graph.source, graph.other, graph.packets
    while len(groups) > 1:
        partner = _matching(len(groups), source, other, packets)
        if np.all(partner < 0):
            break
        number = np.full(len(groups), -1, np.int64)
        joined: list[list[int]] = []
        for i, j in enumerate(partner.tolist()):
            if number[i] >= 0:
                continue
            number[i] = len(joined)
            joined.append(groups[i])
            if j >= 0:
                number[j] = len(joined) - 1
                joined[-1] = groups[i] + groups[j]
        pair, which = np.unique(number[source] * len(joined) + number[other], return_inverse=True)
        total = np.zeros(len(pair), np.int64)
        np.add.at(total, which.reshape(-1), packets)
        source, other = np.divmod(pair, len(joined))
        apart = source != other
        groups, source, other, packets = joined, source[apart], other[apart], total[apart]
    return np.array([core for group in groups for core in group], np.int64)


def _matching(count: int, source: IntArray, other: IntArray, packets: IntArray) -> IntArray:
    """A partner for each group, −1 without one: pairs that talk most come first."""
    partner = np.full(count, -1, np.int64)
    heaviest = np.lexsort((other, source, -packets))
    for i, j in zip(source[heaviest].tolist(), other[heaviest].tolist(), strict=True):
        if partner[i] < 0 and partner[j] < 0:
            partner[i], partner[j] = j, i
    return partner
