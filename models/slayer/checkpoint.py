"""Checkpoints of a training: one file, complete or not at all, read without running anything it contains."""

from __future__ import annotations

import io
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes, write_atomic
from neurodeploy.models.formats.torch_file import DAMAGE, MAX_CHECKPOINT_BYTES, check_zip

KIND = "neurodeploy.training/1"
ENTRIES = {
    "model": dict,
    "optimizer": dict,
    "schedule": dict,
    "generators": list,
    "indices": torch.Tensor,
    "done": int,
    "options": dict,
    "recordings": int,
}


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers and strings in dictionaries and lists, in torch's zip container.

    Raises:
        FormatError: the system refuses to write.
    """
    buffer = io.BytesIO()
    torch.save({"kind": KIND, **state}, buffer)
    write_atomic(path, buffer.getvalue(), overwrite=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `write_checkpoint` wrote, at most 1 GiB.

    Raises:
        FormatError: missing, damaged, or something else than a checkpoint of a training.
    """
    data = read_bytes(path, MAX_CHECKPOINT_BYTES)
    remedy = "start the training anew, or give another checkpoint"
    try:
        check_zip(path, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of damage; it is judged here
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, *DAMAGE) as error:
        raise FormatError(str(path), "is no checkpoint of a training, or a damaged one", remedy) from error
    if not isinstance(state, dict) or state.get("kind") != KIND:
        raise FormatError(str(path), "is no checkpoint of a training", remedy)
    wrong = [name for name, kind in ENTRIES.items() if not isinstance(state.get(name), kind)]
    if wrong:
        raise FormatError(str(path), f"has no valid {wrong[0]}", remedy)
    return state
