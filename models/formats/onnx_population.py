"""A population as standard integer operators: its state, and delays as rows of past spikes."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import TensorProto

from neurodeploy.models.formats.onnx_arithmetic import Given, own
from neurodeploy.models.formats.onnx_cells import cells_of
from neurodeploy.models.formats.onnx_graph import INT64, GraphBuilder
from neurodeploy.network import Population


@dataclass(frozen=True)
class Variable:
    """One state variable of a population: the input `NAME.VARIABLE`, and what it becomes.

    Attributes:
        name: of the input; the output is the same with `.next` behind it.
        kind: element type.
        shape: fixed.
    """

    name: str
    kind: int
    shape: tuple[int, ...]


def variables(population: Population) -> tuple[Variable, ...]:
    """The state of a population between two steps.

    What its neuron model keeps, int64 (neurons,); and `past`, its last spikes (rows, neurons), the newest first: as
    many rows as its longest axonal delay, and one more for the hop if it has neurons.
    """
    name, neurons = population.name, population.neurons
    delay = int(population.delays().max())
    kind = spike_kind(population)
    if population.neuron is None:
        return (Variable(f"{name}.past", kind, (delay, neurons)),) if delay else ()
    states = [Variable(f"{name}.{state}", INT64, (neurons,)) for state in cells_of(population).states(population)]
    return (*states, Variable(f"{name}.past", kind, (delay + 1, neurons)))


def spike_kind(population: Population) -> int:
    """Element type of a population's spikes: payloads of the input and of graded models, else 0 and 1."""
    graded = population.neuron is None or population.neuron.GRADED
    return int(TensorProto.INT32 if graded else TensorProto.UINT8)


def delivered(build: GraphBuilder, population: Population, now: str | None) -> str:
    """Add the payloads that a population delivers in this step, int64 (neurons,).

    Args:
        build: the graph.
        population: the source.
        now: spikes given from outside in this very step; None for a population with neurons.
    """
    delays = population.delays()
    longest = int(delays.max())
    rows = f"{population.name}.past"
    if now is not None:
        if not longest:
            return build.step("Cast", now, to=INT64)
        first = build.step("Unsqueeze", now, build.constant([0]))
        rows = build.step("Concat", first, rows, axis=0)
        kept = build.step("Slice", rows, build.constant([0]), build.constant([longest]), build.constant([0]))
        build.give(kept, f"{population.name}.past.next")
    if delays.min() == longest:
        chosen = build.step("Gather", rows, build.constant(longest), axis=0)
    else:
        row = build.prepare("Unsqueeze", own(build, population, "axonal_delay", delays), build.constant([0]))
        picked = build.step("GatherElements", rows, row, axis=0)
        chosen = build.step("Squeeze", picked, build.constant([0]))
    return build.step("Cast", chosen, to=INT64)


def update(build: GraphBuilder, population: Population, given: Given) -> None:
    """Add the update of a population; gives `NAME.spikes` and every state variable's `.next`.

    Args:
        build: the graph.
        population: with neurons.
        given: what reaches it.
    """
    sent = cells_of(population).update(build, population, given)
    spikes = build.step("Cast", sent, to=spike_kind(population))
    _remember(build, population, build.give(spikes, f"{population.name}.spikes"))


def _remember(build: GraphBuilder, population: Population, spikes: str) -> None:
    """Put the spikes of this step in front of the past ones."""
    longest = int(population.delays().max())
    rows = build.step("Unsqueeze", spikes, build.constant([0]))
    if longest:
        ends = (build.constant([0]), build.constant([longest]), build.constant([0]))
        rows = build.step("Concat", rows, build.step("Slice", f"{population.name}.past", *ends), axis=0)
    build.give(rows, f"{population.name}.past.next")
