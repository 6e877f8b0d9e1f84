"""Resonate-and-fire neurons in numpy."""

from __future__ import annotations

import numpy as np

from neurodeploy.emulator.cells.arithmetic import clip_voltage, scaled
from neurodeploy.emulator.cells.cells import Input, Output, outcome, parameter
from neurodeploy.emulator.snapshot import Kept
from neurodeploy.network import Population
from neurodeploy.precision import ACCUMULATOR_LIMIT, IntArray


class ResonateFireCells:
    """State of a population of `ResonateFire` neurons: u is the real part, v the imaginary one."""

    def __init__(self, population: Population) -> None:
        self.sin_decay = parameter(population, "sin_decay")
        self.cos_decay = parameter(population, "cos_decay")
        self.threshold = 64 * parameter(population, "threshold_mantissa")
        self.izhikevich = parameter(population, "izhikevich") != 0
        self.clear()

    def clear(self) -> None:
        """See `Cells`."""
        self.u, self.v = (np.zeros(len(self.threshold), np.int64) for _ in "uv")

    def update(self, given: Input, profile: str) -> Output:
        """See `Cells`; the profiles do not differ."""
        active = (self.u != 0) | (self.v != 0) | (given.q != 0) | (given.imaginary != 0)
        overflows = given.overflowing | (np.abs(given.imaginary) >= ACCUMULATOR_LIMIT)
        turned_real = scaled(self.u, self.cos_decay) - scaled(self.v, self.sin_decay) + given.q
        turned_imag = scaled(self.u, self.sin_decay) + scaled(self.v, self.cos_decay) + given.imaginary
        real, imag = clip_voltage(turned_real), clip_voltage(turned_imag)
        clips = (real != turned_real) | (imag != turned_imag)
        crossed = (real >= self.threshold) & (imag >= 0) & (self.v < 0)
        fired = np.where(self.izhikevich, imag >= self.threshold, crossed)
        reset = fired & self.izhikevich
        self.u = np.where(reset, 0, real)
        self.v = np.where(reset, self.threshold - 1, imag)
        payload: IntArray = fired.astype(np.int64)
        return outcome(payload, np.zeros_like(clips), clips, overflows, active)

    def kept(self) -> Kept:
        """See `Cells`."""
        return self.u, self.v, np.zeros_like(self.u), np.zeros_like(self.u)

    def resume(self, kept: Kept) -> None:
        """See `Cells`."""
        self.u, self.v = (column.copy() for column in kept[:2])
