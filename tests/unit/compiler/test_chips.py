"""Boards of several chips: slots counted where axons cross, on chips that keep what they were given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.compiler.target import load_target
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import Conv2d, CubaLif, Network, Population, Projection
from neurodeploy.precision import WeightFormat
from tests.property.targets import target_file

NEURON = CubaLif(1024, 128, 80)


def planes(side: int, layers: int) -> Network:
    """Convolutions of 4 channels, each over the one before."""
    random = np.random.default_rng(3)
    populations, projections = [Population("input", None, (2, side, side))], []
    for layer in range(layers):
        channels = (populations[-1].shape or ())[0]
        conv = Conv2d(2 * random.integers(-9, 10, (4, channels, 3, 3), np.int32), padding=(1, 1))
        populations.append(Population(f"conv{layer}", NEURON, (4, side, side)))
        projections.append(Projection(populations[-2].name, f"conv{layer}", conv, 0, WeightFormat()))
    return Network(tuple(populations), tuple(projections))


def board(folder: Path, chips: int, across: int) -> str:
    """Chips of 32 cores with 64 compartments and 1,024 slots."""
    data = load_target("loihi1").as_dict()
    data |= {"chips": chips, "cores_per_chip": 32, "mesh": [4, 2]}
    data["core"] |= {"compartments": 64, "output_slots": 1024, "output_slots_across": across}
    return target_file(data, folder)


def assert_right(program: Program) -> None:
    assert check(program) == ()
    assert replay(program, 1, trials=1) is None


def test_cores_at_the_ends_of_a_chip_have_fewer_neurons(tmp_path: Path) -> None:
    """Where only axons that cross count twice, and only cores that have any are short of slots, far fewer cores are
    needed than if every axon crossed.
    """
    program = compile_network(planes(32, 3), CompileOptions(board(tmp_path, 32, 256)))
    assert_right(program)
    chips = program.summary["chips"]
    assert 6 < chips == len(np.unique(program.cores.chip)) <= 12
    assert 192 < len(program.cores) < 300
    sizes = np.diff(program.cores.compartment_start)
    assert np.count_nonzero(sizes == 64) > 0.4 * len(sizes)
    used = next(limit for limit in program.summary["limits"] if limit["name"] == "output_slots")
    assert used["used_max"] <= used["max"]


def test_slots_of_a_report_are_those_of_the_program(tmp_path: Path) -> None:
    program = compile_network(planes(24, 2), CompileOptions(board(tmp_path, 16, 256)))
    home = np.full(len(program.routes.start) - 1, -1)
    first = np.cumsum([0, *(p.neurons for p in program.network.populations)])
    core = np.repeat(np.arange(len(program.cores)), np.diff(program.cores.compartment_start))
    home[first[program.cores.population] + program.cores.neuron] = core
    source = np.repeat(home, np.diff(program.routes.start))
    chip, sent = program.cores.chip, source >= 0
    cost = 1 + (chip[source[sent]] != chip[program.routes.core[sent]])
    used = np.bincount(source[sent], weights=cost, minlength=len(program.cores)).astype(int)
    assert [row["output_slots"] for row in program.summary["core_table"]] == used.tolist()
    assert sum(row["output_slots"] for row in program.summary["populations"]) == used.sum()


@pytest.mark.parametrize("seed", [0, 1])
def test_placement_keeps_chips_together(tmp_path: Path, seed: int) -> None:
    """Cores change places inside their chip only: whoever shared a chip still does."""
    target = board(tmp_path, 16, 200)
    here, there = (compile_network(planes(24, 2), CompileOptions(target, seed=s)) for s in (seed, seed + 2))
    assert_right(here)
    np.testing.assert_array_equal(here.cores.chip, there.cores.chip)
    assert not np.array_equal(here.cores.slot, there.cores.slot)


def test_what_a_board_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DoesNotFitError):
        compile_network(planes(32, 3), CompileOptions(board(tmp_path, 5, 256)))


def test_a_board_of_one_chips_worth_is_planned_as_that_chip(tmp_path: Path) -> None:
    """Nothing crosses, so nothing costs more."""
    network = planes(12, 2)
    whole = compile_network(network, CompileOptions(board(tmp_path, 1, 64)))
    many = compile_network(network, CompileOptions(board(tmp_path, 8, 64)))
    assert len(whole.cores) == len(many.cores)
    assert many.summary["chips"] == 1
    assert replace(many, target=whole.target).cores.slot.tolist() == whole.cores.slot.tolist()
