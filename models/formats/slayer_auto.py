"""Checkpoints of slayerPytorch's auto networks, renamed to the names that hand-written networks have.

Entries are `blocks.i.weightOp.weight`, or `weight_g` and `weight_v`, `blocks.i.delayOp.delay`, and the kernels as
`slayer.*` and once more in every block, as `blocks.i.slayer.*`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.weight_norm import normed

_ENTRY = re.compile(r"blocks\.([0-9]{1,4})\.(weightOp|delayOp|slayer)\.([A-Za-z_]{1,40})")

State = Mapping[str, NDArray[np.float64]]


def is_auto(state: State) -> bool:
    """Whether a state dict is that of an auto network."""
    return any(_ENTRY.fullmatch(key) for key in state)


def hand_written(path: Path, state: State, names: Sequence[str] | None) -> dict[str, NDArray[np.float64]]:
    """The same entries as `fcN.weight`, `delayN.delay`, `slayer.srmKernel` …

    Args:
        path: the file, for messages.
        state: what it holds.
        names: of the layers with weights, in order; None: dense layers only, fc1, fc2 …

    Raises:
        FormatError: another number of layers than names, a delayed pool, a block with a neuron of its own, or an entry
            that is unknown.
    """
    blocks: dict[int, dict[str, NDArray[np.float64]]] = defaultdict(dict)
    renamed: dict[str, NDArray[np.float64]] = {}
    for key, array in state.items():
        match = _ENTRY.fullmatch(key)
        if match is None:
            renamed[key] = array  # the reader of hand-written networks judges it
        elif match[2] == "slayer":
            name = f"slayer.{match[3]}"
            _check_kernel(path, key, array, renamed.setdefault(name, state.get(name, array)))
        else:
            blocks[int(match[1])][f"{match[2]}.{match[3]}"] = array
    layers = [blocks[i] for i in sorted(blocks)]
    known = [f"fc{n}" for n in range(1, len(layers) + 1)] if names is None else names
    if len(known) != len(layers):
        problem = f"holds {len(layers)} blocks with weights, the architecture has {len(known)} layers"
        raise FormatError(str(path), problem, "correct --arch")
    number = 0
    for name, entries in zip(known, layers, strict=True):
        where = f"{path}: {name}"
        renamed[f"{name}.weight"] = normed(entries, "weightOp.weight", where)
        given = name.startswith(("pool", "unpool"))
        number += not given
        if "delayOp.delay" in entries:
            if given:
                raise FormatError(where, "is a pool with delays", "train pools without")
            renamed[f"delay{number}.delay"] = entries["delayOp.delay"]
        for entry in set(entries) - {"delayOp.delay", "weightOp.weight", "weightOp.weight_g", "weightOp.weight_v"}:
            raise FormatError(f"{where}: {entry}", "is an entry that this reader does not know", "remove it")
    return renamed


def _check_kernel(path: Path, key: str, array: NDArray[np.float64], common: NDArray[np.float64]) -> None:
    if not np.array_equal(array, common):
        raise FormatError(f"{path}: {key}", "differs from the network's: neurons of its own", "give all the same")
