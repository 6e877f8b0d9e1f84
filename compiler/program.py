"""The compiled program: an integer network laid out over the cores and axons of a target.

All tables are columns over every core at once; `…_start` columns give, for owner i, its rows
`start[i] … start[i + 1] − 1`. Everything a core holds is numbered inside that core.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.mesh import Mesh, Placement
from neurodeploy.compiler.target import Target
from neurodeploy.network import LayerError, Network
from neurodeploy.shown import Drawn

Column = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Cores:
    """What each core holds.

    Attributes:
        chip, slot: chip of each core and its number on that chip, (cores,): where it sits, see `Program.placement`.
        compartment_start: (cores + 1,).
        population, neuron: position in `Network.populations` and neuron number of each compartment, (compartments,).
        neuron_row, threshold_row: row of the core's configuration tables for each compartment, (compartments,).
        neuron_row_start: (cores + 1,); neuron_rows: (rows, 3 … 5) as `configuration` says for
            the models of the compartments; for CUBA LIF current decay, voltage decay, refractory delay.
        threshold_start: (cores + 1,); thresholds: threshold mantissas, (rows,).
        format_start: (cores + 1,); formats: (rows, 4) sign mode (1 … 3), weight bits, weight exponent, delay bits of
            the weights as the tables of axons give them.
    """

    chip: Column
    slot: Column
    compartment_start: Column
    population: Column
    neuron: Column
    neuron_row: Column
    threshold_row: Column
    neuron_row_start: Column
    neuron_rows: Column
    threshold_start: Column
    thresholds: Column
    format_start: Column
    formats: Column

    def __len__(self) -> int:
        return len(self.chip)


@dataclass(frozen=True, eq=False)
class Axons:
    """The input axons of each core and the synapse entries they read.

    Attributes:
        start: (cores + 1,).
        projection, source: position in `Network.projections` and source neuron of each axon, (axons,).
        delay: axonal delay in steps, (axons,).
        format: row of the core's formats that the weights are given in, (axons,).
        entry_start: (axons + 1,).
        compartment: first compartment (in the core) of each entry, (entries,).
        weight_start: (entries + 1,); entry i drives compartment `compartment[i] + j` with
            `weight[weight_start[i] + j]`.
        weight: stored weights, (synapses,).
    """

    start: Column
    projection: Column
    source: Column
    delay: Column
    format: Column
    entry_start: Column
    compartment: Column
    weight_start: Column
    weight: Column


@dataclass(frozen=True, eq=False)
class Storage:
    """How the synapses stand in the memory of each core: the same weights as the entries of the axons, in the
    formats that take least room.

    Attributes:
        format_start: (cores + 1,).
        formats: the core's synapse formats, (rows, 7): sign mode (1 … 3), weight bits, weight exponent, delay bits,
            compression (0 sparse, 1 run length, 3 dense), index bits, skip bits.
        list_start: (axons + 1,).
        format: row of the core's synapse formats, (lists,).
        compartment, span: a list covers compartments `compartment` … `compartment + span − 1` of its core; it stores
            all of them if it is dense, else those to which its axon has a weight that is not zero, (lists,).
    """

    format_start: Column
    formats: Column
    list_start: Column
    format: Column
    compartment: Column
    span: Column


@dataclass(frozen=True, eq=False)
class Routes:
    """Where the spikes of every neuron go: one output axon (or host axon, for the input) per destination.

    Attributes:
        start: neurons of all populations in network order, (neurons + 1,).
        core: destination core of each route, (routes,).
        axon: input axon inside that core, (routes,).
    """

    start: Column
    core: Column
    axon: Column


@dataclass(frozen=True, eq=False)
class Program(Drawn, drawn_by="neurodeploy.plotting.programs"):
    """A network mapped to a target, ready to run.

    Attributes:
        network: integer and quantized; its input population is run by the host and takes no core.
        target: the chip, with every limit.
        cores, axons, routes: the mapping.
        storage: how synapses are stored; None: every entry is a dense list in its axon's format.
        source: the float network this one was quantized from, None if it came as integers or was left out.
        source_omitted: whether there was a float network that was left out on request.
        quantization: one row per projection.
        summary: the JSON-ready numbers of `compile --json` (cores, bounds, limits, populations).
        provenance: versions, hashes and options, JSON-ready.
    """

    network: Network
    target: Target
    cores: Cores
    axons: Axons
    routes: Routes
    storage: Storage | None = None
    source: Network | None = None
    source_omitted: bool = False
    quantization: tuple[LayerError, ...] = ()
    summary: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def rescaled(self) -> frozenset[str]:
        """Populations whose weights were multiplied by a factor before they were rounded: their u and v are in other
        units than the float network's.
        """
        return frozenset(row.target for row in self.quantization if row.scale != 1.0) if self.source else frozenset()

    @cached_property
    def placement(self) -> Placement:
        """Where each core sits on the mesh."""
        core = np.asarray(self.cores.chip, np.int64) * self.target.cores_per_chip + self.cores.slot
        return Placement(Mesh.of(self.target), core)
