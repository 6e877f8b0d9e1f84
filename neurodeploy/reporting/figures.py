"""The raster of one recording: in one run, and in two of them laid over each other.

Layers of thousands of neurons are drawn as density, so that a million spikes cost no more than a thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodeploy.reporting.panels import MAX_LINES, MAX_PANELS, Image, Mark, Panel, density, panels_svg, rows, shown
from neurodeploy.reporting.text import counted
from neurodeploy.runtime.agreement import placed
from neurodeploy.runtime.record import LayerSpikes, Raster

__all__ = ["MAX_PANELS", "difference_svg", "raster_svg", "spike_images"]

ON, OFF, INK, WINNER = (214, 47, 47), (38, 98, 217), (107, 114, 128), (22, 146, 84)
#: Spikes that only the first, or only the second of two runs has.
FIRST, SECOND = (217, 95, 2), (117, 64, 214)


def raster_svg(raster: Raster, ids: str = "raster") -> str:
    """An `<svg>` element without references to anything outside.

    Args:
        raster: at least one population; the input has ON (channel 1) red and OFF (channel 0) blue if it has
            two channels, and the predicted class is green.
        ids: what all ids of the element begin with.

    """
    layers = [raster.populations[i] for i in shown([layer.neurons for layer in raster.populations])]
    panels = [_panel(layer, raster, position) for position, layer in enumerate(layers)]
    return panels_svg(panels, raster.steps, raster.timestep_ms, ids, say="spikes of every layer over time")


def _panel(layer: LayerSpikes, raster: Raster, position: int) -> Panel:
    images = spike_images(layer, raster, rows(layer.neurons, position))
    numbered = layer is raster.populations[-1] and layer.neurons <= MAX_LINES
    counts = np.bincount(layer.neuron, minlength=layer.neurons) if numbered else None
    fired = np.unique(layer.neuron).size
    remark = f"{counted(layer.step.size, 'spike')}\n{fired:,} of {layer.neurons:,}\nneurons fired"
    return Panel(layer.name, layer.shape, layer.neurons, images, remark, counts)


def spike_images(layer: LayerSpikes, raster: Raster, height: int) -> list[Image]:
    """The spikes of a layer as pictures to be laid over each other, (rows, columns, RGBA).

    Args:
        layer: one of the raster's.
        raster: tells the steps, the input and the class that was read out.
        height: rows of the pictures of large layers.

    """
    if layer is raster.populations[0] and len(layer.shape) == 3 and layer.shape[0] == 2:
        plane = layer.neurons // 2
        channel, place = np.divmod(layer.neuron, plane)
        return [
            density(layer.step[channel == k], place[channel == k], (raster.steps, plane), height, color)
            for k, color in ((0, OFF), (1, ON))
        ]
    size = (raster.steps, layer.neurons)
    wins = layer is raster.populations[-1] and raster.prediction is not None
    mine = layer.neuron == (raster.prediction if wins else -1)
    parts = ((~mine, INK), (mine, WINNER))
    return [density(layer.step[part], layer.neuron[part], size, height, color) for part, color in parts if part.any()]


def difference_svg(first: Raster, second: Raster, difference: Mapping[str, Any] | None, ids: str) -> str:
    """Two runs of one recording laid over each other: what both spiked, and what only one did.

    Args:
        first: of one run.
        second: of the other one, with the same populations.
        difference: the first one, see `PairView`; it is marked if it is of this recording.
        ids: what all ids of the element begin with.
    """
    steps = max(first.steps, second.steps)
    chosen = shown([layer.neurons for layer in first.populations])
    panels = [
        _difference(first.populations[i], second.populations[i], steps, position) for position, i in enumerate(chosen)
    ]
    mark = None
    if difference and difference["recording"] == first.file:
        text = f"first apart: step {difference['step']:,}, neuron {difference['neuron']:,}"
        mark = Mark(difference["population"], difference["neuron"], difference["step"], text)
    return panels_svg(panels, steps, first.timestep_ms, ids, mark, "spikes of two runs laid over each other")


def _difference(first: LayerSpikes, second: LayerSpikes, steps: int, position: int) -> Panel:
    places, here, there = placed(first, second)
    parts = ((here & there, INK), (here & ~there, FIRST), (there & ~here, SECOND))
    height, size = rows(first.neurons, position), (steps, first.neurons)
    images = [density(places[0, part], places[1, part], size, height, color) for part, color in parts if part.any()]
    both, one, other = (int(part.sum()) for part, _ in parts)
    remark = f"{both:,} in both\n{one:,} in the first only\n{other:,} in the other only"
    return Panel(first.name, first.shape, first.neurons, images, remark)
