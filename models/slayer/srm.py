"""SRM neurons as SLAYER trains them (Shrestha and Orchard 2018): u = W (ε ∗ s) + ν ∗ s_out, a spike where u ≥ θ.

Both kernels are alpha functions, sampled at the length of a step. ε ∗ commutes with W and is applied behind it, where
there are fewer neurons to filter. The error of a spike passes the surrogate of the spike function; the refractory
kernel has no gradient, as in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.slayer_alpha import POOL_GAIN, AlphaNeuron
from neurodeploy.models.formats.slayer_kernels import Kernel
from neurodeploy.models.slayer import _loops
from neurodeploy.models.slayer.filters import AlphaKernel, alpha_filter
from neurodeploy.models.slayer.loops import compiled, table, threads


@dataclass(frozen=True)
class SrmNeuron(AlphaNeuron):
    """An SRMALPHA neuron and its surrogate derivative: the whole `neuron` section of a yaml of type SRMALPHA.

    Args:
        tau_rho: `tauRho`, width of the surrogate derivative, in thresholds.
        scale_rho: `scaleRho`, weight of the surrogate derivative.

    The times are in steps, see `AlphaNeuron`; the threshold must be above 0.

    Raises:
        NetworkError, FormatError: a value outside its range.
    """

    tau_rho: float = 1.0
    scale_rho: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("threshold", "tau_rho", "scale_rho"):
            if not getattr(self, name) > 0:
                raise NetworkError(name, f"{getattr(self, name)} is not above 0", "training needs a larger value")

    @classmethod
    def from_yaml(cls, section: Mapping[str, int | float], timestep_ms: float) -> SrmNeuron:
        """Make the neuron of a yaml's `neuron` section."""
        theta = float(section["theta"])
        return cls(
            threshold=theta,
            synapse=float(section["tauSr"]) / timestep_ms,
            refractory=float(section["tauRef"]) / timestep_ms,
            depth=float(section["scaleRef"]) * theta,
            tau_rho=float(section["tauRho"]),
            scale_rho=float(section["scaleRho"]),
        )

    @cached_property
    def response(self) -> AlphaKernel:
        """ε, the response to a spike through a weight of 1."""
        return AlphaKernel(self.synapse)

    @cached_property
    def refractoriness(self) -> AlphaKernel:
        """ν, what a neuron's own spike does to it."""
        return AlphaKernel(self.refractory, -self.depth)

    @property
    def srm_kernel(self) -> Kernel:
        """ε sampled, shape (steps,)."""
        return self.response.samples().astype(np.float32)

    @property
    def ref_kernel(self) -> Kernel:
        """ν sampled, shape (steps,)."""
        return self.refractoriness.samples().astype(np.float32)

    @property
    def peak(self) -> float:
        """Largest sampled response to one spike, per unit of weight."""
        return float(self.srm_kernel.max())

    def pool_weight(self) -> float:
        """Give the weight of pooling synapses, 1.1 · θ: slightly above the threshold, so that one spike is enough."""
        return POOL_GAIN * self.threshold

    def surrogate(self, potential: Tensor) -> Tensor:
        """The derivative of the spike function: scaleRho / (tauRho · θ) · exp(−|u − θ| / (tauRho · θ))."""
        width = self.tau_rho * self.threshold
        return (potential - self.threshold).abs_().mul_(-1 / width).exp_().mul_(self.scale_rho / width)


def srm(weighted: Tensor, neuron: SrmNeuron) -> Tensor:
    """Spikes (0 or 1) of SRM neurons from the weighted sums W s of arriving spikes, shape (steps, …), from rest."""
    return srm_spikes(alpha_filter(weighted, neuron.response), neuron)


def srm_spikes(potential: Tensor, neuron: SrmNeuron) -> Tensor:
    """Spikes (0 or 1) from the potentials W (ε ∗ s) without refractoriness, with SLAYER's gradient to them."""
    spikes: Tensor = _Srm.apply(potential, neuron)  # type: ignore[no-untyped-call]
    return spikes


def generate(potential: Tensor, neuron: SrmNeuron) -> tuple[Tensor, Tensor]:
    """Spikes and the potentials u they were decided by, in torch's operations; ν(0) = 0, so they are causal."""
    kernel = neuron.refractoriness.coefficients()
    spikes, shown = torch.empty_like(potential), torch.empty_like(potential)
    a, b = torch.zeros_like(potential[:1]).squeeze(0), torch.zeros_like(potential[:1]).squeeze(0)
    for step, drive in enumerate(potential):
        leaving = spikes[step - kernel["length"]] if step >= kernel["length"] else torch.zeros_like(a)
        b = kernel["pole"] * (b + a) - kernel["late"] * leaving
        shown[step] = drive + kernel["gain"] * b
        spikes[step] = shown[step] >= neuron.threshold
        a = kernel["pole"] * a + spikes[step] - kernel["tail"] * leaving
    return spikes, shown


def generate_compiled(potential: Tensor, neuron: SrmNeuron) -> tuple[Tensor, Tensor]:
    """As `generate`, compiled; float32 on the processor."""
    spikes, shown = torch.empty(potential.shape), torch.empty(potential.shape)
    kernel = neuron.refractoriness.coefficients()
    _loops.srm_forward(
        table(potential), table(spikes), table(shown), **kernel, threshold=neuron.threshold, threads=threads()
    )
    return spikes, shown


class _Srm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, potential: Tensor, neuron: SrmNeuron) -> Tensor:
        spikes, shown = (generate_compiled if compiled(potential) else generate)(potential, neuron)
        ctx.save_for_backward(shown)
        ctx.neuron = neuron
        return spikes

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor, None]:
        (shown,) = ctx.saved_tensors
        return ctx.neuron.surrogate(shown) * error, None
