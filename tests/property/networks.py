"""Random integer networks, each with random input: every feature of the representation, in the ranges of loihi1.

A case follows from its seed alone. Thresholds are calibrated so that most networks neither stay silent nor
saturate; `coverage.py` measures what really happened in them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from neurodeploy.network import Network, Population, Projection, Reset, Shape
from neurodeploy.spikes.events import Events
from tests.property.calibration import calibrated
from tests.property.random_parts import (
    Weights,
    flat_synapse,
    random_bias,
    random_delay,
    random_events,
    random_neuron,
    random_synapse,
    random_weights,
)

FORWARD = (0.75, 0.23, 0.02)
EXTRA = (0.4, 0.2, 0.4)
OVERFLOWING = 0.12


@dataclass(frozen=True)
class Case:
    """A network with an input.

    Attributes:
        seed: everything follows from it (and from the sizes it was drawn with).
        network: integer and quantized.
        events: the input, none for an input that has neurons of its own.
        steps: length of the run.
    """

    seed: int
    network: Network
    events: Events
    steps: int


@dataclass
class _Draft:
    """A network being drawn, layer by layer."""

    random: np.random.Generator
    steps: int
    overflowing: bool
    populations: list[Population]
    projections: list[Projection]


def random_case(seed: int, layers: int | None = None, steps: int | None = None) -> Case:
    """The case of a seed: 1 to 3 layers behind the input and 20 to 80 steps, unless given."""
    random = np.random.default_rng(seed)
    layers = layers or int(random.integers(1, 4))
    steps = steps or int(random.integers(20, 81))
    draft = _Draft(random, steps, bool(random.random() < OVERFLOWING), [], [])
    own_neurons = bool(random.random() < 0.1)
    draft.populations.append(_input(draft, own_neurons))
    for number in range(layers):
        _add_layer(draft, number)
    if random.random() < 0.4:
        _add_back(draft)
    reset = Reset(int(random.integers(5, 41)), int(random.integers(0, 11))) if random.random() < 0.15 else None
    network = Network(tuple(draft.populations), tuple(draft.projections), 1.0, steps, reset)
    events = Events.none() if own_neurons else random_events(random, network.input.neurons, steps)
    return Case(seed, calibrated(network, events, steps, random), events, steps)


def _input(draft: _Draft, own_neurons: bool) -> Population:
    """The input: planes or a line, driven by events or, with neurons of its own, by a bias per step."""
    random = draft.random
    planes = (int(random.integers(1, 3)), int(random.integers(3, 7)), int(random.integers(3, 7)))
    shape: Shape = planes if random.random() < 0.6 else (int(random.integers(3, 31)),)
    neurons = prod(shape)
    delay = random_delay(random, neurons, min(62, draft.steps // 4))
    if not own_neurons:
        return Population("input", None, shape, axonal_delay=delay)
    neuron = random_neuron(random, neurons, False)
    return Population("input", neuron, shape, random_bias(random, neurons, draft.steps, 2000.0), delay)


def _add_layer(draft: _Draft, number: int) -> None:
    """One more population, driven by the one before it and perhaps once more by any earlier one."""
    random, source = draft.random, draft.populations[-1]
    weights = random_weights(random, FORWARD, (5, 7) if draft.overflowing else (-7, 7))
    synapse = random_synapse(random, source.shape or (), weights)
    shape = synapse.output_shape(source.shape or ())
    neurons = prod(shape)
    population = Population(f"layer{number}", random_neuron(random, neurons, draft.overflowing), shape)
    longest = min(62, draft.steps // 4)
    population = replace(population, axonal_delay=random_delay(random, neurons, longest))
    if random.random() < 0.25:
        size = np.ldexp(weights.spread, 6 + weights.exponent) * float(random.choice([0.05, 0.5]))
        population = replace(population, bias=random_bias(random, neurons, draft.steps, float(size)))
    draft.projections.append(Projection(source.name, population.name, synapse, weights.exponent, weights.stored))
    if random.random() < 0.35:
        other = draft.populations[int(random.integers(0, len(draft.populations)))]
        draft.projections.append(_extra(draft, other, population, weights.exponent))
    draft.populations.append(population)


def _add_back(draft: _Draft) -> None:
    """A projection from a population to itself or to an earlier one."""
    target = int(draft.random.integers(1, len(draft.populations)))
    source = int(draft.random.integers(target, len(draft.populations)))
    exponent = next(p.weight_exponent for p in draft.projections if p.target == draft.populations[target].name)
    draft.projections.append(_extra(draft, draft.populations[source], draft.populations[target], exponent))


def _extra(draft: _Draft, source: Population, target: Population, exponent: int) -> Projection:
    """A weak dense or sparse projection whose exponent is near that of the target's first one."""
    near = (max(-7, exponent - 2), min(7, exponent + 1))
    weights: Weights = random_weights(draft.random, EXTRA, near)
    kind = str(draft.random.choice(["dense", "sparse"]))
    synapse = flat_synapse(draft.random, kind, source.neurons, target.neurons, weights)
    return Projection(source.name, target.name, synapse, weights.exponent, weights.stored)
