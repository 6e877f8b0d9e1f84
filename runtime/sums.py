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

    def prediction(self, readout: str, classes: int | None = None) -> int | None:
        """The class that wins, lowest index on ties; None when the output stayed silent.

        Args:
            readout: "first", or "count" and "average": as all classes have equally many neurons, most spikes are also
                most per neuron.
            classes: among which consecutive outputs are shared out; None: every output is one.
        """
        if self.first_output is None:
            return None
        votes = self.output_counts.reshape(classes or len(self.output_counts), -1)
        return self.first_output[1] // votes.shape[1] if readout == "first" else int(np.argmax(votes.sum(1)))


def with_chunk(sums: Sums, chunk: Chunk, network: Network, costs: Traffic) -> Sums:
    """The totals after one more stretch of steps."""
    end, offset = chunk.first + chunk.steps, 0
    totals, due = np.zeros(3, np.int64), np.zeros(HORIZON, np.int64)
    due[: max(HORIZON - chunk.steps, 0)] = sums.due[chunk.steps :]
    for i, (population, spikes) in enumerate(zip(network.populations, chunk.spikes, strict=True)):
        mine = slice(offset, offset + population.neurons)
        if len(spikes.neuron):
            counts = np.bincount(spikes.neuron, minlength=population.neurons)
            totals += [counts @ column[mine] for column in (costs.synapses, costs.packets, costs.hops)]
            due += _due(population, spikes, costs.synapses[mine], end, hop=bool(i or population.neuron))
        offset = mine.stop
    output = chunk.spikes[-1]
    return Sums(
        output_counts=sums.output_counts + np.bincount(output.neuron, minlength=len(sums.output_counts)),
        first_output=sums.first_output or _first(output),
        synaptic_ops=sums.synaptic_ops + int(totals[0]) + int(sums.due.sum()) - int(due.sum()),
        packets=sums.packets + int(totals[1]),
        hops=sums.hops + int(totals[2]),
        due=due,
    )


def _due(population: Population, spikes: Spikes, synapses: IntArray, end: int, hop: bool) -> IntArray:
    """Synaptic operations by the step, counted from `end`, in which they will be done, (HORIZON,); host events need
    no hop, and what was sent earlier than the longest delay ago has arrived.
    """
    late = slice(int(np.searchsorted(spikes.step, end - HORIZON)), None)
    neuron = spikes.neuron[late]
    arrival = spikes.step[late] + int(hop) + population.delays()[neuron] - end
    coming = arrival >= 0
    # summed in float64, exact below 2^53
    return np.bincount(arrival[coming], synapses[neuron[coming]], HORIZON).astype(np.int64)


def _first(spikes: Spikes) -> tuple[int, int] | None:
    return (int(spikes.step[0]), int(spikes.neuron[0])) if len(spikes.step) else None
