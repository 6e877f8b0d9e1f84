"""Readers of foreign network formats: `read_network` chooses one by the suffix, or the folder one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from neurodeploy.errors import FormatError, MissingPackageError
from neurodeploy.files import is_folder
from neurodeploy.models.formats.loaded import Loaded

Reader = Callable[[Path, str | None, Path | None], Loaded]

#: Module and function of every reader by suffix; imported when used.
READERS = {
    "folder": ("slayer_folder", "read_folder"),
    ".pt": ("slayer_pt", "read_pt"),
}

__all__ = ["READERS", "Loaded", "read_network"]


def read_network(path: str | Path, arch: str | None = None, yaml: str | Path | None = None) -> Loaded:
    """Read a network of any known foreign format.

    Args:
        path: a folder of SLAYER-Loihi parameters or a slayerPytorch `.pt`.
        arch: the layers in SLAYER's notation, like `128x128x2-4a-16c5z-2a-512-11`.
        yaml: the yaml of the training.

    Raises:
        FormatError: a path that does not exist, an unknown suffix, or what the reader says.
        MissingPackageError: a reader's package is not installed.
    """
    path = Path(path)
    kind = "folder" if is_folder(path) else path.suffix.lower()
    if kind not in READERS:
        known = " or ".join(f"a {known}" for known in READERS)
        raise FormatError(str(path), "is of a format that no reader knows", f"give {known}")
    module, function = READERS[kind]
    try:
        loaded = import_module(f"{__name__}.{module}")
    except (ImportError, OSError) as error:  # OSError: a shared library that cannot be loaded
        remedy = "pip install 'neurodeploy-snn[torch]'"
        problem = f"is needed to read {path.name} and cannot be imported ({error})"
        raise MissingPackageError(getattr(error, "name", None) or "torch", problem, remedy) from error
    reader = cast("Reader", getattr(loaded, function))
    return reader(path, arch, None if yaml is None else Path(yaml))
