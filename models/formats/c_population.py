"""A population in generated C99: its state, who arrives when, and the update of CUBA LIF neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.models.formats.c_text import Tables, loop
from neurodeploy.network import CubaLif, Population, Reset
from neurodeploy.precision import DECAY_ONE


@dataclass(frozen=True)
class Arithmetic:
    """The types of a profile.

    Attributes:
        current: of u.
        sum: of q. In profile loihi q only matters modulo 2^24, so unsigned 32 bits compute it exactly.
    """

    current: str
    sum: str


ARITHMETIC = {"loihi": Arithmetic("int32_t", "uint32_t"), "lava-0.10": Arithmetic("int64_t", "int64_t")}


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

    def holds(self) -> bool:
        """Whether a refractory delay ever holds a neuron; one of 1 does not."""
        neuron = self.population.neuron
        return isinstance(neuron, CubaLif) and int(np.max(neuron.refractory_delay)) > 1

    def members(self, arithmetic: Arithmetic) -> list[Member]:
        """What it keeps between steps."""
        neurons = (self.population.neurons,)
        found = []
        if not self.given:
            found += [
                Member(arithmetic.current, f"u_{self.word}", neurons),
                Member("int32_t", f"v_{self.word}", neurons),
            ]
            found += [Member("uint8_t", f"r_{self.word}", neurons)] if self.holds() else []
        if self.rows:
            kind = "int16_t" if self.given else "uint8_t"
            found += [
                Member("uint32_t", f"row_{self.word}"),
                Member(kind, f"spikes_{self.word}", (self.rows, *neurons)),
            ]
        return found

    def arriving(self, tables: Tables) -> tuple[list[str], str]:
        """What a loop over its neurons `n` needs before it, and the payload that arrives from neuron `n`.

        Row `row` holds the spikes of this step. A spike given from outside arrives d rows later, that of a neuron
        1 + d rows later, d its axonal delay.
        """
        kind = "int16_t" if self.given else "uint8_t"
        if not self.rows:
            return [], "input[n]"
        delays = self.population.delays()
        hop = 0 if self.given else 1
        if delays.min() == delays.max():
            back = self.rows - hop - int(delays[0])
            row = f"(s->row_{self.word} + {back}) % {self.rows}"
            return [f"const {kind} *arriving = s->spikes_{self.word}[{row}];"], "arriving[n]"
        table = f"delay_{self.word}"
        comment = f"axonal delay of every neuron of {self.population.name}, in steps"
        if not any(f" {table}[" in text for text in tables.text):
            tables.add(table, delays.astype(np.uint8), comment)
        row = f"(s->row_{self.word} + {self.rows - hop}u - (uint32_t){table}[n]) % {self.rows}"
        return [], f"s->spikes_{self.word}[{row}][n]"


def update_function(
    cells: Cells, tables: Tables, prefix: str, arithmetic: Arithmetic, reset: tuple[Reset, int] | None
) -> list[str]:
    """The function `update_WORD`, which takes `s->q` to the new state and the spikes of this step."""
    word, population = cells.word, cells.population
    assert isinstance(population.neuron, CubaLif)
    name, neuron = population.name, population.neuron
    kept_u = tables.value(
        f"kept_u_{word}", DECAY_ONE - np.asarray(neuron.current_decay), f"4096 - current decay of {name}"
    )
    kept_v = tables.value(
        f"kept_v_{word}", DECAY_ONE - np.asarray(neuron.voltage_decay), f"4096 - voltage decay of {name}"
    )
    theta = tables.value(f"theta_{word}", np.multiply(neuron.threshold_mantissa, 64), f"threshold of {name}")
    lines = [
        f"s->u_{word}[i] = wrapped(decayed(s->u_{word}[i], {kept_u}), s->q[i]);",
        f"const int32_t v = clipped(decayed(s->v_{word}[i], {kept_v}) + s->u_{word}[i]{_bias(cells, tables)});",
    ]
    if cells.holds():
        delay = tables.value(f"refractory_{word}", np.asarray(neuron.refractory_delay), f"refractory delay of {name}")
        lines += [
            f"if (s->r_{word}[i] > 0) s->r_{word}[i]--;",
            f"const int held = s->r_{word}[i] > 0;",
            f"fired[i] = !held && v > {theta};",
            f"s->v_{word}[i] = held || fired[i] ? 0 : v;",
            f"if (fired[i]) s->r_{word}[i] = {delay};",
        ]
    else:
        lines += [f"fired[i] = v > {theta};", f"s->v_{word}[i] = fired[i] ? 0 : v;"]
    head = f"static void update_{word}({prefix}_state *s)"
    first = [f"uint8_t *fired = s->spikes_{word}[s->row_{word}];"]
    return [
        head,
        "{",
        *(f"    {line}" for line in [*first, *_reset(cells, reset), *loop("i", population.neurons, lines)]),
        "}",
    ]


def _bias(cells: Cells, tables: Tables) -> str:
    """What is added to v of neuron `i`."""
    bias, word = cells.population.bias, cells.word
    if bias is None:
        return ""
    comment = f"bias mantissa of {cells.population.name}, to be multiplied by {1 << bias.exponent}"
    if bias.steps is None:
        return f" + {tables.value(f'bias_{word}', bias.mantissa, comment)} * {1 << bias.exponent}".replace("+ -", "- ")
    tables.add(f"bias_{word}", bias.mantissa, f"{comment}; one row per step")
    return f" + bias_{word}[s->step * {cells.population.neurons} + (uint32_t)i] * {1 << bias.exponent}"


def _reset(cells: Cells, reset: tuple[Reset, int] | None) -> list[str]:
    if reset is None:
        return []
    word = cells.word
    cleared = [f"memset(s->{x}_{word}, 0, sizeof s->{x}_{word});" for x in ("uvr" if cells.holds() else "uv")]
    first = reset[0].offset + reset[1]
    return [f"if (due(s->step, {first}, {reset[0].interval})) {{", *(f"    {line}" for line in cleared), "}"]
