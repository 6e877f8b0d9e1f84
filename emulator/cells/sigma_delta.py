"""Sigma-delta neurons, delta encoders and sigma decoders in numpy; every state wraps in 32 bits."""

from __future__ import annotations

import numpy as np

from neurodeploy.emulator.cells.arithmetic import beyond_state, wrap_word
from neurodeploy.emulator.cells.cells import Flags, Input, Output, outcome, parameter
from neurodeploy.emulator.snapshot import Kept
from neurodeploy.network import Population
from neurodeploy.network.neurons.sigma_delta import ACTIVATIONS
from neurodeploy.precision import IntArray


def received(given: Input) -> IntArray:
    """x: q without the factor 64 that a current has."""
    return wrap_word(given.q >> 6)


class _Coder:
    """The half that turns the changes of an activation into messages."""

    def __init__(self, population: Population) -> None:
        self.state_exponent = parameter(population, "state_exponent")
        self.shift = self.state_exponent + parameter(population, "spike_exponent")
        self.threshold = parameter(population, "threshold_mantissa") << self.shift
        self.cumulative = parameter(population, "cumulative_error") != 0
        self.clear_coder()

    def clear_coder(self) -> None:
        self.a, self.residue, self.error = (np.zeros(len(self.threshold), np.int64) for _ in range(3))

    def message(self, activation: IntArray) -> IntArray:
        """What is sent when the activation becomes this, 0 for nothing."""
        change = wrap_word(activation - self.a + self.residue)
        self.error = np.where(self.cumulative, wrap_word(self.error + change), 0)
        due = _magnitude(np.where(self.cumulative, self.error, change)) >= self.threshold
        out = np.where(due, change, 0)
        self.error[out != 0] = 0
        self.residue = change - out
        self.a = activation
        return out >> self.state_exponent

    def corrected_message(self, activation: IntArray) -> IntArray:
        """The same when what was cut off is not forgotten: a is what the receivers have been told."""
        change = wrap_word(activation - self.a)
        message = np.where(_magnitude(change) >= self.threshold, change, 0) >> self.state_exponent
        self.a = wrap_word(self.a + (message << self.state_exponent))
        return message


class SigmaDeltaCells(_Coder):
    """State of a population of `SigmaDelta` neurons: u is σ."""

    def __init__(self, population: Population) -> None:
        super().__init__(population)
        self.relu = parameter(population, "activation") == ACTIVATIONS["relu"]
        self.corrected = bool(parameter(population, "corrected")[0])
        self.clear()

    def clear(self) -> None:
        """See `Cells`."""
        self.u = np.zeros(len(self.threshold), np.int64)
        self.clear_coder()

    @property
    def v(self) -> IntArray:
        """The activation that was last encoded."""
        return self.a

    def update(self, given: Input, profile: str) -> Output:
        """See `Cells`; the profiles do not differ."""
        x = received(given)
        active = (self.u != 0) | (self.a != 0) | (x != 0) | (given.bias != 0)
        self.u = wrap_word(self.u + x)
        activation = wrap_word(self.u + (given.bias << self.shift))
        activation = np.where(self.relu, np.maximum(activation, 0), activation)
        message = self.corrected_message(activation) if self.corrected else self.message(activation)
        return outcome(message, beyond_state(self.u), beyond_state(self.a), beyond_state(x), active)

    def kept(self) -> Kept:
        """See `Cells`."""
        return self.u, self.a, self.residue, self.error

    def resume(self, kept: Kept) -> None:
        """See `Cells`."""
        self.u, self.a, self.residue, self.error = (column.copy() for column in kept)


class DeltaCells(_Coder):
    """State of a population of `Delta` encoders: u is the residue."""

    def __init__(self, population: Population) -> None:
        super().__init__(population)

    def clear(self) -> None:
        """See `Cells`."""
        self.clear_coder()

    @property
    def u(self) -> IntArray:
        """The residue."""
        return self.residue

    @property
    def v(self) -> IntArray:
        """The value that was last encoded."""
        return self.a

    def update(self, given: Input, profile: str) -> Output:
        """See `Cells`; the profiles do not differ."""
        x = received(given)
        active = (self.residue != 0) | (self.a != 0) | (x != 0) | (given.bias != 0)
        message = self.message(wrap_word(wrap_word(x + given.bias) << self.shift))
        return outcome(message, _never(x), beyond_state(self.a), beyond_state(x), active)

    def kept(self) -> Kept:
        """See `Cells`."""
        return self.residue, self.a, np.zeros_like(self.a), self.error

    def resume(self, kept: Kept) -> None:
        """See `Cells`."""
        self.residue, self.a, _, self.error = (column.copy() for column in kept)


class SigmaCells:
    """State of a population of `Sigma` decoders: u and v are σ."""

    def __init__(self, population: Population) -> None:
        self._neurons = population.neurons
        self.clear()

    def clear(self) -> None:
        """See `Cells`."""
        self.u = np.zeros(self._neurons, np.int64)

    @property
    def v(self) -> IntArray:
        """σ once more."""
        return self.u

    def update(self, given: Input, profile: str) -> Output:
        """See `Cells`; the profiles do not differ."""
        x = received(given)
        active = (self.u != 0) | (x != 0)
        self.u = wrap_word(self.u + x)
        return outcome(self.u, beyond_state(self.u), _never(x), beyond_state(x), active)

    def kept(self) -> Kept:
        """See `Cells`."""
        return self.u, self.u, np.zeros_like(self.u), np.zeros_like(self.u)

    def resume(self, kept: Kept) -> None:
        """See `Cells`."""
        self.u = kept[0].copy()


def _magnitude(value: IntArray) -> IntArray:
    """|value| in 32 bits, in which −2^31 is its own opposite."""
    return wrap_word(np.abs(value))


def _never(value: IntArray) -> Flags:
    return np.zeros(value.shape, np.bool_)
