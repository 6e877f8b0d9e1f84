"""Sigma-delta neurons, delta encoders and sigma decoders in C99; every state wraps in 32 bits."""

from __future__ import annotations

from neurodeploy.models.formats.c_cells.update import State, Update
from neurodeploy.network import Delta, Population, SigmaDelta

#: u is sigma.
SIGMA_STATES = (State("u"),)

#: q without the factor 64 that a current has; 64 divides q.
_RECEIVED = "const int32_t x = word(s->q[i] / 64);"


def states(population: Population) -> tuple[State, ...]:
    """U is sigma, v the activation that was last encoded; residue, and error where errors are cumulative."""
    assert isinstance(population.neuron, SigmaDelta)
    if population.neuron.corrected:
        return (State("u"), State("v"))
    return (State("u"), State("v"), State("residue"), *_error(population.neuron))


def delta_states(population: Population) -> tuple[State, ...]:
    """U is the residue, v the value that was last encoded; error where errors are cumulative."""
    assert isinstance(population.neuron, Delta)
    return (State("u"), State("v"), *_error(population.neuron))


def update(to: Update) -> list[str]:
    """Sigma-delta neurons; see `Model`."""
    neuron, sigma = to.population.neuron, to.state("u")
    assert isinstance(neuron, SigmaDelta)
    bias = to.bias(neuron.shift)
    driven = f"word((int64_t){sigma}{bias})" if bias else sigma
    lines = [_RECEIVED, f"{sigma} = word((int64_t){sigma} + x);"]
    if neuron.activation == "relu":
        lines += [f"const int32_t driven = {driven};", "const int32_t activation = driven < 0 ? 0 : driven;"]
    else:
        lines += [f"const int32_t activation = {driven};"]
    return [*lines, *(_corrected(to, neuron) if neuron.corrected else _message(to, neuron, to.state("residue")))]


def update_delta(to: Update) -> list[str]:
    """Delta encoders; see `Model`."""
    neuron, bias = to.population.neuron, to.bias()
    assert isinstance(neuron, Delta)
    value = f"word((int64_t)x{bias})" if bias else "x"
    lines = [_RECEIVED, f"const int32_t activation = word((int64_t){value} * {1 << neuron.shift});"]
    return [*lines, *_message(to, neuron, to.state("u"))]


def update_sigma(to: Update) -> list[str]:
    """Sigma decoders; see `Model`."""
    sigma = to.state("u")
    return [_RECEIVED, f"{sigma} = word((int64_t){sigma} + x);", f"fired[i] = {sigma};"]


def _error(neuron: SigmaDelta | Delta) -> tuple[State, ...]:
    return (State("error"),) if neuron.cumulative_error else ()


def _threshold(to: Update, neuron: SigmaDelta | Delta) -> str:
    return to.value("theta", to.parameter("threshold_mantissa") << neuron.shift, "threshold")


def _message(to: Update, neuron: SigmaDelta | Delta, residue: str) -> list[str]:
    """Sends what `activation` changed by, when that is enough."""
    v, error, theta = to.state("v"), to.state("error"), _threshold(to, neuron)
    lines = [f"const int32_t change = word((int64_t)activation - {v} + {residue});"]
    summed = "change"
    if neuron.cumulative_error:
        summed = "error"
        lines += [f"const int32_t error = word((int64_t){error} + change);"]
    lines += [f"const int32_t out = reaches({summed}, {theta}) ? change : 0;"]
    if neuron.cumulative_error:
        lines += [f"{error} = out != 0 ? 0 : error;"]
    message = f"fired[i] = (int32_t)floored(out, {neuron.state_exponent});"
    return [*lines, f"{residue} = change - out;", f"{v} = activation;", message]


def _corrected(to: Update, neuron: SigmaDelta) -> list[str]:
    """The same when what was cut off is not forgotten: v is what the receivers have been told."""
    v, unit = to.state("v"), 1 << neuron.state_exponent
    return [
        f"const int32_t change = word((int64_t)activation - {v});",
        f"const int32_t out = reaches(change, {_threshold(to, neuron)}) ? change : 0;",
        f"fired[i] = (int32_t)floored(out, {neuron.state_exponent});",
        f"{v} = word({v} + (int64_t)fired[i] * {unit});",
    ]
