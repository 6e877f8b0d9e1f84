"""The network: populations joined by projections, checked when built and never changed afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError
from neurodeploy.network.connections import joined
from neurodeploy.network.neurons import Delta, Neuron, PerNeuron, ResonateFire, Sigma, SigmaDelta, checked_integers
from neurodeploy.network.synapses import Sparse, Synapse
from neurodeploy.network.weights import Shape
from neurodeploy.precision import STATE_LIMIT, WEIGHT_EXPONENTS, IntArray, WeightFormat
from neurodeploy.shown import Drawn
from neurodeploy.spikes.latency import Latency

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
MAX_NEURONS = 2**28
MAX_DELAY = 62
#: Recordings count microseconds; no step can be finer.
MIN_TIMESTEP_MS = 1e-3


@dataclass(frozen=True, eq=False)
class Bias:
    """A current added to v in every step: mantissa · 2^exponent; how sigma-delta neurons use it, their models say.

    Args:
        mantissa: integers −4096 … 4095 (13 bits), shape () or (neurons,) for a constant bias, or
            (steps, neurons) for one row per step; a run may then not be longer than the rows.
        exponent: 0 … 7.
    """

    mantissa: IntArray
    exponent: int = 0

    def __post_init__(self) -> None:
        array = np.asarray(self.mantissa)
        if array.dtype.kind not in "iu" or array.ndim > 2:
            raise NetworkError(
                "bias", "is not an integer array of at most two axes", "give (neurons,) or (steps, neurons)"
            )
        if array.ndim == 2 and not len(array):
            raise NetworkError("bias", "has no rows", "give one row per step")
        if array.size and (array.min() < -4096 or array.max() > 4095):
            raise NetworkError(
                "bias",
                f"mantissa {_worst(array, -4096, 4095)} is outside -4096 … 4095",
                "raise the bias exponent or rescale",
            )
        if not 0 <= self.exponent <= 7:
            raise NetworkError("bias", f"exponent {self.exponent} is outside 0 … 7", "choose 0 to 7")
        array = array.astype(np.int64)
        array.flags.writeable = False
        object.__setattr__(self, "mantissa", array)

    @property
    def steps(self) -> int | None:
        """Number of rows of a bias given per step, None for a constant one."""
        return len(self.mantissa) if self.mantissa.ndim == 2 else None

    def value(self, step: int) -> IntArray:
        """What is added to v in `step`, shape () or (neurons,)."""
        row: IntArray = self.mantissa[step] if self.mantissa.ndim == 2 else self.mantissa
        return row << self.exponent


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind.

    Args:
        name: letters, digits, `_` and `-`.
        neuron: the neuron model; None for the input, whose spikes come from recordings.
        shape: (neurons,) or (channels, height, width); None: inferred from the projections into it.
        bias: optional.
        axonal_delay: extra steps between a spike and its delivery, 0 … 62, one value or one per neuron.
    """

    name: str
    neuron: Neuron | None = None
    shape: Shape | None = None
    bias: Bias | None = None
    axonal_delay: PerNeuron = 0

    @property
    def neurons(self) -> int:
        """Number of neurons (after the network was built)."""
        return prod(self.shape or (0,))

    def delays(self) -> IntArray:
        """Axonal delay of every neuron in steps, shape (neurons,)."""
        return np.broadcast_to(np.asarray(self.axonal_delay, np.int64), (self.neurons,))


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population to another; a spike adds `payload · weight · 2^(6 + weight_exponent)` to q.

    The payload of a spike is 1 unless the neuron model, or the input, gives another.

    Args:
        source, target: names of populations.
        synapse: the connections and their weights.
        weight_exponent: −7 … 7.
        weight_format: the chip format of integer weights, set by quantization; None before it.
        weight_grid: the step to which the forward pass of training rounds float weights
            (2 for Loihi-aware SLAYER); None: training used them as they are.
        imaginary: whether they drive the imaginary part of resonate-and-fire neurons.
    """

    source: str
    target: str
    synapse: Synapse
    weight_exponent: int = 0
    weight_format: WeightFormat | None = None
    weight_grid: int | None = None
    imaginary: bool = False

    @property
    def name(self) -> str:
        """`source->target`."""
        return f"{self.source}->{self.target}"

    @property
    def is_integer(self) -> bool:
        """Whether the weights are integers."""
        return self.synapse.weight.dtype.kind == "i"

    def trained_weights(self) -> NDArray[np.float64]:
        """The weights that the forward pass of training used, exponent included, in the synapse's own shape."""
        weight = self.synapse.weight.astype(np.float64)
        if self.weight_grid is not None and not self.is_integer:
            weight = self.weight_grid * np.rint(weight / self.weight_grid)
        return np.ldexp(weight, self.weight_exponent)


@dataclass(frozen=True)
class Reset:
    """Periodic reset: a population k layers behind the input clears u, v and r before the updates of steps
    `offset + k + n · interval`, n = 0, 1, 2 …; spikes in flight are kept.
    """

    interval: int
    offset: int = 0

    def __post_init__(self) -> None:
        if self.interval < 1 or self.offset < 0:
            raise NetworkError(
                "reset",
                f"interval {self.interval}, offset {self.offset}",
                "use an interval of at least 1 and an offset of at least 0",
            )

    def due(self, step: int, depth: int) -> bool:
        """Whether a population `depth` layers behind the input resets before the update of `step`."""
        since = step - self.offset - depth
        return since >= 0 and since % self.interval == 0


@dataclass(frozen=True, eq=False)
class Network(Drawn, drawn_by="neurodeploy.plotting.networks"):
    """A spiking network, valid by construction.

    Args:
        populations: the input first; the last one is the output.
        projections: in any order; cycles are allowed, none may end in the input.
        timestep_ms: length of a step in milliseconds.
        steps: default length of a recording in steps, None when unknown.
        reset: optional periodic reset.
        classes: how many classes the output's neurons are averaged to, equally many consecutive neurons for each;
            None: every neuron is a class of its own.
        coding: how features become the spikes of the input, where the network was trained on such; the class is then
            read from the first output spike, unless a run says otherwise.

    Raises:
        NetworkError: naming the population or projection, the value, the limit and the remedy.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    timestep_ms: float = 1.0
    steps: int | None = None
    reset: Reset | None = None
    classes: int | None = None
    coding: Latency | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "projections", tuple(self.projections))
        _check_names(self)
        object.__setattr__(self, "populations", tuple(_with_shapes(self)))
        for population in self.populations:
            _named(population.name, partial(_check_population, population))
        for population in self.populations[1:]:
            if population.neuron is None:
                raise NetworkError(population.name, "has no neuron model", "only the input may be without one")
        _check_imaginary(self)
        if sum(p.neurons for p in self.populations) > MAX_NEURONS:
            raise NetworkError("network", f"has more than {MAX_NEURONS} neurons", "split it")
        if not MIN_TIMESTEP_MS <= self.timestep_ms <= 1 / MIN_TIMESTEP_MS:
            raise NetworkError(
                "time step",
                f"{self.timestep_ms} ms is outside 0.001 … 1000",
                "give the length of a step in milliseconds",
            )
        if self.steps is not None and self.steps < 1:
            raise NetworkError("steps", f"{self.steps} is less than 1", "give at least one step")
        if self.classes is not None and (self.classes < 1 or self.output.neurons % self.classes):
            problem = f"{self.classes} do not divide the {self.output.neurons} neurons of {self.output.name}"
            raise NetworkError("classes", problem, "give a divisor")
        if self.coding is not None and self.coding.inputs != self.input.neurons:
            problem = f"gives {self.coding.inputs} inputs, {self.input.name} has {self.input.neurons} neurons"
            raise NetworkError("latency coding", problem, "give the coding that the network was trained with")

    @property
    def input(self) -> Population:
        """The first population."""
        return self.populations[0]

    @property
    def output(self) -> Population:
        """The last population."""
        return self.populations[-1]

    @property
    def is_integer(self) -> bool:
        """Whether every weight is an integer."""
        return all(p.is_integer for p in self.projections)

    @property
    def is_quantized(self) -> bool:
        """Whether every projection has a chip format."""
        return all(p.weight_format is not None for p in self.projections)

    def population(self, name: str) -> Population:
        """The population of that name; raises NetworkError when there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        known = ", ".join(p.name for p in self.populations)
        raise NetworkError(name, "is no population of this network", f"choose one of {known}")

    def index(self, name: str) -> int:
        """Position of the population of that name."""
        return self.populations.index(self.population(name))

    def into(self, name: str) -> tuple[Projection, ...]:
        """The projections that end in a population."""
        return tuple(p for p in self.projections if p.target == name)

    def depths(self) -> dict[str, int]:
        """Longest number of forward hops from the input to each population (backward projections do not count)."""
        return self._longest(lambda source: 1)

    def latency(self) -> int:
        """Longest sum of (1 + axonal delay) in steps over the forward hops from the first to the last population."""
        return self._longest(lambda source: 1 + int(source.delays().max(initial=0)))[self.output.name]

    def _longest(self, cost: Callable[[Population], int]) -> dict[str, int]:
        longest = dict.fromkeys((p.name for p in self.populations), 0)
        order = {p.name: i for i, p in enumerate(self.populations)}
        for population in self.populations:
            for projection in self.into(population.name):
                if order[projection.source] < order[population.name]:
                    way = longest[projection.source] + cost(self.population(projection.source))
                    longest[population.name] = max(longest[population.name], way)
        return longest


def _check_names(network: Network) -> None:
    names = [p.name for p in network.populations]
    if len(names) < 2:
        raise NetworkError("network", f"has {len(names)} populations", "give an input and at least one more")
    for name in names:
        if not _NAME.fullmatch(name):
            raise NetworkError(repr(name), "is no population name", "use letters, digits, _ and -")
        if names.count(name) > 1:
            raise NetworkError(name, "names two populations", "rename one")
    for projection in network.projections:
        for name in (projection.source, projection.target):
            if name not in names:
                raise NetworkError(projection.name, f"{name} is no population", f"choose from {', '.join(names)}")
        if projection.target == names[0]:
            raise NetworkError(projection.name, "ends in the input", "let projections end in other populations")
        _named(projection.name, partial(_check_projection, projection))


def _check_projection(projection: Projection) -> None:
    if projection.weight_exponent not in WEIGHT_EXPONENTS:
        raise NetworkError("weight exponent", f"{projection.weight_exponent} is outside -7 … 7", "rescale the weights")
    if projection.weight_grid is not None and projection.weight_grid < 1:
        raise NetworkError("weight grid", f"{projection.weight_grid} is less than 1", "give the step of the weights")
    if projection.weight_format is None:
        return
    stored, weights = projection.weight_format, [projection.synapse.weight]
    if isinstance(projection.synapse, Sparse):
        weights.append(joined(projection.synapse).weight)
    if not projection.is_integer or not all(stored.holds(w.astype(np.int64)) for w in weights):
        low, high = stored.range
        raise NetworkError(
            "weights",
            f"are not all multiples of {stored.step} in {low} … {high}, as their {stored.bits}-bit "
            f"{stored.sign_mode.name.lower()} format demands",
            "quantize the network",
        )


def _with_shapes(network: Network) -> Iterable[Population]:
    """The populations with their shapes inferred, and every projection checked against them."""
    shapes = {p.name: p.shape for p in network.populations}
    pending = list(network.projections)
    while pending:
        ready = [p for p in pending if shapes[p.source] is not None]
        if not ready:
            break
        for projection in ready:
            shape = _named(projection.name, partial(projection.synapse.output_shape, shapes[projection.source] or ()))
            known = shapes[projection.target]
            if known is not None and known != shape and (len(shape) > 1 or prod(known) != prod(shape)):
                raise NetworkError(
                    projection.name, f"gives shape {shape}, {projection.target} has {known}", "check the architecture"
                )
            shapes[projection.target] = known or shape
        pending = [p for p in pending if p not in ready]
    for population in network.populations:
        if shapes[population.name] is None:
            raise NetworkError(population.name, "has no shape and none follows from its projections", "give its shape")
        yield replace(population, shape=shapes[population.name])


def _check_population(population: Population) -> None:
    shape = population.shape or ()
    if len(shape) not in (1, 3) or min(shape) < 1 or prod(shape) > MAX_NEURONS:
        raise NetworkError("shape", f"{shape} is not (neurons,) or (channels, height, width)", "give positive sizes")
    delay = checked_integers("axonal delay", population.axonal_delay, 0, MAX_DELAY)
    object.__setattr__(population, "axonal_delay", delay)
    values = {"axonal delay": np.asarray(delay)}
    if population.neuron is not None:
        values |= {name: np.asarray(value) for name, value in population.neuron.parameters().items()}
    if population.bias is not None:
        if population.neuron is None:
            raise NetworkError("bias", "drives a population without neurons", "give it a neuron model")
        _check_bias(population.neuron, population.bias)
        mantissa = population.bias.mantissa
        values["bias"] = mantissa[0] if mantissa.ndim == 2 else mantissa
    for what, value in values.items():
        if value.ndim and value.size != population.neurons:
            raise NetworkError(
                what, f"has {value.size} values for {population.neurons} neurons", "give one, or one per neuron"
            )


def _check_bias(neuron: Neuron, bias: Bias) -> None:
    """Whether a neuron model has a bias, and room for this one."""
    if isinstance(neuron, (Sigma, ResonateFire)):
        raise NetworkError("bias", f"is nothing that the model {neuron.NAME} has", "leave it out")
    if isinstance(neuron, (SigmaDelta, Delta)):
        largest = int(np.abs(bias.mantissa).max(initial=0)) << bias.exponent + neuron.shift
        if largest > STATE_LIMIT:
            raise NetworkError(
                "bias", f"reaches {largest} with the exponents of the neuron, beyond {STATE_LIMIT}", "lower one of them"
            )


def _check_imaginary(network: Network) -> None:
    for projection in network.projections:
        if projection.imaginary and not isinstance(network.population(projection.target).neuron, ResonateFire):
            raise NetworkError(
                projection.name,
                f"is imaginary, and the neurons of {projection.target} have real states only",
                "let it end in resonate-and-fire neurons",
            )


def _named(name: str, check: Callable[[], T]) -> T:
    """Run `check` and put `name` in front of what it says."""
    try:
        return check()
    except NetworkError as error:
        raise NetworkError(f"{name}: {error.subject}", error.problem, error.remedy) from error


def _worst(array: IntArray, low: int, high: int) -> int:
    return int(array.min()) if array.min() < low else int(array.max())
