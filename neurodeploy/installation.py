"""What of the package's own parts and its optional companions works on this machine."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from neurodeploy.extras import install_remedy
from neurodeploy.provenance import package_version

#: Piece, distribution, a real symbol of it, what it is needed for, and what to do when it is missing.
_PIECES = (
    (
        "C core",
        None,
        "neurodeploy.emulator._core:Image",
        "backend emulator; without it there is --backend reference, a hundred times slower",
        "pip install --force-reinstall . in a checkout, or the wheel's name for .",
    ),
    ("numpy", "numpy", "numpy:ndarray", "everything", "pip install numpy"),
    ("h5py", "h5py", "h5py:File", "reading and writing .ndn, .ndp and .ndr files", "pip install h5py"),
    ("matplotlib", "matplotlib", "matplotlib.figure:Figure", "the figures of the report", "pip install matplotlib"),
    (
        "torch",
        "torch",
        "torch:Tensor",
        "reading .pt checkpoints, training, backend torch",
        install_remedy("torch"),
    ),
    (
        "scikit-learn",
        "scikit-learn",
        "sklearn.datasets:load_digits",
        "the digits of `neurodeploy demo`",
        install_remedy("demo"),
    ),
)


def examine() -> list[dict[str, Any]]:
    """One row per piece: piece, version, works, needed_for, remedy, optional. It works when a symbol of it imports."""
    rows: list[dict[str, Any]] = [
        {
            "piece": "Python",
            "version": sys.version.split()[0],
            "works": (3, 11) <= sys.version_info[:2] <= (3, 13),
            "needed_for": "everything",
            "remedy": "use Python 3.11, 3.12 or 3.13",
            "optional": False,
        }
    ]
    for piece, distribution, symbol, needed_for, remedy in _PIECES:
        works = _imports(symbol)
        version = package_version(distribution) if distribution and works else None
        row = {"piece": piece, "version": version, "works": works, "needed_for": needed_for, "remedy": remedy}
        rows.append(row | {"optional": False})
    return [*rows, _video(), _lava()]


def _video() -> dict[str, Any]:
    works = _imports("av:VideoFrame")
    return {
        "piece": "PyAV",
        "version": package_version("av") if works else None,
        "works": works,
        "needed_for": ".mp4 and .webm of `neurodeploy replay`",
        "remedy": install_remedy("video"),
        "optional": True,
    }


def _lava() -> dict[str, Any]:
    from neurodeploy.runtime.lava_environment import SETUP, installed

    environment = installed(thorough=True)
    return {
        "piece": "Lava",
        "version": environment.versions["lava"] if environment else None,
        "works": environment is not None,
        "needed_for": "backend lava",
        "remedy": SETUP,
        "optional": True,
    }


def _imports(symbol: str) -> bool:
    module, attribute = symbol.split(":")
    try:
        return hasattr(import_module(module), attribute)
    except (ImportError, OSError):  # OSError: a shared library that cannot be loaded
        return False
