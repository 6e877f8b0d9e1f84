"""Causal filters over time: alpha kernels as a recursion, any other kernel tap by tap, and delays.

All are linear, so their gradient is the correlation with the same kernel: the same loop from the last step back.
Compiled and in torch they give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import e, exp
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.models.formats.slayer_alpha import TAIL
from neurodeploy.models.slayer import _loops
from neurodeploy.models.slayer.loops import compiled, table, threads


@dataclass(frozen=True)
class AlphaKernel:
    """height · (t/τ) e^(1 − t/τ), sampled at t = 0, 1, … steps until its size falls below 0.01 behind its peak.

    Args:
        tau: in steps, above 0.
        height: its peak, of either sign; it ends sooner where that is small.
    """

    tau: float
    height: float = 1.0

    @property
    def length(self) -> int:
        """Number of samples, at least 1."""
        t = 1
        while t <= self.tau or abs(self.height) * t / self.tau * exp(1 - t / self.tau) >= TAIL:
            t += 1
        return t

    @property
    def pole(self) -> float:
        """e^(−1/τ), what a step leaves of an exponential."""
        return exp(-1 / self.tau)

    @property
    def gain(self) -> float:
        """Factor between t e^(−t/τ) and the kernel."""
        return self.height * e / self.tau

    def coefficients(self) -> dict[str, Any]:
        """What the compiled recursion needs: pole, gain, and what has decayed when a value leaves the window."""
        length, tail = self.length, self.pole**self.length
        return {"pole": self.pole, "gain": self.gain, "tail": tail, "late": length * tail, "length": length}

    def samples(self) -> NDArray[np.float64]:
        """The kernel itself, shape (length,)."""
        t = np.arange(self.length) / self.tau
        values: NDArray[np.float64] = self.height * t * np.exp(1 - t)
        return values


def alpha_filter(x: Tensor, kernel: AlphaKernel) -> Tensor:
    """kernel ∗ x over the first axis, x being 0 before step 0; shape (steps, …)."""
    filtered: Tensor = _Alpha.apply(x, kernel)  # type: ignore[no-untyped-call]
    return filtered


def fir(x: Tensor, kernel: Tensor) -> Tensor:
    """kernel ∗ x over the first axis; kernel of shape (taps,), without gradient; cut off behind the last step."""
    filtered: Tensor = _Fir.apply(x, kernel)  # type: ignore[no-untyped-call]
    return filtered


def run_alpha(x: Tensor, kernel: AlphaKernel, reverse: bool = False) -> Tensor:
    """`alpha_filter` without gradient; the correlation where `reverse` is set, in torch's operations.

    With a(t) = Σ p^j x(t − j) and b(t) = Σ j p^j x(t − j), j below the kernel's length K, a step is
    b ← p (b + a) − K p^K x(t − K), a ← p a + x(t) − p^K x(t − K).
    """
    signal = x.flip(0) if reverse else x
    c = kernel.coefficients()
    a, b = torch.zeros_like(signal[:1]).squeeze(0), torch.zeros_like(signal[:1]).squeeze(0)
    result = torch.empty_like(signal)
    for step in range(len(signal)):
        leaving = signal[step - c["length"]] if step >= c["length"] else torch.zeros_like(a)
        b = c["pole"] * (b + a) - c["late"] * leaving
        a = c["pole"] * a + signal[step] - c["tail"] * leaving
        result[step] = c["gain"] * b
    return result.flip(0) if reverse else result


def run_alpha_compiled(x: Tensor, kernel: AlphaKernel, reverse: bool = False) -> Tensor:
    """As `run_alpha`, compiled; float32 on the processor."""
    result = torch.empty(x.shape)
    _loops.alpha_filter(table(x), table(result), **kernel.coefficients(), reverse=reverse, threads=threads())
    return result


def run_fir(x: Tensor, kernel: Tensor, reverse: bool = False) -> Tensor:
    """`fir` without gradient; the correlation where `reverse` is set, in torch's operations."""
    signal = x.flip(0) if reverse else x
    result = torch.zeros_like(signal)
    for delay, weight in enumerate(kernel[: len(signal)]):
        result[delay:] += weight * signal[: len(signal) - delay]
    return result.flip(0) if reverse else result


def run_fir_compiled(x: Tensor, kernel: Tensor, reverse: bool = False) -> Tensor:
    """As `run_fir`, compiled; float32 on the processor."""
    result = torch.empty(x.shape)
    _loops.fir(table(x), table(result), kernel.detach().contiguous().numpy(), reverse=reverse, threads=threads())
    return result


class _Alpha(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: AlphaKernel) -> Tensor:
        ctx.kernel = kernel
        return (run_alpha_compiled if compiled(x) else run_alpha)(x, kernel)

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor, None]:
        return (run_alpha_compiled if compiled(error) else run_alpha)(error, ctx.kernel, reverse=True), None


class _Fir(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor) -> Tensor:
        ctx.kernel = kernel
        return (run_fir_compiled if compiled(x, kernel) else run_fir)(x, kernel)

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor, None]:
        run = run_fir_compiled if compiled(error, ctx.kernel) else run_fir
        return run(error, ctx.kernel, reverse=True), None
