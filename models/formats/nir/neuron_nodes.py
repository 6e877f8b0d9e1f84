"""Neuron nodes: from time constants and gains to the coefficients of a step.

τ_syn İ = −I + w_in · S,   τ_mem v̇ = (v_leak − v) + R · I, spike when v > v_threshold, then v = v_reset. With
a = dt / τ (forward Euler) or a = 1 − exp(−dt / τ) (exact while the drive is constant over a step) a step is
I ← (1 − a_syn) I + a_syn w_in S, v ← (1 − a_mem) v + a_mem (v_leak + R I), with the new I. S is 1 in the step of a
spike. `IF` and `I` have no time constant: v ← v + R S, one unit of time per step, as every framework computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from neurodeploy.models.formats.nir.float_graph import FloatNeuron, Floats
from neurodeploy.models.formats.nir.graph import Node
from neurodeploy.network import Shape

NEURONS = ("CubaLI", "CubaLIF", "I", "IF", "LI", "LIF", "Threshold")
#: Types whose step depends on the time step.
TIMED = ("CubaLI", "CubaLIF", "LI", "LIF", "Delay")
METHODS = ("euler", "exponential")

_ONE, _ZERO, _NEVER = np.ones(()), np.zeros(()), np.full((), np.inf)


@dataclass(frozen=True)
class Clock:
    """How time becomes steps.

    Attributes:
        step: length of a step in the file's own unit of time.
        step_ms: the same in milliseconds.
        method: "euler" or "exponential".
    """

    step: float
    step_ms: float
    method: str


def per_neuron(node: Node, values: Floats, field: str, shape: Shape) -> Floats:
    """A field as () or (neurons,): a single value, one per neuron in any shape, or numpy's broadcast of it.

    Raises:
        FormatError: a shape that does not suit the neurons.
    """
    if values.size == 1:
        return values.reshape(())
    if values.size != prod(shape):
        try:
            values = np.broadcast_to(values, shape)
        except ValueError as error:
            raise node.error(
                f"has {field} of shape {values.shape} for neurons of shape {shape}", "give one value, or one per neuron"
            ) from error
    flat = values.reshape(-1)
    return flat[0].reshape(()) if np.all(flat == flat[0]) else flat


def float_neuron(node: Node, shape: Shape, clock: Clock) -> FloatNeuron:
    """The coefficients of a neuron node.

    Raises:
        FormatError: a time constant that is not positive or, under Euler, shorter than the step.
    """

    def field(name: str, absent: Floats | None = None) -> Floats:
        if absent is not None and not node.has(name):
            return absent
        values = node.constants(name) if name == "v_threshold" else node.numbers(name)
        return per_neuron(node, values, name, shape)

    if node.kind == "Threshold":
        return FloatNeuron(_ZERO, _ONE, _ZERO, _ONE, _ZERO, field("threshold"), _ZERO)
    fires = node.kind in ("CubaLIF", "IF", "LIF")
    threshold = field("v_threshold") if fires else _NEVER
    reset = field("v_reset", _ZERO) if fires else _ZERO
    if node.kind in ("IF", "I"):
        return FloatNeuron(_ZERO, _ONE, _ONE, field("r"), _ZERO, threshold, reset)
    cuba = node.kind in ("CubaLIF", "CubaLI")
    decay_v = _decay(node, "tau_mem" if cuba else "tau", shape, clock)
    voltage = (1 - decay_v, decay_v * field("r"), decay_v * field("v_leak"), threshold, reset)
    if not cuba:
        return FloatNeuron(_ZERO, _ONE, *voltage)
    decay_u = _decay(node, "tau_syn", shape, clock)
    return FloatNeuron(1 - decay_u, decay_u * field("w_in", _ONE), *voltage)


def _decay(node: Node, field: str, shape: Shape, clock: Clock) -> Floats:
    """The part of a state that a step takes away, 0 … 1."""
    tau = per_neuron(node, node.constants(field), field, shape)
    if np.any(tau <= 0):
        raise node.error(f"has {field} {tau.min():g}, which is not positive", "repair the network")
    with np.errstate(over="ignore"):
        ratio = clock.step / tau
    if clock.method == "exponential":
        return np.asarray(-np.expm1(-ratio))
    # A time constant that equals the step may exceed it by the rounding of single precision.
    if ratio.max() > 1 + 1e-6:
        raise node.error(
            f"has {field} {tau.min():g}, shorter than the step of {clock.step:g} in the file's unit",
            "check --time-unit, give a smaller --dt, or --discretisation exponential",
        )
    return np.minimum(ratio, 1.0)
