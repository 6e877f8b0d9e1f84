"""From the discretised graph to a network of integer neurons with float weights.

In v' = (v − reset) / (current_gain · voltage_gain) a neuron has unit gains and resets to 0, so that gains and reset
go into its threshold and bias. Then a scale per population turns thresholds into mantissas; weights stay float,
and quantization chooses their exponents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.nir.float_graph import FloatGraph, FloatPopulation, Floats
from neurodeploy.models.formats.nir.scale import MAX_THRESHOLD, population_scale
from neurodeploy.network import Bias, CubaLif, Network, Population, Projection, Sparse, Synapse
from neurodeploy.network.network import MAX_DELAY
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import DECAY_ONE, IntArray

_ZERO = np.zeros(())
#: The population that spikes in every step, for constant currents.
ALWAYS = "always"
#: Bias 1 above threshold 0: a spike in every step.
_ALWAYS_ON = CubaLif(DECAY_ONE, 0, 0)


@dataclass(frozen=True, eq=False)
class _Unit:
    """A population in units of its weights: threshold, bias and constant current, each () or (neurons,)."""

    threshold: Floats
    bias: Floats
    current: Floats


def integer_neurons(graph: FloatGraph) -> tuple[Network, tuple[str, ...]]:
    """The network, and what was rounded or assumed.

    Raises:
        FormatError: a gain that is not positive, a threshold below the reset, or constant currents too deep inside.
    """
    names = _names(graph)
    units = {p.name: _unit(p) for p in graph.populations[1:]}
    depths = graph.depths()
    start = int(any(np.any(units[name].current) and depths[name] == 1 for name in units))
    always = sorted({depths[name] for name, unit in units.items() if np.any(unit.current)})
    notes = [*graph.notes, *_renamed(names)]
    projections: list[Projection] = []
    made: dict[str, Population] = {}
    for population in graph.populations:
        if population.neuron is None:
            made[population.name] = _input(population, names, start)
            continue
        unit = units[population.name]
        sources = [(names[p.source], p.synapse) for p in graph.projections if p.target == population.name]
        if np.any(unit.current):
            source = always.index(depths[population.name])
            sources.append((names[""], _constant(unit.current, population.neurons, source)))
        target, scaled, said = _population(population, unit, names[population.name], [s for _, s in sources])
        made[population.name] = target
        notes += said
        pairs = zip(sources, scaled, strict=True)
        projections += [Projection(source, target.name, synapse) for (source, _), synapse in pairs]
    # The last population of a network is its output.
    populations = [made[p.name] for p in graph.populations if p.name != graph.output] + [made[graph.output]]
    if always:
        delays = np.asarray([depth - 2 + start for depth in always])
        if delays.max() > MAX_DELAY:
            raise FormatError("biases", f"act {delays.max()} layers deep", "use fewer layers, or no biases there")
        bias = Bias(np.asarray(1))
        populations.insert(1, Population(names[""], _ALWAYS_ON, (len(always),), bias, axonal_delay=delays))
        notes.append(
            f"population {names['']} spikes in every step: it carries the biases of neurons with a current filter"
            + (", for which the input is delayed by one step" if start else "")
        )
    notes += _late_bias(units, depths, start)
    return Network(tuple(populations), tuple(projections), graph.step_ms), tuple(notes)


def _constant(current: Floats, neurons: int, source: int) -> Sparse:
    """Synapses from one neuron to all that have a constant current."""
    current = np.broadcast_to(current, (neurons,))
    targets = np.flatnonzero(current)
    return Sparse(current[targets], np.full_like(targets, source), targets, neurons)


def _input(population: FloatPopulation, names: Mapping[str, str], start: int) -> Population:
    delay = population.delay + start
    if delay.max() > MAX_DELAY:
        raise FormatError(population.name, f"is delayed by {delay.max()} steps", f"delay it by at most {MAX_DELAY}")
    return Population(names[population.name], None, population.shape, axonal_delay=_integers(delay))


def _unit(population: FloatPopulation) -> _Unit:
    """A population in units of its weights."""
    neuron = population.neuron
    assert neuron is not None
    gain = neuron.current_gain * neuron.voltage_gain
    if np.any(gain <= 0):
        raise FormatError(
            f"node {population.name}",
            f"has gain {gain.min():g} (w_in times r, times the parts that a step adds), which is not positive",
            "put the sign into the weights in front of it",
        )
    if np.any(neuron.threshold < neuron.reset):
        raise FormatError(
            f"node {population.name}",
            f"has a v_threshold {np.min(neuron.threshold - neuron.reset):g} relative to v_reset, below which it lies",
            "raise v_threshold or lower v_reset",
        )
    bias = (neuron.leak - (1 - neuron.keep_voltage) * neuron.reset) / gain
    filtered = neuron.keep_current > 0
    constant = np.broadcast_to(population.constant, np.broadcast_shapes(population.constant.shape, filtered.shape))
    # Without a filter the current of a step is its input, and a constant is a bias.
    bias = bias + np.where(filtered, 0.0, constant)
    return _Unit(
        np.asarray((neuron.threshold - neuron.reset) / gain), np.asarray(bias), np.where(filtered, constant, 0.0)
    )


def _population(
    source: FloatPopulation, unit: _Unit, name: str, synapses: list[Synapse]
) -> tuple[Population, list[Synapse], list[str]]:
    """The integer population, its scaled synapses, and what was rounded."""
    neuron = source.neuron
    assert neuron is not None
    finite = unit.threshold[np.isfinite(unit.threshold)]
    kept = float(neuron.keep_current.max()), float(neuron.keep_voltage.max())
    scale = population_scale(synapses, finite, unit.bias, kept, bool(finite.size))
    mantissa = np.where(
        np.isfinite(unit.threshold), np.rint(np.minimum(unit.threshold * scale, MAX_THRESHOLD)), MAX_THRESHOLD
    )
    decays = [DECAY_ONE * (1 - neuron.keep_current), DECAY_ONE * (1 - neuron.keep_voltage)]
    bias, bias_error = _bias(unit.bias * scale * 64)
    cuba = CubaLif(*(_integers(np.rint(values)) for values in (*decays, mantissa)))
    notes = [f"{name}: one unit of weight is {1 / scale:g} of the file's"]
    largest = max((float(np.abs(s.weight).max(initial=0.0)) for s in synapses), default=0.0) * scale
    if 0 < largest < 127 and scale != 1:
        notes.append(f"{name}: threshold or bias is so far above the weights that they reach only {largest:.3g} of 254")
    for what, values in zip(("current", "voltage"), decays, strict=True):
        worst = float(np.abs(values - np.rint(values)).max())
        if worst > 1e-6:
            notes.append(f"{name}: {what} decay rounded by up to {worst / DECAY_ONE:.2g}, to {_span(values)} of 4096")
    if finite.size:
        relative = np.abs(np.rint(finite * scale) - finite * scale) / np.maximum(finite * scale, 1e-300)
        if relative.max() > 1e-9:
            notes.append(f"{name}: threshold rounded by up to {relative.max():.2g} of it, to {_span(finite * scale)}")
    if finite.size < unit.threshold.size:
        holds = float(np.min(neuron.current_gain * neuron.voltage_gain)) * MAX_THRESHOLD / scale
        notes.append(
            f"{name}: neurons without threshold have the highest one ({MAX_THRESHOLD}); read their voltage, which "
            f"holds up to {holds:g} of the file's units and then fires and starts from 0"
        )
    if bias_error > 1e-6:
        notes.append(f"{name}: bias rounded by up to {bias_error / 64 / scale:.2g} in the file's units")
    population = Population(name, cuba, source.shape, bias, _integers(source.delay))
    return population, [replace(s, weight=np.asarray(s.weight, np.float64) * scale) for s in synapses], notes


def _bias(values: Floats) -> tuple[Bias | None, float]:
    """The bias nearest to `values` per step, with the least exponent that reaches it, and how far it is off."""
    if not np.any(values):
        return None, 0.0
    exponent = next(e for e in range(8) if np.abs(np.rint(np.ldexp(values, -e))).max() <= 4095 or e == 7)
    mantissa = np.clip(np.rint(np.ldexp(values, -exponent)), -4096, 4095)
    error = float(np.abs(np.ldexp(mantissa, exponent) - values).max())
    return Bias(mantissa.astype(np.int64), exponent), error


def _integers(values: Floats | IntArray) -> PerNeuron:
    whole = np.asarray(values).astype(np.int64)
    return int(whole) if whole.ndim == 0 else whole


def _span(values: Floats) -> str:
    low, high = int(np.rint(values.min())), int(np.rint(values.max()))
    return str(low) if low == high else f"{low} … {high}"


def _names(graph: FloatGraph) -> dict[str, str]:
    """Names that populations may have, by node; a name that is taken gets a number."""
    names: dict[str, str] = {}
    # No node has an empty name: that is the key of the population for constant currents.
    for name in [*(p.name for p in graph.populations), ""]:
        plain = base = re.sub(r"[^A-Za-z0-9_-]", "_", name).lstrip("-") or ALWAYS
        number = 2
        while plain in names.values():
            plain, number = f"{base}_{number}", number + 1
        names[name] = plain
    return names


def _renamed(names: Mapping[str, str]) -> list[str]:
    return [f"node {old} is population {new}" for old, new in names.items() if old not in ("", new)]


def _late_bias(units: Mapping[str, _Unit], depths: Mapping[str, int], start: int) -> list[str]:
    """Layers behind the first get their input a step per hop later, their bias from the start."""
    late = {name: depths[name] - 1 + start for name, unit in units.items() if np.any(unit.bias)}
    return [f"the bias of {name} acts {n} steps before its input can" for name, n in late.items() if n > 0]
