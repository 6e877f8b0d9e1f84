"""What the neuron models write their updates from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neurodeploy.models.formats.c_text import Tables
from neurodeploy.network import Population


@dataclass(frozen=True)
class State:
    """One variable that every neuron keeps.

    Attributes:
        name: what stands before `_WORD` in the state structure.
        kind: C type; None: that of u, which follows from the profile.
    """

    name: str
    kind: str | None = "int32_t"


@dataclass(frozen=True)
class Update:
    """A population whose update is being written.

    Attributes:
        population: with neurons.
        word: its identifier.
        tables: get its parameters.
        imaginary: whether imaginary projections end in it.
    """

    population: Population
    word: str
    tables: Tables
    imaginary: bool

    def state(self, name: str) -> str:
        """A variable of neuron `i`."""
        return f"s->{name}_{self.word}[i]"

    def parameter(self, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """A parameter of the neurons, () or (neurons,)."""
        assert self.population.neuron is not None
        return np.asarray(self.population.neuron.parameters()[name], np.int64)

    def value(self, name: str, values: ArrayLike, meaning: str) -> str:
        """An expression for a number of neuron `i`, `meaning` what it is in words."""
        return self.tables.value(f"{name}_{self.word}", values, f"{meaning} of {self.population.name}")

    def bias(self, shift: int = 0) -> str:
        """What adds the bias of neuron `i`, times 2^shift, to an expression; nothing without one."""
        bias, population = self.population.bias, self.population
        if bias is None:
            return ""
        unit = 1 << (bias.exponent + shift)
        comment = f"bias mantissa of {population.name}, to be multiplied by {unit}"
        if bias.steps is None:
            value = self.tables.value(f"bias_{self.word}", bias.mantissa, comment)
            return f" + {value} * {unit}".replace("+ -", "- ")
        self.tables.add(f"bias_{self.word}", bias.mantissa, f"{comment}; one row per step")
        return f" + bias_{self.word}[s->step * {population.neurons} + (uint32_t)i] * {unit}"
