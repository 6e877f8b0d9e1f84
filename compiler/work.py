"""What a mapping asks of the chip in an average step: what objectives compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.flows import Flows, Rates
from neurodeploy.compiler.links import Links
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.traffic import stored_synapses


@dataclass(frozen=True, eq=False)
class Work:
    """The work of an average step. Packets and hops are those between cores, without what the host sends.

    Attributes:
        synaptic_ops: stored synapses that each core reads, (cores,).
        neurons: that each core updates, (cores,).
        packets, hops_east_west, hops_north_south, crossings: see `Traffic`.
        links: packets of every link, the busiest first, (links,).
        chips: in use; tiles: most routers of one chip with cores in use.
    """

    synaptic_ops: NDArray[np.float64]
    neurons: NDArray[np.int64]
    packets: float
    hops_east_west: float
    hops_north_south: float
    crossings: float
    links: NDArray[np.float64]
    chips: int
    tiles: int

    @classmethod
    def of(cls, program: Program, flows: Flows, rates: Rates) -> Work:
        """The work of a placed program."""
        axons, placement = program.axons, program.placement
        first = np.cumsum([0, *(p.neurons for p in program.network.populations)])
        source = np.array([program.network.index(p.source) for p in program.network.projections], np.int64)
        fired = rates.spikes[first[source[axons.projection]] + axons.source]
        core = np.repeat(np.arange(len(program.cores)), np.diff(axons.start))
        read = np.bincount(core, weights=fired * stored_synapses(program), minlength=len(program.cores))
        east_west, north_south = placement.hops(flows.source, flows.destination)
        routers = np.unique(np.stack((placement.chip, placement.router)), axis=1)[0]
        return cls(
            synaptic_ops=read / rates.steps,
            neurons=np.diff(program.cores.compartment_start),
            packets=int(flows.packets.sum()) / rates.steps,
            hops_east_west=int((east_west * flows.packets).sum()) / rates.steps,
            hops_north_south=int((north_south * flows.packets).sum()) / rates.steps,
            crossings=int((placement.crossings(flows.source, flows.destination) * flows.packets).sum()) / rates.steps,
            links=Links.of(flows, placement).packets / rates.steps,
            chips=len(np.unique(placement.chip)),
            tiles=int(np.bincount(routers).max(initial=0)),
        )

    @property
    def cores(self) -> int:
        """Cores in use."""
        return len(self.neurons)

    @property
    def hops(self) -> float:
        """Packets × links."""
        return self.hops_east_west + self.hops_north_south
