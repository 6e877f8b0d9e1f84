"""The grids that weights are rounded to in the forward pass, with gradients passed straight through.

A grid is any function from float weights to the weights that are used, with a `range` that training keeps the weights
in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.errors import OptionError
from neurodeploy.precision import WEIGHT_EXPONENTS, SignMode, WeightFormat


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


@dataclass(frozen=True)
class ChipGrid:
    """What the chip can store, for weights in units of the distance between two neighbours.

    A weight of n is used as n · `unit`; its gradient reaches it times `unit`. A learning rate is then one of
    steps of the grid, whatever bits and exponent a layer has.

    Args:
        format: bits and sign mode of the stored weights.
        exponent: −7 … 7; a stored weight w means w · 2^exponent. Below 0 only multiples of 2^−exponent are used, on
            which all rounding rules of the chip agree (`WeightFormat.nearest`).
    """

    format: WeightFormat
    exponent: int

    @property
    def unit(self) -> float:
        """Distance of neighbours, in what weights mean: a whole number."""
        return float(np.ldexp(float(self._stored_step), self.exponent))

    @property
    def range(self) -> tuple[float, float]:
        """Least and largest weight, in units of the step."""
        low, high = self.format.sign_mode.range
        return float(-(-low // self._stored_step)), float(high // self._stored_step)

    @property
    def _stored_step(self) -> int:
        return max(self.format.step, 1 << max(-self.exponent, 0))

    def __call__(self, weight: Tensor) -> Tensor:
        """The weights as the chip means them, from weights in steps: whole numbers; halves to the even step."""
        used = torch.round(weight.detach()).clamp(*self.range) * self.unit
        return used + (weight - weight.detach()) * self.unit

    def steps(self, meant: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights in steps of the grid, within its range, not rounded."""
        result: NDArray[np.float64] = np.clip(meant / self.unit, *self.range)
        return result

    def stored(self, weight: Tensor) -> NDArray[np.int32]:
        """What a synapse stores, from weights in steps."""
        levels = torch.round(weight.detach()).clamp(*self.range).cpu().numpy().astype(np.int32)
        result: NDArray[np.int32] = levels * np.int32(self._stored_step)
        return result


def best_grid(meant: NDArray[np.float64], bits: int, exponent: int = 0) -> ChipGrid:
    """The grid of so many bits that loses least in squares; the rule by which the compiler chooses formats.

    Args:
        meant: weights, exponent included.
        bits: 1 … 8.
        exponent: tried first; among equals the first tried is taken, then those nearest to 0.

    Raises:
        NetworkError: another number of bits.
    """
    exponents = sorted(WEIGHT_EXPONENTS, key=lambda e: (e != exponent, abs(e), e))
    grids = [ChipGrid(WeightFormat(mode, bits), e) for e in exponents for mode in SignMode]
    return min(grids, key=lambda grid: _squared_error(grid, meant))


def _squared_error(grid: ChipGrid, meant: NDArray[np.float64]) -> float:
    stored = grid.format.nearest(meant, grid.exponent).astype(np.float64)
    return float(np.sum((np.ldexp(stored, grid.exponent) - meant) ** 2))
