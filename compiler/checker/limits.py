"""One function per limit of a core or a target; its docstring is the rule. Amounts come from the target's data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.compiler.checker.layout import Layout
from neurodeploy.compiler.checker.tables import counts, owners
from neurodeploy.compiler.checker.violation import Violation, exceeded, wrong
from neurodeploy.compiler.configuration import COLUMNS, THRESHOLD, column_range
from neurodeploy.compiler.program import Column
from neurodeploy.precision import IntArray

#: Delay bits and the dendritic accumulators they give: published SLAYER mapper, NxTF.
LEGAL_DELAY_BITS = (0, 3, 4, 5, 6)


def compartments(layout: Layout) -> Iterator[Violation]:
    """A core has 1,024 compartments (Davies 2018); with d delay bits only 2^(13 − d) of them can be addressed
    (published SLAYER mapper).
    """
    most = layout.program.target.core.compartments
    addressed = np.where(layout.delay_bits > 0, 2 ** (13 - layout.delay_bits), most)
    yield from exceeded("compartments", layout.compartments, np.minimum(most, addressed), "compartments")


def delay_bits(layout: Layout) -> Iterator[Violation]:
    """Delay bits are 3 … 6, for 8, 16, 32 or 64 dendritic accumulators, which must exceed the longest delay + 1
    (published SLAYER mapper, NxTF); a core without delays spends none.
    """
    storage = layout.storage
    core = owners(storage.format_start)
    illegal = ~np.isin(storage.formats[:, 3], LEGAL_DELAY_BITS)
    yield from wrong("delay bits", illegal, core, "delay bits are not 0 or 3 … 6")
    delay = np.asarray(layout.program.axons.delay, np.int64)
    wanted = delay[layout.axon_of_list]
    short = (wanted > 0) & (2 ** layout.list_format[:, 3] <= wanted + 1)
    yield from wrong("delay bits", short, layout.core_of_list, "axon's delay needs more delay bits")
    longest = np.zeros(layout.cores, np.int64)
    np.maximum.at(longest, layout.core_of_axon, delay)
    idle = (longest == 0) & (layout.delay_bits > 0)
    yield from wrong("delay bits", idle, np.arange(layout.cores), "delay bits without any delay")


def input_axons(layout: Layout) -> Iterator[Violation]:
    """A core has 4,096 input axons (Davies 2018)."""
    yield from exceeded("input axons", layout.axons, layout.program.target.core.input_axons, "input axons")


def output_slots(layout: Layout) -> Iterator[Violation]:
    """A core has 4,096 output axon slots (Davies 2018), 1,024 if any of its axons leaves the chip (published SLAYER
    mapper); a discrete axon takes one slot, one more when it leaves the chip (NxTF).
    """
    source = layout.core_of_neuron[layout.neuron_of_route]
    on_chip = source >= 0
    crossing = on_chip & (layout.program.cores.chip[source] != layout.program.cores.chip[layout.program.routes.core])
    leaving = layout.per_core(source[crossing])
    limits = layout.program.target.core
    most = np.where(leaving > 0, min(limits.output_slots, limits.output_slots_across), limits.output_slots)
    yield from exceeded("output slots", layout.per_core(source[on_chip]) + leaving, most, "output axon slots")


def configuration_rows(layout: Layout) -> Iterator[Violation]:
    """A core has few rows for neuron parameters, thresholds (nengo-loihi builder) and synapse formats (NxTF)."""
    cores, core = layout.program.cores, layout.program.target.core
    yield from exceeded("neuron rows", counts(cores.neuron_row_start), core.neuron_rows, "rows of neuron parameters")
    yield from exceeded("threshold rows", counts(cores.threshold_start), core.threshold_rows, "threshold rows")
    formats = counts(layout.storage.format_start)
    yield from exceeded("synapse formats", formats, core.synapse_formats, "synapse formats")


def neuron_models(layout: Layout) -> Iterator[Violation]:
    """Every neuron model on the cores is one that the target holds."""
    held = layout.program.target.neuron_models
    names = np.array([p.neuron.NAME if p.neuron else "" for p in layout.program.network.populations])
    bad = ~np.isin(names[layout.program.cores.population], held)
    yield from wrong("neuron model", bad, layout.core_of_compartment, f"neuron model is none of {', '.join(held)}")


def neuron_ranges(layout: Layout) -> Iterator[Violation]:
    """Decays, refractory delay and threshold lie in the ranges of the target's registers; what only other models than
    CUBA LIF have, in the model's own.
    """
    cores, neuron, core = layout.program.cores, layout.program.target.neuron, layout.core_of_compartment
    row = np.asarray(cores.neuron_row_start, np.int64)[core] + cores.neuron_row
    threshold_row = np.asarray(cores.threshold_start, np.int64)[core] + cores.threshold_row
    models = [type(p.neuron) for p in layout.program.network.populations]
    for model in dict.fromkeys(type(p.neuron) for p in layout.program.network.populations[1:] if p.neuron):
        mine = np.array([m is model for m in models])[cores.population]
        tables = {name: np.asarray(cores.neuron_rows)[:, i] for i, name in enumerate(COLUMNS[model])}
        rows = {name: np.unique(row[mine]) for name in tables}
        if THRESHOLD in model.RANGES:
            tables[THRESHOLD], rows[THRESHOLD] = np.asarray(cores.thresholds), np.unique(threshold_row[mine])
        for name, table in tables.items():
            allowed = getattr(neuron, name, None) or column_range(model, name)
            start = cores.threshold_start if name == THRESHOLD else cores.neuron_row_start
            yield from _range(name.replace("_", " "), table[rows[name]], allowed, owners(start)[rows[name]])


def synapse_ranges(layout: Layout) -> Iterator[Violation]:
    """Weight exponents and axonal delays lie in the target's ranges, sign modes are 1 … 3, weight bits 1 … 8."""
    cores, neuron = layout.program.cores, layout.program.target.neuron
    for start, formats in ((cores.format_start, cores.formats), (layout.storage.format_start, layout.storage.formats)):
        core = owners(start)
        yield from _range("sign mode", formats[:, 0], (1, 3), core)
        yield from _range("weight bits", formats[:, 1], (1, 8), core)
        yield from _range("weight exponent", formats[:, 2], neuron.weight_exponent, core)
    yield from _range("axonal delay", layout.program.axons.delay, neuron.axonal_delay, layout.core_of_axon)


def bias_range(layout: Layout) -> Iterator[Violation]:
    """Bias mantissas and exponents of the populations on cores lie in the target's ranges."""
    neuron = layout.program.target.neuron
    for population in layout.program.network.populations[1:]:
        if population.bias is not None:
            flat = population.bias.mantissa.reshape(-1)
            yield from _range(f"bias mantissa of {population.name}", flat, neuron.bias_mantissa, None)
            exponent = np.array([population.bias.exponent])
            yield from _range(f"bias exponent of {population.name}", exponent, neuron.bias_exponent, None)


def weight_grid(layout: Layout) -> Iterator[Violation]:
    """Mixed weights are −256 … 254, excitatory 0 … 255, inhibitory −255 … 0 (brian2-loihi, Lava); b bits lose the
    8 − b lowest, a mixed sign one more (nengo-loihi), and a negative exponent e is exact on multiples of 2^−e only.
    """
    mode, bits, exponent, _ = layout.formats.T
    axon = np.repeat(layout.axon_of_entry, layout.synapses)
    weight = np.asarray(layout.program.axons.weight, np.int64)
    known = np.clip(mode, 1, 3)
    lost = 8 - np.clip(bits, 1, 8) + (mode == 1)
    step = 2 ** np.maximum(lost, np.clip(-exponent, 0, 8))
    low, high = np.array([-256, 0, -255])[known - 1], np.array([254, 255, 0])[known - 1]
    bad = (weight < low[axon]) | (weight > high[axon]) | (weight % step[axon] != 0)
    yield from wrong("weight grid", bad, layout.core_of_axon[axon], "weight is not in its format's grid")


def core_numbers(layout: Layout) -> Iterator[Violation]:
    """Each core is a different one of the target's chips · cores per chip, and hangs on a router of its chip's mesh."""
    target, chip, slot = layout.program.target, layout.program.cores.chip, layout.program.cores.slot
    if layout.cores > target.total_cores:
        detail = f"the program takes {layout.cores} cores, {target.name} has {target.total_cores}"
        yield Violation(None, "cores", layout.cores, target.total_cores, detail)
    core = np.arange(layout.cores)
    yield from _range("chip", chip, (0, target.chips - 1), core)
    yield from _range("slot", slot, (0, target.cores_per_chip - 1), core)
    off = np.asarray(slot) // target.cores_per_router >= target.mesh[0] * target.mesh[1]
    yield from wrong("router", off, core, f"core hangs on no router of the {target.mesh[0]} x {target.mesh[1]} mesh")
    _, first, place = np.unique(np.stack((chip, slot)), axis=1, return_index=True, return_inverse=True)
    yield from wrong("slot", first[place.reshape(-1)] != core, core, "chip and slot are taken by another core")


def _range(limit: str, value: Column, allowed: tuple[int, int], core: IntArray | None) -> Iterator[Violation]:
    low, high = allowed
    yield from wrong(limit, (value < low) | (value > high), core, f"{limit} is outside {low} … {high}")


RULES = (
    compartments,
    delay_bits,
    input_axons,
    output_slots,
    configuration_rows,
    neuron_models,
    neuron_ranges,
    synapse_ranges,
    bias_range,
    weight_grid,
    core_numbers,
)
