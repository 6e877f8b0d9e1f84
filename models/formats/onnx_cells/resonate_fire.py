"""Resonate-and-fire neurons as integer operators."""

from __future__ import annotations

import numpy as np

from neurodeploy.models.formats import onnx_arithmetic as arithmetic
from neurodeploy.models.formats.onnx_arithmetic import Given, parameter
from neurodeploy.models.formats.onnx_graph import GraphBuilder
from neurodeploy.network import Population, ResonateFire

#: `u` is the real part, `v` the imaginary one.
STATES = ("u", "v")


def update(build: GraphBuilder, population: Population, given: Given) -> str:
    """See `Cells`; the profiles do not differ."""
    assert isinstance(population.neuron, ResonateFire)
    name, zero = population.name, build.constant(0)
    threshold = build.prepare("Mul", parameter(build, population, "threshold_mantissa"), build.constant(64))
    before = arithmetic.states(build, population, STATES, given)
    sin, cos = (_Signed(build, population, key) for key in ("sin_decay", "cos_decay"))
    real = build.step("Sub", cos.times(before[0]), sin.times(before[1]))
    real = arithmetic.clipped_voltage(build, build.step("Add", real, given.q))
    imag = build.step("Add", sin.times(before[0]), cos.times(before[1]))
    imag = imag if given.imaginary is None else build.step("Add", imag, given.imaginary)
    imag = arithmetic.clipped_voltage(build, imag)
    if population.neuron.izhikevich:
        fired = build.step("GreaterOrEqual", imag, threshold)
        below = build.prepare("Sub", threshold, build.constant(1))
        real, imag = build.step("Where", fired, zero, real), build.step("Where", fired, below, imag)
    else:
        upward = build.step("And", build.step("GreaterOrEqual", imag, zero), build.step("Greater", zero, before[1]))
        fired = build.step("And", build.step("GreaterOrEqual", real, threshold), upward)
    build.give(real, f"{name}.u.next")
    build.give(imag, f"{name}.v.next")
    return fired


class _Signed:
    """A decay of either sign, split so that it is done once."""

    def __init__(self, build: GraphBuilder, population: Population, key: str) -> None:
        value, self._zero = parameter(build, population, key), build.constant(0)
        assert population.neuron is not None
        self._build, self._size = build, build.prepare("Abs", value)
        least = int(np.min(population.neuron.parameters()[key]))
        self._negative = build.prepare("Greater", build.constant(0), value) if least < 0 else None

    def times(self, state: str) -> str:
        """The state · decay / 4096, truncated toward zero."""
        turned = arithmetic.scaled(self._build, state, self._size)
        if self._negative is None:
            return turned
        return self._build.step("Where", self._negative, self._build.step("Sub", self._zero, turned), turned)
