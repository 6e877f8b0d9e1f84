"""CUBA LIF neurons as integer operators."""

from __future__ import annotations

import numpy as np

from neurodeploy.models.formats import onnx_arithmetic as arithmetic
from neurodeploy.models.formats.onnx_arithmetic import Given, parameter
from neurodeploy.models.formats.onnx_graph import GraphBuilder
from neurodeploy.network import CubaLif, Population


def states(population: Population) -> tuple[str, ...]:
    """`u`, `v`; `r`, steps that a neuron is still held, where a refractory delay exceeds 1."""
    return ("u", "v", "r") if _holds(population) else ("u", "v")


def update(build: GraphBuilder, population: Population, given: Given) -> str:
    """See `Cells`."""
    name = population.name
    threshold = build.prepare("Mul", parameter(build, population, "threshold_mantissa"), build.constant(64))
    u, v, *held = arithmetic.states(build, population, states(population), given)
    u, v = membrane(build, population, given, u, v)
    fired = cleared = build.step("Greater", v, threshold)
    if held:
        r = arithmetic.rectified(build, build.step("Sub", held[0], build.constant(1)))
        holding = build.step("Greater", r, build.constant(0))
        cleared = build.step("Or", fired, holding)
        fired = build.step("And", fired, build.step("Not", holding))
        again = parameter(build, population, "refractory_delay")
        build.give(build.step("Where", fired, again, r), f"{name}.r.next")
    build.give(u, f"{name}.u.next")
    build.give(build.step("Where", cleared, build.constant(0), v), f"{name}.v.next")
    return fired


def membrane(build: GraphBuilder, population: Population, given: Given, u: str, v: str) -> tuple[str, str]:
    """U and v of leaky neurons after a step's input, before any spike."""
    kept = arithmetic.decayed(build, u, parameter(build, population, "current_decay"))
    u = arithmetic.wrapped_current(build, build.step("Add", kept, given.q), given.profile)
    kept = arithmetic.decayed(build, v, parameter(build, population, "voltage_decay"))
    v = arithmetic.biased(build, build.step("Add", kept, u), given)
    return u, arithmetic.clipped_voltage(build, v)


def _holds(population: Population) -> bool:
    """Whether a refractory delay ever holds the neuron; one of 1 does not."""
    assert isinstance(population.neuron, CubaLif)
    return bool(np.max(population.neuron.refractory_delay) > 1)
