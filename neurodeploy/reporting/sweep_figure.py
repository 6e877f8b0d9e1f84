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

#: Of the range of accuracies: labels of points that are no further apart would cover each other.
_TOO_CLOSE = 0.05

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
    from matplotlib.ticker import MaxNLocator

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
            axes.set_xlim(
                min((p[key] for p in points), default=0) - 0.5, max((p[key] for p in points), default=1) + 0.5
            )
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
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
    axes.plot(
        *zip(*front, strict=True),
        "o-",
        color=color,
        linewidth=1,
        markersize=5,
        zorder=3,
        label=f"{target}: Pareto front",
    )
    if key == "cores":
        for cores, share, text in _names(points):
            axes.annotate(text, (cores, share), (6, 5), textcoords="offset points", fontsize=7)


def _names(points: Sequence[Point]) -> list[tuple[int, float, str]]:
    """Where the bits of points are written; those of points too close to each other in one place."""
    places = sorted((p["cores"], 100 * p["accuracy"]["share"], p["bits"]) for p in points)
    near = _TOO_CLOSE * (max(share for _, share, _ in places) - min(share for _, share, _ in places))
    groups: list[list[tuple[int, float, int]]] = []
    for place in places:
        if groups and groups[-1][-1][0] == place[0] and place[1] - groups[-1][-1][1] <= near:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [(group[0][0], group[0][1], _bits(sorted(bits for _, _, bits in group))) for group in groups]


def _bits(bits: Sequence[int]) -> str:
    row = list(bits) == list(range(bits[0], bits[-1] + 1)) and len(bits) > 2
    return f"{bits[0]} … {bits[-1]} bits" if row else f"{', '.join(map(str, bits))} bit{'s' * (bits[-1] > 1)}"


def _baseline(axes: Axes, baseline: Mapping[str, Any]) -> None:
    """The float network's accuracy as a line."""
    if baseline["kind"] == "float" and baseline["accuracy"]:
        axes.axhline(
            100 * baseline["accuracy"]["share"], color="grey", linewidth=1, linestyle="--", label="float network"
        )
