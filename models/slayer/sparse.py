"""Sparse spikes as lists, and the products that do work only where there are spikes.

Lists belong to rows; row step · recordings + recording holds the spikes of one recording in one step. Planes are
(height, width, channels) inside the trainer, so that a spike meets contiguous pieces of a convolution's output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.models.slayer import _loops
from neurodeploy.models.slayer.loops import Floats, table, threads
from neurodeploy.network import Shape
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events, bin_recording
from neurodeploy.spikes.recording import Recording

#: Windows of so many bytes are made at once when errors go back through a convolution.
WINDOW_BYTES = 2**21


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes of a batch of recordings, as lists by row.

    Args:
        steps, recordings: their product is the number of rows.
        shape: of the neurons, (neurons,) or (height, width, channels).
        start: where the list of each row begins in the others, int64, shape (rows + 1,).
        column: flat number of the neuron, int32, ascending in a row.
        value: of the spike, 1 for most, float32.
    """

    steps: int
    recordings: int
    shape: Shape
    start: NDArray[np.int64]
    column: NDArray[np.int32]
    value: Floats

    @classmethod
    def of(cls, raster: Tensor) -> Spikes:
        """The values other than 0 of a raster (steps, recordings, …), float32 on the processor."""
        steps, recordings, *shape = raster.shape
        flat = table(raster.reshape(steps * recordings, prod(shape)))
        return cls(steps, recordings, tuple(shape), *_loops.nonzero(flat, threads=threads()))

    def raster(self) -> Tensor:
        """The same as a raster (steps, recordings, …)."""
        dense = np.zeros((self.steps * self.recordings, prod(self.shape)), np.float32)
        dense[np.repeat(np.arange(len(dense)), np.diff(self.start)), self.column] = self.value
        return torch.from_numpy(dense).reshape(self.steps, self.recordings, *self.shape)

    def later(self, steps: int) -> Spikes:
        """The same spikes that many steps later, without those that then come behind the end."""
        if not steps:
            return self
        kept = max(0, self.steps - steps) * self.recordings
        before = np.zeros(self.steps * self.recordings - kept, np.int64)
        start, last = np.concatenate([before, self.start[: kept + 1]]), int(self.start[kept])
        return Spikes(self.steps, self.recordings, self.shape, start, self.column[:last], self.value[:last])

    def lists(self) -> dict[str, Any]:
        """As the compiled loops take them."""
        return {"start": self.start, "column": self.column, "value": self.value}


def input_spikes(recordings: Sequence[Recording], shape: Shape, steps: int, timestep_ms: float) -> Spikes:
    """The input spikes of recordings as lists, at most one per step and neuron, later events dropped.

    Args:
        recordings: events of a sensor.
        shape: of the input, (C, H, W) or (neurons,).
        steps: length of the run.
        timestep_ms: length of a step.

    Raises:
        DataError: an event outside the input shape.
    """
    binned = [bin_recording(recording, shape, timestep_ms).within(steps)[0] for recording in recordings]
    return event_spikes(binned, shape, steps)


def event_spikes(batch: Sequence[Events], shape: Shape, steps: int) -> Spikes:
    """The spikes of one `Events` per recording, neurons numbered C, H, W, all before step `steps`."""
    row = np.concatenate([events.step * len(batch) + index for index, events in enumerate(batch)])
    column = np.concatenate([_channels_last(events.neuron, shape) for events in batch])
    inside = shape if len(shape) == 1 else (*shape[1:], shape[0])
    place = row * prod(shape) + column  # below 2^63: a raster of as many values could not be held
    if all(events.payload is None for events in batch):
        place.sort()
        value = np.ones(len(place), np.float32)
    else:
        order = np.argsort(place, kind="stable")
        given = [np.ones(len(e)) if e.payload is None else e.payload for e in batch]
        place, value = place[order], np.concatenate(given).astype(np.float32)[order]
    row, column = np.divmod(place, prod(shape))
    start = np.searchsorted(row, np.arange(steps * len(batch) + 1))
    return Spikes(steps, len(batch), inside, start, column.astype(np.int32), value)


def _channels_last(neuron: IntArray, shape: Shape) -> IntArray:
    """Numbers in the order C, H, W to numbers in the order H, W, C."""
    if len(shape) == 1:
        return neuron
    channel, pixel = np.divmod(neuron, shape[1] * shape[2])
    return pixel * shape[0] + channel


def product(spikes: Spikes, weight: Tensor) -> Tensor:
    """W s without a gradient: weight (inputs, outputs) to sums (steps, recordings, outputs)."""
    out = torch.empty(spikes.steps, spikes.recordings, weight.shape[1])
    rows = spikes.steps * spikes.recordings
    _loops.product(**spikes.lists(), weight=table(weight), out=out.view(rows, -1).numpy(), threads=threads())
    return out


def collect(spikes: Spikes, error: Tensor) -> Tensor:
    """Σ over rows of s · errorᵀ, shape (inputs, outputs), for the gradient of `product` to its weight."""
    gradient = torch.empty(prod(spikes.shape), error.shape[-1])
    _loops.collect(**spikes.lists(), error=table(error.flatten(0, 1)), gradient=gradient.numpy(), threads=threads())
    return gradient


@dataclass(frozen=True)
class ConvShape:
    """A convolution of stride 1 without dilation or groups on planes (height, width, channels)."""

    height: int
    width: int
    channels: int
    kernel: int
    padding: int

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of its output."""
        more = 2 * self.padding - self.kernel + 1
        return self.height + more, self.width + more


def conv_product(spikes: Spikes, weight: Tensor, shape: ConvShape) -> Tensor:
    """A convolution's sums (steps, recordings, height, width, out), weight (out, in, k, k), without a gradient."""
    out = torch.empty(spikes.steps, spikes.recordings, *shape.output, len(weight))
    flat = out.view(spikes.steps * spikes.recordings, -1).numpy()
    arranged = weight.detach().flip(3).permute(1, 2, 3, 0).reshape(-1, len(weight))
    _loops.conv_forward(**spikes.lists(), weight=table(arranged), out=flat, **vars(shape), threads=threads())
    return out


def conv_back(error: Tensor, weight: Tensor, shape: ConvShape) -> Tensor:
    """The gradient of a convolution's sums to its input, (steps, recordings, height, width, channels).

    The gradient to every window is one matrix product, made for some frames at a time so that it stays in the cache.
    """
    outputs, frames = len(weight), error.flatten(0, 1).flatten(1, 2)
    arranged = weight.detach().permute(0, 2, 3, 1).reshape(outputs, -1)
    planes = torch.empty(len(frames), shape.height * shape.width * shape.channels)
    piece = max(1, WINDOW_BYTES // (4 * arranged.shape[1] * frames.shape[1]))
    room = torch.empty(piece * frames.shape[1], arranged.shape[1])
    for first in range(0, len(frames), piece):
        windows = frames[first : first + piece].flatten(0, 1)
        columns = torch.mm(windows, arranged, out=room[: len(windows)])
        _loops.fold(table(columns), table(planes[first : first + piece]), **vars(shape), threads=threads())
    return planes.view(*error.shape[:2], shape.height, shape.width, shape.channels)


def conv_collect(spikes: Spikes, error: Tensor, shape: ConvShape) -> Tensor:
    """The gradient of `conv_product` to its weight, (out, in, k, k)."""
    outputs = error.shape[-1]
    gradient = torch.empty(shape.channels * shape.kernel**2, outputs)
    flat = table(error.flatten(0, 1))
    _loops.conv_collect(**spikes.lists(), error=flat, gradient=gradient.numpy(), **vars(shape), threads=threads())
    return gradient.view(shape.channels, shape.kernel, shape.kernel, outputs).permute(3, 0, 1, 2).flip(3)
