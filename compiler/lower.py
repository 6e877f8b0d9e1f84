"""Lowering: planned cores become the tables of a program, in the order of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.configuration import neuron_rows, row_width, thresholds
from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.memory import Lists, index_bits
from neurodeploy.compiler.partition import CorePlan
from neurodeploy.compiler.pieces import Piece, distinct_rows
from neurodeploy.compiler.program import Axons, Cores, Routes, Storage
from neurodeploy.compiler.target import Target
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


def lower_cores(network: Network, target: Target, plan: Sequence[CorePlan], orders: Sequence[IntArray]) -> Cores:
    """Compartments and configuration rows of every core."""
    rows, row_of, threshold_rows, threshold_of, formats = [], [], [], [], []
    width = row_width(network)
    neurons = [[orders[p.population][p.first : p.last] for p in core.pieces] for core in plan]
    tables = {i: (neuron_rows(p, width), thresholds(p)[:, None]) for i, p in enumerate(network.populations[1:], 1)}
    for core, numbers in zip(plan, neurons, strict=True):
        mine = [(*tables[piece.population], which) for piece, which in zip(core.pieces, numbers, strict=True)]
        distinct, row = distinct_rows(np.concatenate([table[which] for table, _, which in mine]))
        rows.append(distinct)
        row_of.append(row)
        distinct, row = distinct_rows(np.concatenate([table[which] for _, table, which in mine]))
        threshold_rows.append(distinct[:, 0])
        threshold_of.append(row)
        formats.append(_format_rows(network, core))
    chip, slot = chips_and_slots(plan, target)
    pieces = [piece for core in plan for piece in core.pieces]
    return Cores(
        chip=chip,
        slot=slot,
        compartment_start=_starts(core.load.compartments for core in plan),
        population=np.repeat([p.population for p in pieces], [p.neurons for p in pieces]),
        neuron=np.concatenate([mine for numbers in neurons for mine in numbers]),
        neuron_row=np.concatenate(row_of),
        threshold_row=np.concatenate(threshold_of),
        neuron_row_start=_starts(len(r) for r in rows),
        neuron_rows=np.concatenate(rows),
        threshold_start=_starts(len(t) for t in threshold_rows),
        thresholds=np.concatenate(threshold_rows),
        format_start=_starts(len(f) for f in formats),
        formats=np.concatenate(formats),
    )


def chips_and_slots(plan: Sequence[CorePlan], target: Target) -> tuple[IntArray, IntArray]:
    """The chip of each core and its number there, in the order of the plan; (cores,) each."""
    if any(core.chip is None for core in plan):
        chip, slot = np.divmod(np.arange(len(plan)), target.cores_per_chip)
        return chip, slot
    chip = np.array([core.chip for core in plan], np.int64)
    return chip, np.arange(len(chip)) - np.searchsorted(chip, chip)


def lower_axons(network: Network, plan: Sequence[CorePlan], laid: Sequence[LaidOut]) -> Axons:
    """Input axons and synapse entries of every core: piece by piece, projection by projection, source by source."""
    columns: dict[str, list[NDArray[np.integer[Any]]]] = {
        name: [] for name in ("projection", "source", "delay", "format", "entries", "compartment", "length")
    }
    weights = [np.zeros(0, np.int16)]
    for core in plan:
        row = 0
        for base, piece in _based(core):
            for j in piece.lists:
                part = laid[j].part(piece.first, piece.last)
                found = part.entries()
                for name, column in (
                    ("projection", np.full(len(part.source), j, np.int32)),
                    ("source", part.source),
                    ("delay", laid[j].delays[part.source]),
                    ("format", np.full(len(part.source), row, np.int32)),
                    ("entries", found.per_axon),
                    ("compartment", base + found.position),
                    ("length", found.length),
                ):
                    columns[name].append(column.astype(np.int32, copy=False))
                weights.append(found.weight)
                row += 1
    return Axons(
        start=_starts(core.load.input_axons for core in plan),
        projection=_joined(columns["projection"]),
        source=_joined(columns["source"]),
        delay=_joined(columns["delay"]),
        format=_joined(columns["format"]),
        entry_start=np.concatenate([[0], np.cumsum(_joined(columns["entries"]))]),
        compartment=_joined(columns["compartment"]),
        weight_start=np.concatenate([[0], np.cumsum(_joined(columns["length"]))]),
        weight=np.concatenate(weights),
    )


def _joined(parts: list[NDArray[np.integer[Any]]]) -> IntArray:
    """Parts of a column as one, emptied."""
    whole = np.concatenate([np.zeros(0, np.int64), *parts])
    parts.clear()
    return whole


def lower_storage(plan: Sequence[CorePlan]) -> Storage:
    """Synapse formats of every core and the lists that its axons are stored in."""
    rows: list[list[tuple[int, ...]]] = []
    columns: dict[str, list[NDArray[np.int64]]] = {name: [] for name in ("lists", "form", "first", "span")}
    for core in plan:
        width = index_bits(core.load.compartments)
        used = dict.fromkeys(form for p in core.pieces for lists in p.lists.values() for form in lists.used)
        place = {form: i for i, form in enumerate(used)}
        rows.append(
            [
                (f.sign_mode.value, f.bits, f.exponent, f.delay_bits, f.compression.value, width, f.skip_bits)
                for f in used
            ]
        )
        for base, piece in _based(core):
            for lists in piece.lists.values():
                form = np.array([place.get(f, -1) for f in lists.formats])[lists.form]
                columns["lists"].append(_per_axon(lists))
                columns["form"].append(form)
                columns["first"].append(base + lists.first)
                columns["span"].append(lists.span)
    empty = np.zeros(0, np.int64)
    joined = {name: np.concatenate([empty, *parts]) for name, parts in columns.items()}
    return Storage(
        format_start=_starts(len(r) for r in rows),
        formats=np.array([row for core_rows in rows for row in core_rows], np.int64).reshape(-1, 7),
        list_start=np.concatenate([[0], np.cumsum(joined["lists"])]),
        format=joined["form"],
        compartment=joined["first"],
        span=joined["span"],
    )


def lower_routes(network: Network, axons: Axons) -> Routes:
    """One route per input axon, listed under the neuron it comes from."""
    offset = _starts(p.neurons for p in network.populations)
    first = np.array([offset[network.index(p.source)] for p in network.projections], np.int64)
    origin = first[axons.projection] + axons.source
    core = np.repeat(np.arange(len(axons.start) - 1), np.diff(axons.start))
    order = np.argsort(origin, kind="stable")
    return Routes(
        start=np.concatenate([[0], np.cumsum(np.bincount(origin, minlength=int(offset[-1])))]),
        core=core[order],
        axon=(np.arange(len(origin)) - axons.start[core])[order],
    )


def _based(core: CorePlan) -> Iterable[tuple[int, Piece]]:
    """The pieces of a core with the first compartment of each."""
    return zip(accumulate((p.neurons for p in core.pieces), initial=0), core.pieces, strict=False)


def _per_axon(lists: Lists) -> IntArray:
    return np.bincount(lists.axon, minlength=lists.axons)


def _format_rows(network: Network, core: CorePlan) -> IntArray:
    """The number format of the weights of each projection into each piece."""
    rows = []
    for piece in core.pieces:
        for j, lists in piece.lists.items():
            projection = network.projections[j]
            assert projection.weight_format is not None
            delay = max((f.delay_bits for f in lists.used), default=0)
            form = projection.weight_format
            rows.append((form.sign_mode.value, form.bits, projection.weight_exponent, delay))
    return np.array(rows, np.int64).reshape(-1, 4)


def _starts(lengths: Iterable[int]) -> IntArray:
    return np.array([0, *accumulate(lengths)], np.int64)
