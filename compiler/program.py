"""The compiled program: an integer network laid out over the cores and axons of a target.

All tables are columns over every core at once; `…_start` columns give, for owner i, its rows
`start[i] … start[i + 1] − 1`. Everything a core holds is numbered inside that core.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.target import Target
from neurodeploy.network import Network

Column = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Cores:
    """What each core holds.

    Attributes:
        chip, slot: chip of each core and its number on that chip, (cores,).
        compartment_start: (cores + 1,).
        population, neuron: position in `Network.populations` and neuron number of each compartment, (compartments,).
        neuron_row, threshold_row: row of the core's configuration tables for each compartment, (compartments,).
        neuron_row_start: (cores + 1,); neuron_rows: (rows, 3 … 5) as `configuration` says for
            the models of the compartments; for CUBA LIF current decay, voltage decay, refractory delay.
        threshold_start: (cores + 1,); thresholds: threshold mantissas, (rows,).
        format_start: (cores + 1,); formats: (rows, 4) sign mode (1 … 3), weight bits, weight exponent, delay bits.
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
        format: row of the core's synapse formats, (axons,).
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


@dataclass(frozen=True)
class LayerError:
    """What quantization did to one projection.

    Attributes:
        projection, target: its name and the population it drives.
        bits, sign_mode, exponent: the chosen format.
        weights: number of weights; changed: how many differ from the weights the training's forward pass used;
            clipped: how many of those lie beyond the format's range.
        rms, worst: root mean square and largest absolute difference, in units of the original weights.
    """

    projection: str
    target: str
    bits: int
    sign_mode: str
    exponent: int
    weights: int
    changed: int
    clipped: int
    rms: float
    worst: float


@dataclass(frozen=True, eq=False)
class Program:
    """A network mapped to a target, ready to run.

    Attributes:
        network: integer and quantized; its input population is run by the host and takes no core.
        target: the chip, with every limit.
        cores, axons, routes: the mapping.
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
    source: Network | None = None
    source_omitted: bool = False
    quantization: tuple[LayerError, ...] = ()
    summary: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
