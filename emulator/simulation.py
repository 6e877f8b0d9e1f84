"""What every emulator of a network offers: stepping, traces, counters and state, in network order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from neurodeploy.errors import OptionError
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events

if TYPE_CHECKING:
    from neurodeploy.emulator.snapshot import Snapshot

PROFILES = ("loihi", "lava-0.10")


@dataclass(frozen=True)
class Options:
    """How bits are computed.

    Attributes:
        profile: "loihi", or "lava-0.10" (u corrected once instead of wrapped; exponents below zero applied
            to the sum of a projection).
        drop_first_step: skip the update of step 0 in every population, as slayerPytorch's LOIHI kernel does.
    """

    profile: str = "loihi"
    drop_first_step: bool = False

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise OptionError(f"profile {self.profile}", "is unknown", f"choose {' or '.join(PROFILES)}")


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes of one population, sorted by step, then by neuron.

    Attributes:
        step, neuron: (spikes,).
        payload: of graded spikes, (spikes,), never 0 unless a recording says so; None: all 1.
    """

    step: IntArray
    neuron: IntArray
    payload: IntArray | None = None

    @classmethod
    def from_rows(cls, rows: Sequence[tuple[int, IntArray, IntArray]], graded: bool) -> Spikes:
        """From (step, neurons that fired in it, their payloads), in order of steps."""
        nothing = np.zeros(0, np.int64)
        step = [np.full(len(neurons), step, np.int64) for step, neurons, _ in rows]
        neuron, payload = ([row[i] for row in rows] for i in (1, 2))
        columns = [np.concatenate([nothing, *column]) for column in (step, neuron, payload)]
        return cls(columns[0], columns[1], columns[2] if graded else None)

    @classmethod
    def joined(cls, parts: Sequence[Spikes]) -> Spikes:
        """The spikes of consecutive stretches."""
        nothing = np.zeros(0, np.int64)
        step, neuron = (np.concatenate([nothing, *(getattr(p, name) for p in parts)]) for name in ("step", "neuron"))
        if all(p.payload is None for p in parts):
            return cls(step, neuron)
        return cls(step, neuron, np.concatenate([p.payloads for p in parts]))

    @property
    def payloads(self) -> IntArray:
        """Payload of every spike, (spikes,)."""
        return np.ones(len(self.step), np.int64) if self.payload is None else self.payload


@dataclass(frozen=True, eq=False)
class State:
    """u and v of one population; shape (neurons,), or (steps, neurons) in a trace.

    Neuron models without current and voltage show other states under these names; each says which.
    """

    u: IntArray
    v: IntArray


@dataclass(frozen=True, eq=False)
class Chunk:
    """What happened in a stretch of steps.

    Attributes:
        first: its first step.
        steps: its length.
        spikes: one entry per population; of an input without neurons, the events themselves.
        states: by position of the population: u and v after each step, (steps, neurons).
    """

    first: int
    steps: int
    spikes: tuple[Spikes, ...]
    states: dict[int, State]


@dataclass(frozen=True, eq=False)
class Counters:
    """Totals since step 0, one number per population, each shape (populations,).

    Attributes:
        spikes: spikes emitted.
        current_wraps: how often u left 24 bits; voltage_clips: how often v was clipped;
            accumulator_overflows: how often |q| ≥ 2^21. Of sigma-delta neurons, whose states have 32 bits: how often
            u, v and x left 24 bits, which changes nothing in them.
        active, idle: updates with and without anything to do (u, v before the update, q or the bias not zero).
        counted: whether the backend counts more than spikes; if not, the other numbers are zeros that mean nothing.
    """

    spikes: IntArray
    current_wraps: IntArray
    voltage_clips: IntArray
    accumulator_overflows: IntArray
    active: IntArray
    idle: IntArray
    counted: bool = True

    @classmethod
    def spikes_only(cls, spikes: IntArray) -> Counters:
        """Of a backend that counts nothing else."""
        nothing = np.zeros_like(spikes)
        return cls(spikes, nothing, nothing, nothing, nothing, nothing, counted=False)


class Simulation(Protocol):
    """A network being stepped from zero state; one object per recording."""

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        """Run `steps` more steps.

        Args:
            events: input events with absolute steps inside this stretch.
            steps: how many.
            states: positions of the populations whose u and v are recorded after every step.

        Raises:
            DataError: events outside the stretch or the input, or a stretch beyond a bias given per step.
        """

    def state(self, population: int) -> State:
        """U and v now, (neurons,); zeros for an input without neurons."""

    def counters(self) -> Counters:
        """Totals since step 0."""


@runtime_checkable
class Resumable(Simulation, Protocol):
    """A simulation whose state can be taken between two stretches and gone on from, in another process too."""

    def snapshot(self) -> Snapshot:
        """The state now; whoever starts from it computes the same bits as this one would."""
