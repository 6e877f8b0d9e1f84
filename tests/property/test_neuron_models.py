"""Every neuron model: the reference against the C core and against live Lava, on random networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.emulator.engine import Emulator, instruction_sets, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Simulation, Spikes, State
from neurodeploy.runtime.lava_environment import Environment
from tests.property.model_networks import MODELS, model_case
from tests.property.networks import Case
from tests.property.on_lava import differences, run_on_lava
from tests.support.programs import scattered_program

NETWORKS, MANY_NETWORKS = 200, 5000
ON_LAVA, MANY_ON_LAVA = 20, 400
#: Lava forks a process for each population and projection; more of them step more slowly than they start.
GROUP = 10
EVERY_OPTION = tuple(Options(profile, drop) for profile in ("loihi", "lava-0.10") for drop in (False, True))


def _run(simulation: Simulation, case: Case, cuts: Sequence[int]) -> tuple[Chunk, Counters]:
    """A run in several stretches, joined."""
    populations = range(len(case.network.populations))
    chunks = []
    for first, last in pairwise(cuts):
        low, high = (int(i) for i in np.searchsorted(case.events.step, (first, last)))
        chunks.append(simulation.advance(case.events.between(low, high), last - first, populations))
    spikes = tuple(Spikes.joined([c.spikes[i] for c in chunks]) for i in populations)
    states = {
        i: State(*(np.concatenate([getattr(c.states[i], name) for c in chunks]) for name in "uv")) for i in populations
    }
    return Chunk(0, case.steps, spikes, states), simulation.counters()


def _assert_equal(case: Case, expected: tuple[Chunk, Counters], found: tuple[Chunk, Counters]) -> None:
    for i, population in enumerate(case.network.populations):
        differing = differences(expected[0], found[0], i, case.steps)
        assert not differing, f"model_case({case.seed}): {population.name} differs in {differing}"
        assert (expected[0].spikes[i].payload is None) == (found[0].spikes[i].payload is None)
    for field in fields(Counters):
        ours, theirs = (np.asarray(getattr(counters, field.name)) for counters in (expected[1], found[1]))
        np.testing.assert_array_equal(ours, theirs, err_msg=f"model_case({case.seed}) {field.name}")


def _compared(case: Case) -> tuple[Chunk, Counters]:
    """Fail unless the C core does in every profile, on every instruction set, what the reference does; the latter's run
    as on the chip.
    """
    program = compile_network(case.network, CompileOptions("loihi2"))
    assert check(program) == (), case.seed
    assert replay(program, case.seed, trials=1) is None, case.seed
    draw = np.random.default_rng(case.seed)
    images = [load(program), load(scattered_program(case.network, 3, draw))]
    cuts = sorted({0, case.steps, *draw.integers(0, case.steps, 2).tolist()})
    whole = [0, case.steps]
    for number, options in enumerate(EVERY_OPTION if case.seed % 4 == 0 else EVERY_OPTION[::2]):
        expected = _run(Reference(case.network, options), case, whole)
        for image in images:
            for name in instruction_sets():
                _assert_equal(case, expected, _run(Emulator(image, options, name), case, cuts))
        if number == 0:
            first = expected
    return first


def _features(case: Case, chunk: Chunk, counters: Counters) -> set[str]:
    """What happened in a run: the models that fired, and everything else that tests should meet."""
    found = {"imaginary"} if any(p.imaginary for p in case.network.projections) else set()
    for i, population in enumerate(case.network.populations):
        neuron, spikes = population.neuron, chunk.spikes[i]
        if neuron is None:
            continue
        share = len(spikes.step) / population.neurons / case.steps
        if 0 < share < 1:
            found.add(f"{neuron.NAME} fires")
            flags = ("corrected", "cumulative_error", "izhikevich")
            found |= {f"{flag} fires" for flag in flags if neuron.parameters().get(flag)}
        if neuron.NAME == "sigma_delta" and neuron.parameters()["activation"] == 0 and np.any(spikes.payloads < 0):
            found.add("negative activation")
        if counters.current_wraps[i]:
            found.add(f"{neuron.NAME} u leaves 24 bits")
        if counters.voltage_clips[i]:
            found.add(f"{neuron.NAME} v leaves 24 bits")
    return found


def _table(found: Sequence[set[str]]) -> str:
    counts = Counter(feature for features in found for feature in features)
    return "\n".join(f"{name:<32}{counts[name] / len(found):>7.1%}" for name in sorted(counts))


def _compare_all(networks: int, record_property: Callable[[str, object], None]) -> None:
    cases = [model_case(seed) for seed in range(networks)]
    found = [_features(case, *_compared(case)) for case in cases]
    record_property("summary", f"{networks} networks of all models, reference against C core\n{_table(found)}")
    counts = Counter(feature for features in found for feature in features)
    wanted = [f"{name} fires" for name in MODELS] + ["imaginary", "corrected fires", "izhikevich fires"]
    wanted += ["cumulative_error fires", "negative activation"]
    assert [name for name in wanted if counts[name] < 0.05 * networks] == []
    leaving = ["sigma_delta u leaves 24 bits", "sigma_delta v leaves 24 bits", "resonate_fire v leaves 24 bits"]
    assert [name for name in [*leaving, "alif u leaves 24 bits", "sigma u leaves 24 bits"] if not counts[name]] == []


def test_reference_and_core(record_property: Callable[[str, object], None]) -> None:
    _compare_all(NETWORKS, record_property)


@pytest.mark.evidence
@pytest.mark.timeout(7200)
def test_reference_and_core_on_many(record_property: Callable[[str, object], None]) -> None:
    _compare_all(MANY_NETWORKS, record_property)


def _compared_with_lava(environment: Environment, cases: Sequence[Case]) -> list[set[str]]:
    steps = max(case.steps for case in cases)
    chunks = run_on_lava(environment, [case.network for case in cases], [case.events for case in cases], steps)
    found = []
    for case, chunk in zip(cases, chunks, strict=True):
        expected, counters = _run(Reference(case.network, Options("lava-0.10")), case, [0, case.steps])
        for i, population in enumerate(case.network.populations):
            differing = differences(expected, chunk, i, case.steps)
            assert not differing, f"model_case({case.seed}, lava=True): {population.name} differs in {differing}"
        found.append(_features(case, expected, counters))
    return found


def _compare_with_lava(
    environment: Environment, networks: int, record_property: Callable[[str, object], None]
) -> Counter[str]:
    found: list[set[str]] = []
    for first in range(0, networks, GROUP):
        seeds = range(first, min(first + GROUP, networks))
        found += _compared_with_lava(environment, [model_case(seed, lava=True) for seed in seeds])
    record_property("summary", f"{networks} networks of all models, reference against Lava\n{_table(found)}")
    return Counter(feature for features in found for feature in features)


def test_reference_and_lava(lava: Environment, record_property: Callable[[str, object], None]) -> None:
    counts = _compare_with_lava(lava, ON_LAVA, record_property)
    assert [name for name in MODELS if not counts[f"{name} fires"]] == []


@pytest.mark.evidence
@pytest.mark.timeout(14400)
def test_reference_and_lava_on_many(lava: Environment, record_property: Callable[[str, object], None]) -> None:
    counts = _compare_with_lava(lava, MANY_ON_LAVA, record_property)
    assert [name for name in MODELS if counts[f"{name} fires"] < 0.05 * MANY_ON_LAVA] == []
