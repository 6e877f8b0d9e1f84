"""A folder of SLAYER-Loihi parameters: one file of weights per layer, and the yaml of the training.

Weights are numbers in C order, (out, in) or (out, in, k, k), in `.txt` or `.npy`, already rounded to the grid that the
network was trained on; the stem of a file ends in the name of its layer (`fc1.txt`, `NMNISTFc1.txt`).
"""

from __future__ import annotations

import re
from math import prod
from pathlib import Path

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.files import list_folder, parse_npy, read_bytes
from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.notation import EXAMPLE, Architecture, PoolLayer, UnpoolLayer, parse_architecture
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.models.formats.slayer_network import (
    FloatArray,
    Slot,
    as_integers,
    assemble,
    check_weights,
    padding_notes,
    read_parts,
)
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.models.formats.slayer_yaml import SlayerYaml, read_slayer_yaml

FORMAT = "slayer-folder"
#: Bounds on a text file before it is read: per number that is needed, and in any case.
MAX_NUMBER_BYTES = 64
MIN_TEXT_LIMIT = 2**24
MAX_NPY_BYTES = 2**31

_LAYER_FILE = re.compile(r"(convt|conv|unpool|pool|fc)([1-9][0-9]{0,3})$", re.IGNORECASE)


def read_folder(path: Path, options: ReadOptions) -> Loaded:
    """Read a folder of SLAYER-Loihi parameters.

    Weights that are all whole numbers give an integer network, others a float one on the grid of training.

    Args:
        path: the folder.
        options: `arch`, the layers in SLAYER's notation, else the `layer` list of the yaml; `yaml`, else the only one
            in the folder.

    Raises:
        FormatError: naming the file or layer, what it holds, and what was needed.
    """
    config = read_slayer_yaml(Path(options.yaml or _only_yaml(path)))
    if config.delayed:
        raise FormatError(config.delayed[0], "asks for delays, which the folder does not hold", "read the .pt")
    neuron = config.neuron
    if not isinstance(neuron, LoihiNeuron):
        problem = "has SRMALPHA neurons, and weights in a folder are those of LOIHI neurons"
        raise FormatError(str(config.path), problem, "give the .pt of the training")
    architecture = _architecture(config, options.arch)
    notes = [*config.notes(architecture), f"layers: {architecture}"]
    files = _layer_files(path)
    _check_used(path, files, architecture)
    parts = as_integers(read_parts(architecture, lambda slot: _weights(path, files, slot, neuron)))
    for name, layer in architecture.named():
        if isinstance(layer, PoolLayer | UnpoolLayer) and name not in files:
            weight = neuron.pool_weight()
            notes.append(f"{name} has no file: its weight is {weight}, by SLAYER's rule from threshold and kernel")
    network = assemble(architecture, parts, neuron, config.timestep_ms, config.steps)
    network = config.read_out(network, architecture)
    return Loaded(network, (*notes, *padding_notes(parts)), FORMAT)


def _architecture(config: SlayerYaml, arch: str | None) -> Architecture:
    """Take the layers from `arch`, else from the yaml."""
    if arch is not None:
        return parse_architecture(arch)
    if config.architecture is None:
        raise FormatError(str(config.path), "has no layer list", f"give the layers, like --arch {EXAMPLE}")
    return config.architecture


def _only_yaml(folder: Path) -> Path:
    found = [p for p in list_folder(folder) if p.suffix.lower() == ".yaml"]
    if not found:
        raise FormatError(str(folder), "holds no .yaml with the neuron parameters", "add it or pass --yaml FILE")
    if len(found) > 1:
        problem = f"holds {len(found)} yaml files ({', '.join(p.name for p in found[:4])})"
        raise FormatError(str(folder), problem, "pass the right one with --yaml FILE")
    return found[0]


def _layer_files(folder: Path) -> dict[str, Path]:
    """Find the file of every layer by the layer's name."""
    files: dict[str, Path] = {}
    for path in list_folder(folder):
        match = _LAYER_FILE.search(path.stem)
        if match is None or path.suffix.lower() not in (".txt", ".npy"):
            continue
        name = match[0].lower()
        if name in files:
            problem = f"{files[name].name} and {path.name} both name the layer {name}"
            raise FormatError(str(folder), problem, "keep one of them")
        files[name] = path
    return files


def _check_used(folder: Path, files: dict[str, Path], architecture: Architecture) -> None:
    layers = dict(architecture.named())
    for name, path in files.items():
        if name not in layers:
            problem = f"is a layer {name}, the architecture has {', '.join(layers)}"
            raise FormatError(str(path), problem, "correct --arch or remove the file")
    for name, layer in layers.items():
        if name not in files and not isinstance(layer, PoolLayer | UnpoolLayer):
            problem = f"holds no file ending in {name}.txt or {name}.npy"
            raise FormatError(str(folder), problem, "correct --arch or add the file")


def _weights(folder: Path, files: dict[str, Path], slot: Slot, neuron: LoihiNeuron) -> FloatArray:
    """Read the weights of a layer; a pool without a file gets SLAYER's own."""
    if slot.name not in files:
        return np.full(slot.weight_shape, float(neuron.pool_weight()))
    path = files[slot.name]
    needed = prod(slot.weight_shape)
    values = _array(path, slot) if path.suffix.lower() == ".npy" else _text(path, needed)
    if values.size != needed:
        shape = " x ".join(map(str, slot.weight_shape))
        problem = f"holds {values.size} weights, {slot.name} needs {needed} ({shape})"
        raise FormatError(str(path), problem, "correct --arch or the file")
    return check_weights(str(path), values.reshape(slot.weight_shape))


def _array(path: Path, slot: Slot) -> FloatArray:
    """Read a `.npy`; one that has axes must have those of the layer."""
    values = parse_npy(read_bytes(path, MAX_NPY_BYTES), str(path))
    axes, needed = ([n for n in shape if n > 1] for shape in (values.shape, slot.weight_shape))
    if values.ndim > 1 and values.size == prod(slot.weight_shape) and axes not in ([values.size], needed):
        problem = f"has shape {values.shape}, {slot.name} needs {slot.weight_shape}"
        raise FormatError(str(path), problem, "store it as (out, in) or (out, in, k, k)")
    return values.astype(np.float64)


def _text(path: Path, needed: int) -> FloatArray:
    """Read numbers separated by white space, usually one a line."""
    data = read_bytes(path, max(needed * MAX_NUMBER_BYTES, MIN_TEXT_LIMIT))
    try:
        return np.array(data.split(), dtype=np.float64)
    except ValueError as error:
        problem = f"holds something else than numbers ({str(error)[:60]})"
        raise FormatError(str(path), problem, "export it again") from error
