"""What had happened until any moment of a recording: the numbers behind the slider below its raster."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.reporting.panels import shown
from neurodeploy.runtime.record import LayerSpikes, Raster

#: Moments that are told, and classes whose counts are.
MAX_MOMENTS, MAX_CLASSES = 480, 64


def timeline(raster: Raster) -> dict[str, Any]:
    """Spikes so far, of the layers that the raster draws.

    Returns:
        `moments`: numbers of steps that have passed, rising, the last one all of them; `timestep_ms`; `layers`: name
        and spikes `so_far` at each moment; `classes`: spikes so far of each output neuron, empty of too many.
    """
    steps = max(raster.steps, 1)
    moments = np.unique(np.linspace(0, steps, min(steps, MAX_MOMENTS) + 1).round().astype(np.int64))[1:]
    output = raster.populations[-1]
    layers = [raster.populations[i] for i in shown([layer.neurons for layer in raster.populations])]
    return {
        "moments": moments.tolist(),
        "timestep_ms": raster.timestep_ms,
        "layers": [{"name": layer.name, "so_far": _so_far(np.sort(layer.step), moments)} for layer in layers],
        "classes": _classes(output, moments) if output.neurons <= MAX_CLASSES else [],
    }


def _classes(output: LayerSpikes, moments: np.ndarray[Any, Any]) -> list[list[int]]:
    return [_so_far(np.sort(output.step[output.neuron == k]), moments) for k in range(output.neurons)]


def _so_far(step: np.ndarray[Any, Any], moments: np.ndarray[Any, Any]) -> list[int]:
    """Spikes before each moment; (spikes,) ascending steps."""
    found: list[int] = np.searchsorted(step, moments).tolist()
    return found
