"""Every index and every range of a program's tables, checked before the C core follows any of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.compiler.configuration import COLUMNS, THRESHOLD, column_range, row_width
from neurodeploy.compiler.program import Axons, Cores, Program, Routes
from neurodeploy.compiler.target import Target
from neurodeploy.emulator.columns import broken, column, joint_row, owners, starts, whole, within
from neurodeploy.network import Network
from neurodeploy.network.network import MAX_DELAY
from neurodeploy.precision import WEIGHT_BITS, WEIGHT_EXPONENTS, IntArray, SignMode, WeightFormat

#: Highest code of the delay bits of a synapse format (nengo-loihi).
MAX_DELAY_BITS = 7
#: Axons whose weights are checked at a time, which bounds the memory needed.
BATCH = 1 << 15


def checked(program: Program) -> tuple[Cores, Axons, Routes]:
    """The tables of a program with int64 columns (weights: int16), safe to execute.

    Raises:
        FormatError: a column that is no list of whole numbers or has the wrong length, an index out of its range,
            a parameter or weight that its format cannot hold, a neuron that is on no core or on two, or a route
            that does not fit its axon.
    """
    cores = _cores(program.cores, program.network, program.target)
    axons = _axons(program.axons, cores, program.network)
    _check_weights(cores, axons)
    axons = replace(axons, weight=axons.weight.astype(np.int16, copy=False))
    return cores, axons, _routes(program.routes, axons, program.network)


def population_starts(network: Network) -> IntArray:
    """First neuron of each population, all neurons numbered in network order, shape (populations + 1,)."""
    return np.cumsum([0, *(p.neurons for p in network.populations)])


def _cores(cores: Cores, network: Network, target: Target) -> Cores:
    chip = column("core chip", cores.chip)
    slot = column("core slot", cores.slot, rows=len(chip))
    within("core chip", chip, 0, target.chips - 1)
    within("core slot", slot, 0, target.cores_per_chip - 1)
    if len(np.unique(chip * target.cores_per_chip + slot)) != len(chip):
        raise broken("two cores lie in the same slot of a chip")
    population = column("compartment population", cores.population)
    neuron = column("compartment neuron", cores.neuron, rows=len(population))
    start = starts("compartment", cores.compartment_start, len(chip), len(population))
    _check_placement(population, neuron, network)
    neuron_rows = column("neuron rows", cores.neuron_rows, width=row_width(network))
    neuron_row_start = starts("neuron row", cores.neuron_row_start, len(chip), len(neuron_rows))
    thresholds = column("thresholds", cores.thresholds)
    threshold_start = starts("threshold", cores.threshold_start, len(chip), len(thresholds))
    neuron_row = column("compartment neuron row", cores.neuron_row, rows=len(population))
    threshold_row = column("compartment threshold row", cores.threshold_row, rows=len(population))
    core = owners(start)
    within("compartment neuron row", neuron_row, 0, np.diff(neuron_row_start)[core] - 1)
    within("compartment threshold row", threshold_row, 0, np.diff(threshold_start)[core] - 1)
    rows_used = joint_row(neuron_row_start, core, neuron_row), joint_row(threshold_start, core, threshold_row)
    _check_parameters(network, population, rows_used, neuron_rows, thresholds)
    formats = _formats(cores)
    return Cores(
        chip=chip,
        slot=slot,
        compartment_start=start,
        population=population,
        neuron=neuron,
        neuron_row=neuron_row,
        threshold_row=threshold_row,
        neuron_row_start=neuron_row_start,
        neuron_rows=neuron_rows,
        threshold_start=threshold_start,
        thresholds=thresholds,
        format_start=starts("synapse format", cores.format_start, len(chip), len(formats)),
        formats=formats,
    )


def _check_parameters(
    network: Network, population: IntArray, used: tuple[IntArray, IntArray], rows: IntArray, thresholds: IntArray
) -> None:
    """Every row holds what the models of the compartments that use it allow; one that none uses holds anything."""
    for model in {type(p.neuron) for p in network.populations[1:] if p.neuron is not None}:
        mine = np.array([type(p.neuron) is model for p in network.populations])[population]
        neuron_row, threshold_row = (np.unique(row[mine]) for row in used)
        for i, name in enumerate(COLUMNS[model]):
            _within_rows(name, rows[:, i], neuron_row, column_range(model, name))
        for i in range(len(COLUMNS[model]), rows.shape[1]):
            _within_rows(f"unused column {i}", rows[:, i], neuron_row, (0, 0))
        _within_rows(THRESHOLD, thresholds, threshold_row, model.RANGES.get(THRESHOLD, (0, 0)))


def _within_rows(name: str, values: IntArray, rows: IntArray, allowed: tuple[int, int]) -> None:
    """Whether the values in some rows of a table lie in a range; the others are left out."""
    low, high = np.full(values.shape, values.min(initial=0)), np.full(values.shape, values.max(initial=0))
    low[rows], high[rows] = allowed
    within(name.replace("_", " "), values, low, high)


def _check_placement(population: IntArray, neuron: IntArray, network: Network) -> None:
    """Every neuron but the input's has one compartment, and no other."""
    within("compartment population", population, 1, len(network.populations) - 1)
    start = population_starts(network)
    within("compartment neuron", neuron, 0, np.diff(start)[population] - 1)
    times = np.bincount(start[population] + neuron, minlength=int(start[-1]))
    wrong = np.flatnonzero(times[start[1] :] != 1) + start[1]
    if len(wrong):
        owner = int(np.searchsorted(start, wrong[0], side="right")) - 1
        name = f"neuron {wrong[0] - start[owner]} of {network.populations[owner].name}"
        raise broken(f"{name} has {times[wrong[0]]} compartments instead of one")


def _formats(cores: Cores) -> IntArray:
    formats = column("synapse formats", cores.formats, width=4)
    within("sign mode", formats[:, 0], 1, len(SignMode))
    within("weight bits", formats[:, 1], WEIGHT_BITS[0], WEIGHT_BITS[-1])
    within("weight exponent", formats[:, 2], WEIGHT_EXPONENTS[0], WEIGHT_EXPONENTS[-1])
    within("delay bits", formats[:, 3], 0, MAX_DELAY_BITS)
    return formats


def _axons(axons: Axons, cores: Cores, network: Network) -> Axons:
    projection = column("axon projection", axons.projection)
    rows = len(projection)
    start = starts("axon", axons.start, len(cores), rows)
    core = owners(start)
    source = column("axon source", axons.source, rows)
    delay = column("axon delay", axons.delay, rows)
    form = column("axon format", axons.format, rows)
    within("axon projection", projection, 0, len(network.projections) - 1)
    sizes = np.array([network.population(p.source).neurons for p in network.projections], np.int64)
    within("axon source", source, 0, sizes[projection] - 1)
    within("axon delay", delay, 0, MAX_DELAY)
    within("axon format", form, 0, np.diff(cores.format_start)[core] - 1)
    compartment = column("entry compartment", axons.compartment)
    weight = whole("weight", axons.weight)
    entry_start = starts("entry", axons.entry_start, rows, len(compartment))
    weight_start = starts("weight", axons.weight_start, len(compartment), len(weight))
    room = np.diff(cores.compartment_start)[core][owners(entry_start)]
    within("entry compartment", compartment, 0, room - np.diff(weight_start))
    return Axons(start, projection, source, delay, form, entry_start, compartment, weight_start, weight)


def _check_weights(cores: Cores, axons: Axons) -> None:
    formats = [WeightFormat(SignMode(mode), bits) for mode, bits, *_ in cores.formats.tolist()]
    ranges = np.array([f.range for f in formats], np.int64).reshape(-1, 2)
    step = np.array([f.step for f in formats], np.int64)
    # below exponent 0 the chip floors each synapse and Lava their sum: only multiples of 2^-e mean the same to both
    step = np.maximum(step, 1 << np.maximum(-cores.formats[:, 2], 0))
    form = joint_row(cores.format_start, owners(axons.start), axons.format)
    start = axons.weight_start[axons.entry_start]
    for axon in range(0, len(form), BATCH):
        first, last = int(start[axon]), int(start[min(axon + BATCH, len(form))])
        row = np.repeat(form[axon : axon + BATCH], np.diff(start[axon : axon + BATCH + 1]))
        weight = axons.weight[first:last].astype(np.int64)
        within("weight", weight, ranges[row, 0], ranges[row, 1], first)
        off = np.flatnonzero(weight & (step[row] - 1))  # steps are powers of two
        if len(off):
            demanded, value = step[row[off[0]]], weight[off[0]]
            raise broken(f"weight {value} in row {first + off[0]} is no multiple of {demanded}, as its format demands")


def _routes(routes: Routes, axons: Axons, network: Network) -> Routes:
    """Every axon is reached by one route, from the neuron that it names as its source."""
    core = column("route core", routes.core)
    axon = column("route axon", routes.axon, rows=len(core))
    within("route core", core, 0, len(axons.start) - 2)
    within("route axon", axon, 0, np.diff(axons.start)[core] - 1)
    first = population_starts(network)
    start = starts("route", routes.start, int(first[-1]), len(core))
    reached = joint_row(axons.start, core, axon)
    times = np.bincount(reached, minlength=len(axons.projection))
    wrong = np.flatnonzero(times != 1)
    if len(wrong):
        raise broken(f"axon {wrong[0]} is reached by {times[wrong[0]]} routes instead of one")
    source = np.array([network.index(p.source) for p in network.projections], np.int64)
    wrong = np.flatnonzero(first[source[axons.projection[reached]]] + axons.source[reached] != owners(start))
    if len(wrong):
        raise broken(f"route {wrong[0]} leads from neuron {owners(start)[wrong[0]]} to the axon of another neuron")
    return Routes(start, core, axon)
