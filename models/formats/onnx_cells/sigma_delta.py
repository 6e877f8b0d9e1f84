"""Sigma-delta neurons, delta encoders and sigma decoders as integer operators; every state wraps in 32 bits."""

from __future__ import annotations

from neurodeploy.models.formats import onnx_arithmetic as arithmetic
from neurodeploy.models.formats.onnx_arithmetic import Given, parameter, wrapped_word
from neurodeploy.models.formats.onnx_graph import GraphBuilder
from neurodeploy.network import Delta, Population, SigmaDelta

#: `u` is σ.
SIGMA_STATES = ("u",)


def states(population: Population) -> tuple[str, ...]:
    """`u` is σ, `v` the activation that was last encoded; `residue`, and `error` where errors are cumulative."""
    assert isinstance(population.neuron, SigmaDelta)
    if population.neuron.corrected:
        return ("u", "v")
    return ("u", "v", "residue", *_error(population.neuron))


def delta_states(population: Population) -> tuple[str, ...]:
    """`u` is the residue, `v` the value that was last encoded; `error` where errors are cumulative."""
    assert isinstance(population.neuron, Delta)
    return ("u", "v", *_error(population.neuron))


def update(build: GraphBuilder, population: Population, given: Given) -> str:
    """Add sigma-delta neurons; see `Cells`. The profiles do not differ."""
    neuron = population.neuron
    assert isinstance(neuron, SigmaDelta)
    threshold = _threshold(build, population, neuron.shift)
    sigma, a, *rest = arithmetic.states(build, population, states(population), given)
    sigma = wrapped_word(build, build.step("Add", sigma, _received(build, given)))
    activation = sigma
    if given.bias is not None:
        bias = build.step("Mul", given.bias, build.constant(1 << neuron.shift))
        activation = wrapped_word(build, build.step("Add", sigma, bias))
    if neuron.activation == "relu":
        activation = arithmetic.rectified(build, activation)
    build.give(sigma, f"{population.name}.u.next")
    if neuron.corrected:
        return _corrected_message(build, population, threshold, activation, a)
    return _message(build, population, threshold, activation, a, rest, "residue")


def update_delta(build: GraphBuilder, population: Population, given: Given) -> str:
    """Add delta encoders; see `Cells`. The profiles do not differ."""
    neuron = population.neuron
    assert isinstance(neuron, Delta)
    threshold = _threshold(build, population, neuron.shift)
    residue, a, *error = arithmetic.states(build, population, delta_states(population), given)
    value = _received(build, given)
    if given.bias is not None:
        value = wrapped_word(build, build.step("Add", value, given.bias))
    value = wrapped_word(build, build.step("Mul", value, build.constant(1 << neuron.shift)))
    return _message(build, population, threshold, value, a, [residue, *error], "u")


def update_sigma(build: GraphBuilder, population: Population, given: Given) -> str:
    """Add sigma decoders; see `Cells`. The profiles do not differ."""
    (sigma,) = arithmetic.states(build, population, SIGMA_STATES, given)
    sigma = wrapped_word(build, build.step("Add", sigma, _received(build, given)))
    return build.give(sigma, f"{population.name}.u.next")


def _error(neuron: SigmaDelta | Delta) -> tuple[str, ...]:
    return ("error",) if neuron.cumulative_error else ()


def _threshold(build: GraphBuilder, population: Population, shift: int) -> str:
    return build.prepare("Mul", parameter(build, population, "threshold_mantissa"), build.constant(1 << shift))


def _received(build: GraphBuilder, given: Given) -> str:
    """X: q without the factor 64 that a current has; 64 divides q."""
    return wrapped_word(build, build.step("Div", given.q, build.constant(64)))


def _reaches(build: GraphBuilder, value: str, threshold: str) -> str:
    """|value| ≥ threshold in 32 bits, in which −2^31 is its own opposite."""
    return build.step("GreaterOrEqual", wrapped_word(build, build.step("Abs", value)), threshold)


def _message(
    build: GraphBuilder,
    population: Population,
    threshold: str,
    activation: str,
    a: str,
    states_: list[str],
    residue_name: str,
) -> str:
    """What is sent when the activation becomes this; gives residue, error and `v`.

    Args:
        build: the graph.
        population: of sigma-delta neurons or delta encoders.
        threshold: θ.
        activation: a'.
        a: the one that was last encoded.
        states_: residue, and error where errors are cumulative.
        residue_name: of the residue's state variable.
    """
    neuron = population.neuron
    assert isinstance(neuron, (SigmaDelta, Delta))
    name, zero = population.name, build.constant(0)
    residue, *error = states_
    change = wrapped_word(build, build.step("Add", build.step("Sub", activation, a), residue))
    summed = wrapped_word(build, build.step("Add", error[0], change)) if error else change
    due = _reaches(build, summed, threshold)
    out = build.step("Where", due, change, zero)
    if error:
        silent = build.step("Equal", out, zero)
        build.give(build.step("Where", silent, summed, zero), f"{name}.error.next")
    build.give(build.step("Sub", change, out), f"{name}.{residue_name}.next")
    build.give(activation, f"{name}.v.next")
    return arithmetic.floored(build.step, build, out, neuron.state_exponent)


def _corrected_message(build: GraphBuilder, population: Population, threshold: str, activation: str, a: str) -> str:
    """The same when what was cut off is not forgotten: a is what the receivers have been told; gives `v`."""
    assert isinstance(population.neuron, SigmaDelta)
    exponent = population.neuron.state_exponent
    change = wrapped_word(build, build.step("Sub", activation, a))
    out = build.step("Where", _reaches(build, change, threshold), change, build.constant(0))
    message = arithmetic.floored(build.step, build, out, exponent)
    told = build.step("Mul", message, build.constant(1 << exponent))
    build.give(wrapped_word(build, build.step("Add", a, told)), f"{population.name}.v.next")
    return message
