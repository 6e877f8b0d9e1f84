"""The Pareto front: points that no other point beats at less or equal cost."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which points are on the front.

    Args:
        points: cost and gain of each.

    Returns:
        For each, whether no other has a gain as high at a cost as low and is better in one of them; equal points are on
        it together.
    """
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1]))
    result = [False] * len(points)
    best: tuple[float, float] | None = None  # the cheapest point of the highest gain so far
    for i in order:
        if best is None or points[i][1] > best[1] or points[i] == best:
            result[i], best = True, points[i]
    return result
