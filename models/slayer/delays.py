"""Axonal delays, learned with the weights (Shrestha and Orchard 2018, equation 9: ∂L/∂d = −Σ ȧ · e).

A delay d in milliseconds is floored to whole steps in the forward pass. With a = ε ∗ s(t − d), e = ∂L/∂a and ȧ the
difference of neighbouring values of a over the length of a step, −Σ ȧ · e is Σ s · (g(t + 1) − g(t)) / Ts over the
delayed spikes s, where g = ε ⋆ e is the gradient that reaches them: what is gained by a spike that comes a step later.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.models.slayer import _loops
from neurodeploy.models.slayer.loops import compiled, table, threads
from neurodeploy.network.network import MAX_DELAY


class Delay(nn.Module):
    """Delays of a layer's spikes, in milliseconds, one per neuron of a dense layer or per channel of planes.

    Args:
        size: neurons or channels.
        timestep_ms: length of a step, Ts.
    """

    def __init__(self, size: int, timestep_ms: float) -> None:
        super().__init__()
        self.delay = nn.Parameter(torch.zeros(size, 1, 1))
        self.timestep_ms = timestep_ms

    def forward(self, spikes: Tensor) -> Tensor:
        """Delay spikes (steps, recordings, …, size) by `steps`."""
        delayed: Tensor = _Delayed.apply(spikes, self.delay, self.steps(), self.timestep_ms)  # type: ignore[no-untyped-call]
        return delayed

    def steps(self) -> Tensor:
        """The delays in whole steps, 0 … 62, int32, shape (size,): floored in single precision, as readers do."""
        return (self.delay.detach().flatten() / self.timestep_ms).floor().clamp(0, MAX_DELAY).int()

    @torch.no_grad()
    def clamp_(self) -> None:
        """Keep the delays where the chip has them, 0 … 62 steps."""
        self.delay.clamp_(0, MAX_DELAY * self.timestep_ms)


def shifted(x: Tensor, steps: Tensor, reverse: bool = False) -> Tensor:
    """x(t − steps) for each neuron or channel (the last axis), 0 where that is outside; x(t + steps) in reverse."""
    if compiled(x):
        result = torch.empty(x.shape)
        _loops.shift(table(x), table(result), steps.numpy(), reverse=reverse, threads=threads())
        return result
    time = torch.arange(len(x), device=x.device)[:, None]
    source = time + steps.to(x.device) * (1 if reverse else -1)
    inside = (source >= 0) & (source < len(x))
    shape = (len(x), *[1] * (x.ndim - 2), x.shape[-1])
    index = source.clamp(0, len(x) - 1).reshape(shape).expand_as(x)
    return x.gather(0, index) * inside.reshape(shape)


class _Delayed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spikes: Tensor, delay: Tensor, steps: Tensor, timestep_ms: float) -> Tensor:
        result = shifted(spikes, steps)
        ctx.save_for_backward(result, steps)
        ctx.shape, ctx.timestep_ms = delay.shape, timestep_ms
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        delayed, steps = ctx.saved_tensors
        later = gradient[1:] - gradient[:-1]
        change = (delayed[:-1] * later).flatten(0, -2).sum(0) - (delayed[-1] * gradient[-1]).flatten(0, -2).sum(0)
        to_spikes = shifted(gradient, steps, reverse=True) if ctx.needs_input_grad[0] else None
        return to_spikes, (change / ctx.timestep_ms).reshape(ctx.shape), None, None
