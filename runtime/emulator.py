"""Backend `emulator`: the compiled program in the C core."""

from __future__ import annotations

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Options, Simulation
from neurodeploy.emulator.snapshot import Snapshot
from neurodeploy.errors import MissingPackageError

try:
    from neurodeploy.emulator.engine import Emulator, load
except ImportError as error:
    raise MissingPackageError(
        "backend emulator", f"finds no C core ({error})", "reinstall neurodeploy-snn, or use --backend reference"
    ) from error


class EmulatorBackend:
    """Executes a program through its cores and axons."""

    def __init__(self, program: Program, options: Options) -> None:
        self._image = load(program)
        self._options = options

    def simulation(self) -> Simulation:
        """A run from zero state."""
        return Emulator(self._image, self._options)

    def resumed(self, snapshot: Snapshot) -> Simulation:
        """See `ResumableBackend.resumed`."""
        return Emulator(self._image, self._options, snapshot=snapshot)
