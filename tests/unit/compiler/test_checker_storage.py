"""The checker's rules about stored lists: a compiled program passes, and every rule, broken alone, is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.compiler.checker import check
from neurodeploy.compiler.target import StackLimits
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection, Sparse
from tests.unit.compiler.small_programs import edited


def network(weight: Any, delay: int = 0) -> Network:
    """Two layers of the same weights, the input delayed."""
    weight = np.asarray(weight)
    populations = (
        Population("input", None, (weight.shape[1],), axonal_delay=delay),
        Population("fc1", CubaLif(1024, 128, 80)),
        Population("fc2", CubaLif(1024, 128, 80)),
    )
    return Network(populations, (Projection("input", "fc1", Dense(weight)), Projection("fc1", "fc2", Dense(weight))))


def limits_of(program: Program) -> set[str]:
    return {violation.limit for violation in check(program)}


@pytest.fixture(scope="module")
def dense() -> Program:
    """20 x 20 weights -4 ... 2 in steps of 2: two bits and three, one list per axon, both layers on one core."""
    random = np.random.default_rng(3)
    return compile_network(network(2 * random.integers(-2, 2, (20, 20)), delay=9))


@pytest.fixture(scope="module")
def sparse() -> Program:
    """4 sources that each reach every ninth of 64 neurons: not dense by NxTF's rule."""
    source, target = np.divmod(np.arange(32), 8)
    synapse = Sparse(np.full(32, 254), source, 9 * target, 64)
    populations = (Population("input", None, (4,)), Population("fc1", CubaLif(1024, 128, 80)))
    given = Network(populations, (Projection("input", "fc1", synapse),))
    return compile_network(given, CompileOptions(memory_rule="nxtf"))


def compressions(program: Program) -> set[int]:
    assert program.storage is not None
    return set(program.storage.formats[program.storage.format, 4].tolist())


def test_the_fixtures_use_what_they_are_for(dense: Program, sparse: Program) -> None:
    assert (check(dense), check(sparse)) == ((), ())
    assert dense.storage is not None
    assert compressions(dense) == {3}
    assert dense.storage.formats[:, 1].tolist() == [2, 2]
    assert sorted(dense.storage.formats[:, 3].tolist()) == [0, 4]
    assert compressions(sparse) & {0, 1}


@pytest.mark.parametrize(
    ("column", "value", "limits"),
    [
        (0, 2, {"exactness"}),
        (1, 1, {"exactness"}),
        (1, 9, {"weight bits"}),
        (2, -7, {"exactness"}),
        (3, 7, {"delay bits"}),
        (4, 2, {"compression"}),
        (5, 5, {"index bits"}),
        (5, 13, {"index bits"}),
        (6, 1, {"skip bits"}),
    ],
)
def test_formats(dense: Program, column: int, value: int, limits: set[str]) -> None:
    assert limits <= limits_of(edited(dense, "storage", "formats", (0, column), value))


def test_delays_need_their_bits(dense: Program) -> None:
    assert dense.storage is not None
    row = int(np.argmax(dense.storage.formats[:, 3]))
    assert limits_of(edited(dense, "storage", "formats", (row, 3), 3)) == {"delay bits"}


def test_index_bits_address_the_core() -> None:
    program = compile_network(network(np.full((70, 2), 2)[:, [0] * 70]))
    assert program.storage is not None
    assert set(program.storage.formats[:, 5].tolist()) == {8}
    assert limits_of(edited(program, "storage", "formats", (0, 5), 7)) == {"index bits"}


def test_every_weight_stands_in_one_list(dense: Program) -> None:
    assert dense.storage is not None
    span = int(dense.storage.span[0])
    assert limits_of(edited(dense, "storage", "span", 0, span - 1)) == {"coverage"}
    assert limits_of(edited(dense, "storage", "span", 0, 500)) == {"table structure"}
    assert limits_of(edited(dense, "storage", "span", 0, 0)) == {"table structure"}
    assert limits_of(edited(dense, "storage", "format", 0, 7)) == {"table structure"}
    storage = dense.storage
    twice = replace(
        storage,
        list_start=storage.list_start + (np.arange(len(storage.list_start)) > 0),
        **{
            name: np.concatenate([getattr(storage, name)[:1], getattr(storage, name)])
            for name in ("format", "compartment", "span")
        },
    )
    assert limits_of(replace(dense, storage=twice)) == {"coverage"}


def test_gaps_fit_the_skip_bits(sparse: Program) -> None:
    assert sparse.storage is not None
    for row in np.flatnonzero(sparse.storage.formats[:, 4] == 1).tolist():
        assert limits_of(edited(sparse, "storage", "formats", (row, 6), 2)) == {"skip bits"}
    run_length = edited(edited(sparse, "storage", "formats", (0, 4), 1), "storage", "formats", (0, 6), 4)
    assert check(run_length) == ()
    other_rule = replace(run_length, target=replace(run_length.target, memory_rule="nengo-loihi"))
    assert "synapse memory (nengo-loihi)" in limits_of(other_rule)


def test_software_limits(dense: Program) -> None:
    def forbid(program: Program, **stack: bool) -> Program:
        return replace(program, target=replace(program.target, stack=StackLimits(**stack)))

    assert limits_of(forbid(dense, one_layer_per_core=True)) == {"one layer per core"}
    assert check(forbid(dense, one_format_per_axon=True)) == ()
    rows = np.where(np.arange(80) < 40, 2, 254)[:, None] * (1 - 2 * (np.arange(80) % 2))
    mixed = compile_network(network(rows))
    assert limits_of(forbid(mixed, one_format_per_axon=True)) == {"one format per axon"}


@pytest.mark.parametrize("option", ["one_format_per_axon", "one_layer_per_core", "whole_projection_padding"])
def test_options_are_kept(dense: Program, option: str) -> None:
    options: dict[str, Any] = {option: True}
    program = compile_network(dense.network, CompileOptions(**options))
    assert getattr(program.target.stack, option)
    assert check(program) == ()
