"""Probes: which spikes and states of a run are kept, in the notation `fc1.u[:10]@100:200`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neurodeploy.errors import OptionError
from neurodeploy.network import Network

_NOTATION = re.compile(r"(?P<population>[\w-]+)\.(?P<variable>spikes|u|v)(\[(?P<neurons>[^\]]*)\])?(@(?P<steps>.+))?")
_SLICE = re.compile(r"(-?\d+)?(?P<colon>:(-?\d+)?(:(-?\d+)?)?)?")


@dataclass(frozen=True)
class Probe:
    """What to keep of one population.

    Attributes:
        text: as the user wrote it.
        population, variable: name, and `spikes`, `u` or `v`.
        neurons, steps: Python slices.
    """

    text: str
    population: str
    variable: str
    neurons: slice
    steps: slice


def parse_probe(text: str, network: Network) -> Probe:
    """The probe that `POP.VAR[NEURONS]@STEPS` means; slices as in Python, both optional.

    Raises:
        OptionError: no such notation or variable, or a step of 0.
        NetworkError: no such population.
    """
    match = _NOTATION.fullmatch(text)
    if match is None:
        raise OptionError(
            f"probe {text}", "is not POPULATION.VARIABLE[NEURONS]@STEPS", "write for example fc1.u[:10]@100:200"
        )
    population = network.population(match["population"])
    if match["neurons"] is not None and not range(population.neurons)[_slice(match["neurons"], text)]:
        raise OptionError(f"probe {text}", f"names none of the {population.neurons} neurons", "choose others")
    return Probe(
        text,
        match["population"],
        match["variable"],
        _slice(match["neurons"], text),
        _slice(match["steps"], text),
    )


def _slice(text: str | None, probe: str) -> slice:
    if text is None:
        return slice(None)
    match = _SLICE.fullmatch(text)
    if match is None or not text:
        raise OptionError(f"probe {probe}", f"{text!r} is no slice", "write it as in Python, for example 3 or 10:20")
    if match["colon"] is None:
        first = int(text)
        return slice(first, first + 1 if first != -1 else None)
    parts = [int(part) if part else None for part in text.split(":")]
    if len(parts) == 3 and parts[2] == 0:
        raise OptionError(f"probe {probe}", "has a slice with step 0", "use a step of at least 1")
    return slice(*parts)
