"""neurodeploy: from a trained spiking network to a verified chip image.

The names below are imported when first used, so that `import neurodeploy` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodeploy.api import compile, convert, load, record, run, save, stream, verify  # noqa: A004
    from neurodeploy.calibration import calibrate_srm
    from neurodeploy.comparison import Comparison, compare
    from neurodeploy.compiler import Program
    from neurodeploy.errors import NeurodeployError
    from neurodeploy.fine_tuning import fine_tune
    from neurodeploy.fine_tuning_files import fine_tune_files
    from neurodeploy.network import Network
    from neurodeploy.quantization import quantize
    from neurodeploy.replaying import replay
    from neurodeploy.replays.replay import Replay
    from neurodeploy.reporting.sweep_points import Sweep
    from neurodeploy.reports import report
    from neurodeploy.runtime.run import Run
    from neurodeploy.runtime.stream import Stream
    from neurodeploy.spikes.events import Events
    from neurodeploy.staging import stages
    from neurodeploy.stepping import timesteps
    from neurodeploy.sweeping import sweep
    from neurodeploy.training import train

_HOMES = {
    **dict.fromkeys(
        ("compile", "convert", "load", "record", "run", "save", "stream", "verify"),
        "neurodeploy.api",
    ),
    "calibrate_srm": "neurodeploy.calibration",
    **dict.fromkeys(("Comparison", "compare"), "neurodeploy.comparison"),
    "Events": "neurodeploy.spikes.events",
    "Network": "neurodeploy.network",
    "NeurodeployError": "neurodeploy.errors",
    "Program": "neurodeploy.compiler",
    "Run": "neurodeploy.runtime.run",
    "Stream": "neurodeploy.runtime.stream",
    "Sweep": "neurodeploy.reporting.sweep_points",
    "fine_tune": "neurodeploy.fine_tuning",
    "fine_tune_files": "neurodeploy.fine_tuning_files",
    "Replay": "neurodeploy.replays.replay",
    "quantize": "neurodeploy.quantization",
    "replay": "neurodeploy.replaying",
    "report": "neurodeploy.reports",
    "stages": "neurodeploy.staging",
    "sweep": "neurodeploy.sweeping",
    "timesteps": "neurodeploy.stepping",
    "train": "neurodeploy.training",
}

__all__ = [
    "Comparison",
    "Events",
    "Network",
    "NeurodeployError",
    "Program",
    "Replay",
    "Run",
    "Stream",
    "Sweep",
    "calibrate_srm",
    "compare",
    "compile",
    "convert",
    "fine_tune",
    "fine_tune_files",
    "load",
    "quantize",
    "record",
    "replay",
    "report",
    "run",
    "save",
    "stages",
    "stream",
    "sweep",
    "timesteps",
    "train",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
