"""Numbers as the times of single spikes: latency coding.

Source: Lee, Haghighatshoar, Karbasi (2023), §5.2; Göltz et al. (2021) for the complement and the bias spike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.errors import DataError, OptionError


@dataclass(frozen=True)
class Latency:
    """One spike per feature, its time linear in the value.

    Args:
        low, high: the value of each feature that lies at an end of the range; high above low.
        early_ms, late_ms: the times of the ends, 0 ≤ early < late.
        largest_first: whether the largest value spikes first (Iris), not the smallest (Yin-Yang).
        complement: append inputs for high + low − value.
        bias_ms: time of one more input's spike, in every recording; None: no such input.

    Raises:
        OptionError: a value outside its range.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    early_ms: float = 0.0
    late_ms: float = 2.0
    largest_first: bool = False
    complement: bool = False
    bias_ms: float | None = None

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high) or not self.low:
            problem = f"has {len(self.low)} lows and {len(self.high)} highs"
            raise OptionError("latency coding", problem, "give one of each per feature")
        for feature, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise OptionError(f"feature {feature}", f"ranges from {low} to {high}", "leave out constant features")
        if not (np.isfinite(self.late_ms) and 0 <= self.early_ms < self.late_ms):
            problem = f"spikes from {self.early_ms} to {self.late_ms} ms"
            raise OptionError("latency coding", problem, "give 0 ≤ early < late")
        if self.bias_ms is not None and not (np.isfinite(self.bias_ms) and self.bias_ms >= 0):
            raise OptionError("bias spike", f"comes at {self.bias_ms} ms", "choose 0 ms or later")

    @property
    def inputs(self) -> int:
        """Number of input neurons."""
        return len(self.low) * (2 if self.complement else 1) + (self.bias_ms is not None)

    def times(self, features: ArrayLike) -> NDArray[np.float64]:
        """The spike time of every input neuron in ms.

        Args:
            features: shape (samples, features).

        Returns:
            Shape (samples, inputs).

        Raises:
            DataError: another shape, or a value that is NaN or outside its feature's range.
        """
        array = np.asarray(features, np.float64)
        if array.ndim != 2 or array.shape[1] != len(self.low):
            raise DataError("features", f"have shape {array.shape}", f"give (samples, {len(self.low)})")
        low, high = np.array(self.low), np.array(self.high)
        wrong = ~((array >= low) & (array <= high))
        if wrong.any():
            row, column = (int(index) for index in np.argwhere(wrong)[0])
            problem = f"is {array[row, column]}, outside {low[column]:g} … {high[column]:g}"
            raise DataError(f"sample {row}, feature {column}", problem, "scale it, or code with its range")
        share = (array - low) / (high - low)
        share = np.concatenate([share, 1 - share], axis=1) if self.complement else share
        times = self.early_ms + (self.late_ms - self.early_ms) * (1 - share if self.largest_first else share)
        if self.bias_ms is not None:
            times = np.concatenate([times, np.full((len(times), 1), self.bias_ms)], axis=1)
        return times
