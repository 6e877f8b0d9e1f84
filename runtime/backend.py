"""The one contract of all backends, and the table of those there are."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Options, Simulation
from neurodeploy.errors import OptionError


class Backend(Protocol):
    """A program loaded and ready to run any number of recordings, from several threads if need be."""

    def simulation(self) -> Simulation:
        """A run from zero state."""


#: Name, module and class, and what it is; modules are imported when asked for.
BACKENDS = {
    "emulator": ("neurodeploy.runtime.emulator:EmulatorBackend", "C core, through cores and axons, bit-exact"),
    "reference": ("neurodeploy.runtime.reference:ReferenceBackend", "numpy, the semantics as written, bit-exact"),
    "torch": ("neurodeploy.runtime.torch_float:TorchBackend", "the float network as training computes it"),
    "lava": (
        "neurodeploy.runtime.lava:LavaBackend",
        "Lava's fixed-point models and runtime, in an environment of its own",
    ),
    "lava-hw": (
        "neurodeploy.runtime.lava_hardware:open_board",
        "Loihi 2 through Lava; says so without a board",
    ),
}


def open_backend(name: str, program: Program, options: Options | None = None) -> Backend:
    """Load a program into a backend.

    Raises:
        OptionError: no such backend.
        MissingPackageError: a package the backend needs is not installed.
        FormatError: a program with indices out of range.
    """
    if name not in BACKENDS:
        raise OptionError(f"backend {name}", "is unknown", f"choose from {', '.join(BACKENDS)}")
    module, attribute = BACKENDS[name][0].split(":")
    factory = cast("Callable[[Program, Options], Backend]", getattr(import_module(module), attribute))
    return factory(program, options or Options())
