"""The integer CUBA LIF as SLAYER trains it: exact forward pass, surrogate gradient through time.

The forward pass is the chip's arithmetic, bit for bit: a 24-bit state times a 12-bit factor is exact in float64. The
backward pass is SLAYER's (Shrestha and Orchard 2018): the error of a spike, times the spike function's surrogate
derivative at that step's voltage, flows back along the neuron's linear response, in which u and v decay by their
real-valued factors. Truncation, wrap and clip pass the gradient through; the reset has none.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.precision import STATE_BITS, VOLTAGE_LIMIT


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
    current = torch.zeros(accumulated.shape[1:], dtype=torch.float64, device=accumulated.device)
    voltage, hold = torch.zeros_like(current), torch.zeros_like(current)
    for step, arriving in enumerate(accumulated):
        hold = (hold - 1).clamp(min=0)
        current = _wrap((current * neuron.keep_current).trunc() + arriving.double() * neuron.gain)
        voltage = ((voltage * neuron.keep_voltage).trunc() + current).clamp(-VOLTAGE_LIMIT, VOLTAGE_LIMIT)
        voltage = voltage.masked_fill(hold > 0, 0)
        fired = voltage > neuron.threshold
        spikes[step], voltages[step] = fired, voltage
        voltage = voltage.masked_fill(fired, 0)
        hold = hold.masked_fill(fired, neuron.refractory_delay)
    return spikes, voltages


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


class _CubaLif(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, accumulated: Tensor, neuron: TrainedNeuron) -> Tensor:
        spikes, voltages = integrate(accumulated, neuron)
        ctx.save_for_backward(surrogate(voltages, neuron).to(accumulated.dtype))
        ctx.neuron = neuron
        return spikes

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor, None]:
        """Sum ρ · error over all later steps, weighted by the response, in one recursion from the last step back."""
        (derivative,) = ctx.saved_tensors
        neuron: TrainedNeuron = ctx.neuron
        gradient = derivative * error
        by_voltage = torch.zeros_like(gradient[0])
        by_current = torch.zeros_like(by_voltage)
        for step in range(len(gradient) - 1, -1, -1):
            by_voltage = gradient[step] + neuron.keep_voltage * by_voltage
            by_current = by_voltage + neuron.keep_current * by_current
            gradient[step] = by_current
        return gradient * neuron.gain, None


def _wrap(current: Tensor) -> Tensor:
    """Modulo 2^24 into [−2^23, 2^23)."""
    half = 2.0 ** (STATE_BITS - 1)
    return torch.remainder(current + half, 2 * half) - half
