"""Compiled random networks before the independent checker: every limit kept, every synapse where it belongs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy import api
from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.objective import OBJECTIVES
from neurodeploy.compiler.traffic import traffic
from neurodeploy.errors import DoesNotFitError
from neurodeploy.models.formats import ReadOptions, read_network
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.precision import WeightFormat
from neurodeploy.runtime.run import Run
from tests.property.networks import Case
from tests.property.targets import TIGHT, tight_board, tight_target
from tests.property.test_reference_vs_core import compared


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


def test_seeds_objectives_and_rates_change_no_bits(cases: tuple[Case, ...], tmp_path: Path) -> None:
    """On small chips and boards: every limit kept; spikes, u, v and counters of the reference, wherever cores sit."""
    boards = 0
    for case in cases[::20]:
        random = np.random.default_rng(case.seed)
        target = (tight_target, tight_board)[case.seed // 20 % 2](random, tmp_path)
        options = CompileOptions(target, objective=str(random.choice(OBJECTIVES)), seed=int(random.integers(1000)))
        neurons = sum(p.neurons for p in case.network.populations)
        rates = Rates(random.integers(0, 9, neurons), 10, 1) if random.random() < 0.5 else None
        try:
            program = compile_network(case.network, options, rates=rates)
        except DoesNotFitError:
            continue
        assert check(program) == (), case.seed
        assert replay(program, case.seed, trials=1) is None, case.seed
        compared(case, program)
        boards += len(np.unique(program.cores.chip)) > 1
    assert boards > 1


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


def test_packets_travel_less_than_half_as_far_as_in_order(conformance: Path) -> None:
    """The gesture network at the rates of a recording: packets × links between cores, against the same cores in order,
    four to a router down the columns.
    """
    folder = conformance / "slayer_loihi" / "dvs_gesture_cnn"
    network = read_network(folder, ReadOptions("128x128x2-4a-16c5z-2a-32c3z-2a-512-11")).network
    recording = conformance / "datasets" / "dvs_gesture" / "1.bs2"
    program = api.compile(network, calibrate=recording)
    assert check(program) == ()
    assert len(program.cores) == 33
    run = api.run(program, recording)
    assert not isinstance(run, list)
    order = np.arange(len(program.cores))
    in_order = replace(program, cores=replace(program.cores, chip=0 * order, slot=order))
    ours, baseline = (_travelled(p, run) for p in (program, in_order))
    assert ours / run.steps == pytest.approx(program.summary["traffic"]["hops"], abs=1e-3)
    assert 0 < ours <= 0.45 * baseline


def _travelled(program: Program, run: Run) -> int:
    """Packets × links of all spikes but the input's."""
    spikes = [
        np.bincount(s.neuron, minlength=p.neurons) for s, p in zip(run.spikes, run.network.populations, strict=True)
    ]
    spikes[0][:] = 0
    return int(traffic(program).hops @ np.concatenate(spikes))


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
