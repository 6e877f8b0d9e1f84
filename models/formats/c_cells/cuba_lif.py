"""CUBA LIF neurons in C99."""

from __future__ import annotations

import numpy as np

from neurodeploy.models.formats.c_cells.update import State, Update
from neurodeploy.network import CubaLif, Population
from neurodeploy.precision import DECAY_ONE


def states(population: Population) -> tuple[State, ...]:
    """U, v; r, steps that a neuron is still held, where a refractory delay exceeds 1."""
    held = (State("r", "uint8_t"),) if _holds(population) else ()
    return (State("u", None), State("v"), *held)


def update(to: Update) -> list[str]:
    """See `Model`."""
    lines = membrane(to)
    u_v, r = to.state("v"), to.state("r")
    theta = to.value("theta", to.parameter("threshold_mantissa") * 64, "threshold")
    if not _holds(to.population):
        return [*lines, f"fired[i] = v > {theta};", f"{u_v} = fired[i] ? 0 : v;"]
    delay = to.value("refractory", to.parameter("refractory_delay"), "refractory delay")
    return [
        *lines,
        f"if ({r} > 0) {r}--;",
        f"const int held = {r} > 0;",
        f"fired[i] = !held && v > {theta};",
        f"{u_v} = held || fired[i] ? 0 : v;",
        f"if (fired[i]) {r} = {delay};",
    ]


def membrane(to: Update) -> list[str]:
    """The new u, and `v` before any spike."""
    u = to.state("u")
    kept_u = to.value("kept_u", DECAY_ONE - to.parameter("current_decay"), "4096 - current decay")
    kept_v = to.value("kept_v", DECAY_ONE - to.parameter("voltage_decay"), "4096 - voltage decay")
    return [
        f"{u} = wrapped(decayed({u}, {kept_u}), s->q[i]);",
        f"const int32_t v = clipped(decayed({to.state('v')}, {kept_v}) + {u}{to.bias()});",
    ]


def _holds(population: Population) -> bool:
    """Whether a refractory delay ever holds a neuron; one of 1 does not."""
    assert isinstance(population.neuron, CubaLif)
    return int(np.max(population.neuron.refractory_delay)) > 1
