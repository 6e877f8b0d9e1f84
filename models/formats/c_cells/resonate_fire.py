"""Resonate-and-fire neurons in C99."""

from __future__ import annotations

from neurodeploy.models.formats.c_cells.update import State, Update
from neurodeploy.network import ResonateFire

#: u is the real part, v the imaginary one.
STATES = (State("u"), State("v"))


def update(to: Update) -> list[str]:
    """See `Model`."""
    assert isinstance(to.population.neuron, ResonateFire)
    u, v = to.state("u"), to.state("v")
    sin = to.value("sin", to.parameter("sin_decay"), "4096 decay sin(angle)")
    cos = to.value("cos", to.parameter("cos_decay"), "4096 decay cos(angle)")
    threshold = to.parameter("threshold_mantissa") * 64
    theta = to.value("theta", threshold, "threshold")
    imaginary = " + s->imaginary[i]" if to.imaginary else ""
    lines = [
        f"const int32_t real = clipped(turned({u}, {cos}) - turned({v}, {sin}) + s->q[i]);",
        f"const int32_t imag = clipped(turned({u}, {sin}) + turned({v}, {cos}){imaginary});",
    ]
    if to.population.neuron.izhikevich:
        reset = [f"{u} = fired[i] ? 0 : real;", f"{v} = fired[i] ? {theta} - 1 : imag;"]
        return [*lines, f"fired[i] = imag >= {theta};", *reset]
    return [*lines, f"fired[i] = real >= {theta} && imag >= 0 && {v} < 0;", f"{u} = real;", f"{v} = imag;"]
