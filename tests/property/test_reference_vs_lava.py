"""The reference and live Lava on random networks: every spike, u and v, in groups that are one Lava program each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Options
from neurodeploy.runtime.lava_environment import Environment
from tests.property.coverage import features, missing, table
from tests.property.lava_networks import lava_case
from tests.property.networks import Case
from tests.property.on_lava import differences, run_on_lava

NETWORKS = 60
MANY_NETWORKS = 1000
#: Lava forks a process for each population and projection; more of them step more slowly than they start.
GROUP = 10
#: No neuron can hold in Lava.
ABSENT = {"refractory hold"}


def compared(environment: Environment, cases: Sequence[Case]) -> list[set[str]]:
    """Fail unless both agree on all cases; the features of each."""
    steps = max(case.steps for case in cases)
    chunks = run_on_lava(environment, [case.network for case in cases], [case.events for case in cases], steps)
    found = []
    for case, chunk in zip(cases, chunks, strict=True):
        reference = Reference(case.network, Options("lava-0.10"))
        expected = reference.advance(case.events, case.steps, range(len(case.network.populations)))
        for i, population in enumerate(case.network.populations):
            assert not differences(expected, chunk, i, case.steps), f"lava_case({case.seed}), {population.name}"
        found.append(features(case, expected, reference.counters()))
    return found


def _compare_all(environment: Environment, networks: int, record_property: Callable[[str, object], None]) -> None:
    found = []
    for first in range(0, networks, GROUP):
        found += compared(environment, [lava_case(seed) for seed in range(first, min(first + GROUP, networks))])
    record_property("summary", table(found))
    assert set(missing(found)) <= ABSENT


def test_random_networks(lava: Environment, record_property: Callable[[str, object], None]) -> None:
    _compare_all(lava, NETWORKS, record_property)


@pytest.mark.evidence
@pytest.mark.timeout(14400)
def test_many_random_networks(lava: Environment, record_property: Callable[[str, object], None]) -> None:
    _compare_all(lava, MANY_NETWORKS, record_property)
