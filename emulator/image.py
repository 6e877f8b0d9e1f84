"""A program loaded for the C core: checked, regrouped for speed, and never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.program import Column, Program
from neurodeploy.emulator import _core
from neurodeploy.emulator.blocks import REFRACTORY, bias_rows, blocks, compartments, populations
from neurodeploy.emulator.bundles import bundles
from neurodeploy.emulator.links import links
from neurodeploy.emulator.validation import checked, population_starts
from neurodeploy.network import Network
from neurodeploy.precision import DECAY_ONE, IntArray

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
    core = _tables(program)
    _core.return_memory()
    return Image(program.network, core)


def _tables(program: Program) -> _core.Image:
    """What the C core reads, see `load`."""
    cores, axons, routes = checked(program)
    network = program.network
    interval, first_resets = _resets(network)
    start = population_starts(network)
    cells = compartments(cores, network)
    synapses = bundles(cores, axons, routes, cells, network)
    joined = links(synapses, network)
    block, group_block_start = blocks(cells)
    place = np.full(start[-1], -1)
    place[start[cells.population] + cells.neuron] = cells.place
    parameter = [cells.placed(column) for column in cells.parameters[:, 1 : REFRACTORY + 1].T]
    return _core.Image(
        population_start=_int32(start),
        population=_int32(populations(cells, network, synapses.shift, synapses.words, synapses.fan_in)),
        block=_int32(block),
        group_block_start=_int32(group_block_start),
        neuron=_int32(cells.placed(cells.neuron)),
        place=_int32(place),
        bias=_int32(cells.placed(cells.bias)),
        graded=_int32(np.array([p.neuron is not None and p.neuron.GRADED for p in network.populations])),
        scale=np.stack(parameter[:2]).astype(np.float32) / np.float32(DECAY_ONE),
        parameter=_int32(np.stack(parameter[2:])),
        bias_rows=bias_rows(network),
        link=_int32(joined.table),
        target_start=_int32(joined.target_start),
        outgoing=_int32(joined.outgoing),
        source_start=_int32(joined.source_start),
        row=_int32(joined.row),
        row_bound=joined.bound.astype(np.uint16),
        row_delay=_int32(joined.delay),
        run=_int32(joined.run),
        byte_weight=synapses.byte_weight,
        word_weight=synapses.word_weight,
        reset_interval=interval,
        reset_first=first_resets,
        max_delay=int(axons.delay.max(initial=0)),
    )


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
