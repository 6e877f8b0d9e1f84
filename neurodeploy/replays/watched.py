"""The neuron whose voltage a replay shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neurodeploy.errors import OptionError
from neurodeploy.network import CubaLif, Network
from neurodeploy.replays.replay import Membrane
from neurodeploy.runtime.run import Run

_NEURON = re.compile(r"([\w-]+):([0-9]{1,10})")


@dataclass(frozen=True)
class Watched:
    """A neuron whose voltage is shown, `POPULATION:NEURON`."""

    population: str
    neuron: int

    @classmethod
    def parse(cls, text: str, network: Network) -> Watched:
        """The neuron that `fc2:3` means.

        Raises:
            OptionError: another notation, a neuron that is not there, or one of the input.
            NetworkError: no such population.
        """
        match = _NEURON.fullmatch(text)
        if match is None:
            raise OptionError(
                f"membrane {text[:80]!r}", "names no neuron", "write POPULATION:NEURON, for example fc1:7"
            )
        population, neuron = network.population(match[1]), int(match[2])
        if population.neuron is None:
            raise OptionError(f"membrane {text}", "is of the input, which has no voltage", "choose another population")
        if neuron >= population.neurons:
            problem = f"is outside 0 … {population.neurons - 1}"
            raise OptionError(f"membrane {text}", f"neuron {neuron} {problem}", "choose one of them")
        return cls(population.name, neuron)

    @property
    def probe(self) -> str:
        """What a run keeps for it."""
        return f"{self.population}.v[{self.neuron}:{self.neuron + 1}]"

    def membrane(self, run: Run) -> Membrane:
        """Its voltage in a run with the probe."""
        model = run.network.population(self.population).neuron
        threshold = None
        if isinstance(model, CubaLif):
            mantissa = model.parameters()["threshold_mantissa"]
            threshold = 64 * int(mantissa if isinstance(mantissa, int) else mantissa.flat[self.neuron % mantissa.size])
        return Membrane(self.population, self.neuron, run[self.probe][:, 0], threshold)
