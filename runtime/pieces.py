"""Input of a run in pieces: rasters and events, brought onto absolute steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError
from neurodeploy.network import Network
from neurodeploy.spikes.events import Events

#: What a stretch of a run can be given.
Piece = Events | NDArray[np.generic]


def events_of(data: Piece, network: Network, first: int) -> tuple[Events, int | None]:
    """The events of a raster whose first row is step `first`, and its length; events stay as they are.

    Raises:
        DataError: a raster of another shape than the input, or without steps.
    """
    if isinstance(data, Events):
        return data, None
    array, shape = np.asarray(data), network.input.shape or ()
    if array.ndim and not len(array):
        raise DataError("raster", "has no steps", "give at least one, first axis time")
    if array.shape[1:] not in (shape, (network.input.neurons,)):
        wanted = " or ".join({f"(steps, {network.input.neurons})", f"(steps, {', '.join(map(str, shape))})"})
        raise DataError("raster", f"has shape {array.shape}", f"give {wanted}, first axis time")
    events = Events.from_raster(array)
    return (Events(events.step + first, events.neuron, events.payload) if first else events), len(array)


def joined(one: Events, other: Events) -> Events:
    """Both, in order."""
    if not len(one):
        return other
    step, neuron = (np.concatenate([getattr(one, name), getattr(other, name)]) for name in ("step", "neuron"))
    if one.payload is None and other.payload is None:
        return Events(step, neuron)
    payload = [np.ones(len(e), np.int64) if e.payload is None else e.payload for e in (one, other)]
    return Events(step, neuron, np.concatenate(payload))


def after(events: Events, step: int) -> Events:
    """The events from `step` on."""
    return events.between(int(np.searchsorted(events.step, step)), len(events))
