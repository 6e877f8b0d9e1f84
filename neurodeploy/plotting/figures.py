"""What all plots share: a figure of their own, units on the axes, names as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ON, OFF, WINS, INK = "#d62f2f", "#2662d9", "#169254", "#4b5563"


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure that no window holds, and its axes; sizes in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def whole_numbers(axes: Axes, which: str) -> None:
    """Ticks at integers alone on axis "x" or "y"."""
    from matplotlib.ticker import MaxNLocator

    (axes.xaxis if which == "x" else axes.yaxis).set_major_locator(MaxNLocator(integer=True))
