"""TSSL neurons in torch: the run forward, and how the timing of spikes carries errors back, eq. (12 … 17).

With the kernel ε(n) = (1/τ_s)(1 − 1/τ_s)^n all sums over later steps are recursions, so that a step costs the same
however many there are. With g[t] = Σ_k ε(k − t) e[k], the errors of the layer behind as they reach the spike of step t,
and δ[t] = ∂L/∂u[t]:

- a spike at t_m (eq. 13 … 15): ∂t_m/∂u = −1 / (u[t] − u[t−1]), its size at most the bound, times
  Σ_k ∂a[t_k]/∂t_m e[k] = −g[t_m] / τ_s;
- the same spike's reset (eq. 16): ∂(ν ∗ s)[t_p]/∂t_m = ν(n − 1) − ν(n) = −u[t_m] (1/τ_m) (1 − 1/τ_m)^(n−1) for the next
  spike at t_p = t_m + n, times δ[t_p];
- no spike: 0, eq. (17), or with `leak` (1 − 1/τ_m) δ[t + 1]; and the sigmoid's gradient where the neuron was silent.

About the sign of eq. (14): ε falls from its first value on, so the derivative of ε(t_k − t_m) by t_m is positive as
printed, and then a neuron pushed to fire sooner would count for less. What is meant, and what the authors' program
does, is that a spike that comes sooner has more of its response inside the run: −ε / τ_s.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from neurodeploy.models.tssl.neuron import TsslNeuron


def tssl_lif(sums: Tensor, neuron: TsslNeuron) -> Tensor:
    """Spikes (0 or 1) of neurons run from rest on sums q of weights, shape (steps, …), with the gradient of TSSL-BP."""
    spikes: Tensor = _Fire.apply(filtered(sums, neuron), neuron)  # type: ignore[no-untyped-call]
    return spikes


def filtered(signal: Tensor, neuron: TsslNeuron) -> Tensor:
    """ε ∗ signal along the first axis: traces a of spikes, or currents of sums."""
    result: Tensor = _Filter.apply(signal, neuron.synapse_leak)  # type: ignore[no-untyped-call]
    return result


def _decayed(signal: Tensor, leak: float, backward: bool = False) -> Tensor:
    """leak · Σ (1 − leak)^n signal[t − n], or of signal[t + n]."""
    out = signal * leak
    order = range(len(out) - 2, -1, -1) if backward else range(1, len(out))
    for step in order:
        out[step].add_(out[step + (1 if backward else -1)], alpha=1 - leak)
    return out


class _Filter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, signal: Tensor, leak: float) -> Tensor:
        ctx.leak = leak
        return _decayed(signal, leak)

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor, None]:
        return _decayed(error, ctx.leak, backward=True), None


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, current: Tensor, neuron: TsslNeuron) -> Tensor:
        voltage, spikes = torch.empty_like(current), torch.empty_like(current)
        before = torch.zeros_like(current[0])
        for step, drive in enumerate(current):
            torch.add(drive, before, alpha=1 - neuron.membrane_leak, out=voltage[step])
            torch.gt(voltage[step], neuron.threshold, out=spikes[step])
            before = voltage[step] * (1 - spikes[step])
        ctx.save_for_backward(voltage, spikes)
        ctx.neuron = neuron
        return spikes

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor, None]:
        voltage, spikes = ctx.saved_tensors
        neuron: TsslNeuron = ctx.neuron
        leak, kept = neuron.membrane_leak, 1 - neuron.membrane_leak
        sooner = _sooner(voltage, spikes, neuron)
        warm = _warm(voltage, spikes, neuron)
        result = torch.empty_like(error)
        # Of the next spike, as a change of u in the step behind this one reaches it.
        later = torch.zeros_like(error[0])
        for step in range(len(error) - 1, -1, -1):
            by_timing = error[step] * neuron.synapse_leak + voltage[step] * leak * later
            by_sigmoid = error[step] * warm[step]
            fired = spikes[step].bool()
            carried = kept * later
            if neuron.leak:
                result[step] = torch.where(fired, sooner[step] * by_timing, carried + by_sigmoid)
                later = result[step]
            else:
                result[step] = torch.where(fired, sooner[step] * by_timing, by_sigmoid)
                later = torch.where(fired, result[step], carried)
        return result, None


def _sooner(voltage: Tensor, spikes: Tensor, neuron: TsslNeuron) -> Tensor:
    """−∂t/∂u of every spike by eq. (15), at most the bound, in steps per unit of u; 0 where there is none."""
    before = torch.cat([torch.zeros_like(voltage[:1]), voltage[:-1] * (1 - spikes[:-1])])
    # A spike's u is above the threshold and the one before is not, so that the difference is above 0.
    rise = torch.where(spikes.bool(), voltage - before, 1.0)
    return spikes * (1 / rise).clamp(max=neuron.bound / neuron.threshold)


def _warm(voltage: Tensor, spikes: Tensor, neuron: TsslNeuron) -> Tensor:
    """The sigmoid's derivative where a neuron has been silent, else 0."""
    if neuron.window == 0:
        return torch.zeros_like(voltage)
    total = spikes.cumsum(0)
    if neuron.window is None:
        silent = total[-1:] == 0
    else:
        recent = total.clone()
        recent[neuron.window :] -= total[: -neuron.window]
        silent = recent == 0
    width = neuron.sigmoid * neuron.threshold
    value = torch.sigmoid((voltage - neuron.threshold) / width)
    return silent * value * (1 - value) / width
