"""Rasters as an inline SVG: layers below each other, time to the right, the same places in every figure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurodeploy.reporting.embedding import inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Image = NDArray[np.uint8]

#: Layers of up to so many neurons are drawn one line per neuron.
MAX_LINES = 40
#: Deeper networks show their first layers and the last.
MAX_PANELS = 16
#: Where the time axis begins and ends, of the width of the figure.
LEFT, RIGHT = 0.11, 0.85
#: Dots of a line of a layer that is drawn in lines.
LINE_DOTS = 15

_COLUMNS = 960
_DOTS_PER_INCH = 100
_INCHES = (1.5, 0.95)
_WIDTH = 11.0
_FAINTEST = 0.45
_LINES = "#8a93a3"
_MARK = "#d62f2f"


@dataclass(frozen=True, eq=False)
class Panel:
    """One layer of a figure.

    Attributes:
        name, shape, neurons: of the population.
        images: laid over each other, (rows, columns, RGBA) each.
        remark: on the right, in lines.
        counts: of spikes by neuron, which then have numbers, (neurons,); None for layers without.
    """

    name: str
    shape: tuple[int, ...]
    neurons: int
    images: Sequence[Image]
    remark: str
    counts: NDArray[np.integer] | None = None


@dataclass(frozen=True)
class Mark:
    """What is pointed at: a neuron of the population `name` in a step, and what happens there."""

    name: str
    neuron: int
    step: int
    text: str


def shown(populations: Sequence[int]) -> list[int]:
    """Positions of the populations that are drawn, by the numbers of their neurons."""
    found = [i for i, neurons in enumerate(populations) if neurons]
    return found if len(found) <= MAX_PANELS else [*found[: MAX_PANELS - 1], found[-1]]


def inches(neurons: int, position: int) -> float:
    """Height of a panel."""
    if neurons <= MAX_LINES:
        return max(0.5, neurons * LINE_DOTS / _DOTS_PER_INCH)
    return _INCHES[0] if position == 0 else _INCHES[1]


def rows(neurons: int, position: int) -> int:
    """Rows of dots of a panel."""
    return round(inches(neurons, position) * _DOTS_PER_INCH)


def panels_svg(
    panels: Sequence[Panel], steps: int, timestep_ms: float, ids: str, mark: Mark | None = None, say: str = "spikes"
) -> str:
    """An `<svg>` element without references to anything outside.

    Args:
        panels: at least one, from top to bottom.
        steps: of the time axis.
        timestep_ms: length of one.
        ids: what all ids of the element begin with, another for each figure of a page.
        mark: where to point.
        say: what it shows, for those who do not see it.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    heights = [inches(panel.neurons, position) for position, panel in enumerate(panels)]
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "neurodeploy", "font.size": 9, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(_WIDTH, sum(heights) + 0.1 * len(heights) + 0.5))
        every = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axes, panel in zip(every, panels, strict=True):
            _draw(axes, panel, max(steps, 1) * timestep_ms)
            if mark is not None:
                _point(axes, panel, mark, timestep_ms)
        every[-1].set_xlabel("time in ms")
        figure.subplots_adjust(left=LEFT, right=RIGHT, top=0.99, bottom=0.45 / figure.get_figheight(), hspace=0.12)
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    return inline_svg(stream.getvalue(), ids, say)


def _draw(axes: Axes, panel: Panel, end: float) -> None:
    for image in panel.images:
        axes.imshow(image, extent=(0.0, end, float(panel.neurons), 0.0), aspect="auto", interpolation="none")
    axes.set_xlim(0, end)
    axes.set_ylim(float(panel.neurons), 0.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_LINES)
    axes.grid(axis="x", color="#8884", linewidth=0.5)
    axes.tick_params(length=2, labelsize=8, color=_LINES)
    name, shape = _plain(panel.name), "×".join(str(n) for n in panel.shape)
    axes.set_ylabel(f"{name}\n{shape}", rotation=0, ha="right", va="center", parse_math=False)
    if panel.counts is not None:
        _number_classes(axes, panel.counts)
    else:
        axes.set_yticks([])
    axes.text(1.05, 0.5, panel.remark, transform=axes.transAxes, va="center", fontsize=8)


def _point(axes: Axes, panel: Panel, mark: Mark, timestep_ms: float) -> None:
    """A dashed line through all layers; in the one it is in, a ring and words."""
    at = (mark.step + 0.5) * timestep_ms
    axes.axvline(at, color=_MARK, linewidth=0.9, linestyle="--")
    if panel.name == mark.name:
        place = (at, mark.neuron + 0.5)
        axes.plot(*place, "o", color=_MARK, markersize=9, markerfacecolor="none", markeredgewidth=1.5, clip_on=False)
        axes.annotate(mark.text, place, (9, 5), textcoords="offset points", fontsize=8.5, weight="bold")


def _number_classes(axes: Axes, counts: NDArray[np.integer]) -> None:
    """Class numbers on the left, their spike counts on the right."""
    middle = np.arange(len(counts)) + 0.5
    axes.set_yticks(middle, [str(k) for k in range(len(counts))])
    axes.yaxis.labelpad = 14
    right = axes.secondary_yaxis("right")
    right.set_yticks(middle, [f"{count:,}" for count in counts])
    for side in (axes, right):
        side.tick_params(axis="y", length=0, labelsize=7)
    right.spines["right"].set_visible(False)


def density(
    step: NDArray[np.int64],
    neuron: NDArray[np.int64],
    size: tuple[int, int],
    height: int,
    color: tuple[int, int, int],
) -> Image:
    """Spikes as pixels, the more of them the less transparent.

    Args:
        step: of each spike, (spikes,).
        neuron: of each spike, (spikes,).
        size: number of steps and of neurons.
        height: of the picture in rows; a layer drawn in lines gets a whole number of rows for each, the last one blank.
        color: red, green, blue.

    """
    steps, neurons = size
    lines = neurons <= MAX_LINES
    height, width = (neurons if lines else min(height, neurons)), min(_COLUMNS, max(steps, 1))
    row = np.minimum(neuron / neurons * height, height - 1).astype(np.int64)
    column = np.minimum(step / max(steps, 1) * width, width - 1).astype(np.int64)
    count = np.bincount(row * width + column, minlength=height * width).reshape(height, width)
    strength = np.log1p(count) / max(np.log1p(count.max(initial=0)), 1e-9)
    alpha = np.where(count > 0, _FAINTEST + (1 - _FAINTEST) * strength, 0)
    image = np.zeros((height, width, 4), np.uint8)
    image[..., :3] = color
    image[..., 3] = np.rint(255 * alpha)
    if lines:
        image = np.repeat(image, LINE_DOTS, axis=0)
        image[LINE_DOTS - 2 :: LINE_DOTS, :, 3] = 0
        image[LINE_DOTS - 1 :: LINE_DOTS, :, 3] = 0
    return image


def _plain(name: str, longest: int = 14) -> str:
    """A name that any font can show."""
    text = name.encode("ascii", "replace").decode()
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
