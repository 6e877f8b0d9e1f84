"""Compiled random networks before the independent checker: every limit kept, every synapse where it belongs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.errors import DoesNotFitError
from neurodeploy.models.formats import ReadOptions, read_network
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.precision import WeightFormat
from tests.property.networks import Case
from tests.property.targets import TIGHT, tight_target


def test_random_networks_on_loihi(cases: tuple[Case, ...]) -> None:
    for case in cases:
        program = compile_network(case.network)
        assert check(program) == (), case.seed
        assert replay(program, case.seed, trials=2) is None, case.seed


def test_random_networks_on_tight_targets(cases: tuple[Case, ...], tmp_path: Path) -> None:
    programs: list[Program] = []
    for case in cases:
        target = tight_target(np.random.default_rng(case.seed), tmp_path)
        try:
            program = compile_network(case.network, CompileOptions(target))
        except DoesNotFitError:
            continue
        assert check(program) == (), case.seed
        assert replay(program, case.seed, trials=2) is None, case.seed
        programs.append(program)
    assert len(programs) > 0.8 * len(cases)
    assert np.mean([len(p.cores) for p in programs]) > 5
    assert _nearly_used_up(programs) == set(TIGHT)


def _nearly_used_up(programs: list[Program]) -> set[str]:
    """The limits of which some core takes at least 90 %, in at least one of a hundred programs."""
    limits = [limit for program in programs for limit in program.summary["limits"]]
    near = Counter(limit["name"] for limit in limits if limit["used_max"] >= 0.9 * limit["max"])
    names = {"synapse_memory": "synapse_words"}
    return {names.get(name, name) for name, count in near.items() if count >= 0.01 * len(programs)}


@pytest.mark.parametrize("delay", [0, 6, 7, 30, 62])
def test_delays_split_a_wide_layer(delay: int) -> None:
    weight = 2 * np.random.default_rng(delay).integers(-128, 128, (700, 20), np.int32)
    populations = (Population("input", None, (20,), axonal_delay=delay), Population("out", CubaLif(1024, 128, 80)))
    projection = Projection("input", "out", Dense(weight), 0, WeightFormat())
    program = compile_network(Network(populations, (projection,)))
    assert check(program) == ()
    assert replay(program, seed=delay, trials=1) is None
    addressed = {0: 1024, 6: 1024, 7: 512, 30: 256, 62: 128}[delay]
    assert len(program.cores) == -(-700 // addressed)


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({"one_format_per_axon": True}, 6),
        ({"whole_projection_padding": True}, 8),
        ({"one_layer_per_core": True}, 6),
        ({"memory_rule": "nxtf"}, 5),
        ({"memory_rule": "nengo-loihi"}, 5),
    ],
)
def test_what_software_forbids_costs_cores(conformance: Path, options: dict[str, Any], most: int) -> None:
    network = read_network(conformance / "slayer_loihi" / "nmnist_mlp", ReadOptions("34x34x2-512-10")).network
    program = compile_network(network, CompileOptions(**options))
    assert check(program) == ()
    assert len(program.cores) <= most
