"""Accuracy against bits and cores as a figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".svg", ".png", ".pdf")
_AXES = (("bits", "bits of a weight"), ("cores", "cores"))
_COLORS = ("#2662d9", "#d62f2f", "#169254", "#8a5a00", "#6b3fa0", "#107c8c")

Point = Mapping[str, Any]


def check_plot(path: Path) -> None:
    """Raises OptionError for a suffix that no figure has."""
    if path.suffix not in SUFFIXES:
        raise OptionError(f"plot {path}", f"ends in {path.suffix or 'nothing'}", f"choose {', '.join(SUFFIXES)}")


def sweep_figure(sweep: Mapping[str, Any], suffix: str) -> bytes:
    """A figure of two panels: accuracy with its 95 % interval against bits and against cores, both fronts marked.

    Args:
        sweep: the object of `sweep --json`; points that do not fit or have no labels are left out.
        suffix: `.svg`, `.png` or `.pdf`.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    points = [p for p in sweep["points"] if p["fits"] and p["accuracy"]]
    stream = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "neurodeploy", "font.size": 9}):
        figure = Figure(figsize=(7.5, 3.2), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (key, label) in zip(panels, _AXES, strict=True):
            for color, target in zip(_COLORS * len(points), dict.fromkeys(p["target"] for p in points), strict=False):
                _draw(axes, key, [p for p in points if p["target"] == target], color, target)
            _baseline(axes, sweep["baseline"])
            axes.set_xlabel(label)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(visible=True, linewidth=0.3)
            axes.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel("accuracy in %, 95 % interval")
        if points:
            panels[0].legend(fontsize=7, loc="lower right")
        metadata: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix, {})
        figure.savefig(stream, format=suffix[1:], metadata=metadata)
    return stream.getvalue()


def _draw(axes: Axes, key: str, points: Sequence[Point], color: str, target: str) -> None:
    """The points of one target, their front joined by a line and filled."""
    shares = [100 * p["accuracy"]["share"] for p in points]
    ends = [[100 * end for end in p["accuracy"]["interval_95"]] for p in points]
    spread = [[share - low for share, (low, _) in zip(shares, ends, strict=True)]]
    spread.append([high - share for share, (_, high) in zip(shares, ends, strict=True)])
    places = [p[key] for p in points]
    axes.errorbar(places, shares, spread, fmt="o", mfc="white", color=color, capsize=2, linewidth=0.8, markersize=5)
    front = sorted((p[key], 100 * p["accuracy"]["share"]) for p in points if key in p["front"])
    axes.plot(*zip(*front, strict=True), "o-", color=color, linewidth=1, markersize=5, label=f"{target}: Pareto front")
    if key == "cores":
        for p, share in zip(points, shares, strict=True):
            axes.annotate(str(p["bits"]), (p[key], share), (6, -3), textcoords="offset points", fontsize=7)


def _baseline(axes: Axes, baseline: Mapping[str, Any]) -> None:
    """The float network's accuracy as a line."""
    if baseline["kind"] == "float" and baseline["accuracy"]:
        axes.axhline(
            100 * baseline["accuracy"]["share"], color="grey", linewidth=1, linestyle="--", label="float network"
        )
