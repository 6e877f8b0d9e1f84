"""The arithmetic that neuron models share, as standard integer operators on int64 tensors.

Every function adds nodes and returns the name of the result. `Div` truncates, so it gets only what it divides without
a rest, or what is not negative. `Clip`, `Max`, `Min` and `Sign` are left out: onnxruntime computes them wrongly for
some int64 beyond 32 bits (microsoft/onnxruntime#32475), comparisons and `Where` it computes rightly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neurodeploy.models.formats.onnx_graph import GraphBuilder
from neurodeploy.network import Population, Reset
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import DECAY_ONE, STATE_BITS, VOLTAGE_LIMIT

_HALF = 1 << (STATE_BITS - 1)
_FULL = 1 << STATE_BITS
_HALF_WORD = 1 << 31
#: Absolute number of the step that runs, int64 ().
STEP = "step"

Add = Callable[..., str]


@dataclass(frozen=True)
class Given:
    """What reaches a population in a step, each the name of a tensor.

    Attributes:
        q: synaptic input, int64 (neurons,).
        imaginary: that of imaginary projections, None without any.
        bias: mantissa · 2^exponent, int64 () or (neurons,), or None.
        reset: the network's periodic reset and the population's distance from the input, or None.
        profile: "loihi" or "lava-0.10".
    """

    q: str
    imaginary: str | None
    bias: str | None
    reset: tuple[Reset, int] | None
    profile: str


def parameter(build: GraphBuilder, population: Population, key: str) -> str:
    """A parameter of the population's neurons: the network's own array, or a constant."""
    assert population.neuron is not None
    return own(build, population, key, population.neuron.parameters()[key])


def own(build: GraphBuilder, population: Population, key: str, value: PerNeuron) -> str:
    """A value of the population: the network's own array of that key, or a constant."""
    return build.parameter(f"populations/{population.name}/{key}", value)


def states(build: GraphBuilder, population: Population, names: tuple[str, ...], given: Given) -> list[str]:
    """State variables before the update; zeros in a step that resets."""
    held = [f"{population.name}.{name}" for name in names]
    if given.reset is None:
        return held
    due = _due(build, *given.reset)
    return [build.step("Where", due, build.constant(0), state) for state in held]


def biased(build: GraphBuilder, value: str, given: Given) -> str:
    """The value and the bias, if there is one."""
    return value if given.bias is None else build.step("Add", value, given.bias)


def scaled(build: GraphBuilder, value: str, factor: str) -> str:
    """`value` · factor / 4096, truncated toward zero; the factor is not negative."""
    product = build.step("Mul", build.step("Abs", value), factor)
    size = build.step("Div", product, build.constant(DECAY_ONE))
    return build.step("Where", _negative(build, value), build.step("Sub", build.constant(0), size), size)


def decayed(build: GraphBuilder, value: str, amount: str) -> str:
    """`value` · (4096 − amount) / 4096, truncated toward zero."""
    return scaled(build, value, build.prepare("Sub", build.constant(DECAY_ONE), amount))


def floored(add: Add, build: GraphBuilder, value: str, bits: int) -> str:
    """Floor of value / 2^bits: the remainder, which has the sign of the divisor, goes first."""
    unit = build.constant(1 << bits)
    return add("Div", add("Sub", value, add("Mod", value, unit)), unit)


def wrapped_current(build: GraphBuilder, value: str, profile: str) -> str:
    """U in its 24 bits: modulo 2^24 on the chip, corrected once by Lava."""
    half, full = build.constant(_HALF), build.constant(_FULL)
    if profile == "loihi":
        return build.step("Sub", build.step("Mod", build.step("Add", value, half), full), half)
    above, below = build.step("Greater", value, half), build.step("LessOrEqual", value, build.constant(-_HALF))
    raised = build.step("Where", below, build.step("Add", value, full), value)
    return build.step("Where", above, build.step("Sub", value, full), raised)


def clipped_voltage(build: GraphBuilder, value: str) -> str:
    """V within ±(2^23 − 1)."""
    low, high = build.constant(-VOLTAGE_LIMIT), build.constant(VOLTAGE_LIMIT)
    value = build.step("Where", build.step("Greater", value, high), high, value)
    return build.step("Where", build.step("Greater", low, value), low, value)


def rectified(build: GraphBuilder, value: str) -> str:
    """The value, zero where it is negative."""
    return build.step("Where", _negative(build, value), build.constant(0), value)


def wrapped_word(build: GraphBuilder, value: str) -> str:
    """Modulo 2^32 into −2^31 … 2^31 − 1."""
    half, full = build.constant(_HALF_WORD), build.constant(2 * _HALF_WORD)
    return build.step("Sub", build.step("Mod", build.step("Add", value, half), full), half)


def _due(build: GraphBuilder, reset: Reset, depth: int) -> str:
    """Whether the population resets before the update of this step."""
    since = build.step("Sub", STEP, build.constant(reset.offset + depth))
    whole = build.step("Equal", build.step("Mod", since, build.constant(reset.interval)), build.constant(0))
    return build.step("And", whole, build.step("GreaterOrEqual", since, build.constant(0)))


def _negative(build: GraphBuilder, value: str) -> str:
    return build.step("Greater", build.constant(0), value)
