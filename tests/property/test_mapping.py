"""Compiled random networks before the independent checker: every limit kept, every synapse where it belongs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.precision import WeightFormat
from tests.property.networks import random_case
from tests.property.targets import tight_target

NETWORKS = 150


def test_random_networks_on_loihi() -> None:
    for seed in range(NETWORKS):
        program = compile_network(random_case(seed).network)
        assert check(program) == (), seed
        assert replay(program, seed, trials=2) is None, seed


def test_random_networks_on_tight_targets(tmp_path: Path) -> None:
    cores = []
    for seed in range(NETWORKS):
        network = random_case(seed).network
        try:
            program = compile_network(network, CompileOptions(tight_target(np.random.default_rng(seed), tmp_path)))
        except DoesNotFitError:
            continue
        assert check(program) == (), seed
        assert replay(program, seed, trials=2) is None, seed
        cores.append(len(program.cores))
    assert len(cores) > NETWORKS / 2
    assert np.median(cores) >= 6


@pytest.mark.parametrize("delay", [0, 6, 7, 30, 62])
def test_delays_split_a_wide_layer(delay: int) -> None:
    weight = 2 * np.random.default_rng(delay).integers(-128, 128, (700, 20), np.int32)
    populations = (Population("input", None, (20,), axonal_delay=delay), Population("out", CubaLif(1024, 128, 80)))
    projection = Projection("input", "out", Dense(weight), 0, WeightFormat())
    program = compile_network(Network(populations, (projection,)))
    assert check(program) == ()
    assert replay(program, seed=delay, trials=1) is None
    addressed = {0: 1024, 6: 1024, 7: 512, 30: 256, 62: 128}[delay]
    assert len(program.cores) >= 700 / addressed
