"""A chain of layers as `.net` files describe them, put together to a network."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np

from neurodeploy.errors import FormatError, NetworkError
from neurodeploy.models.formats.hdf5_tree import Group
from neurodeploy.models.formats.net_fields import Fields, spread
from neurodeploy.models.formats.net_input import read_input
from neurodeploy.models.formats.net_neuron import ACCUMULATOR, NeuronReading, read_neuron
from neurodeploy.models.formats.net_synapse import (
    read_conv,
    read_dense,
    read_pool,
    read_recurrent,
    read_transposed,
    read_unpool,
)
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.network import (
    Bias,
    Network,
    Neuron,
    Population,
    Projection,
    Reset,
    ResonateFire,
    Shape,
    Sigma,
    SigmaDelta,
    Synapse,
)
from neurodeploy.network.neurons import PerNeuron

#: A stored bias counts in units of 2^6, like everything else that a layer adds to its state.
BIAS_EXPONENT = 6
_REFUSED = {
    "concat": "joins layers, and no producer ever wrote how",
    "dense_comp": "is a type that netx tests for and that no producer writes",
}
_NAMES = {
    "conv": "conv",
    "convT": "convt",
    "pool": "pool",
    "unpool": "unpool",
    "dense": "fc",
    "dense_rec": "fc",
}
_PLANES = ("conv", "convT", "pool", "unpool")


class Chain:
    """The network as it grows, layer by layer.

    Args:
        path: the file.
        options: of the reader.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path: Final = path
        self._options: Final = options
        self._populations: list[Population] = []
        self._projections: list[Projection] = []
        self._counts: Counter[str] = Counter()
        self._flat = False
        self._ended = ""
        self._classes: int | None = None
        self.notes: list[str] = []

    def add(self, group: Group) -> None:
        """The next layer; raises FormatError with its place."""
        fields = Fields(group)
        if not group:
            raise FormatError(group.where, "is empty", "lava-dl writes no winner-take-all layers: leave it out")
        kind = fields.text("type")
        if self._ended:
            raise FormatError(group.where, f"follows {self._ended}, which ends the network", "correct the export")
        try:
            self._add(kind, fields)
            fields.finish()
        except NetworkError as error:
            raise FormatError(f"{group.where}: {error.subject}", error.problem, error.remedy) from error

    def network(self, timestep_ms: float, steps: int | None) -> Network:
        """The network of all layers."""
        interval, offset = self._options.reset_interval, self._options.reset_offset
        if interval is None and offset is not None:
            raise FormatError("reset offset", "is given without a reset interval", "give --reset-interval")
        reset = None if interval is None else Reset(interval, offset or 0)
        return Network(tuple(self._populations), tuple(self._projections), timestep_ms, steps, reset, self._classes)

    def _add(self, kind: str, fields: Fields) -> None:
        if kind == "input":
            self._add_input(fields)
        elif kind == "flatten":
            fields.unused("shape")  # some producers store (N, 1, 1), others (1, 1, N)
            self._flat = True
        elif kind == "average":
            self._add_average(fields)
        elif kind in _NAMES:
            self._add_layer(kind, fields)
        elif kind in _REFUSED:
            raise FormatError(fields.where, f"{_REFUSED[kind]} ({kind})", "leave it out")
        else:
            raise FormatError(fields.place("type"), f"{kind[:40]!r} is no layer", f"known are {', '.join(_NAMES)}")

    def _add_input(self, fields: Fields) -> None:
        if self._populations:
            raise FormatError(fields.where, "is an input that is not the first layer", "correct the export")
        population, notes = read_input(fields, self._options)
        self._populations.append(population)
        self.notes += notes

    def _source(self, kind: str, fields: Fields) -> Population:
        """The population before a layer; without an input layer, lines of neurons follow from the weights."""
        if self._populations:
            return self._populations[-1]
        if kind in _PLANES or "inFeatures" not in fields:
            raise FormatError(str(self._path), "has no input layer, whose shape is needed here", "export it with one")
        source = Population("input", shape=(fields.integer("inFeatures"),))
        self._populations.append(source)
        self.notes.append(f"no input layer: {source.neurons} inputs, from inFeatures")
        return source

    def _add_layer(self, kind: str, fields: Fields) -> None:
        before = self._source(kind, fields)
        source = before.shape or ()
        if self._flat and kind in _PLANES:
            raise FormatError(fields.where, f"is a {kind} behind a flatten", "correct the export")
        self._counts[_NAMES[kind]] += 1
        name = f"{_NAMES[kind]}{self._counts[_NAMES[kind]]}"
        synapses = self._synapses(kind, name, fields, source)
        shape = synapses[0].output_shape(source)
        reading = self._neuron(name, fields, shape, before.neuron)
        if reading.neuron is ACCUMULATOR and kind == "dense_rec":
            raise FormatError(fields.where, "is recurrent without a neuron", "correct the export")
        population = Population(
            name, reading.neuron, shape, _bias(fields, shape, reading.neuron), _delay(fields, shape)
        )
        if kind == "dense_rec" and np.any(population.delays()):
            problem = "delays a recurrent layer: training delays what leaves it, netx what returns to it as well"
            raise FormatError(fields.place("delay"), problem, "train it without delays")
        self._populations.append(population)
        for source_name, synapse, imaginary in self._sources(kind, before.name, name, synapses):
            self._projections.append(
                Projection(source_name, name, synapse, reading.weight_exponent, imaginary=imaginary)
            )
        self._flat = False

    def _synapses(self, kind: str, name: str, fields: Fields, source: Shape) -> list[Synapse]:
        """The forward synapses, real and imaginary, and the recurrent ones of a recurrent layer behind them."""
        if kind == "conv":
            return [read_conv(fields, source)]
        if kind == "convT":
            return [read_transposed(fields, source)]
        if kind == "unpool":
            return [read_unpool(fields, source)]
        if kind == "pool":
            pool, padded = read_pool(fields, source)
            self.notes += [f"{name}: zero rows or columns added at the bottom and right, as SLAYER does"] * padded
            return [pool]
        real, imaginary = read_dense(fields, source)
        synapses: list[Synapse] = [real] if imaginary is None else [real, imaginary]
        return [*synapses, read_recurrent(fields, real.weight.shape[0])] if kind == "dense_rec" else synapses

    @staticmethod
    def _sources(kind: str, before: str, name: str, synapses: list[Synapse]) -> list[tuple[str, Synapse, bool]]:
        """Source, synapse and whether it is imaginary, for every projection into a layer."""
        back = [(name, synapses.pop(), False)] if kind == "dense_rec" else []
        return [(before, synapse, i == 1) for i, synapse in enumerate(synapses)] + back

    def _neuron(self, name: str, fields: Fields, shape: Shape, before: Neuron | None) -> NeuronReading:
        if "neuron" in fields:
            reading = read_neuron(fields.group("neuron"), shape)
            self.notes += [f"{name}: {reading.note}"] * bool(reading.note)
            return reading
        if before is not None and before.GRADED:
            self.notes.append(f"{name}: no neuron in the file: sums up the graded spikes that it receives")
            return NeuronReading(Sigma())
        self.notes.append(f"{name}: no neuron in the file: sums up its current in u, which v shows")
        return NeuronReading(ACCUMULATOR)

    def _add_average(self, fields: Fields) -> None:
        """A read-out without neurons: the classes of the network's outputs."""
        classes = fields.shape()[0]
        outputs = self._populations[-1].neurons if self._populations else 0
        if not self._projections or classes > outputs or outputs % classes:
            raise FormatError(fields.where, f"averages {outputs} outputs to {classes}", "correct the export")
        self._ended, self._classes = "an average", classes
        self.notes.append(
            f"average: output neurons {outputs // classes} · k … {outputs // classes} · (k + 1) − 1 vote together for "
            f"class k of {classes}"
        )


def _bias(fields: Fields, shape: Shape, neuron: Neuron) -> Bias | None:
    """The bias of a layer, None where it is absent or zero."""
    if "bias" not in fields:
        return None
    values = spread(fields.integers("bias"), shape, fields.place("bias"))
    if not np.any(values):
        return None
    if isinstance(neuron, (ResonateFire, Sigma)):
        raise FormatError(fields.place("bias"), f"drives {neuron.NAME} neurons, which take none", "export without")
    return Bias(np.asarray(values), 0 if isinstance(neuron, SigmaDelta) else BIAS_EXPONENT)


def _delay(fields: Fields, shape: Shape) -> PerNeuron:
    """Axonal delays of a layer's spikes, in steps."""
    return fields.per_neuron("delay", shape, 0)
