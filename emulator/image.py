"""A program loaded for the C core: checked, regrouped for speed, and never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.program import Column, Program
from neurodeploy.emulator import _core
from neurodeploy.emulator.blocks import bias_rows, blocks, compartments
from neurodeploy.emulator.chunks import chunks
from neurodeploy.emulator.columns import joint_row
from neurodeploy.emulator.validation import checked, population_starts
from neurodeploy.network import Network
from neurodeploy.precision import IntArray

#: A step that no run reaches.
NEVER = 2**62


@dataclass(frozen=True, eq=False)
class Image:
    """A program ready to run; any number of emulators, in any threads, share one.

    Attributes:
        network: the program's network.
        core: its tables as the C core reads them.
    """

    network: Network
    core: _core.Image


def load(program: Program) -> Image:
    """The image of a program.

    Raises:
        FormatError: a table that names what does not exist or holds what its format forbids.
    """
    cores, axons, routes = checked(program)
    network = program.network
    interval, first_resets = _resets(network)
    cells, synapses = compartments(cores, network), chunks(cores, axons, network)
    block, bank_block_start = blocks(cells)
    start = population_starts(network)
    place = np.full(start[-1], -1)
    place[start[cells.population] + cells.neuron] = np.arange(len(cells.neuron))
    axon = joint_row(axons.start, np.asarray(routes.core, np.int64), routes.axon)
    route = np.column_stack(
        [routes.core, axons.delay[axon], synapses.start[axon], synapses.count[axon], synapses.bound[axon]]
    )
    core = _core.Image(
        population_start=_int32(start),
        block=_int32(block),
        bank_block_start=_int32(bank_block_start),
        bank_start=_int32(cells.bank_start),
        neuron=_int32(cells.neuron),
        place=_int32(place),
        bias=_int32(cells.bias),
        graded=_int32(np.array([p.neuron is not None and p.neuron.GRADED for p in network.populations])),
        imaginary=any(p.imaginary for p in network.projections),
        bias_rows=bias_rows(network),
        route_start=_int32(routes.start),
        route=_int32(route),
        chunk=synapses.rows,
        reset_interval=interval,
        reset_first=first_resets,
        max_delay=int(axons.delay.max(initial=0)),
    )
    return Image(network, core)


def _resets(network: Network) -> tuple[int, IntArray]:
    """Interval in steps, 0 without a reset, and the first step with one of each population, (populations,)."""
    if network.reset is None:
        return 0, np.zeros(len(network.populations), np.int64)
    depths = network.depths()
    first = [min(network.reset.offset + depths[p.name], NEVER) for p in network.populations]
    return min(network.reset.interval, NEVER), np.array(first, np.int64)


def _int32(values: Column) -> NDArray[np.int32]:
    """Values that are known to fit 32 bits."""
    return np.ascontiguousarray(values, np.int32)
