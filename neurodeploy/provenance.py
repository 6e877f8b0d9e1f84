"""Provenance: which versions and which command made an artefact."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

DISTRIBUTION = "neurodeploy-snn"


def package_version(name: str = DISTRIBUTION) -> str | None:
    """Version of an installed distribution, None when it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def provenance(command: Sequence[str], inputs: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What is stored in every artefact.

    Args:
        command: the command line, or the name of the API function.
        inputs: hashes of what went in, by name.
    """
    return {
        "neurodeploy": package_version(),
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "h5py": package_version("h5py"),
        "system": f"{platform.system()} {platform.machine()}",
        "command": list(command),
        "inputs": dict(inputs or {}),
    }
