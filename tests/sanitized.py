"""A plugin that puts the core and the trainer's loops built with sanitizers in the place of the installed ones.

For `make sanitize`. Every test that needs them then uses these; a bad address or an undefined operation ends the run
at once.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path

NAMES = (
    "neurodeploy.emulator._core",
    "neurodeploy.models.forward_prop._events",
    "neurodeploy.models.slayer._loops",
)


def _install(name: str) -> None:
    (path,) = Path(os.environ["NEURODEPLOY_SANITIZED_CORE"]).glob(f"{name.rpartition('.')[2]}.*so")
    loader = importlib.machinery.ExtensionFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[name] = module


for each in NAMES:
    _install(each)
