"""The one contract of all backends, and the table of those there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast, runtime_checkable

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Simulation
from neurodeploy.emulator.snapshot import Snapshot
from neurodeploy.errors import OptionError
from neurodeploy.spikes.events import Events


@dataclass(frozen=True)
class Board:
    """Which chip `lava-hw` is to use; None: whichever Lava finds.

    Attributes:
        name: of the board, SLURM's node name.
        partition: SLURM's partition, of which any board will do.
    """

    name: str | None = None
    partition: str | None = None


class Backend(Protocol):
    """A program loaded and ready to run any number of recordings, from several threads if need be."""

    def simulation(self) -> Simulation:
        """A run from zero state."""


@runtime_checkable
class ResumableBackend(Backend, Protocol):
    """A backend that can go on from a snapshot; its simulations are `Resumable`."""

    def resumed(self, snapshot: Snapshot) -> Simulation:
        """A run that goes on from there.

        Raises:
            FormatError: a state that the network cannot have.
        """


class Lanes(Protocol):
    """Recordings stepped side by side from zero state, each as if it were alone."""

    def advance(self, events: Sequence[Events], steps: int, states: Sequence[int] = ()) -> Sequence[Chunk]:
        """Run `steps` more steps; see `Simulation.advance`.

        Args:
            events: of each recording that goes on; those behind them have ended.
            steps: how many.
            states: positions of the populations whose u and v are recorded after every step.
        """

    def counters(self, lane: int) -> Counters:
        """Totals of a recording since step 0."""


@runtime_checkable
class ParallelBackend(Backend, Protocol):
    """A backend that steps several recordings in hardly more time than one."""

    @property
    def most_lanes(self) -> int:
        """How many recordings at a time memory and time are well spent on, at least 1."""

    def lanes(self, lanes: int) -> Lanes:
        """So many runs from zero state."""


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
        "neurodeploy.runtime.lava_hardware:LavaHardwareBackend",
        "Loihi 2 through Lava, where Lava reports a board",
    ),
}


#: The backend that runs the float network a program came from, in the units of its weights.
FLOAT_BACKEND = "torch"

#: The backend that drives a chip.
BOARD_BACKEND = "lava-hw"


def open_backend(name: str, program: Program, options: Options | None = None, board: Board | None = None) -> Backend:
    """Load a program into a backend.

    Args:
        name: from `BACKENDS`.
        program: compiled.
        options: how bits are computed.
        board: for `lava-hw` alone.

    Raises:
        OptionError: no such backend, or a board for one that has none.
        MissingPackageError: a package the backend needs is not installed.
        FormatError: a program with indices out of range.
    """
    if name not in BACKENDS:
        raise OptionError(f"backend {name}", "is unknown", f"choose from {', '.join(BACKENDS)}")
    module, attribute = BACKENDS[name][0].split(":")
    factory = cast("Callable[..., Backend]", getattr(import_module(module), attribute))
    chosen = board or Board()
    if name == BOARD_BACKEND:
        return factory(program, options or Options(), chosen)
    if chosen != Board():
        raise OptionError(f"backend {name}", "has no boards", f"use --backend {BOARD_BACKEND}, or leave the board out")
    return factory(program, options or Options())
