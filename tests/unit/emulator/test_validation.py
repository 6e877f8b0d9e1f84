"""Programs with one number out of place: refused with a sentence, never executed."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.compiler.program import Axons, Cores, Program, Routes
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.errors import FormatError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.spikes.events import Events
from tests.support.programs import edited, one_core_program, with_column


@pytest.fixture(scope="module")
def program() -> Program:
    """Input of 3, populations of 5 and 2 on a core each; the second has two configuration rows."""
    random = np.random.default_rng(0)
    populations = (
        Population("input", None, (3,), axonal_delay=2),
        Population("a", CubaLif(np.array([1, 1, 2, 2, 3]), 4, np.array([5, 5, 5, 6, 6]))),
        Population("b", CubaLif(1, 2, 3), (2,)),
    )
    projections = (
        Projection("input", "a", Dense(2 * random.integers(1, 9, (5, 3), np.int32))),
        Projection("a", "b", Dense(8 * random.integers(1, 9, (2, 5), np.int32)), -2),
        Projection("b", "a", Dense(2 * random.integers(1, 9, (5, 2), np.int32)), 1),
    )
    return one_core_program(Network(populations, projections))


def refused(program: Program, problem: str) -> None:
    with pytest.raises(FormatError, match=problem) as caught:
        load(program)
    assert caught.value.subject == "program"
    assert caught.value.remedy


OUT_OF_RANGE = [
    ("cores", "chip", 0, -1, "core chip -1"),
    ("cores", "chip", 1, 1, "core chip 1 "),
    ("cores", "slot", 0, 128, "core slot 128"),
    ("cores", "slot", 0, -1, "core slot -1"),
    ("cores", "slot", 0, 1, "same slot"),
    ("cores", "compartment_start", 0, 1, "compartment start"),
    ("cores", "compartment_start", 1, 8, "compartment start"),
    ("cores", "compartment_start", 1, -1, "compartment start"),
    ("cores", "compartment_start", 2, 6, "compartment start"),
    ("cores", "population", 0, 0, "compartment population 0"),
    ("cores", "population", 0, 3, "compartment population 3"),
    ("cores", "population", 0, -1, "compartment population -1"),
    ("cores", "neuron", 0, 5, "compartment neuron 5"),
    ("cores", "neuron", 0, -1, "compartment neuron -1"),
    ("cores", "neuron", 0, 1, "neuron 0 of a has 0 compartments"),
    ("cores", "neuron", 6, 0, "neuron 0 of b has 2 compartments"),
    ("cores", "neuron_row", 0, 3, "compartment neuron row 3 in row 0 is outside 0 … 2"),
    ("cores", "neuron_row", 6, 1, "compartment neuron row 1 in row 6 is outside 0 … 0"),
    ("cores", "neuron_row", 0, -1, "compartment neuron row -1"),
    ("cores", "threshold_row", 0, 2, "compartment threshold row 2"),
    ("cores", "threshold_row", 6, -1, "compartment threshold row -1"),
    ("cores", "neuron_row_start", 1, 5, "neuron row start"),
    ("cores", "neuron_rows", (0, 0), 4097, "current decay 4097"),
    ("cores", "neuron_rows", (0, 0), -1, "current decay -1"),
    ("cores", "neuron_rows", (1, 1), 4097, "voltage decay 4097"),
    ("cores", "neuron_rows", (1, 2), 0, "refractory delay 0"),
    ("cores", "neuron_rows", (1, 2), 64, "refractory delay 64"),
    ("cores", "threshold_start", 1, 4, "threshold start"),
    ("cores", "thresholds", 0, -1, "threshold mantissa -1"),
    ("cores", "thresholds", 0, 2**17, "threshold mantissa 131072"),
    ("cores", "format_start", 1, 7, "synapse format start"),
    ("cores", "formats", (0, 0), 0, "sign mode 0"),
    ("cores", "formats", (0, 0), 4, "sign mode 4"),
    ("cores", "formats", (0, 1), 0, "weight bits 0"),
    ("cores", "formats", (0, 1), 9, "weight bits 9"),
    ("cores", "formats", (0, 2), 8, "weight exponent 8"),
    ("cores", "formats", (0, 2), -8, "weight exponent -8"),
    ("cores", "formats", (0, 3), -1, "delay bits -1"),
    ("cores", "formats", (0, 3), 8, "delay bits 8"),
    ("axons", "start", 1, 11, "axon start"),
    ("axons", "start", 1, -1, "axon start"),
    ("axons", "projection", 0, 3, "axon projection 3"),
    ("axons", "projection", 0, -1, "axon projection -1"),
    ("axons", "source", 0, 3, "axon source 3"),
    ("axons", "source", 0, -1, "axon source -1"),
    ("axons", "delay", 0, 63, "axon delay 63"),
    ("axons", "delay", 0, -1, "axon delay -1"),
    ("axons", "format", 0, 3, "axon format 3"),
    ("axons", "format", 0, -1, "axon format -1"),
    ("axons", "entry_start", 1, 0x7FFF, "entry start"),
    ("axons", "compartment", 0, 1, "entry compartment 1 in row 0 is outside 0 … 0"),
    ("axons", "compartment", 0, -1, "entry compartment -1"),
    ("axons", "weight_start", 1, 0, "entry compartment 0 in row 1"),
    ("axons", "weight_start", 1, -1, "weight start"),
    ("axons", "weight", 0, 256, "weight 256"),
    ("axons", "weight", 0, -258, "weight -258"),
    ("axons", "weight", 0, 3, "weight 3 in row 0 is no multiple of 2"),
    ("axons", "weight", 27, 6, "weight 6 in row 27 is no multiple of 4"),
    ("routes", "start", 1, 0, "leads from neuron 1 to the axon of another neuron"),
    ("routes", "start", 10, 9, "route start"),
    ("routes", "core", 0, 2, "route core 2"),
    ("routes", "core", 0, -1, "route core -1"),
    ("routes", "axon", 0, 5, "route axon 5 in row 0 is outside 0 … 4"),
    ("routes", "axon", 0, -1, "route axon -1"),
    ("routes", "axon", 0, 1, "axon 0 is reached by 0 routes"),
]


@pytest.mark.parametrize(("table", "column", "index", "value", "problem"), OUT_OF_RANGE)
def test_a_number_out_of_place(program: Program, table: str, column: str, index: Any, value: int, problem: str) -> None:
    refused(edited(program, table, column, index, value), problem)


def test_every_column_of_every_table_is_covered() -> None:
    named = {(table, column) for table, column, *_ in OUT_OF_RANGE}
    assert {column for table, column in named if table == "cores"} == {f.name for f in fields(Cores)}
    assert {column for table, column in named if table == "axons"} == {f.name for f in fields(Axons)}
    assert {column for table, column in named if table == "routes"} == {f.name for f in fields(Routes)}


@pytest.mark.parametrize(("table", "column"), sorted({row[:2] for row in OUT_OF_RANGE}))
def test_a_column_of_another_shape_or_kind(program: Program, table: str, column: str) -> None:
    values = np.array(getattr(getattr(program, table), column))
    for wrong in (values[:-1], np.concatenate([values, values[:1]]), values[:0]):
        with pytest.raises(FormatError):
            load(with_column(program, table, column, wrong))
    for strange in (values.astype(np.float64), values[None], values.astype(str), values.astype(bool), np.int64(3)):
        with pytest.raises(FormatError, match="whole number"):
            load(with_column(program, table, column, strange))


def test_numbers_beyond_63_bits(program: Program) -> None:
    weight = program.axons.weight.astype(np.uint64)
    weight[0] = 2**64 - 2
    refused(with_column(program, "axons", "weight", weight), "beyond 63 bits")


def test_two_axons_swapped_are_not_those_of_their_neurons(program: Program) -> None:
    routes = replace(
        program.routes, axon=np.roll(program.routes.axon[:3], 1).tolist() + program.routes.axon[3:].tolist()
    )
    refused(replace(program, routes=routes), "axon of another neuron")


@pytest.mark.parametrize("kind", ["i1", "u1", ">i2", "u2", "i4", ">u4", "i8", "u8"])
def test_columns_of_any_integer_type(program: Program, kind: str) -> None:
    expected, cast, limit = run(program), 0, np.iinfo(kind)
    for table, column in sorted({row[:2] for row in OUT_OF_RANGE}):
        values = np.array(getattr(getattr(program, table), column))
        if limit.min <= values.min() and values.max() <= limit.max:
            program = with_column(program, table, column, values.astype(kind))
            cast += 1
    assert cast >= 23
    assert run(program) == expected


def run(program: Program) -> tuple[list[int], list[int]]:
    emulator = Emulator(load(program))
    spikes = emulator.advance(Events.from_raster(np.ones((9, 3))), 9).spikes[2]
    return spikes.step.tolist(), spikes.neuron.tolist()
