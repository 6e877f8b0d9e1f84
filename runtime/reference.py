"""Backend `reference`: the program's integer network in the numpy reference."""

from __future__ import annotations

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Options, Simulation
from neurodeploy.emulator.snapshot import Snapshot


class ReferenceBackend:
    """Executes the network a program was compiled from; the mapping does not matter to it."""

    def __init__(self, program: Program, options: Options) -> None:
        self._network = program.network
        self._options = options

    def simulation(self) -> Simulation:
        """A run from zero state."""
        return Reference(self._network, self._options)

    def resumed(self, snapshot: Snapshot) -> Simulation:
        """See `ResumableBackend.resumed`."""
        return Reference(self._network, self._options, snapshot)
