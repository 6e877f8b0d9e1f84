"""ALIF neurons as integer operators."""

from __future__ import annotations

from neurodeploy.models.formats import onnx_arithmetic as arithmetic
from neurodeploy.models.formats.onnx_arithmetic import Given, parameter
from neurodeploy.models.formats.onnx_cells.cuba_lif import membrane
from neurodeploy.models.formats.onnx_graph import GraphBuilder
from neurodeploy.network import Population

#: `u`, `v`; `r`, refractoriness; `raised`, how far the threshold lies above the one at rest.
STATES = ("u", "v", "r", "raised")


def update(build: GraphBuilder, population: Population, given: Given) -> str:
    """See `Cells`."""
    name, unit = population.name, build.constant(64)
    resting = build.prepare("Mul", parameter(build, population, "threshold_mantissa"), unit)
    rise = build.prepare("Mul", parameter(build, population, "threshold_step"), unit)
    u, v, r, raised = arithmetic.states(build, population, STATES, given)
    u, v = membrane(build, population, given, u, v)
    raised = arithmetic.decayed(build, raised, parameter(build, population, "threshold_decay"))
    r = arithmetic.decayed(build, r, parameter(build, population, "refractory_decay"))
    threshold = build.step("Add", resting, raised)
    fired = build.step("GreaterOrEqual", build.step("Sub", v, r), threshold)
    twice = build.step("Add", threshold, threshold)
    build.give(u, f"{name}.u.next")
    build.give(v, f"{name}.v.next")
    build.give(build.step("Where", fired, build.step("Add", r, twice), r), f"{name}.r.next")
    build.give(build.step("Where", fired, build.step("Add", raised, rise), raised), f"{name}.raised.next")
    return fired
