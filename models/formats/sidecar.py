"""The sidecar of a lava-dl checkpoint: what its state dict does not hold, as TOML.

::

    input = [2, 34, 34]        # C, H, W, or [N]
    threshold = 1.25           # as training gave it; of every block that does not say otherwise
    scale = 64                 # lava-dl's `scale`; 64 unless given
    timestep_ms = 1.0          # 1 unless given
    steps = 300                # default length of a recording; none unless given

    [[block]]                  # one for each entry of `blocks`, in their order
    kind = "conv"              # conv, convT, pool, unpool, dense, flatten or average
    stride = 1                 # of planes: one number or [height, width]; 1, the kernel for pool and unpool
    padding = 0                # of planes; 0 unless given
    dilation = 1               # conv, convT, unpool; 1 unless given
    groups = 1                 # conv, convT; 1 unless given
    threshold = 1.25           # overrides the one above
    dynamics = true            # false: an Affine block without neurons
    delay_shift = true         # lava-dl's default; nothing else can be run
    classes = 10               # average
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes
from neurodeploy.network import Shape

MAX_BYTES = 2**20
_KINDS = {
    "conv": {"stride", "padding", "dilation", "groups"},
    "convT": {"stride", "padding", "dilation", "groups"},
    "pool": {"stride", "padding"},
    "unpool": {"stride", "padding", "dilation"},
    "dense": {"dynamics"},
    "flatten": set[str](),
    "average": {"classes"},
}
_LENGTHS = {"stride": (1, 2), "padding": (1, 2), "dilation": (1, 2), "groups": (1,), "classes": (1,)}
_COMMON = {"kind", "threshold", "delay_shift"}
_TOP = {"input", "threshold", "scale", "timestep_ms", "steps", "block"}


@dataclass(frozen=True)
class Block:
    """What one block of the checkpoint is.

    Attributes:
        kind: conv, convT, pool, unpool, dense, flatten or average.
        threshold: as training gave it; None where there is no neuron.
        sizes: stride, padding, dilation, groups and classes, as far as they are given.
        dynamics: whether it has neurons.
    """

    kind: str
    threshold: float | None
    sizes: dict[str, tuple[int, ...]]
    dynamics: bool


@dataclass(frozen=True)
class Sidecar:
    """A whole sidecar.

    Attributes:
        input: (channels, height, width) or (neurons,).
        scale: units per 1.0 of weights and thresholds.
        timestep_ms: length of a step.
        steps: default length of a recording.
        blocks: in the order of the checkpoint's `blocks`.
    """

    input: Shape
    scale: int
    timestep_ms: float
    steps: int | None
    blocks: tuple[Block, ...]


def read_sidecar(path: Path) -> Sidecar:
    """Read a sidecar.

    Raises:
        FormatError: missing, no TOML, an unknown key, or a value out of range.
    """
    try:
        table = tomllib.loads(read_bytes(path, MAX_BYTES).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(str(path), f"is no TOML ({error})", "correct it") from error
    _only(table, _TOP, str(path))
    shape = _sizes(table.get("input"), f"{path}: input", (1, 3))
    blocks = table.get("block")
    if not isinstance(blocks, list) or not blocks:
        raise FormatError(f"{path}: block", "is missing", "describe every block in a [[block]]")
    threshold = _number(table["threshold"], f"{path}: threshold") if "threshold" in table else None
    return Sidecar(
        shape,
        _sizes(table.get("scale", 64), f"{path}: scale", (1,))[0],
        _number(table.get("timestep_ms", 1.0), f"{path}: timestep_ms"),
        _sizes(table["steps"], f"{path}: steps", (1,))[0] if "steps" in table else None,
        tuple(_block(item, f"{path}: block {i}", threshold) for i, item in enumerate(blocks)),
    )


def _block(table: Any, where: str, threshold: float | None) -> Block:
    if not isinstance(table, dict) or table.get("kind") not in _KINDS:
        raise FormatError(where, f"is not of one of the kinds {', '.join(_KINDS)}", "give its kind")
    kind = table["kind"]
    _only(table, _COMMON | _KINDS[kind], where)
    if table.get("delay_shift", True) is not True:
        problem = "is without the delay of one step that every spike takes on the chip"
        raise FormatError(f"{where}: delay_shift", problem, "train it with delay_shift=True")
    dynamics = table.get("dynamics", True)
    if type(dynamics) is not bool:
        raise FormatError(f"{where}: dynamics", f"is {dynamics!r}", "give true or false")
    has_neuron = kind not in ("flatten", "average") and dynamics
    own = _number(table["threshold"], f"{where}: threshold") if "threshold" in table else threshold
    if has_neuron and own is None:
        raise FormatError(f"{where}: threshold", "is missing", "give it for the block or for all")
    sizes = {
        name: _sizes(table[name], f"{where}: {name}", lengths, zero=name == "padding")
        for name, lengths in _LENGTHS.items()
        if name in table
    }
    return Block(kind, own if has_neuron else None, sizes, dynamics)


def _only(table: dict[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise FormatError(f"{where}: {name[:40]}", "is a key without a meaning", f"use {', '.join(sorted(known))}")


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 < value < 2**20:
        raise FormatError(where, f"is {value!r}", "give a positive number")
    return float(value)


def _sizes(value: Any, where: str, lengths: tuple[int, ...], zero: bool = False) -> tuple[int, ...]:
    """One or several whole numbers from 1 (or 0) to 2^20."""
    values = value if isinstance(value, list) else [value]
    if len(values) not in lengths or not all(type(v) is int and (0 if zero else 1) <= v <= 2**20 for v in values):
        raise FormatError(where, f"is {value!r}", "give positive whole numbers")
    return tuple(values)
