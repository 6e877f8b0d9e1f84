"""Whether the stored lists hold the weights of the entries: all of them, once, and exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.compiler.checker.layout import DENSE, INDEX_BITS, RUN_LENGTH, SPARSE, Layout
from neurodeploy.compiler.checker.tables import owners
from neurodeploy.compiler.checker.violation import Violation, wrong
from neurodeploy.precision import IntArray

#: A gap of 32 zeros ends a run-length list, and skip fields have 2 … 5 bits (NxTF).
SKIP_BITS = (2, 3, 4, 5)


def legal_formats(layout: Layout) -> Iterator[Violation]:
    """Compressions are sparse, run length or dense; index bits have a code (nengo-loihi, NxTF) and address every
    compartment of the core; run-length synapses have 2 … 5 skip bits, others none.
    """
    formats, core = np.asarray(layout.storage.formats, np.int64), owners(layout.storage.format_start)
    compression, index, skip = formats[:, 4:].T
    known = np.isin(compression, (SPARSE, RUN_LENGTH, DENSE))
    yield from wrong("compression", ~known, core, "compression is not 0, 1 or 3")
    narrow = ~np.isin(index, INDEX_BITS) | (np.left_shift(1, np.clip(index, 0, 12)) < layout.compartments[core])
    yield from wrong("index bits", narrow, core, "index bits do not address the core's compartments")
    skips = np.where(compression == RUN_LENGTH, np.isin(skip, SKIP_BITS), skip == 0)
    yield from wrong("skip bits", ~skips, core, "skip bits do not suit the compression")


def coverage(layout: Layout) -> Iterator[Violation]:
    """Every weight that is not zero stands in a list of its axon, and no two lists of an axon cover the same
    compartment.
    """
    order = np.lexsort((layout.list_first, layout.axon_of_list))
    axon, first = layout.axon_of_list[order], layout.list_first[order]
    overlap = (axon[1:] == axon[:-1]) & (first[1:] < first[:-1] + layout.list_span[order][:-1])
    yield from wrong("coverage", overlap, layout.core_of_list[order][1:], "list covers what another covers")
    missing = (layout.synapse_list < 0) & (np.asarray(layout.program.axons.weight) != 0)
    yield from wrong("coverage", missing, layout.core_of_axon[layout.synapse_axon], "weight stands in no list")


def exactness(layout: Layout) -> Iterator[Violation]:
    """w · 2^(e − e') is what a list with exponent e' stores of a weight w with exponent e: a whole number in the
    range of its sign mode, a multiple of the step that its bits leave (nengo-loihi), and of 2^−e' where e' < 0.
    Without storage of its own a program stores the entries' weights as they are (`weight_grid`).
    """
    if layout.program.storage is None:
        return
    weight = np.asarray(layout.program.axons.weight, np.int64)
    used = np.flatnonzero((layout.synapse_list >= 0) & (weight != 0))
    row = layout.synapse_list[used]
    mode, bits, exponent = layout.list_format[row, :3].T
    shift = layout.formats[layout.synapse_axon[used], 2] - np.clip(exponent, -8, 8)
    down = np.left_shift(1, np.maximum(-shift, 0))
    stored = np.left_shift(weight[used], np.maximum(shift, 0))
    whole = stored % down == 0
    stored //= down
    known = np.clip(mode, 1, 3)
    low, high = np.array([-256, 0, -255])[known - 1], np.array([254, 255, 0])[known - 1]
    step = 2 ** np.maximum(8 - np.clip(bits, 1, 8) + (mode == 1), np.clip(-exponent, 0, 8))
    bad = ~whole | (stored < low) | (stored > high) | (stored % step != 0)
    yield from wrong("exactness", bad, layout.core_of_list[row], "list cannot hold its weight")


def gaps(layout: Layout) -> Iterator[Violation]:
    """Between two synapses of a run-length list stand at most 2^skip − 1 zeros (NxTF)."""
    run_length = layout.list_format[:, 4] == RUN_LENGTH
    owner = layout.synapse_list
    used = (np.asarray(layout.program.axons.weight) != 0) & (owner >= 0)
    used[used] = run_length[owner[used]]
    row, place = _sorted(owner[used], layout.synapse_compartment[used])
    zeros = place[1:] - place[:-1] - 1
    far = (row[1:] == row[:-1]) & (zeros >= np.left_shift(1, np.clip(layout.list_format[row[1:], 6], 0, 5)))
    yield from wrong("skip bits", far, layout.core_of_list[row[1:]], "gap is wider than the skip bits")


def software(layout: Layout) -> Iterator[Violation]:
    """What the target's software may forbid: several formats behind one axon, several layers on one core."""
    stack = layout.program.target.stack
    if stack.one_format_per_axon:
        form = np.asarray(layout.storage.format, np.int64)
        mixed = (layout.axon_of_list[1:] == layout.axon_of_list[:-1]) & (form[1:] != form[:-1])
        yield from wrong("one format per axon", mixed, layout.core_of_list[1:], "axon has lists of several formats")
    if stack.one_layer_per_core:
        population = np.asarray(layout.program.cores.population, np.int64)
        begin = np.asarray(layout.program.cores.compartment_start, np.int64)[layout.core_of_compartment]
        other = population != population[begin]
        yield from wrong("one layer per core", other, layout.core_of_compartment, "core holds another layer too")


def _sorted(row: IntArray, place: IntArray) -> tuple[IntArray, IntArray]:
    order = np.lexsort((place, row))
    return row[order], place[order]


RULES = (legal_formats, coverage, exactness, gaps, software)
