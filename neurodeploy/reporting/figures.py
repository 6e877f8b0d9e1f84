"""The raster of one recording as an inline SVG: every layer below the other, time to the right.

Layers of thousands of neurons are drawn as density, so that a million spikes cost no more than a thousand.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurodeploy.runtime.record import LayerSpikes, Raster

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Image = NDArray[np.uint8]

ON, OFF, INK, WINNER = (214, 47, 47), (38, 98, 217), (107, 114, 128), (22, 146, 84)
#: Layers of up to so many neurons are drawn one line per neuron.
MAX_LINES = 40
#: Deeper networks show their first layers and the last.
MAX_PANELS = 16

_LINES = "#8a93a3"
_COLUMNS = 960
_DOTS_PER_INCH = 100
_LINE_DOTS = 15
_INCHES = (1.5, 0.95)
_WIDTH = 11.0
_FAINTEST = 0.45


def raster_svg(raster: Raster) -> str:
    """An `<svg>` element without references to anything outside.

    Args:
        raster: at least one population; the input has ON (channel 1) red and OFF (channel 0) blue if it has
            two channels, and the predicted class is green.

    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    layers = _shown(raster)
    heights = [_inches(layer, position) for position, layer in enumerate(layers)]
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "neurodeploy", "font.size": 9, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(_WIDTH, sum(heights) + 0.1 * len(heights) + 0.5))
        panels = figure.subplots(len(layers), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axes, layer, inches in zip(panels, layers, heights, strict=True):
            _draw(axes, layer, raster, round(inches * _DOTS_PER_INCH))
        panels[-1].set_xlabel("time in ms")
        figure.subplots_adjust(left=0.11, right=0.85, top=0.99, bottom=0.45 / figure.get_figheight(), hspace=0.12)
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    return text[text.index("<svg") :]


def _shown(raster: Raster) -> list[LayerSpikes]:
    layers = [layer for layer in raster.populations if layer.neurons]
    return layers if len(layers) <= MAX_PANELS else [*layers[: MAX_PANELS - 1], layers[-1]]


def _inches(layer: LayerSpikes, position: int) -> float:
    if layer.neurons <= MAX_LINES:
        return max(0.5, layer.neurons * _LINE_DOTS / _DOTS_PER_INCH)
    return _INCHES[0] if position == 0 else _INCHES[1]


def _draw(axes: Axes, layer: LayerSpikes, raster: Raster, rows: int) -> None:
    end = max(raster.steps, 1) * raster.timestep_ms
    for image in spike_images(layer, raster, rows):
        extent = (0.0, end, float(layer.neurons), 0.0)
        axes.imshow(image, extent=extent, aspect="auto", interpolation="none")
    axes.set_xlim(0, end)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_LINES)
    axes.grid(axis="x", color="#8884", linewidth=0.5)
    axes.tick_params(length=2, labelsize=8, color=_LINES)
    name, shape = _plain(layer.name), "×".join(str(n) for n in layer.shape)
    axes.set_ylabel(f"{name}\n{shape}", rotation=0, ha="right", va="center", parse_math=False)
    fired = np.unique(layer.neuron).size
    remark = f"{layer.step.size:,} spikes\n{fired:,} of {layer.neurons:,}\nneurons fired"
    if layer is raster.populations[-1] and layer.neurons <= MAX_LINES:
        _number_classes(axes, layer)
    else:
        axes.set_yticks([])
    axes.text(1.05, 0.5, remark, transform=axes.transAxes, va="center", fontsize=8)


def _number_classes(axes: Axes, layer: LayerSpikes) -> None:
    """Class numbers on the left, their spike counts on the right."""
    middle = np.arange(layer.neurons) + 0.5
    counts = np.bincount(layer.neuron, minlength=layer.neurons)
    axes.set_yticks(middle, [str(k) for k in range(layer.neurons)])
    axes.yaxis.labelpad = 14
    right = axes.secondary_yaxis("right")
    right.set_yticks(middle, [f"{count:,}" for count in counts])
    right.tick_params(length=0, labelsize=8)
    right.spines["right"].set_visible(False)


def spike_images(layer: LayerSpikes, raster: Raster, rows: int) -> list[Image]:
    """The spikes of a layer as pictures to be laid over each other, (rows, columns, RGBA).

    Args:
        layer: one of the raster's.
        raster: tells the steps, the input and the class that was read out.
        rows: height of the pictures of large layers.

    """
    if layer is raster.populations[0] and len(layer.shape) == 3 and layer.shape[0] == 2:
        plane = layer.neurons // 2
        channel, place = np.divmod(layer.neuron, plane)
        return [
            _density(layer.step[channel == k], place[channel == k], (raster.steps, plane), rows, color)
            for k, color in ((0, OFF), (1, ON))
        ]
    size = (raster.steps, layer.neurons)
    wins = layer is raster.populations[-1] and raster.prediction is not None
    mine = layer.neuron == (raster.prediction if wins else -1)
    parts = ((~mine, INK), (mine, WINNER))
    return [_density(layer.step[part], layer.neuron[part], size, rows, color) for part, color in parts if part.any()]


def _density(
    step: NDArray[np.int64], neuron: NDArray[np.int64], size: tuple[int, int], rows: int, color: tuple[int, int, int]
) -> Image:
    """Spikes as pixels, the more of them the less transparent.

    Args:
        step: of each spike, (spikes,).
        neuron: of each spike, (spikes,).
        size: number of steps and of neurons.
        rows: height of the picture; a layer drawn in lines gets a whole number of rows for each, the last one blank.
        color: red, green, blue.

    """
    steps, neurons = size
    lines = neurons <= MAX_LINES
    height, width = (neurons if lines else min(rows, neurons)), min(_COLUMNS, max(steps, 1))
    row = np.minimum(neuron / neurons * height, height - 1).astype(np.int64)
    column = np.minimum(step / max(steps, 1) * width, width - 1).astype(np.int64)
    count = np.bincount(row * width + column, minlength=height * width).reshape(height, width)
    strength = np.log1p(count) / max(np.log1p(count.max(initial=0)), 1e-9)
    alpha = np.where(count > 0, _FAINTEST + (1 - _FAINTEST) * strength, 0)
    image = np.zeros((height, width, 4), np.uint8)
    image[..., :3] = color
    image[..., 3] = np.rint(255 * alpha)
    if lines:
        image = np.repeat(image, _LINE_DOTS, axis=0)
        image[_LINE_DOTS - 2 :: _LINE_DOTS, :, 3] = 0
        image[_LINE_DOTS - 1 :: _LINE_DOTS, :, 3] = 0
    return image


def _plain(name: str, longest: int = 14) -> str:
    """A name that any font can show."""
    text = name.encode("ascii", "replace").decode()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
