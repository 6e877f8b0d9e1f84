"""CUBA LIF neurons in numpy."""

from __future__ import annotations

import numpy as np

from neurodeploy.emulator.cells.arithmetic import clip_voltage, decay, wrap_current
from neurodeploy.emulator.cells.cells import Input, Output, outcome, parameter
from neurodeploy.emulator.snapshot import Kept
from neurodeploy.network import Population
from neurodeploy.precision import IntArray


class CubaLifCells:
    """State of a population of `CubaLif` neurons."""

    def __init__(self, population: Population) -> None:
        self.current_decay = parameter(population, "current_decay")
        self.voltage_decay = parameter(population, "voltage_decay")
        self.threshold = parameter(population, "threshold_mantissa")
        self.refractory = parameter(population, "refractory_delay")
        self.clear()

    def clear(self) -> None:
        """See `Cells`."""
        self.u, self.v, self.r = (np.zeros(len(self.threshold), np.int64) for _ in "uvr")

    def update(self, given: Input, profile: str) -> Output:
        """See `Cells`."""
        active = (self.u != 0) | (self.v != 0) | (given.q != 0) | (given.bias != 0)
        self.r = np.maximum(self.r - 1, 0)
        current = decay(self.u, self.current_decay) + given.q
        self.u = wrap_current(current, profile)
        voltage = decay(self.v, self.voltage_decay) + self.u + given.bias
        self.v = clip_voltage(voltage)
        wraps, clips = current != self.u, voltage != self.v
        held = self.r > 0
        fired = ~held & (self.v > self.threshold * 64)
        self.v[held | fired] = 0
        self.r[fired] = self.refractory[fired]
        payload: IntArray = fired.astype(np.int64)
        return outcome(payload, wraps, clips, given.overflowing, active)

    def kept(self) -> Kept:
        """See `Cells`."""
        return self.u, self.v, self.r, np.zeros_like(self.u)

    def resume(self, kept: Kept) -> None:
        """See `Cells`."""
        self.u, self.v, self.r = (column.copy() for column in kept[:3])
