"""Probes: which spikes and states of a run are kept, in the notation `fc1.u[:10]@100:200`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from neurodeploy.emulator.simulation import Chunk, Spikes
from neurodeploy.errors import OptionError
from neurodeploy.network import CubaLif, Network
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import MAX_STEP

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

    def wanted(self, steps: int | None) -> range:
        """The steps that are kept, in rising order.

        Args:
            steps: length of the run, None when nobody knows it.

        Raises:
            OptionError: steps counted from an end that nobody knows.
        """
        if steps is None:
            if min(self.steps.start or 0, self.steps.stop or 0, self.steps.step or 1) < 0:
                problem = "counts steps from the end of a run that has none yet"
                raise OptionError(f"probe {self.text}", problem, "count from step 0, or give --steps")
            steps = MAX_STEP
        wanted = range(*self.steps.indices(steps))
        return wanted if wanted.step > 0 else wanted[::-1]


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


def within(wanted: range, first: int, end: int) -> range:
    """The steps of `wanted`, which rises, from `first` to `end` − 1."""
    skipped = max(-(-(first - wanted.start) // wanted.step), 0)
    kept = max(-(-(min(end, wanted.stop) - wanted.start) // wanted.step), skipped)
    return wanted[skipped:kept]


def probed(probe: Probe, wanted: range, chunk: Chunk, network: Network, display: str) -> IntArray:
    """A probe's rows of one stretch of steps.

    Args:
        probe: what to keep.
        wanted: in which steps; they rise.
        chunk: the stretch, with the states of the probe's population.
        network: that was run.
        display: what v of a CUBA LIF neuron shows in the step of a spike, "0", "128" or "vdecay".

    Returns:
        (steps, neurons).

    Raises:
        OptionError: a probe of what the backend does not show.
    """
    index = network.index(probe.population)
    population = network.populations[index]
    rows = np.array(within(wanted, chunk.first, chunk.first + chunk.steps), np.int64) - chunk.first
    if probe.variable == "spikes":
        return raster(chunk.spikes[index], chunk.first, chunk.steps, population.neurons)[rows][:, probe.neurons]
    if not len(rows):
        return np.zeros((0, len(range(population.neurons)[probe.neurons])), np.int64)
    if index not in chunk.states:
        raise OptionError(f"probe {probe.text}", "is of what this backend does not show", "probe spikes")
    trace: IntArray = getattr(chunk.states[index], probe.variable)
    neuron = population.neuron
    if probe.variable == "v" and display != "0" and isinstance(neuron, CubaLif):
        fired = raster(chunk.spikes[index], chunk.first, chunk.steps, population.neurons) != 0
        trace = np.where(fired, 128 if display == "128" else np.asarray(neuron.voltage_decay), trace)
    return trace[rows][:, probe.neurons]


def raster(spikes: Spikes, first: int, steps: int, neurons: int) -> IntArray:
    """1, or the payload of a graded spike, where a neuron fired in the steps from `first`; (steps, neurons)."""
    result = np.zeros((steps, neurons), np.int64)
    if spikes.payload is None:
        result[spikes.step - first, spikes.neuron] = 1
    else:
        np.add.at(result, (spikes.step - first, spikes.neuron), spikes.payload)
    return result
