"""Faults planted in random networks: `verify` must say where each shows first, and what it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count

import numpy as np

from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Options, Simulation
from neurodeploy.runtime.backend import Backend
from neurodeploy.runtime.compare import Difference, Verifier
from neurodeploy.runtime.emulator import EmulatorBackend
from neurodeploy.runtime.reference import ReferenceBackend
from neurodeploy.runtime.run import RunOptions
from tests.property.faults import PLANTERS, SubtractingBackend
from tests.property.networks import Case, random_case
from tests.support.programs import one_core_program

FAULTS = 200
#: Attempts; some have no effect, or no place in the network.
FAULTS_PER_NETWORK = 4
RIGHT = 0.90

Place = tuple[int, str, str]


def planted(case: Case, kind: str, draw: np.random.Generator) -> Backend | None:
    """The case's network with one fault, in the reference or in the C core; None if this fault cannot be there."""
    if kind == "reset" and draw.random() < 0.3:
        first = 0 if case.network.input.neuron else 1
        return SubtractingBackend(case.network, int(draw.integers(first, len(case.network.populations))))
    network = PLANTERS[kind](case.network, draw)
    if network is None:
        return None
    program = one_core_program(network)
    return (EmulatorBackend if draw.random() < 0.5 else ReferenceBackend)(program, Options())


def first_place(case: Case, honest: Chunk, backend: Backend) -> Place | None:
    """Where a backend's whole run first differs from the honest one, by comparing everything."""
    faulty = whole_run(backend.simulation(), case)
    for step in range(case.steps):
        for index, population in enumerate(case.network.populations):
            for variable in ("u", "v", "spikes"):
                one, other = (_value(chunk, index, variable, step) for chunk in (honest, faulty))
                if one != other:
                    return step, population.name, variable
    return None


def whole_run(simulation: Simulation, case: Case) -> Chunk:
    return simulation.advance(case.events, case.steps, range(len(case.network.populations)))


def _value(chunk: Chunk, index: int, variable: str, step: int) -> list[int]:
    """One population's row of one variable; of an input without neurons u and v are zeros in every backend."""
    if variable == "spikes":
        values = chunk.spikes[index].neuron[chunk.spikes[index].step == step]
    else:
        values = getattr(chunk.states[index], variable)[step]
    row: list[int] = values.tolist()
    return row


def verified(case: Case, backend: Backend) -> Difference | None:
    honest = one_core_program(case.network)
    verifier = Verifier(
        honest, {"honest": ReferenceBackend(honest, Options()), "faulty": backend}, RunOptions(steps=case.steps)
    )
    verifier.compare(case.events)
    return verifier.result().first_difference


def test_planted_faults(record_property: Callable[[str, object], None]) -> None:
    confusion: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    for attempt in count():
        if confusion.total() == FAULTS:
            break
        if attempt % FAULTS_PER_NETWORK == 0:
            case = random_case(attempt // FAULTS_PER_NETWORK)
            honest = whole_run(Reference(case.network), case)
        draw = np.random.default_rng([attempt, 2])
        kind = str(draw.choice(list(PLANTERS)))
        backend = planted(case, kind, draw)
        place = None if backend is None else first_place(case, honest, backend)
        if backend is None or place is None:
            continue
        found = verified(case, backend)
        assert found is not None
        assert (found.step, found.population, found.variable) == place, f"attempt {attempt}: {kind}"
        confusion[kind, found.likely_cause] += 1
        if found.likely_cause != kind:
            wrong.append(f"attempt {attempt} {kind} -> {found.likely_cause} {place}")
    record_property("summary", "\n".join((_table(confusion), *wrong)))
    assert sum(number for (kind, cause), number in confusion.items() if kind == cause) >= RIGHT * FAULTS


def _table(confusion: Counter[tuple[str, str]]) -> str:
    causes = sorted({cause for _, cause in confusion})
    lines = [f"{'planted':<20}" + "".join(f"{cause:>20}" for cause in causes)]
    lines += [f"{kind:<20}" + "".join(f"{confusion[kind, cause]:>20}" for cause in causes) for kind in PLANTERS]
    return "\n".join(lines)
