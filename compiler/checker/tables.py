"""Whether the tables of a program can be read at all: lengths, row ranges and indices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.checker.violation import Violation, wrong
from neurodeploy.compiler.configuration import row_width
from neurodeploy.compiler.program import Column, Program
from neurodeploy.precision import IntArray

LIMIT = "table structure"


def faults(program: Program) -> Iterator[Violation]:
    """Damaged tables; those that others are read by come first, and their damage ends the search."""
    for stage in (_starts, _lengths, _indices):
        found = tuple(stage(program))
        yield from found
        if found:
            return


def counts(start: Column) -> IntArray:
    """How many rows `start` deals to each owner, (owners,)."""
    whole = np.asarray(start, np.int64)
    result: IntArray = whole[1:] - whole[:-1]
    return result


def owners(start: Column) -> IntArray:
    """The owner of every row that `start` deals out, (rows,)."""
    rows = counts(start)
    return np.repeat(np.arange(len(rows)), rows)


def _starts(program: Program) -> Iterator[Violation]:
    """Every start column has one number more than there are owners, begins at 0, never falls, ends at the last row."""
    cores, axons, routes = program.cores, program.axons, program.routes
    neurons = sum(p.neurons for p in program.network.populations)
    columns: tuple[tuple[str, Column, int, int], ...] = (
        ("compartment_start", cores.compartment_start, len(cores), len(cores.population)),
        ("neuron_row_start", cores.neuron_row_start, len(cores), len(cores.neuron_rows)),
        ("threshold_start", cores.threshold_start, len(cores), len(cores.thresholds)),
        ("format_start", cores.format_start, len(cores), len(cores.formats)),
        ("axon start", axons.start, len(cores), len(axons.projection)),
        ("entry_start", axons.entry_start, len(axons.projection), len(axons.compartment)),
        ("weight_start", axons.weight_start, len(axons.compartment), len(axons.weight)),
        ("route start", routes.start, neurons, len(routes.core)),
    )
    for name, start, owner_count, rows in columns:
        if len(start) != owner_count + 1:
            yield _fault(len(start), owner_count + 1, f"{name} has {len(start)} numbers for {owner_count} owners")
        elif start[0] != 0 or start[-1] != rows or np.any(counts(start) < 0):
            yield _fault(int(start[-1]), rows, f"{name} does not rise from 0 to its {rows} rows")


def _lengths(program: Program) -> Iterator[Violation]:
    """The columns of one table are of one length, and configuration rows have their fields."""
    cores, axons, routes = program.cores, program.axons, program.routes
    tables: tuple[tuple[str, int, tuple[Column, ...]], ...] = (
        ("core", len(cores), (cores.chip, cores.slot)),
        ("compartment", len(cores.population), (cores.neuron, cores.neuron_row, cores.threshold_row)),
        ("axon", len(axons.projection), (axons.source, axons.delay, axons.format)),
        ("route", len(routes.core), (routes.axon,)),
    )
    for name, rows, columns in tables:
        for column in columns:
            if column.shape != (rows,):
                detail = f"a column of the {name} table has shape {column.shape} for {rows} rows"
                yield _fault(len(column), rows, detail)
    width = row_width(program.network)
    for name, table, fields in (("neuron_rows", cores.neuron_rows, width), ("formats", cores.formats, 4)):
        if table.ndim != 2 or table.shape[1] != fields:
            yield _fault(table.shape[-1], fields, f"{name} has shape {table.shape}, not (rows, {fields})")


def _indices(program: Program) -> Iterator[Violation]:
    """Every index names an existing row: configuration rows and compartments of the own core, sources, axons."""
    cores, axons, routes, network = program.cores, program.axons, program.routes, program.network
    sizes = np.array([p.neurons for p in network.populations])
    core_of_compartment, core_of_axon = owners(cores.compartment_start), owners(axons.start)
    core_of_entry = core_of_axon[owners(axons.entry_start)]
    sources = np.array([network.index(p.source) for p in network.projections], np.int64)
    yield from _outside("population", cores.population, len(sizes), core_of_compartment)
    yield from _outside("neuron", cores.neuron, _at(sizes, cores.population), core_of_compartment)
    for name, index, start in (
        ("neuron_row", cores.neuron_row, cores.neuron_row_start),
        ("threshold_row", cores.threshold_row, cores.threshold_start),
    ):
        yield from _outside(name, index, counts(start)[core_of_compartment], core_of_compartment)
    yield from _outside("format", axons.format, counts(cores.format_start)[core_of_axon], core_of_axon)
    yield from _outside("projection", axons.projection, len(sources), core_of_axon)
    yield from _outside("source", axons.source, _at(sizes, _at(sources, axons.projection)), core_of_axon)
    end = np.asarray(axons.compartment, np.int64) + counts(axons.weight_start)
    room = counts(cores.compartment_start)[core_of_entry]
    yield from wrong(LIMIT, (np.asarray(axons.compartment) < 0) | (end > room), core_of_entry, "entry leaves the core")
    yield from _outside("route core", routes.core, len(cores), None)
    yield from _outside("route axon", routes.axon, _at(counts(axons.start), routes.core), None)


def _at(table: Column, index: Column) -> IntArray:
    """`table[index]`, and 0 where the index itself is outside (reported for itself)."""
    inside = (index >= 0) & (index < len(table))
    result = np.zeros(len(index), np.int64)
    result[inside] = table[index[inside]]
    return result


def _outside(name: str, index: Column, size: IntArray | int, core: IntArray | None) -> Iterator[Violation]:
    bad: NDArray[np.bool_] = (index < 0) | (index >= size)
    return wrong(LIMIT, bad, core, f"{name} is out of range")


def _fault(used: int, maximum: int, detail: str) -> Violation:
    return Violation(None, LIMIT, used, maximum, detail)
