"""Accuracy over time as a small inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 190, 44, 26
_SHARES = (0.0, 0.5, 1.0)


def curve_svg(curve: Mapping[str, Any]) -> str:
    """An `<svg>` element: the share of right answers after every step, and its 95 % interval as a band.

    Args:
        curve: of `over_time`.
    """
    last = curve["steps"][-1]
    across = [_LEFT + (_WIDTH - _LEFT - 8) * step / last for step in curve["steps"]]
    lower, upper = ([_down(ends[side]) for ends in curve["interval_95"]] for side in (0, 1))
    line = [_down(correct / curve["total"]) for correct in curve["correct"]]
    band = _points([*across, *reversed(across)], [*lower, *reversed(upper)])
    ticks = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{_down(share):.1f}" y2="{_down(share):.1f}" '
        f'stroke="currentColor" stroke-opacity="0.2"/>'
        f'<text x="{_LEFT - 6}" y="{_down(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        for share in _SHARES
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" style="max-width:{_WIDTH}px;font-size:11px" fill="currentColor" '
        f'role="img" aria-label="accuracy over time">{ticks}'
        f'<polygon points="{band}" fill="#2662d9" fill-opacity="0.2"/>'
        f'<polyline points="{_points(across, line)}" fill="none" stroke="#2662d9" stroke-width="1.5"/>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">step 1</text>'
        f'<text x="{_WIDTH - 8}" y="{_HEIGHT - 8}" text-anchor="end">{last:,}</text></svg>'
    )


def _down(share: float) -> float:
    return 8 + (1 - share) * (_HEIGHT - _BOTTOM - 8)


def _points(across: Sequence[float], down: Sequence[float]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
