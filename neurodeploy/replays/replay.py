"""What a replay shows, as data: the moments of one recording. Pages and films draw what `Replay.frame` says."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import floor, isfinite

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import OptionError
from neurodeploy.precision import IntArray
from neurodeploy.replays.text import plain
from neurodeploy.runtime.record import LayerSpikes, Raster
from neurodeploy.shown import Shown

#: Events fade over so many milliseconds: a hand moves little in them and leaves enough events to be seen.
WINDOW_MS = 40.0
#: Of a step: times that are whole steps but for rounding count as such.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Membrane:
    """The voltage of one neuron.

    Args:
        population, neuron: whose.
        v: after each step, (steps,).
        threshold: that v must exceed for a spike, in the same unit; None where the model has none.
    """

    population: str
    neuron: int
    v: IntArray
    threshold: int | None = None


@dataclass(frozen=True)
class Showing:
    """What is shown of a run, and how it is called.

    Attributes:
        layer: population whose spikes are drawn as a raster; None: the output.
        window_ms: over which events fade.
        names: of the classes; none, or as many as there are.
        credit: line that the licence of the data asks for.
    """

    layer: str | None = None
    window_ms: float = WINDOW_MS
    names: tuple[str, ...] = ()
    credit: str = ""

    def __post_init__(self) -> None:
        if not (isfinite(self.window_ms) and self.window_ms > 0):
            raise OptionError("window", f"of {self.window_ms} ms is no length", "give milliseconds above 0")


@dataclass(frozen=True, eq=False)
class Frame:
    """What is seen at one moment: everything that happened in the steps completed by then.

    Attributes:
        time_ms: the moment; steps: completed by then.
        on, off: events of each polarity in the window before it, by pixel, (H, W), or (1, neurons) of an input in a
            row. Of an input with two channels, channel 1 is ON and 0 is OFF; of others all events are ON.
        on_light, off_light: the same, each event weighed by 1 − age / window.
        counts: output spikes of each class until then, (classes,).
        winner: the class that leads the read-out, lowest index on ties; None before the first output spike.
        seen_step, seen_neuron: input events until then, (events,).
        raster_step, raster_neuron: spikes of the layer shown until then, (spikes,).
        v: of the neuron shown after each step until then, (steps,); None where none is.
    """

    time_ms: float
    steps: int
    on: IntArray
    off: IntArray
    on_light: NDArray[np.float64]
    off_light: NDArray[np.float64]
    counts: IntArray
    winner: int | None
    seen_step: IntArray
    seen_neuron: IntArray
    raster_step: IntArray
    raster_neuron: IntArray
    v: IntArray | None


@dataclass(frozen=True, eq=False)
class Replay(Shown, drawn_by="neurodeploy.replays.page"):
    """One recording in one network, ready to be shown.

    Args:
        raster: every spike of it, the input first, the output last.
        classes: among which consecutive outputs are shared out; None: every output is one.
        readout: "count", "first" or "average", as the run had it.
        showing: what of it is shown.
        membrane: of a neuron, if one is shown.

    Raises:
        OptionError: a layer that is not there, names of another number of classes, or a voltage of another length.
    """

    raster: Raster
    classes: int | None = None
    readout: str = "count"
    showing: Showing = field(default_factory=Showing)
    membrane: Membrane | None = None

    def __post_init__(self) -> None:
        _ = self.layer
        names = len(self.showing.names)
        if names not in (0, self.class_count):
            problem = f"are {names} for {self.class_count} classes"
            raise OptionError("names of the classes", problem, "give one for each, or none")
        if self.membrane is not None and len(self.membrane.v) != self.raster.steps:
            problem = f"has {len(self.membrane.v)} values for {self.raster.steps} steps"
            raise OptionError("membrane", problem, "give v after every step")

    @cached_property
    def input(self) -> LayerSpikes:
        """The events that the network saw, in order of time."""
        return _in_order(self.raster.populations[0])

    @cached_property
    def output(self) -> LayerSpikes:
        """The spikes that are counted, in order of time."""
        return _in_order(self.raster.populations[-1])

    @cached_property
    def layer(self) -> LayerSpikes:
        """The spikes drawn as a raster, in order of time."""
        if self.showing.layer is None:
            return self.output
        for layer in self.raster.populations:
            if layer.name == self.showing.layer:
                return _in_order(layer)
        known = ", ".join(layer.name for layer in self.raster.populations)
        raise OptionError(f"layer {self.showing.layer}", "is not in this run", f"choose one of {known}")

    @property
    def plane(self) -> tuple[int, int]:
        """Height and width of what the input is drawn on; an input in a row has one row."""
        shape = self.input.shape
        return (shape[1], shape[2]) if len(shape) == 3 else (1, self.input.neurons)

    @property
    def is_image(self) -> bool:
        """Whether the input is drawn as a picture; if not, as a raster."""
        return len(self.input.shape) == 3

    @property
    def has_polarity(self) -> bool:
        """Whether channel 0 of the input is OFF and channel 1 is ON."""
        return self.is_image and self.input.shape[0] == 2

    @property
    def class_count(self) -> int:
        """How many classes are counted."""
        return self.classes or self.output.neurons

    @property
    def votes(self) -> int:
        """Output neurons of each class."""
        return self.output.neurons // self.class_count

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes, fit to be shown; their numbers where they have none."""
        return tuple(map(plain, self.showing.names)) or tuple(str(i) for i in range(self.class_count))

    @property
    def end_ms(self) -> float:
        """Length of the recording."""
        return self.raster.steps * self.raster.timestep_ms

    @property
    def window(self) -> int:
        """Steps over which events fade, at least one."""
        return max(1, round(self.showing.window_ms / self.raster.timestep_ms))

    def frame(self, time_ms: float) -> Frame:
        """What is seen at a moment; times before the start and after the end show these."""
        steps = min(max(floor(time_ms / self.raster.timestep_ms + ROUNDING), 0), self.raster.steps)
        seen = _until(self.input, steps)
        recent = slice(int(np.searchsorted(self.input.step, steps - self.window)), seen.stop)
        shown = _until(self.layer, steps)
        counts = self._counts(steps)
        (on, off), (on_light, off_light) = self._window(steps, recent)
        return Frame(
            time_ms=time_ms,
            steps=steps,
            on=on,
            off=off,
            on_light=on_light,
            off_light=off_light,
            counts=counts,
            winner=self._winner(counts),
            seen_step=self.input.step[seen],
            seen_neuron=self.input.neuron[seen],
            raster_step=self.layer.step[shown],
            raster_neuron=self.layer.neuron[shown],
            v=None if self.membrane is None else self.membrane.v[:steps],
        )

    def _window(self, steps: int, recent: slice) -> tuple[tuple[IntArray, ...], tuple[NDArray[np.float64], ...]]:
        """Counts of ON and OFF events, and their lights, (H, W) each."""
        plane = self.plane
        pixels = plane[0] * plane[1]
        channel, place = np.divmod(self.input.neuron[recent], pixels)
        weight = 1 - (steps - 1 - self.input.step[recent]) / self.window
        positive = channel == 1 if self.has_polarity else np.ones(len(channel), bool)
        parts = (positive, ~positive)
        counts = tuple(np.bincount(place[part], minlength=pixels).astype(np.int64).reshape(plane) for part in parts)
        lights = tuple(
            np.bincount(place[part], weight[part], pixels).astype(np.float64).reshape(plane) for part in parts
        )
        return counts, lights

    def _counts(self, steps: int) -> IntArray:
        neuron = self.output.neuron[_until(self.output, steps)]
        return np.bincount(neuron // self.votes, minlength=self.class_count)

    def _winner(self, counts: IntArray) -> int | None:
        if not counts.any():
            return None
        return int(self.output.neuron[0]) // self.votes if self.readout == "first" else int(np.argmax(counts))


def _in_order(layer: LayerSpikes) -> LayerSpikes:
    """The spikes by step, then by neuron."""
    order = np.lexsort((layer.neuron, layer.step))
    return LayerSpikes(layer.name, layer.shape, layer.step[order], layer.neuron[order])


def _until(layer: LayerSpikes, steps: int) -> slice:
    """The spikes of the first `steps` steps."""
    return slice(0, int(np.searchsorted(layer.step, steps)))
