"""A torch checkpoint: of slayerPytorch, whose neuron's parameters are recovered from two kernels, or of lava-dl.

Keys are `fcN.weight` (out, in, 1, 1, 1) or (out, C, H, W, 1), `convN.weight` (out, in / groups, k, k, 1),
`convtN.weight` (in, out / groups, k, k, 1), `poolN.weight` and `unpoolN.weight` (1, 1, k, k, 1), `delayN.delay` in
milliseconds, `slayer.srmKernel` and `slayer.refKernel`. A checkpoint holds neither the input's shape nor how its layers
are chained: only a chain of dense layers explains itself. Those of auto networks are renamed first (`slayer_auto`),
those of lava-dl have a reader of their own (`lava_dl_pt`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.lava_dl_pt import is_lava_dl, read_lava_dl
from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.notation import (
    EXAMPLE,
    Architecture,
    ConvLayer,
    DenseLayer,
    InputLayer,
    PoolLayer,
    TransposedLayer,
    UnpoolLayer,
    parse_architecture,
)
from neurodeploy.models.formats.options import ReadOptions, check_options
from neurodeploy.models.formats.slayer_alpha import AlphaNeuron, gives, recover_alpha
from neurodeploy.models.formats.slayer_alpha_fit import converted
from neurodeploy.models.formats.slayer_auto import hand_written, is_auto
from neurodeploy.models.formats.slayer_delays import read_delays
from neurodeploy.models.formats.slayer_kernels import Kernel
from neurodeploy.models.formats.slayer_network import (
    FloatArray,
    Part,
    Slot,
    assemble,
    chained,
    check_weights,
    padding_notes,
    read_parts,
)
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.models.formats.slayer_recovery import produces, recover
from neurodeploy.models.formats.slayer_yaml import SlayerYaml, read_slayer_yaml
from neurodeploy.models.formats.torch_file import read_state_dict
from neurodeploy.network import Network
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.spikes.plane import as_plane

FORMAT = "slayer-pt"
NOT_CALIBRATED = (
    "not calibrated: `neurodeploy convert CHECKPOINT OUT.ndn --data RECORDINGS` chooses thresholds, refractory delays "
    "and decays whose spikes differ least"
)
SRM_KERNEL, REF_KERNEL = "slayer.srmKernel", "slayer.refKernel"

_WEIGHT = re.compile(r"((?:conv|conv[tT]|pool|unpool|fc)[1-9][0-9]{0,3})\.weight")
_DELAY = re.compile(r"delay([1-9][0-9]{0,3})\.delay")


@dataclass(frozen=True)
class Checkpoint:
    """The entries of a state dict by what they are.

    Args:
        path: the file.
        weights: by layer name.
        delays: by number, in milliseconds.
        srm, ref: the kernels, None where absent.
    """

    path: Path
    weights: Mapping[str, FloatArray]
    delays: Mapping[int, FloatArray]
    srm: Kernel | None
    ref: Kernel | None


@dataclass(frozen=True, eq=False)
class Layers:
    """What a checkpoint of slayerPytorch says, before anything is converted.

    Args:
        architecture: input and layers.
        parts: the layers with the weights of training, float.
        neuron: of every layer; times in steps.
        timestep_ms: length of a step.
        steps: default length of a recording; None where nothing says it.
        delays: axonal delays in steps by layer, one per neuron.
        config: the yaml, where one was given.
        notes: sentences for the user.
    """

    architecture: Architecture
    parts: tuple[Part, ...]
    neuron: LoihiNeuron | AlphaNeuron
    timestep_ms: float
    steps: int | None
    delays: Mapping[str, PerNeuron]
    config: SlayerYaml | None
    notes: tuple[str, ...]

    def read_out(self, network: Network) -> Network:
        """The network with the classes that the yaml's layer list ends with, if it does."""
        return network if self.config is None else self.config.read_out(network, self.architecture)


def read_pt(path: Path, options: ReadOptions) -> Loaded:
    """Read a checkpoint of slayerPytorch, LOIHI or SRMALPHA, whose weights stay float, or of lava-dl.

    Args:
        path: the `.pt` file.
        options: `arch`, the layers in SLAYER's notation, else the yaml's `layer` list, else the chain of dense
            layers; `yaml`, of the training: its values decide, and must give the stored kernels.

    Raises:
        FormatError: naming the file and entry, what it holds, and what was needed.
    """
    state = read_state_dict(path)
    if is_lava_dl(state):
        return read_lava_dl(path, state, options)
    read = layers_of(path, state, options)
    if isinstance(read.neuron, LoihiNeuron):
        network = assemble(read.architecture, read.parts, read.neuron, read.timestep_ms, read.steps, read.delays)
        return Loaded(read.read_out(network), read.notes, FORMAT)
    parts, cells, more = converted(read.parts, read.neuron)
    network = chained(read.architecture, parts, cells, read.timestep_ms, read.steps, read.delays)
    return Loaded(read.read_out(network), (*read.notes, *more, NOT_CALIBRATED), FORMAT)


def read_layers(path: Path, options: ReadOptions) -> Layers:
    """Read a checkpoint of slayerPytorch without converting it; options and errors as for `read_pt`.

    Raises:
        FormatError: also for a checkpoint of lava-dl.
    """
    state = read_state_dict(path)
    if is_lava_dl(state):
        raise FormatError(str(path), "is of lava-dl, whose neurons are the chip's", "give one of slayerPytorch")
    return layers_of(path, state, options)


def layers_of(path: Path, state: dict[str, FloatArray], options: ReadOptions) -> Layers:
    """The layers, neuron and delays of a state dict; `path` is for messages, see `read_pt`."""
    check_options(options, ("arch", "yaml"), "a checkpoint of slayerPytorch")
    config = None if options.yaml is None else read_slayer_yaml(Path(options.yaml))
    given = _given_architecture(config, options.arch)
    if is_auto(state):
        state = hand_written(path, state, None if given is None else [name for name, _ in given.named()])
    checkpoint = _sorted_entries(path, state)
    architecture = given or _dense_chain(checkpoint)
    if config is None:
        neuron, notes = _recovered(checkpoint)
        timestep, steps = 1.0, None
    else:
        neuron, notes = _confirmed(checkpoint, config), config.notes(architecture)
        timestep, steps = config.timestep_ms, config.steps
        if config.delayed and not checkpoint.delays:
            raise FormatError(config.delayed[0], f"asks for delays, which {path} does not hold", "correct the yaml")
    _check_used(checkpoint, architecture)
    parts = read_parts(architecture, lambda slot: _weights(checkpoint, slot))
    delays = read_delays(path, checkpoint.delays, parts, timestep)
    notes += [f"layers: {architecture}", *padding_notes(parts)]
    if given is None and len(architecture.input.shape) == 1:
        notes.append(_row_note(architecture))
    return Layers(architecture, parts, neuron, timestep, steps, delays, config, tuple(notes))


def _sorted_entries(path: Path, state: dict[str, FloatArray]) -> Checkpoint:
    """Sort the entries; raises FormatError for one of an unknown name."""
    weights: dict[str, FloatArray] = {}
    delays: dict[int, FloatArray] = {}
    kernels: dict[str, Kernel] = {}
    for key, array in state.items():
        where = f"{path}: {key[:60]}"
        if match := _WEIGHT.fullmatch(key):
            weights[match[1].lower()] = _checked_axes(where, check_weights(where, array))
        elif match := _DELAY.fullmatch(key):
            delays[int(match[1])] = check_weights(where, array)
        elif key in (SRM_KERNEL, REF_KERNEL) and array.ndim == 1:
            kernels[key] = check_weights(where, array).astype(np.float32)
        else:
            layers = ", ".join(f"{kind}N.weight" for kind in ("fc", "conv", "convt", "pool", "unpool"))
            known = f"{layers}, delayN.delay, {SRM_KERNEL}, {REF_KERNEL}"
            raise FormatError(where, "is an entry that this reader does not know", f"it takes {known}")
    return Checkpoint(path, weights, delays, kernels.get(SRM_KERNEL), kernels.get(REF_KERNEL))


def _checked_axes(where: str, weights: FloatArray) -> FloatArray:
    if weights.ndim != 5 or weights.shape[4] != 1 or not weights.size:
        problem = f"has shape {weights.shape}, not five axes of which the last, time, has length 1"
        raise FormatError(where, problem, "this reader takes layers of slayerPytorch")
    return weights


def _confirmed(checkpoint: Checkpoint, config: SlayerYaml) -> LoihiNeuron | AlphaNeuron:
    """Take the neuron from the yaml; raises FormatError when it does not give the stored kernels."""
    neuron = config.neuron
    kernels = checkpoint.srm, checkpoint.ref
    if not (produces(neuron, *kernels) if isinstance(neuron, LoihiNeuron) else gives(neuron, *kernels)):
        problem = f"its neuron ({neuron}) does not give the kernels stored in {checkpoint.path.name}"
        raise FormatError(str(config.path), problem, "give the yaml of this training, or none")
    return neuron


def _recovered(checkpoint: Checkpoint) -> tuple[LoihiNeuron | AlphaNeuron, list[str]]:
    """Recover the neuron from the stored kernels."""
    if checkpoint.srm is None or checkpoint.ref is None:
        missing = SRM_KERNEL if checkpoint.srm is None else REF_KERNEL
        raise FormatError(str(checkpoint.path), f"has no {missing}", "give the yaml of the training")
    recovered = recover(checkpoint.srm, checkpoint.ref)
    alpha = None
    if recovered is None:
        alpha = recover_alpha(str(checkpoint.path), checkpoint.srm, checkpoint.ref, checkpoint.weights)
    neuron = alpha if recovered is None else recovered.neuron
    if neuron is None:
        problem = "its kernels belong to no LOIHI neuron and no SRMALPHA neuron"
        raise FormatError(str(checkpoint.path), problem, "train it with one of these")
    notes = [
        f"neuron, from the stored kernels: {recovered or alpha}",
        "time step 1 ms: a checkpoint does not hold it, the yaml of the training does" + _beside(checkpoint.path),
    ]
    return neuron, notes


def _beside(path: Path) -> str:
    """How to give the one yaml that lies beside a checkpoint; nothing where there are several."""
    found = sorted(path.parent.glob("*.yaml"))
    return f", and so the input's shape: --yaml {found[0]}" if len(found) == 1 else ""


def _given_architecture(config: SlayerYaml | None, arch: str | None) -> Architecture | None:
    if arch is not None:
        return parse_architecture(arch)
    return None if config is None else config.architecture


def _dense_chain(checkpoint: Checkpoint) -> Architecture:
    """The layers of a checkpoint that says them itself."""
    names = [f"fc{n}" for n in range(1, len(checkpoint.weights) + 1)]
    if not names or set(names) != set(checkpoint.weights):
        problem = f"holds the layers {', '.join(sorted(checkpoint.weights)) or 'none'}, which are no chain fc1, fc2 …"
        raise FormatError(str(checkpoint.path), problem, f"give the layers, like --arch {EXAMPLE}")
    first = checkpoint.weights["fc1"].shape[1:-1]
    plane = first[1:] != (1, 1)
    layers = tuple(DenseLayer(len(checkpoint.weights[name])) for name in names)
    return Architecture(InputLayer(first if plane else (int(np.prod(first)),)), layers)


def _row_note(architecture: Architecture) -> str:
    """What a camera's recordings would need, whose plane the checkpoint does not tell."""
    (neurons,) = architecture.input.shape
    rest = "".join(f"-{layer.neurons}" for layer in architecture.layers if isinstance(layer, DenseLayer))
    return f"the input is a row of {neurons:,} neurons; for recordings of a camera give {as_plane(neurons, rest)}"


def _check_used(checkpoint: Checkpoint, architecture: Architecture) -> None:
    layers = [name for name, _ in architecture.named()]
    for name in sorted(set(checkpoint.weights) - set(layers)):
        problem = f"is a layer that the architecture ({', '.join(layers)}) does not have"
        raise FormatError(f"{checkpoint.path}: {name}", problem, "correct --arch")
    for name in layers:
        if name not in checkpoint.weights:
            problem = f"holds no {name}.weight, which the architecture needs"
            raise FormatError(str(checkpoint.path), problem, "correct --arch")


def _weights(checkpoint: Checkpoint, slot: Slot) -> FloatArray:
    """Give the weights of a layer in the shape it needs, without the axis of time."""
    stored = checkpoint.weights[slot.name]
    allowed = {
        DenseLayer: [(slot.weight_shape[0], *slot.source), (*slot.weight_shape, 1, 1)],
        ConvLayer: [slot.weight_shape],
        TransposedLayer: [slot.weight_shape],
        PoolLayer: [(1, 1, *slot.weight_shape)],
        UnpoolLayer: [(1, 1, *slot.weight_shape)],
    }[type(slot.layer)]
    if stored.shape not in [(*shape, 1) for shape in allowed]:
        needed = " or ".join(str((*shape, 1)) for shape in allowed if len(shape) == 4)
        problem = f"has shape {stored.shape}, {slot.name} needs {needed}"
        raise FormatError(f"{checkpoint.path}: {slot.name}.weight", problem, "correct --arch")
    return stored.reshape(slot.weight_shape)
