"""The integer CUBA LIF as SLAYER trains it: exact forward pass, surrogate gradient through time.

The forward pass is the chip's arithmetic, bit for bit: a 24-bit state times a 12-bit factor is exact in float64. The
backward pass is SLAYER's (Shrestha and Orchard 2018): the error of a spike, times the spike function's surrogate
derivative at that step's voltage, flows back along the neuron's linear response, in which u and v decay by their
real-valued factors. Truncation, wrap and clip pass the gradient through; the reset has none.

Both passes exist twice: compiled, for float32 on the processor, and as loops over torch's operations for everything
else. They give the same bits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from neurodeploy.models.slayer import _loops
from neurodeploy.models.slayer.loops import Floats, compiled, table, threads
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.precision import DECAY_ONE, STATE_BITS, VOLTAGE_LIMIT

#: e^(−x) is 0 in single precision beyond; larger tables than this are not made.
FLAT, LARGEST_TABLE = 110.0, 2**22


def integrate(accumulated: Tensor, neuron: TrainedNeuron) -> tuple[Tensor, Tensor]:
    """Run neurons from rest, without gradient.

    Args:
        accumulated: sum of the weights of the spikes delivered in each step, integers, shape (steps, …, neurons).
        neuron: the parameters of all neurons.

    Returns:
        Spikes (0 or 1) in the type of `accumulated` and, in float64, the voltages that were compared with the
        threshold (before the reset; 0 in steps held by the refractory delay), both in the shape of `accumulated`.
    """
    spikes = torch.empty_like(accumulated)
    voltages = torch.empty_like(accumulated, dtype=torch.float64)
    state = State.rest(accumulated, neuron)
    for step, arriving in enumerate(accumulated):
        spikes[step], voltages[step] = state.advance(arriving)
    return spikes, voltages


class State:
    """u, v and the steps that neurons are still held, in float64, which is exact for them.

    Args:
        zeros: the state at rest, float64, shape (…, neurons).
        neuron: the parameters of all neurons.
    """

    def __init__(self, zeros: Tensor, neuron: TrainedNeuron) -> None:
        self.neuron = neuron
        self.current, self.voltage, self.hold = zeros, zeros, zeros

    @classmethod
    def rest(cls, accumulated: Tensor, neuron: TrainedNeuron) -> State:
        """The state before step 0 of sums (steps, …, neurons)."""
        return cls(torch.zeros(accumulated.shape[1:], dtype=torch.float64, device=accumulated.device), neuron)

    def advance(self, arriving: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the sums of weights to spikes, and the voltages that were compared with the threshold."""
        neuron = self.neuron
        hold = (self.hold - 1).clamp(min=0)
        self.current = _wrap((self.current * neuron.keep_current).trunc() + arriving.double() * neuron.gain)
        voltage = ((self.voltage * neuron.keep_voltage).trunc() + self.current).clamp(-VOLTAGE_LIMIT, VOLTAGE_LIMIT)
        voltage = voltage.masked_fill(hold > 0, 0)
        fired = voltage > neuron.threshold
        self.voltage = voltage.masked_fill(fired, 0)
        self.hold = hold.masked_fill(fired, neuron.refractory_delay)
        return fired, voltage


def surrogate(voltage: Tensor, neuron: TrainedNeuron) -> Tensor:
    """SLAYER's derivative of the spike function: scaleRho / peak / (tauRho · θ) · exp(−|v − θ| / (tauRho · θ)).

    `peak` is the largest response of v to one spike of weight 1.
    """
    width = neuron.tau_rho * neuron.threshold
    scale = neuron.scale_rho / neuron.peak
    return scale / width * torch.exp(-(voltage - neuron.threshold).abs() / width)


def cuba_lif(accumulated: Tensor, neuron: TrainedNeuron) -> Tensor:
    """Spikes (0 or 1) of neurons run from rest as by `integrate`, with SLAYER's gradient to `accumulated`."""
    spikes: Tensor = _CubaLif.apply(accumulated, neuron)  # type: ignore[no-untyped-call]
    return spikes


def integrate_compiled(accumulated: Tensor, neuron: TrainedNeuron) -> tuple[Tensor, Tensor]:
    """As `integrate`, compiled, voltages in float32, which holds them exactly.

    Args:
        accumulated: float32 on the processor, whole numbers below 2^24; even ones at a weight exponent of −7.
        neuron: the parameters of all neurons.
    """
    accumulated = accumulated.detach().contiguous()
    spikes, voltages = torch.empty_like(accumulated), torch.empty_like(accumulated)
    _loops.cuba_forward(
        table(accumulated),
        table(spikes),
        table(voltages),
        keep_current=DECAY_ONE - neuron.current_decay,
        keep_voltage=DECAY_ONE - neuron.voltage_decay,
        threshold=neuron.threshold,
        refractory=neuron.refractory_delay,
        shift=neuron.shift,
        threads=threads(),
    )
    return spikes, voltages


@lru_cache(maxsize=8)
def slopes(neuron: TrainedNeuron) -> Floats | None:
    """The surrogate at the distances 0, 1, 2 … from the threshold until it is 0; None for one too wide for a table."""
    entries = FLAT * neuron.tau_rho * neuron.threshold
    if entries > LARGEST_TABLE:
        return None
    voltage = torch.arange(int(entries) + 2, dtype=torch.float64) + neuron.threshold
    values: Floats = surrogate(voltage, neuron).float().numpy()
    return values


def respond(gradient: Tensor, neuron: TrainedNeuron) -> Tensor:
    """Sum δ over all later steps, weighted by the response, in one recursion from the last step back; in place.

    Args:
        gradient: δ = surrogate · error of the spike, shape (steps, …).
        neuron: the parameters of all neurons.

    Returns:
        The gradient to the accumulated weights.
    """
    by_voltage = torch.zeros_like(gradient[0])
    by_current = torch.zeros_like(by_voltage)
    for step in range(len(gradient) - 1, -1, -1):
        by_voltage = gradient[step] + neuron.keep_voltage * by_voltage
        by_current = by_voltage + neuron.keep_current * by_current
        gradient[step] = by_current
    return gradient * neuron.gain


def respond_compiled(error: Tensor, voltages: Tensor, neuron: TrainedNeuron, derivative: Floats) -> Tensor:
    """The gradient to the accumulated weights, from the error of the spikes and `slopes`, compiled."""
    gradient = torch.empty_like(voltages)
    _loops.cuba_backward(
        table(error),
        table(voltages),
        table(gradient),
        derivative,
        keep_current=neuron.keep_current,
        keep_voltage=neuron.keep_voltage,
        gain=neuron.gain,
        threshold=neuron.threshold,
        threads=threads(),
    )
    return gradient


class _CubaLif(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, accumulated: Tensor, neuron: TrainedNeuron) -> Tensor:
        run = integrate_compiled if compiled(accumulated) else integrate
        spikes, voltages = run(accumulated, neuron)
        ctx.save_for_backward(voltages)
        ctx.neuron = neuron
        return spikes

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor, None]:
        (voltages,) = ctx.saved_tensors
        neuron: TrainedNeuron = ctx.neuron
        derivative = slopes(neuron) if compiled(error, voltages) else None
        if derivative is not None:
            return respond_compiled(error, voltages, neuron, derivative), None
        slope = surrogate(voltages.double(), neuron).to(error.dtype)
        return respond(slope * error, neuron), None


def _wrap(current: Tensor) -> Tensor:
    """Modulo 2^24 into [−2^23, 2^23)."""
    half = 2.0 ** (STATE_BITS - 1)
    return torch.remainder(current + half, 2 * half) - half
