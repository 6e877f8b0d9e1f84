"""Replays of made-up spikes."""

from __future__ import annotations

import numpy as np

from neurodeploy.replays.replay import Membrane, Replay, Showing
from neurodeploy.runtime.record import LayerSpikes, Raster


def spikes(name: str, shape: tuple[int, ...], steps: int, count: int, seed: int) -> LayerSpikes:
    """Independent spikes, by step and neuron, none twice."""
    draw, neurons = np.random.default_rng(seed), int(np.prod(shape))
    place = np.sort(draw.choice(steps * neurons, min(count, steps * neurons), replace=False))
    return LayerSpikes(name, shape, place // neurons, place % neurons)


def made(
    shape: tuple[int, ...] = (2, 6, 8),
    outputs: int = 4,
    steps: int = 50,
    timestep_ms: float = 2.0,
    count: int = 300,
    classes: int | None = None,
    readout: str = "count",
    showing: Showing | None = None,
    file: str = "1.bs2",
    label: int | str | None = 1,
) -> Replay:
    """A replay of an input, a hidden layer and an output, whose prediction follows from its spikes."""
    layers = tuple(
        spikes(name, form, steps, events, seed)
        for seed, (name, form, events) in enumerate(
            [("input", shape, count), ("fc1", (9,), 80), ("fc2", (outputs,), 60)]
        )
    )
    votes = outputs // (classes or outputs)
    output = layers[-1].neuron // votes
    prediction = int(output[0]) if readout == "first" else int(np.argmax(np.bincount(output)))
    raster = Raster(file, label, prediction, steps, timestep_ms, layers)
    v = np.random.default_rng(9).integers(-500, 900, steps)
    return Replay(raster, classes, readout, showing or Showing(), Membrane("fc1", 3, v, 640))
