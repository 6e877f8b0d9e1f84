"""Random networks of every neuron model, with graded input and messages, imaginary projections and returns."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, prod

import numpy as np

from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Options
from neurodeploy.network import (
    Alif,
    Bias,
    CubaLif,
    Delta,
    Network,
    Neuron,
    OneToOne,
    Population,
    Projection,
    ResonateFire,
    Shape,
    Sigma,
    SigmaDelta,
    connections,
)
from neurodeploy.network.network import Reset
from neurodeploy.network.neurons import NEURONS, PerNeuron
from neurodeploy.precision import SignMode, WeightFormat
from neurodeploy.spikes.events import Events
from tests.property.networks import Case
from tests.property.random_parts import (
    flat_synapse,
    random_bias,
    random_delay,
    random_neuron,
    random_synapse,
    random_weights,
)

#: Keeps the draws apart from those of `random_case`.
_STREAM = 4
#: Between the seeds of one draw of a network and the next.
_NEXT = 10**6
MODELS = tuple(NEURONS)
SIGNS = (0.7, 0.2, 0.1)


@dataclass
class _Draft:
    random: np.random.Generator
    steps: int
    lava: bool
    populations: list[Population]
    projections: list[Projection]


def model_case(seed: int, lava: bool = False) -> Case:
    """The case of a seed: 1 to 4 layers of any models behind the input, and 15 to 50 steps.

    Args:
        seed: everything follows from it.
        lava: only what Lava has, and no sum that leaves 32 bits: drawn again until that is so.
    """
    draw = seed
    while True:
        case = _drawn(seed, draw, lava)
        if not lava or in_range(case):
            return case
        draw += _NEXT


def in_range(case: Case) -> bool:
    """Whether no sum of any projection, in units of u, can leave 32 bits, as Lava has them."""
    chunk = Reference(case.network, Options("lava-0.10")).advance(case.events, case.steps)
    total = dict.fromkeys((p.name for p in case.network.populations), 0.0)
    for projection in case.network.projections:
        source = case.network.index(projection.source)
        largest = int(np.abs(chunk.spikes[source].payloads).max(initial=0))
        wires = connections(projection.synapse, case.network.populations[source].shape or ())
        reach = np.bincount(wires.target, weights=np.abs(wires.weight)).max(initial=0)
        total[projection.target] += largest * reach * 2.0 ** (6 + max(projection.weight_exponent, 0)) * 2
    return max(total.values()) < 2**31


def _drawn(seed: int, draw: int, lava: bool) -> Case:
    random = np.random.default_rng([draw, _STREAM])
    steps = int(random.integers(15, 51))
    draft = _Draft(random, steps, lava, [], [])
    planes = (int(random.integers(1, 3)), int(random.integers(3, 6)), int(random.integers(3, 6)))
    shape: Shape = planes if random.random() < 0.5 else (int(random.integers(3, 21)),)
    draft.populations.append(Population("input", None, shape, axonal_delay=_delay(draft, prod(shape))))
    if random.random() < 0.3:
        _add_encoder(draft)
    for number in range(int(random.integers(1, 4))):
        _add_layer(draft, number, str(random.choice(MODELS)))
    if random.random() < 0.4:
        _add_back(draft)
    reset = Reset(int(random.integers(5, 41)), int(random.integers(0, 11))) if random.random() < 0.15 else None
    network = Network(tuple(draft.populations), tuple(draft.projections), 1.0, steps, None if lava else reset)
    return Case(seed, network, _events(random, prod(shape), steps), steps)


def _add_encoder(draft: _Draft) -> None:
    """A delta encoder that is given the input as it is."""
    random, source = draft.random, draft.populations[0]
    encoder = Population("encoder", _neuron(draft, "delta", source.neurons, 4.0), source.shape)
    draft.populations.append(encoder)
    one = OneToOne(np.ones(1, np.int32))
    draft.projections.append(Projection("input", "encoder", one, 0, WeightFormat(SignMode.EXCITATORY)))
    if not draft.lava and random.random() < 0.3:
        values = random.integers(-9, 10, (draft.steps, source.neurons))
        draft.populations[-1] = Population("encoder", encoder.neuron, source.shape, Bias(values))


def _add_layer(draft: _Draft, number: int, model: str) -> None:
    random, source = draft.random, draft.populations[-1]
    graded = source.neuron is not None and source.neuron.GRADED
    weights = random_weights(random, SIGNS, (-7, -2) if graded else (-4, 6))
    synapse = random_synapse(random, source.shape or (), weights)
    shape = synapse.output_shape(source.shape or ())
    neurons, size = prod(shape), float(np.ldexp(weights.spread, weights.exponent))
    name = f"{model}{number}"
    bias = None
    if model in ("cuba_lif", "alif", "sigma_delta") and random.random() < 0.3:
        scale = size * 64 if model != "sigma_delta" else 3.0
        bias = random_bias(random, neurons, draft.steps, scale)
        if draft.lava:
            bias = Bias(np.array(bias.mantissa[0] if bias.steps is not None else bias.mantissa), bias.exponent)
        if model == "sigma_delta":
            bias = Bias(np.clip(bias.mantissa, -99, 99), min(bias.exponent, 3))
    neuron = _neuron(draft, model, neurons, size)
    draft.populations.append(Population(name, neuron, shape, bias, _delay(draft, neurons)))
    imaginary = model == "resonate_fire" and bool(random.random() < 0.3)
    draft.projections.append(
        Projection(source.name, name, synapse, weights.exponent, weights.stored, imaginary=imaginary)
    )
    if random.random() < (0.7 if model == "resonate_fire" else 0.2):
        other = draft.populations[int(random.integers(0, len(draft.populations) - 1))]
        _join(draft, other, draft.populations[-1], weights.exponent)


def _add_back(draft: _Draft) -> None:
    """A projection from a population to itself or to an earlier one."""
    target = int(draft.random.integers(1, len(draft.populations)))
    source = int(draft.random.integers(target, len(draft.populations)))
    _join(draft, draft.populations[source], draft.populations[target], -3)


def _join(draft: _Draft, source: Population, target: Population, exponent: int) -> None:
    random = draft.random
    weights = random_weights(random, SIGNS, (max(-7, exponent - 2), max(-7, exponent)))
    synapse = flat_synapse(random, str(random.choice(["dense", "sparse"])), source.neurons, target.neurons, weights)
    imaginary = isinstance(target.neuron, ResonateFire) and bool(random.random() < 0.6)
    form = weights.stored
    draft.projections.append(Projection(source.name, target.name, synapse, weights.exponent, form, imaginary=imaginary))


def _neuron(draft: _Draft, model: str, neurons: int, size: float) -> Neuron:
    """A model whose thresholds lie about where inputs of that size, in units of weights, bring its states."""
    random = draft.random
    near = size * float(np.exp(random.uniform(log(0.05), log(8))))
    if model == "alif":
        decays = [_each(draft, neurons, int(random.choice([0, 64, 1024, 4096])), 0, 4096) for _ in range(4)]
        threshold, step = (_each(draft, neurons, round(near * f), 0, 131071) for f in (1, random.uniform(0, 0.5)))
        if draft.lava and not isinstance(step, int):
            step = int(step[0])
        return Alif(decays[0], decays[1], threshold, decays[2], decays[3], step)
    if model == "resonate_fire":
        angle, keep = random.uniform(0, 2 * np.pi), 4096 * random.uniform(0.7, 1.02)
        sin, cos = (int(np.clip(keep * f(angle), -4096, 4096)) for f in (np.sin, np.cos))
        parts = [_each(draft, neurons, value, -4096, 4096) for value in (sin, cos)]
        threshold = _each(draft, neurons, round(near) if random.random() < 0.9 else 0, 0, 131071)
        return ResonateFire(parts[0], parts[1], threshold, bool(random.random() < 0.5))
    if model in ("sigma_delta", "delta"):
        spike, state = (int(e) for e in random.choice([0, 1, 3, 6, 7], 2))
        threshold = _each(draft, neurons, round(near * 3 / 2 ** (spike + state)), 0, 131071)
        cumulative = bool(random.random() < 0.3)
        if model == "delta":
            threshold = _each(draft, neurons, int(random.integers(0, 5)), 0, 131071)
            return Delta(threshold, spike, state, cumulative)
        corrected = not draft.lava and not cumulative and bool(random.random() < 0.4)
        return SigmaDelta(threshold, spike, state, str(random.choice(["relu", "identity"])), cumulative, corrected)
    if model == "sigma":
        return Sigma()
    drawn = random_neuron(random, neurons, False)
    refractory: PerNeuron = 1 if draft.lava else drawn.refractory_delay
    threshold = _each(draft, neurons, round(near), 0, 131071)
    return CubaLif(drawn.current_decay, drawn.voltage_decay, threshold, refractory)


def _each(draft: _Draft, neurons: int, value: int, low: int, high: int) -> PerNeuron:
    """The value for all, or one near it for each neuron."""
    if draft.random.random() < 0.6:
        return int(np.clip(value, low, high))
    near = np.rint(value * draft.random.uniform(0.5, 1.5, neurons))
    return np.clip(near, low, high).astype(np.int64)


def _delay(draft: _Draft, neurons: int) -> PerNeuron:
    return random_delay(draft.random, neurons, min(62, draft.steps // 4)) if draft.random.random() < 0.5 else 0


def _events(random: np.random.Generator, neurons: int, steps: int) -> Events:
    """Binary or graded input; half of the graded ones are whole frames that change slowly, as encoders see them."""
    rate = float(np.exp(random.uniform(np.log(0.05), np.log(0.6))))
    raster = (random.random((steps, neurons)) < rate).astype(np.int64)
    choice = random.random()
    if choice < 0.5:
        raster *= random.integers(-40, 80, raster.shape)
    if choice < 0.25:
        raster = np.cumsum(raster, axis=0) // 4
    return Events.from_raster(raster)
