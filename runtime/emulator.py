"""Backend `emulator`: the compiled program in the C core."""

from __future__ import annotations

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.simulation import Options, Simulation


class EmulatorBackend:
    """Executes a program through its cores and axons."""

    def __init__(self, program: Program, options: Options) -> None:
        self._image = load(program)
        self._options = options

    def simulation(self) -> Simulation:
        """A run from zero state."""
        return Emulator(self._image, self._options)
