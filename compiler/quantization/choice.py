"""Which format of the chip weights lose least in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Projection
from neurodeploy.precision import WEIGHT_EXPONENTS, IntArray, SignMode, WeightFormat

#: Exponents that a search tries below the one that holds every weight, down to saturation at an eighth of the largest.
MOST_CLIPPED = 3


@dataclass(frozen=True)
class Form:
    """A format with its exponent: what a stored weight means.

    Attributes:
        exponent: −7 … 7.
        format: sign mode and bits.
    """

    exponent: int
    format: WeightFormat

    def stored(self, wanted: NDArray[np.float64]) -> IntArray:
        """The stored weights nearest to those wanted, in their shape; see `WeightFormat.nearest`."""
        return self.format.nearest(wanted, self.exponent)

    def apart(self, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far what the stored weights mean is from those wanted, in their shape."""
        apart: NDArray[np.float64] = np.abs(np.ldexp(self.stored(wanted).astype(np.float64), self.exponent) - wanted)
        return apart

    @property
    def range(self) -> tuple[float, float]:
        """Least and largest value that a weight can have."""
        low, high = (float(np.ldexp(float(edge), self.exponent)) for edge in self.format.range)
        return low, high


def likely_exponents(wanted: NDArray[np.float64]) -> Sequence[int]:
    """The exponent that holds the largest weight, and those few below it in which the largest saturate."""
    largest = float(np.abs(wanted).max(initial=0.0))
    low, high = WEIGHT_EXPONENTS[0], WEIGHT_EXPONENTS[-1]
    top = min(max(int(np.ceil(np.log2(largest / 254))), low), high) if largest else 0
    return range(max(top - MOST_CLIPPED, low), top + 1)


def forms(own: Projection, bits: int | None, exponents: Sequence[int] = WEIGHT_EXPONENTS) -> Iterator[Form]:
    """Every form worth a trial: the projection's own format first, then its own exponent, then the nearest to 0.

    Args:
        own: the projection, for its exponent, and its format if it has one and no bits were asked for.
        bits: 1 … 8; None: nothing was asked, 8.
        exponents: that are tried.
    """
    if own.weight_format is not None and bits is None:
        yield Form(own.weight_exponent, own.weight_format)
    for exponent in sorted(exponents, key=lambda e: (e != own.weight_exponent, abs(e), e)):
        for mode in SignMode:
            yield Form(exponent, WeightFormat(mode, bits or 8))


def best_form(wanted: NDArray[np.float64], tried: Iterable[Form]) -> tuple[Form, float]:
    """The form of least squared error, among equals the first, and that error."""
    best, least = None, np.inf
    for form in tried:
        error = float(np.sum(form.apart(wanted) ** 2))
        if best is None or error < least:
            best, least = form, error
        if least == 0.0:
            break
    assert best is not None
    return best, least
