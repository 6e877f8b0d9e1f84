"""The reference and the C core on random networks: every spike, u, v and counter, through the compiled program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.compiler import Program, compile_network
from neurodeploy.emulator.engine import Emulator, Image, instruction_sets, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Spikes, State
from tests.property.coverage import features, missing, table
from tests.property.networks import Case, random_case

MANY_NETWORKS = 10_000


def compared(case: Case, program: Program | None = None) -> set[str]:
    """Fail unless both agree on a case in every profile, on every instruction set; the features its run has.

    Args:
        case: network and input.
        program: a mapping of the network; None: as it is compiled by default.
    """
    image = load(program or compile_network(case.network))
    cuts = sorted({0, case.steps, *np.random.default_rng(case.seed).integers(0, case.steps, 2).tolist()})
    chunk, counters = _reference(case, Options())
    for name in instruction_sets():
        _assert_equal((chunk, counters), _core(image, case, Options(), cuts, name))
        _assert_same_end((chunk, counters), _untraced(image, case, Options(), cuts, name))
    others = [Options("lava-0.10")]
    if case.seed % 4 == 0:
        others += [Options(drop_first_step=True), Options("lava-0.10", True)]
    for options in others:
        expected = _reference(case, options)
        for name in instruction_sets():
            _assert_equal(expected, _core(image, case, options, cuts, name))
            _assert_same_end(expected, _untraced(image, case, options, cuts, name))
    return features(case, chunk, counters)


def _reference(case: Case, options: Options) -> tuple[Chunk, Counters]:
    simulation = Reference(case.network, options)
    chunk = simulation.advance(case.events, case.steps, range(len(case.network.populations)))
    return chunk, simulation.counters()


def _core(image: Image, case: Case, options: Options, cuts: list[int], instructions: str) -> tuple[Chunk, Counters]:
    """The same run in several stretches, joined; its traces have every population take one step at a time."""
    emulator = Emulator(image, options, instructions)
    joined = _stretches(emulator, case, cuts, range(len(case.network.populations)))
    for i, state in joined.states.items():
        now = emulator.state(i)
        np.testing.assert_array_equal(now.u, state.u[-1])
        np.testing.assert_array_equal(now.v, state.v[-1])
    return joined, emulator.counters()


def _untraced(image: Image, case: Case, options: Options, cuts: list[int], instructions: str) -> tuple[Chunk, Counters]:
    """The same without traces, so that populations take several steps at once; the states are those of the end."""
    emulator = Emulator(image, options, instructions)
    spikes = _stretches(emulator, case, cuts, ()).spikes
    states = {i: emulator.state(i) for i in range(len(case.network.populations))}
    return Chunk(0, case.steps, spikes, states), emulator.counters()


def _stretches(emulator: Emulator, case: Case, cuts: list[int], states: Sequence[int]) -> Chunk:
    chunks = []
    for first, last in pairwise(cuts):
        inside = np.searchsorted(case.events.step, (first, last))
        events = case.events.between(int(inside[0]), int(inside[1]))
        chunks.append(emulator.advance(events, last - first, states))
    return Chunk(
        0,
        case.steps,
        tuple(_joined_spikes([c.spikes[i] for c in chunks]) for i in range(len(case.network.populations))),
        {i: _joined_states([c.states[i] for c in chunks]) for i in chunks[0].states},
    )


def _joined_spikes(parts: list[Spikes]) -> Spikes:
    return Spikes(np.concatenate([p.step for p in parts]), np.concatenate([p.neuron for p in parts]))


def _joined_states(parts: list[State]) -> State:
    return State(np.concatenate([p.u for p in parts]), np.concatenate([p.v for p in parts]))


def _assert_equal(expected: tuple[Chunk, Counters], found: tuple[Chunk, Counters]) -> None:
    for ours, theirs in zip(expected[0].spikes, found[0].spikes, strict=True):
        np.testing.assert_array_equal(ours.step, theirs.step)
        np.testing.assert_array_equal(ours.neuron, theirs.neuron)
    for i, state in expected[0].states.items():
        np.testing.assert_array_equal(state.u, found[0].states[i].u)
        np.testing.assert_array_equal(state.v, found[0].states[i].v)
    for field in fields(Counters):
        ours, theirs = (getattr(counters, field.name) for counters in (expected[1], found[1]))
        np.testing.assert_array_equal(ours, theirs, err_msg=field.name)


def _assert_same_end(expected: tuple[Chunk, Counters], found: tuple[Chunk, Counters]) -> None:
    chunk, counters = expected
    last = {i: State(state.u[-1], state.v[-1]) for i, state in chunk.states.items()}
    _assert_equal((replace(chunk, states=last), counters), found)


def _compare_all(cases: Iterable[Case], record_property: Callable[[str, object], None]) -> None:
    found = []
    for case in cases:
        try:
            found.append(compared(case))
        except AssertionError as error:
            raise AssertionError(f"random_case({case.seed}) differs: {error}") from error
    record_property("summary", table(found))
    assert missing(found) == []


def test_random_networks(cases: tuple[Case, ...], record_property: Callable[[str, object], None]) -> None:
    _compare_all(cases, record_property)


@pytest.mark.evidence
@pytest.mark.timeout(7200)
def test_many_random_networks(record_property: Callable[[str, object], None]) -> None:
    _compare_all(map(random_case, range(MANY_NETWORKS)), record_property)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), layers=st.integers(1, 3), steps=st.integers(1, 80))
def test_random_networks_that_shrink(seed: int, layers: int, steps: int) -> None:
    compared(random_case(seed, layers, steps))
