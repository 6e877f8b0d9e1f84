"""Accuracy over time of one or more runs as an inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, LEFT, RIGHT_ROOM, _BOTTOM = 640, 210, 44, 8, 26
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Lines of runs: never by colour alone.
STYLES = (
    ("#2662d9", ""),
    ("#d95f02", "7 3"),
    ("#169254", "2 3"),
    ("#7540d6", "9 3 2 3"),
    ("#b8267e", "4 4"),
    ("#5c6470", "1 4"),
)
#: Curves that are drawn; of more runs the page shows the first, and the one that is compared with it.
MAX_CURVES = len(STYLES)

Curve = Mapping[str, Any]


def curves_svg(curves: Sequence[Curve], runs: Sequence[int]) -> str:
    """An `<svg>` element: the share of right answers after every step; of the first run its 95 % interval as a band.

    Args:
        curves: of `over_time`, at most `MAX_CURVES`.
        runs: number of the run of each, which has a style of its own.
    """
    last = max(curve["steps"][-1] for curve in curves)
    ticks = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT_ROOM}" y1="{_down(share):.1f}" y2="{_down(share):.1f}" '
        f'stroke="currentColor" stroke-opacity="0.2"/>'
        f'<text x="{LEFT - 6}" y="{_down(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        for share in _SHARES
    )
    lines = "".join(
        f'<polyline class="run" data-run="{run}" points="{curve_points(curve, last)}" fill="none" '
        f'stroke="{STYLES[run][0]}" stroke-width="1.8" stroke-dasharray="{STYLES[run][1]}"/>'
        for curve, run in zip(curves, runs, strict=True)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="curve" fill="currentColor" '
        f'data-left="{LEFT}" data-right="{WIDTH - RIGHT_ROOM}" data-top="{_down(1):.1f}" data-bottom="{_down(0):.1f}" '
        f'role="img" aria-label="accuracy over time">{ticks}'
        f'<polygon points="{_band(curves[0], last)}" fill="#2662d9" fill-opacity="0.15"/>{lines}'
        f'<polyline class="chosen" points="" fill="none" stroke="{STYLES[1][0]}" stroke-width="1.8" '
        f'stroke-dasharray="{STYLES[1][1]}"/>'
        f'<line class="cursor" x1="0" x2="0" y1="{_down(1):.1f}" y2="{_down(0):.1f}" visibility="hidden" '
        f'stroke="currentColor" stroke-dasharray="3 2"/>'
        f'<text x="{LEFT}" y="{HEIGHT - 8}">step 1</text>'
        f'<text x="{WIDTH - RIGHT_ROOM}" y="{HEIGHT - 8}" text-anchor="end">{last:,}</text></svg>'
    )


def curve_points(curve: Curve, last: int) -> str:
    """Where a line goes; `last` is the step at the right end."""
    shares = [correct / curve["total"] for correct in curve["correct"]]
    return " ".join(
        f"{_across(step, last):.1f},{_down(share):.1f}" for step, share in zip(curve["steps"], shares, strict=True)
    )


def _band(curve: Curve, last: int) -> str:
    across = [_across(step, last) for step in curve["steps"]]
    lower, upper = ([_down(ends[side]) for ends in curve["interval_95"]] for side in (0, 1))
    places = zip([*across, *reversed(across)], [*lower, *reversed(upper)], strict=True)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _across(step: int, last: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT_ROOM) * step / last


def _down(share: float) -> float:
    return 8 + (1 - share) * (HEIGHT - _BOTTOM - 8)
