"""The grids that weights are rounded to in the forward pass, with gradients passed straight through.

A grid is any function from float weights to the weights that are used, with a `range` that training keeps the weights
in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from neurodeploy.errors import OptionError


class WeightGrid(Protocol):
    """Weights as the forward pass uses them."""

    def __call__(self, weight: Tensor) -> Tensor:
        """Round, with a gradient."""
        ...

    @property
    def range(self) -> tuple[float, float]:
        """Least and largest weight."""
        ...


def straight_through(weight: Tensor, used: Tensor) -> Tensor:
    """`used`, exactly, with the gradient passed to `weight` as it is."""
    # w − w is an exact 0 that carries the gradient.
    return used.detach() + (weight - weight.detach())


def round_even(weight: Tensor) -> Tensor:
    """`2 · rint(w / 2)`, exactly, with the gradient passed straight through."""
    return straight_through(weight, 2 * torch.round(weight / 2))


@dataclass(frozen=True)
class SignedGrid:
    """Weights of `bits` bits with both signs: step · n, n = −2^(bits − 1) … 2^(bits − 1) − 1.

    Args:
        bits: 1 … 8.
        step: distance of neighbours in units of the chip's weights, above 0; 2, the step of a mixed-sign synapse with
            8 bits, by default. A network for the chip needs even steps, and steps that keep the range in −256 … 254.

    Raises:
        OptionError: a value outside its range.
    """

    bits: int = 8
    step: float = 2.0

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 8:
            raise OptionError("weight grid", f"{self.bits} bits are outside 1 … 8", "choose from 1 to 8 bits")
        if not self.step > 0:
            raise OptionError("weight grid", f"a step of {self.step} is not above 0", "choose a larger step")

    @property
    def range(self) -> tuple[float, float]:
        """Least and largest weight."""
        levels = 2 ** (self.bits - 1)
        return -levels * self.step, (levels - 1) * self.step

    def __call__(self, weight: Tensor) -> Tensor:
        """Round to the nearest weight of the grid, halves to the even level."""
        low, high = self.range
        return straight_through(weight, (self.step * torch.round(weight / self.step)).clamp(low, high))


@dataclass(frozen=True)
class FloatGrid:
    """Weights as they are."""

    @property
    def range(self) -> tuple[float, float]:
        """Unbounded."""
        return -torch.inf, torch.inf

    def __call__(self, weight: Tensor) -> Tensor:
        """The weights themselves."""
        return weight
