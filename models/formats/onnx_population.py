"""A population as standard integer operators: delays as rows of past spikes, and the update of CUBA LIF neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from neurodeploy.models.formats.onnx_graph import INT64, GraphBuilder
from neurodeploy.network import CubaLif, Population, Reset
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import DECAY_ONE, STATE_BITS, VOLTAGE_LIMIT

_HALF = 1 << (STATE_BITS - 1)
_FULL = 1 << STATE_BITS
#: Absolute number of the step that runs, int64 ().
STEP = "step"


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

    `u` and `v`, int64 (neurons,); `r`, steps that it is still held, where a refractory delay exceeds 1; `past`, its
    last spikes (rows, neurons), the newest first: as many rows as its longest axonal delay, and one more for the hop
    if it has neurons. The input keeps payloads (int32), the others 0 and 1 (uint8).
    """
    name, neurons = population.name, population.neurons
    delay = int(population.delays().max())
    if population.neuron is None:
        return (Variable(f"{name}.past", TensorProto.INT32, (delay, neurons)),) if delay else ()
    held = (Variable(f"{name}.r", INT64, (neurons,)),) if _holds(population) else ()
    past = Variable(f"{name}.past", TensorProto.UINT8, (delay + 1, neurons))
    return (Variable(f"{name}.u", INT64, (neurons,)), Variable(f"{name}.v", INT64, (neurons,)), *held, past)


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
        row = build.prepare("Unsqueeze", _parameter(build, population, "axonal_delay", delays), build.constant([0]))
        picked = build.step("GatherElements", rows, row, axis=0)
        chosen = build.step("Squeeze", picked, build.constant([0]))
    return build.step("Cast", chosen, to=INT64)


def update(
    build: GraphBuilder, population: Population, q: str, bias: str | None, reset: tuple[Reset, int] | None, profile: str
) -> None:
    """Add the update of CUBA LIF neurons; gives `NAME.spikes` (uint8) and every state variable's `.next`.

    Args:
        build: the graph.
        population: with neurons.
        q: name of the synaptic input, int64 (neurons,).
        bias: name of what is added to v, or None.
        reset: the network's periodic reset and the population's distance from the input, or None.
        profile: see `contribution`.
    """
    assert isinstance(population.neuron, CubaLif)
    name, neuron = population.name, population.neuron
    u, v, r = f"{name}.u", f"{name}.v", f"{name}.r"
    threshold = _parameter(build, population, "threshold_mantissa", neuron.threshold_mantissa)
    threshold = build.prepare("Mul", threshold, build.constant(64))
    if reset is not None:
        due = _due(build, *reset)
        u, v = (build.step("Where", due, build.constant(0), x) for x in (u, v))
        r = build.step("Where", due, build.constant(0), r) if _holds(population) else r
    u = _wrapped(
        build,
        build.step("Add", _decayed(build, u, _parameter(build, population, "current_decay", neuron.current_decay)), q),
        profile,
    )
    v = build.step("Add", _decayed(build, v, _parameter(build, population, "voltage_decay", neuron.voltage_decay)), u)
    if bias is not None:
        v = build.step("Add", v, bias)
    v = build.step("Clip", v, build.constant(-VOLTAGE_LIMIT), build.constant(VOLTAGE_LIMIT))
    fired = cleared = build.step("Greater", v, threshold)
    if _holds(population):
        r = build.step("Max", build.step("Sub", r, build.constant(1)), build.constant(0))
        held = build.step("Greater", r, build.constant(0))
        cleared = build.step("Or", fired, held)
        fired = build.step("And", fired, build.step("Not", held))
        again = _parameter(build, population, "refractory_delay", neuron.refractory_delay)
        build.give(build.step("Where", fired, again, r), f"{name}.r.next")
    build.give(u, f"{name}.u.next")
    build.give(build.step("Where", cleared, build.constant(0), v), f"{name}.v.next")
    _remember(build, population, build.give(build.step("Cast", fired, to=TensorProto.UINT8), f"{name}.spikes"))


def _remember(build: GraphBuilder, population: Population, spikes: str) -> None:
    """Put the spikes of this step in front of the past ones."""
    longest = int(population.delays().max())
    rows = build.step("Unsqueeze", spikes, build.constant([0]))
    if longest:
        ends = (build.constant([0]), build.constant([longest]), build.constant([0]))
        rows = build.step("Concat", rows, build.step("Slice", f"{population.name}.past", *ends), axis=0)
    build.give(rows, f"{population.name}.past.next")


def _holds(population: Population) -> bool:
    """Whether a refractory delay ever holds the neuron; one of 1 does not."""
    assert isinstance(population.neuron, CubaLif)
    return bool(np.max(population.neuron.refractory_delay) > 1)


def _parameter(build: GraphBuilder, population: Population, key: str, value: PerNeuron) -> str:
    return build.parameter(f"populations/{population.name}/{key}", value)


def _decayed(build: GraphBuilder, value: str, amount: str) -> str:
    """Sign times floor of magnitude times (4096 − amount) / 4096; Div gets no negative number."""
    kept = build.prepare("Sub", build.constant(DECAY_ONE), amount)
    scaled = build.step("Mul", build.step("Abs", value), kept)
    return build.step("Mul", build.step("Div", scaled, build.constant(DECAY_ONE)), build.step("Sign", value))


def _wrapped(build: GraphBuilder, value: str, profile: str) -> str:
    """u in its 24 bits: modulo 2^24 on the chip, corrected once by Lava."""
    half, full = build.constant(_HALF), build.constant(_FULL)
    if profile == "loihi":
        return build.step("Sub", build.step("Mod", build.step("Add", value, half), full), half)
    above, below = build.step("Greater", value, half), build.step("LessOrEqual", value, build.constant(-_HALF))
    raised = build.step("Where", below, build.step("Add", value, full), value)
    return build.step("Where", above, build.step("Sub", value, full), raised)


def _due(build: GraphBuilder, reset: Reset, depth: int) -> str:
    """Whether the population resets before the update of this step."""
    since = build.step("Sub", STEP, build.constant(reset.offset + depth))
    whole = build.step("Equal", build.step("Mod", since, build.constant(reset.interval)), build.constant(0))
    return build.step("And", whole, build.step("GreaterOrEqual", since, build.constant(0)))
