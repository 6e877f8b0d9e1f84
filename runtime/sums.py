"""What a run adds up from its spikes as it goes: counts of the output, and what a chip would have done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.traffic import Traffic
from neurodeploy.emulator.simulation import Chunk, Spikes
from neurodeploy.network import Network, Population
from neurodeploy.network.network import MAX_DELAY
from neurodeploy.precision import IntArray

#: Steps behind the last one in which a spike that was sent before can still arrive.
HORIZON = MAX_DELAY + 1


@dataclass(frozen=True, eq=False)
class Sums:
    """Totals since step 0.

    Attributes:
        output_counts: spikes of every output neuron, (outputs,).
        first_output: step and neuron of the output's first spike, lowest neuron first; None while it is silent.
        synaptic_ops: stored synapses read by spikes that have arrived; packets, hops: of all spikes.
        due: synaptic operations of spikes on their way, by the step in which they arrive, counted from the next one,
            (HORIZON,).
    """

    output_counts: IntArray
    first_output: tuple[int, int] | None
    synaptic_ops: int
    packets: int
    hops: int
    due: IntArray

    @classmethod
    def none(cls, network: Network) -> Sums:
        """Before step 0."""
        return cls(np.zeros(network.output.neurons, np.int64), None, 0, 0, 0, np.zeros(HORIZON, np.int64))

    def prediction(self, readout: str) -> int | None:
        """Winner of the read-out, "count" or "first", lowest index on ties; None when the output stayed silent."""
        if self.first_output is None:
            return None
        return self.first_output[1] if readout == "first" else int(np.argmax(self.output_counts))


def with_chunk(sums: Sums, chunk: Chunk, network: Network, costs: Traffic) -> Sums:
    """The totals after one more stretch of steps."""
    arriving = np.zeros(chunk.steps + HORIZON, np.int64)
    arriving[:HORIZON] += sums.due
    packets, hops, offset = sums.packets, sums.hops, 0
    for i, (population, spikes) in enumerate(zip(network.populations, chunk.spikes, strict=True)):
        sender = offset + spikes.neuron
        step = _arrival(population, spikes, hop=bool(i or population.neuron)) - chunk.first
        # counted in float64, exact below 2^53
        arriving += np.bincount(step, costs.synapses[sender], len(arriving)).astype(np.int64)
        packets += int(costs.packets[sender].sum())
        hops += int(costs.hops[sender].sum())
        offset += population.neurons
    output = chunk.spikes[-1]
    return Sums(
        output_counts=sums.output_counts + np.bincount(output.neuron, minlength=len(sums.output_counts)),
        first_output=sums.first_output or _first(output),
        synaptic_ops=sums.synaptic_ops + int(arriving[: chunk.steps].sum()),
        packets=packets,
        hops=hops,
        due=arriving[chunk.steps :],
    )


def _arrival(population: Population, spikes: Spikes, hop: bool) -> IntArray:
    """The step in which each spike arrives, (spikes,); host events need no hop."""
    arrival: IntArray = spikes.step + int(hop) + population.delays()[spikes.neuron]
    return arrival


def _first(spikes: Spikes) -> tuple[int, int] | None:
    return (int(spikes.step[0]), int(spikes.neuron[0])) if len(spikes.step) else None
