"""A plugin that puts the core built with sanitizers in the place of the installed one: `make sanitize`.

Every test that needs the core then uses it; a bad address or an undefined operation ends the run at once.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path

NAME = "neurodeploy.emulator._core"


def _install() -> None:
    (path,) = Path(os.environ["NEURODEPLOY_SANITIZED_CORE"]).glob("_core.*so")
    loader = importlib.machinery.ExtensionFileLoader(NAME, str(path))
    spec = importlib.util.spec_from_file_location(NAME, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[NAME] = module


_install()
