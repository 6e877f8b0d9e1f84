"""A torch checkpoint as named arrays: read without running anything that the file contains.

Imports torch: let it be imported only when a checkpoint is read.
"""

from __future__ import annotations

import io
import pickle
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes

MAX_CHECKPOINT_BYTES = 2**30
MAX_ENTRIES = 10_000

#: What damaged files make torch's unpickler raise.
DAMAGE = (
    RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError, OSError, ImportError, AssertionError,
    ArithmeticError, MemoryError, struct.error, zipfile.BadZipFile,
)  # fmt: skip


def read_state_dict(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read `torch.save(module.state_dict(), path)`, in the zip or the legacy container.

    Args:
        path: the file, at most 1 GiB.

    Returns:
        Every tensor by name, without the prefix `module.` of parallel training, in its own shape.

    Raises:
        FormatError: missing, too large, damaged, with code in it, or something else than a dictionary of tensors.
    """
    data = read_bytes(path, MAX_CHECKPOINT_BYTES)
    try:
        check_zip(path, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own file's age and of damage; both are judged here
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        problem = "holds code or objects besides tensors (none of it was run), or is damaged"
        raise FormatError(str(path), problem, "store torch.save(module.state_dict(), file)") from error
    except DAMAGE as error:
        raise FormatError(str(path), "is no torch checkpoint, or a damaged one", "copy or export it again") from error
    if not isinstance(state, dict) or not 0 < len(state) <= MAX_ENTRIES:
        raise FormatError(str(path), "is no state dict", "store torch.save(module.state_dict(), file)")
    arrays = {}
    for key, tensor in state.items():
        if not isinstance(key, str) or not isinstance(tensor, torch.Tensor):
            problem = f"entry {str(key)[:40]!r} is no tensor"
            raise FormatError(str(path), problem, "store torch.save(module.state_dict(), file)")
        arrays[key.removeprefix("module.")] = _array(tensor, f"{path}: {key[:60]}", len(data))
    return arrays


def check_zip(path: Path, data: bytes) -> None:
    """Refuse entries that are compressed or overlap, and so could unfold to any size; torch writes none."""
    if not data.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unfolded = sum(entry.file_size for entry in archive.infolist())
    if unfolded > len(data):
        raise FormatError(str(path), f"unfolds to {unfolded} bytes, more than it has", "store it with torch.save")


def _array(tensor: torch.Tensor, where: str, limit: int) -> NDArray[np.float64]:
    """Copy a tensor; one that claims more numbers than the file has bytes (by strides of 0) is refused."""
    if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.is_quantized or tensor.is_complex():
        raise FormatError(where, "is no plain tensor of numbers", "store dense float tensors")
    if tensor.numel() * tensor.element_size() > limit:
        raise FormatError(where, f"claims {tensor.numel()} numbers, more than the file holds", "export it again")
    array: NDArray[np.float64] = tensor.detach().to(torch.float64).numpy()
    return array
