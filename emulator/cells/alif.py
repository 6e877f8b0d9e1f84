"""ALIF neurons in numpy."""

from __future__ import annotations

import numpy as np

from neurodeploy.emulator.cells.arithmetic import clip_voltage, decay, wrap_current
from neurodeploy.emulator.cells.cells import Input, Output, outcome, parameter
from neurodeploy.emulator.snapshot import Kept
from neurodeploy.network import Population
from neurodeploy.precision import IntArray


class AlifCells:
    """State of a population of `Alif` neurons."""

    def __init__(self, population: Population) -> None:
        self.current_decay = parameter(population, "current_decay")
        self.voltage_decay = parameter(population, "voltage_decay")
        self.threshold_decay = parameter(population, "threshold_decay")
        self.refractory_decay = parameter(population, "refractory_decay")
        self.resting = 64 * parameter(population, "threshold_mantissa")
        self.step = 64 * parameter(population, "threshold_step")
        self.clear()

    def clear(self) -> None:
        """See `Cells`."""
        self.u, self.v, self.r = (np.zeros(len(self.step), np.int64) for _ in "uvr")
        self.threshold = self.resting.copy()

    def update(self, given: Input, profile: str) -> Output:
        """See `Cells`."""
        active = (self.u != 0) | (self.v != 0) | (given.q != 0) | (given.bias != 0)
        current = decay(self.u, self.current_decay) + given.q
        self.u = wrap_current(current, profile)
        voltage = decay(self.v, self.voltage_decay) + self.u + given.bias
        self.v = clip_voltage(voltage)
        self.threshold = decay(self.threshold - self.resting, self.threshold_decay) + self.resting
        self.r = decay(self.r, self.refractory_decay)
        fired = self.v - self.r >= self.threshold
        self.r = np.where(fired, self.r + 2 * self.threshold, self.r)
        self.threshold = np.where(fired, self.threshold + self.step, self.threshold)
        payload: IntArray = fired.astype(np.int64)
        return outcome(payload, current != self.u, voltage != self.v, given.overflowing, active)

    def kept(self) -> Kept:
        """See `Cells`."""
        return self.u, self.v, self.r, self.threshold - self.resting

    def resume(self, kept: Kept) -> None:
        """See `Cells`."""
        self.u, self.v, self.r = (column.copy() for column in kept[:3])
        self.threshold = kept[3] + self.resting
