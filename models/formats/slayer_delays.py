"""Axonal delays of a slayerPytorch checkpoint: milliseconds per channel or neuron, to steps per neuron."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.slayer_network import FloatArray, Part
from neurodeploy.network.network import MAX_DELAY
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import IntArray


def read_delays(
    path: Path, delays: Mapping[int, FloatArray], parts: tuple[Part, ...], timestep_ms: float
) -> dict[str, PerNeuron]:
    """Give the axonal delay of every layer that has one, in steps, one per neuron.

    Delay N belongs to the spikes of the N-th layer that is no pool. SLAYER floors it to steps when it uses it, in the
    single precision in which it is stored.

    Args:
        path: the checkpoint, for messages.
        delays: milliseconds by number, each (C, 1, 1) or (C, H, W) of its layer; (neurons, 1, 1) for a dense one.
        parts: all layers.
        timestep_ms: length of a step.

    Raises:
        FormatError: a delay without a layer, of another shape, negative, or above 62 steps.
    """
    layers = [part for part in parts if part.synapse.learned]
    result: dict[str, PerNeuron] = {}
    for number, delay in delays.items():
        where = f"{path}: delay{number}.delay"
        if number > len(layers):
            problem = f"belongs to layer {number} of {len(layers)} that are no pools"
            raise FormatError(where, problem, "correct --arch")
        part = layers[number - 1]
        steps = _steps(where, delay, timestep_ms)
        result[part.name] = _per_neuron(where, steps, part)
    return result


def _steps(where: str, delay: FloatArray, timestep_ms: float) -> IntArray:
    steps: IntArray = np.trunc(delay.astype(np.float32) / np.float32(timestep_ms)).astype(np.int64)
    worst = steps.min(initial=0) if steps.min(initial=0) < 0 else steps.max(initial=0)
    if not 0 <= worst <= MAX_DELAY:
        problem = f"{worst} steps of {timestep_ms:g} ms are outside 0 … {MAX_DELAY}"
        raise FormatError(where, problem, "clamp the delays in training")
    return steps


def _per_neuron(where: str, steps: IntArray, part: Part) -> IntArray:
    """Spread the delays of channels over their neurons."""
    shape = part.shape if len(part.shape) == 3 else (part.shape[0], 1, 1)
    if steps.shape not in (shape, (shape[0], 1, 1)):
        problem = f"has shape {steps.shape}, {part.name} needs {(shape[0], 1, 1)} or {shape}"
        raise FormatError(where, problem, "correct --arch or the delays")
    return np.broadcast_to(steps, shape).reshape(prod(shape))
