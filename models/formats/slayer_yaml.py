"""The yaml file of a slayerPytorch training: time step, length, neuron parameters, and perhaps the layers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from neurodeploy.errors import FormatError, NetworkError
from neurodeploy.models.formats.notation import (
    Architecture,
    ConvLayer,
    InputLayer,
    TransposedLayer,
    WeightLayer,
    parse_input,
    parse_layer,
)
from neurodeploy.models.formats.safe_yaml import Section, load_yaml, show
from neurodeploy.models.formats.slayer_alpha import AlphaNeuron
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.network import Network

MAX_STEPS = 2**31 - 1
MAX_STRIDE = 1024
#: Used in training only: the shape of the surrogate gradient, and weight initialization.
TRAINING_ONLY = ("tauRho", "scaleRho")
LAYER_TRAINING_ONLY = ("wScale", "sigma", "maxDelay")
_AVERAGE = re.compile("avg([1-9][0-9]{0,8})")


@dataclass(frozen=True)
class SlayerYaml:
    """What a yaml file says about a network.

    Args:
        path: the file.
        timestep_ms: `Ts`.
        steps: `round(tSample / Ts)`; None without tSample.
        neuron: LOIHI, or SRMALPHA with its times in steps.
        architecture: the `layer` list; None when the file has none.
        delayed: the entries of that list that have delays, which only a checkpoint holds.
        classes: `avgN` at the end of that list, a read-out: how many classes the outputs are averaged to.
    """

    path: Path
    timestep_ms: float
    steps: int | None
    neuron: LoihiNeuron | AlphaNeuron
    architecture: Architecture | None
    delayed: tuple[str, ...] = ()
    classes: int | None = None

    def read_out(self, network: Network, used: Architecture) -> Network:
        """The network with the classes of the layer list, where the layers `used` are that list's."""
        if self.classes is None or used != self.architecture:
            return network
        try:
            return replace(network, classes=self.classes)
        except NetworkError as error:
            raise FormatError(f"{self.path}: avg{self.classes}", error.problem, "correct the yaml") from error

    def notes(self, used: Architecture) -> list[str]:
        """Tell what was read, and whether its layer list was passed over for the layers `used`."""
        length = "" if self.steps is None else f", {self.steps} steps"
        length += (
            "" if self.classes is None or self.architecture != used else f"; outputs vote for {self.classes} classes"
        )
        notes = [f"{self.path.name}: {self.neuron}; {self.timestep_ms:g} ms a step{length}"]
        if self.architecture not in (None, used):
            notes.append(f"the layer list of {self.path.name} differs from the architecture given and is not used")
        return notes


def read_slayer_yaml(path: Path) -> SlayerYaml:
    """Read a slayerPytorch yaml; its `training` section is not needed and not read.

    Raises:
        FormatError: missing or damaged file, a value of the wrong kind or out of range, or anything that this reader
            does not honour: another neuron than LOIHI or SRMALPHA, neurons of single layers, unknown keys.
    """
    file = load_yaml(path)
    timestep, steps = _simulation(Section(file.take("simulation"), f"{path}: simulation"))
    neuron = _neuron(Section(file.take("neuron"), f"{path}: neuron"), timestep)
    architecture: Architecture | None = None
    delayed: tuple[str, ...] = ()
    classes: int | None = None
    if "layer" in file:
        sections = _sections(file.take("layer"), f"{path}: layer")
        delayed = tuple(section.where for section in sections if _delays(section))
        dims = [_dim(section) for section in sections]
        if len(sections) > 2 and (match := _AVERAGE.fullmatch(dims[-1])):
            sections.pop().end(*LAYER_TRAINING_ONLY)
            classes = int(match[1])
        layers = [_layer(section, dim) for section, dim in zip(sections[1:], dims[1:], strict=False)]
        architecture = Architecture(_input(sections[0], dims[0]), tuple(layers))
    file.end("training")
    return SlayerYaml(path, timestep, steps, neuron, architecture, delayed, classes)


def _simulation(section: Section) -> tuple[float, int | None]:
    timestep = section.number("Ts")
    steps = None
    if "tSample" in section:
        length = section.number("tSample") / timestep
        if not 0.5 < length <= MAX_STEPS:
            raise FormatError(section.where, f"tSample / Ts is {length:.6g} steps", f"give 1 to {MAX_STEPS} steps")
        steps = round(length)
    section.end("nSample")
    return timestep, steps


def _neuron(section: Section, timestep: float) -> LoihiNeuron | AlphaNeuron:
    kind = section.take("type")
    if kind == "SRMALPHA":
        theta = section.number("theta")
        synapse, refractory = (section.number(name) / timestep for name in ("tauSr", "tauRef"))
        depth = section.number("scaleRef") * theta
        section.end(*TRAINING_ONLY)
        return AlphaNeuron(theta, synapse, refractory, depth)
    if kind != "LOIHI":
        raise FormatError(section.where, f"type {show(kind)} is unknown", "this reader takes LOIHI and SRMALPHA")
    try:
        neuron = LoihiNeuron(
            threshold_mantissa=section.integer("vThMant"),
            voltage_decay=section.integer("vDecay"),
            current_decay=section.integer("iDecay"),
            refractory_delay=section.integer("refDelay"),
            weight_exponent=section.integer("wgtExp"),
        )
    except NetworkError as error:
        raise FormatError(f"{section.where}: {error.subject}", error.problem, error.remedy) from error
    if "theta" in section and section.number("theta") != neuron.threshold_mantissa * 64:
        raise FormatError(section.where, "theta is not 64 · vThMant", "correct one of them")
    section.end(*TRAINING_ONLY)
    return neuron


def _sections(entries: object, where: str) -> list[Section]:
    if not isinstance(entries, list) or len(entries) < 2:
        raise FormatError(where, "is no list of at least two layers", "list the input and the layers behind it")
    return [Section(entry, f"{where} {number}") for number, entry in enumerate(entries, start=1)]


def _input(section: Section, dim: str) -> InputLayer:
    layer = parse_input(dim, section.where)
    _refuse_neuron(section)
    section.end(*LAYER_TRAINING_ONLY)
    return layer


def _layer(section: Section, dim: str) -> WeightLayer:
    if dim.startswith("avg"):
        raise FormatError(section.where, f"{show(dim)} is a read-out without neurons", "put it last, as avg10")
    layer = parse_layer(dim, section.where)
    if isinstance(layer, ConvLayer | TransposedLayer):
        layer = _convolution(layer, dim, section)
    _refuse_neuron(section)
    section.end(*LAYER_TRAINING_ONLY)
    return layer


def _convolution(layer: ConvLayer | TransposedLayer, dim: str, section: Section) -> ConvLayer | TransposedLayer:
    """Complete a convolution with the entry's other keys; slayerPytorch pads k // 2 unless told otherwise.

    A transposed one is padded by 0 and has stride 1 where neither its `dim` nor a key says more.
    """
    if dim.endswith("z") and "padding" in section:
        raise FormatError(section.where, "gives a padding and the suffix z", "remove one of them")
    transposed = isinstance(layer, TransposedLayer)
    for suffix, key in (("s", "stride"), ("p", "padding")):
        if transposed and suffix in dim and key in section:
            raise FormatError(section.where, f"gives a {key} and the suffix {suffix}", "remove one of them")
    return replace(
        layer,
        stride=_sizes(section, "stride", layer.stride[0], 1),
        padding=_sizes(section, "padding", layer.padding[0] if transposed else layer.kernel // 2, 0),
        dilation=_sizes(section, "dilation", 1, 1),
        groups=section.integer("groups", 1),
    )


def _dim(section: Section) -> str:
    dim = section.take("dim")
    if isinstance(dim, bool) or not isinstance(dim, int | str):
        raise FormatError(section.where, f"dim is {show(dim)}", 'write dim: 512, "16c5", "2a" or "34x34x2"')
    return str(dim)


def _sizes(section: Section, key: str, default: int, least: int) -> tuple[int, int]:
    """Take one size for both axes, or a list of height and width."""
    value = section.take(key) if key in section else default
    sizes = value if isinstance(value, list) else [value, value]
    whole = [n for n in sizes if isinstance(n, int) and not isinstance(n, bool) and least <= n <= MAX_STRIDE]
    if len(sizes) != 2 or len(whole) != 2:
        remedy = f"give a whole number from {least} to {MAX_STRIDE}, or two"
        raise FormatError(section.where, f"{key} is {show(value)}", remedy)
    return whole[0], whole[1]


def _delays(section: Section) -> bool:
    """Whether slayerPytorch puts delays behind a layer."""
    value = section.take("delay")
    if value is not None and not isinstance(value, bool):
        raise FormatError(section.where, f"delay is {show(value)}", "write true or false")
    return bool(value)


def _refuse_neuron(section: Section) -> None:
    if "neuron" in section:
        raise FormatError(section.where, "has a neuron of its own", "this reader takes one neuron for all layers")
