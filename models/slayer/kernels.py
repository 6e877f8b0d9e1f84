"""The kernels of a neuron as buffers of a checkpoint."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import nn

from neurodeploy.models.formats.slayer_kernels import Kernel


class HasKernels(Protocol):
    """A neuron that knows its responses."""

    @property
    def srm_kernel(self) -> Kernel:
        """Response to one spike."""
        ...

    @property
    def ref_kernel(self) -> Kernel:
        """The refractory response."""
        ...


class Kernels(nn.Module):
    """The responses that a slayerPytorch checkpoint stores in place of its neuron's parameters."""

    def __init__(self, neuron: HasKernels) -> None:
        super().__init__()
        self.register_buffer("srmKernel", torch.from_numpy(neuron.srm_kernel.copy()))
        self.register_buffer("refKernel", torch.from_numpy(neuron.ref_kernel.copy()))
