"""A run that is stopped and continued has the bits of one that is not, whoever takes the state and whoever goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.emulator.engine import Emulator, Image, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Resumable
from neurodeploy.emulator.snapshot import Snapshot
from tests.property.model_networks import MODELS, model_case
from tests.property.networks import Case, random_case
from tests.property.on_lava import differences
from tests.support.programs import scattered_program

EXAMPLES, MANY_CASES = 30, 3000
PROFILES = ("loihi", "lava-0.10")


@dataclass(frozen=True)
class Continued:
    """A case, and where and how it is cut."""

    case: Case
    cut: int
    options: Options


def ran(simulation: Resumable, case: Case, first: int, end: int, traced: bool = True) -> Chunk:
    """A stretch; without traces the core takes several steps of a population at once."""
    low, high = (int(i) for i in np.searchsorted(case.events.step, (first, end)))
    states = range(len(case.network.populations)) if traced else ()
    return simulation.advance(case.events.between(low, high), end - first, states)


def makers(given: Continued) -> dict[str, Callable[[Snapshot | None], Resumable]]:
    """The reference, and the core with two mappings."""
    network, options = given.case.network, given.options
    draw = np.random.default_rng(given.case.seed)
    images: list[Image] = [load(scattered_program(network, cores, draw)) for cores in (1, 3)]
    return {
        "reference": lambda snapshot: Reference(network, options, snapshot),
        "core": lambda snapshot: Emulator(images[0], options, snapshot=snapshot),
        "core with another mapping": lambda snapshot: Emulator(images[1], options, snapshot=snapshot),
    }


def compared(given: Continued) -> Snapshot:
    """Fail unless every way through the cut gives the whole run; the state that the reference had at the cut."""
    case, started = given.case, makers(given)
    whole = started["reference"](None)
    ran(whole, case, 0, given.cut)
    expected = ran(whole, case, given.cut, case.steps)
    snapshots = {}
    for name in ("reference", "core"):
        simulation = started[name](None)
        ran(simulation, case, 0, given.cut, traced=False)
        snapshots[name] = simulation.snapshot()
        for column in ("u", "v", "r", "s", "totals"):
            pair = (getattr(snapshots[name], column), getattr(snapshots["reference"], column))
            np.testing.assert_array_equal(*pair, err_msg=f"{case.seed}: {column} of {name}")
    for taken, snapshot in snapshots.items():
        for name, start in started.items():
            resumed = start(snapshot)
            found = ran(resumed, case, given.cut, case.steps)
            where = f"seed {case.seed} cut at {given.cut}: {name} after {taken}"
            assert found.first == given.cut, where
            for i, population in enumerate(case.network.populations):
                shifted = differences(expected, found, i, case.steps)
                assert not shifted, f"{where}: {population.name} differs in {shifted}"
            for field in fields(Counters):
                pair = (getattr(whole.counters(), field.name), getattr(resumed.counters(), field.name))
                np.testing.assert_array_equal(*pair, err_msg=f"{where}: {field.name}")
    return snapshots["reference"]


def continued(seed: int, models: bool) -> Continued:
    case = model_case(seed) if models else random_case(seed)
    draw = np.random.default_rng([seed, 9])
    options = Options(PROFILES[int(draw.integers(2))], bool(draw.random() < 0.2))
    return Continued(case, int(draw.integers(0, case.steps + 1)), options)


@settings(derandomize=True, deadline=None, max_examples=EXAMPLES)
@given(seed=st.integers(0, 2**32 - 1), models=st.booleans(), cut=st.integers(0, 80), profile=st.sampled_from(PROFILES))
def test_any_cut_of_any_network(seed: int, models: bool, cut: int, profile: str) -> None:
    case = model_case(seed) if models else random_case(seed)
    compared(Continued(case, min(cut, case.steps), Options(profile)))


def _features(given: Continued, snapshot: Snapshot) -> set[str]:
    """What a snapshot held that is easily forgotten."""
    found = {f"cut in {given.options.profile}"}
    if len(snapshot.departure):
        found.add("spikes on their way")
    if np.any(snapshot.departure < snapshot.step - 1):
        found.add("delayed spikes on their way")
    if np.any(np.abs(snapshot.payload) > 1):
        found.add("graded spikes on their way")
    if np.any(np.abs(snapshot.u) > 2**24):
        found.add("u beyond 24 bits")
    start = 0
    for population in given.case.network.populations:
        mine = slice(start, start + population.neurons)
        name = population.neuron.NAME if population.neuron else "input"
        found |= {f"{name} {column}" for column in "uvrs" if np.any(getattr(snapshot, column)[mine])}
        start = mine.stop
    return found


def _compare_many(cases: int, record_property: Callable[[str, object], None]) -> None:
    found: Counter[str] = Counter()
    for seed in range(cases):
        given = continued(seed, models=seed % 3 > 0)
        found.update(_features(given, compared(given)))
    table = "\n".join(f"{name:<32}{found[name] / cases:>7.1%}" for name in sorted(found))
    record_property("summary", f"{cases} networks cut in two\n{table}")
    wanted = [f"{model} u" for model in MODELS] + ["cuba_lif r", "alif r", "alif s", "sigma_delta r", "sigma_delta s"]
    wanted += ["delta s", "spikes on their way", "delayed spikes on their way", "graded spikes on their way"]
    wanted += ["u beyond 24 bits", *(f"cut in {profile}" for profile in PROFILES)]
    assert [name for name in wanted if not found[name]] == []


def test_cut_networks(record_property: Callable[[str, object], None]) -> None:
    _compare_many(60, record_property)


@pytest.mark.evidence
@pytest.mark.timeout(7200)
def test_many_cut_networks(record_property: Callable[[str, object], None]) -> None:
    _compare_many(MANY_CASES, record_property)
