"""Columns of numbers as text for a page: few bytes, decoded by a few lines of script."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import numpy as np

from neurodeploy.precision import IntArray
from neurodeploy.replays.replay import Replay
from neurodeploy.replays.text import plain
from neurodeploy.runtime.record import LayerSpikes

#: What could end a script element, start a comment in one, or a line in old scripts.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def replay_json(replay: Replay) -> str:
    """What the page's script needs, as JSON that can stand inside a script element."""
    raster, membrane = replay.raster, replay.membrane
    data: dict[str, Any] = {
        "steps": raster.steps,
        "timestep": raster.timestep_ms,
        "window": replay.window,
        "plane": list(replay.plane),
        "image": replay.is_image,
        "polarity": replay.has_polarity,
        "input": _spikes(replay.input),
        "output": _spikes(replay.output),
        "layer": None if replay.layer.name == replay.output.name else _spikes(replay.layer),
        "layerName": plain(replay.layer.name),
        "votes": replay.votes,
        "classes": replay.class_count,
        "names": list(replay.names),
        "first": replay.readout == "first",
        "label": raster.label if isinstance(raster.label, int) else None,
        "membrane": None,
    }
    if membrane is not None:
        data["membrane"] = {"v": _base64(membrane.v, "<i4"), "threshold": membrane.threshold}
    return escaped(data)


def escaped(data: object) -> str:
    """JSON without any character that means something to HTML."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def varints(numbers: IntArray) -> bytes:
    """Numbers from 0 below 2^35 as LEB128: seven bits a byte, the lowest first, the top bit set in all but the last."""
    shifts = np.arange(0, 35, 7)
    groups = (numbers[:, None] >> shifts) & 0x7F
    length = 1 + np.count_nonzero(numbers[:, None] >> shifts[1:], axis=1)
    position = np.arange(len(shifts))
    groups |= np.where(position < length[:, None] - 1, 0x80, 0)
    return bytes(groups[position < length[:, None]].astype(np.uint8))


def _spikes(layer: LayerSpikes) -> dict[str, Any]:
    """Steps since the spike before as LEB128; neurons in the fewest bytes that hold them all."""
    width = next(size for size in (1, 2, 4) if layer.neurons <= 256**size)
    return {
        "neurons": layer.neurons,
        "count": layer.step.size,
        "delta": _text(varints(np.diff(layer.step, prepend=0))),
        "neuron": _base64(layer.neuron, f"<u{width}"),
        "width": width,
    }


def _base64(numbers: IntArray, kind: str) -> str:
    return _text(numbers.astype(kind).tobytes())


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
