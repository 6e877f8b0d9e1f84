"""A population in generated C99: its state, who arrives when, and its update."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.models.formats.c_cells import State, Update, model_of
from neurodeploy.models.formats.c_text import Tables, block, indented, loop
from neurodeploy.network import Network, Population, Reset


@dataclass(frozen=True)
class Arithmetic:
    """The types of a network.

    Attributes:
        current: of u, unless its neuron model says otherwise.
        sum: of q. Where q only matters modulo 2^24, unsigned 32 bits compute it exactly.
    """

    current: str
    sum: str


def arithmetic(network: Network, profile: str) -> Arithmetic:
    """The types of a network in a profile, "loihi" or "lava-0.10"."""
    if profile != "loihi":
        return Arithmetic("int64_t", "int64_t")
    modular = all(model_of(p).modular for p in network.populations if p.neuron is not None)
    return Arithmetic("int32_t", "uint32_t" if modular else "int64_t")


@dataclass(frozen=True)
class Member:
    """One member of the state structure.

    Attributes:
        kind: C type.
        name: identifier.
        sizes: of its axes, () for a single value.
    """

    kind: str
    name: str
    sizes: tuple[int, ...] = ()

    @property
    def declaration(self) -> str:
        """As it stands in the structure."""
        return f"{self.kind} {self.name}{''.join(f'[{n}]' for n in self.sizes)};"

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return int(np.dtype(self.kind.removesuffix("_t")).itemsize * np.prod(self.sizes, dtype=np.int64))


@dataclass(frozen=True)
class Cells:
    """A population with its identifier.

    Attributes:
        population: with its shape.
        word: identifier, no two alike in a network.
    """

    population: Population
    word: str

    @property
    def given(self) -> bool:
        """Whether its spikes come from the caller."""
        return self.population.neuron is None

    @property
    def rows(self) -> int:
        """Steps of spikes that are kept, this one included; 0 for an input that needs no memory."""
        longest = int(self.population.delays().max())
        if self.given:
            return longest + 1 if longest else 0
        return longest + 2

    @property
    def spike_kind(self) -> str:
        """C type of its spikes: payloads of the input and of graded models, else 0 and 1."""
        if self.population.neuron is None:
            return "int16_t"
        return "int32_t" if self.population.neuron.GRADED else "uint8_t"

    def states(self) -> tuple[State, ...]:
        """What its neurons keep."""
        return () if self.given else model_of(self.population).states(self.population)

    def members(self, arithmetic: Arithmetic) -> list[Member]:
        """What it keeps between steps."""
        neurons = (self.population.neurons,)
        found = [Member(x.kind or arithmetic.current, f"{x.name}_{self.word}", neurons) for x in self.states()]
        if self.rows:
            found += [
                Member("uint32_t", f"row_{self.word}"),
                Member(self.spike_kind, f"spikes_{self.word}", (self.rows, *neurons)),
            ]
        return found

    def arriving(self, tables: Tables) -> tuple[list[str], str]:
        """What a loop over its neurons `n` needs before it, and the payload that arrives from neuron `n`.

        Row `row` holds the spikes of this step. A spike given from outside arrives d rows later, that of a neuron
        1 + d rows later, d its axonal delay.
        """
        if not self.rows:
            return [], "input[n]"
        delays = self.population.delays()
        hop = 0 if self.given else 1
        if delays.min() == delays.max():
            back = self.rows - hop - int(delays[0])
            row = f"(s->row_{self.word} + {back}) % {self.rows}"
            return [f"const {self.spike_kind} *arriving = s->spikes_{self.word}[{row}];"], "arriving[n]"
        table = f"delay_{self.word}"
        comment = f"axonal delay of every neuron of {self.population.name}, in steps"
        if not any(f" {table}[" in text for text in tables.text):
            tables.add(table, delays.astype(np.uint8), comment)
        row = f"(s->row_{self.word} + {self.rows - hop}u - (uint32_t){table}[n]) % {self.rows}"
        return [], f"s->spikes_{self.word}[{row}][n]"


def update_function(
    cells: Cells, tables: Tables, prefix: str, imaginary: bool, reset: tuple[Reset, int] | None
) -> list[str]:
    """The function `update_WORD`, which takes `s->q` to the new state and the spikes of this step.

    Args:
        cells: with neurons.
        tables: gets their parameters.
        prefix: of the state structure.
        imaginary: whether imaginary projections end in it.
        reset: the network's periodic reset and the population's distance from the input, or None.
    """
    word, population = cells.word, cells.population
    lines = model_of(population).update(Update(population, word, tables, imaginary))
    first = [f"{cells.spike_kind} *fired = s->spikes_{word}[s->row_{word}];"]
    return [
        f"static void update_{word}({prefix}_state *s)",
        "{",
        *indented([*first, *_reset(cells, reset), *loop("i", population.neurons, lines)]),
        "}",
    ]


def _reset(cells: Cells, reset: tuple[Reset, int] | None) -> list[str]:
    if reset is None:
        return []
    names = [f"{state.name}_{cells.word}" for state in cells.states()]
    cleared = [f"memset(s->{name}, 0, sizeof s->{name});" for name in names]
    return block(f"if (due(s->step, {reset[0].offset + reset[1]}, {reset[0].interval}))", cleared)
