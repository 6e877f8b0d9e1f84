"""A lava-dl checkpoint of CUBA blocks, with a sidecar for what its state dict does not hold.

Entries are `blocks.i.synapse.weight` (out, in, kH, kW, 1), or `weight_g` and `weight_v`, `neuron.current_decay` and
`neuron.voltage_decay` (4096 for 1.0), `delay.delay` in steps and `neuron.norm.running_mean`. Each block becomes what
lava-dl's `export_hdf5` would write, and then is read as a layer of a `.net` file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError, NetworkError
from neurodeploy.models.formats.hdf5_tree import Array, Group, Text, Value
from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.net_chain import Chain
from neurodeploy.models.formats.options import ReadOptions, check_options
from neurodeploy.models.formats.sidecar import Block, Sidecar, read_sidecar
from neurodeploy.models.formats.weight_norm import normed
from neurodeploy.network import Conv2d, ConvTranspose2d, Shape, SumPool2d

FORMAT = "lava-dl-pt"
#: lava-dl quantizes weights to 8 bits with a sign in steps of 2.
_STEP, _LOWEST, _HIGHEST = 2, -256, 254
_ENTRY = re.compile(r"blocks\.([0-9]{1,4})\.([A-Za-z_.]{1,60})")
_KNOWN = {
    "synapse.weight", "synapse.weight_g", "synapse.weight_v", "delay.delay", "neuron.current_decay",
    "neuron.voltage_decay", "neuron.norm.running_mean",
}  # fmt: skip

State = Mapping[str, NDArray[np.float64]]


def is_lava_dl(state: State) -> bool:
    """Whether a state dict is that of lava-dl's blocks."""
    return any(key.startswith("blocks.") and ".synapse." in key for key in state)


def read_lava_dl(path: Path, state: State, options: ReadOptions) -> Loaded:
    """Read a lava-dl checkpoint; its weights are quantized as its training did in every forward pass.

    Args:
        path: the `.pt` file.
        state: what it holds.
        options: `sidecar`, else the `.toml` beside the file; and what `.net` files take.

    Raises:
        FormatError: an entry that is unknown or missing, or that contradicts the sidecar.
    """
    heeded = ("sidecar", "reset_interval", "reset_offset", "image", "input_bias")
    check_options(options, heeded, "a checkpoint of lava-dl")
    given = Path(options.sidecar) if options.sidecar is not None else path.with_suffix(".toml")
    if options.sidecar is None and not given.is_file():
        problem = "is a lava-dl checkpoint, which holds no thresholds, strides or kinds of blocks"
        raise FormatError(str(path), problem, f"describe them in {given.name} or give --sidecar (docs/formats.md)")
    sidecar, blocks = read_sidecar(given), _blocks(path, state)
    if blocks and max(blocks) >= len(sidecar.blocks):
        problem = f"describes {len(sidecar.blocks)} blocks, and the checkpoint holds blocks.{max(blocks)}"
        raise FormatError(str(given), problem, "describe every block")
    chain = Chain(path, options)
    chain.add(_group(f"{path}: input", {"type": "input", "shape": np.array(sidecar.input)}))
    shape = sidecar.input
    for i, block in enumerate(sidecar.blocks):
        shape = _add(chain, sidecar, block, blocks.get(i, {}), shape, f"{path}: blocks.{i}")
    notes = (*chain.notes, f"weights quantized in steps of {_STEP} / {sidecar.scale}, as in training")
    return Loaded(chain.network(sidecar.timestep_ms, sidecar.steps), notes, FORMAT)


def _blocks(path: Path, state: State) -> dict[int, dict[str, NDArray[np.float64]]]:
    blocks: dict[int, dict[str, NDArray[np.float64]]] = defaultdict(dict)
    for key, array in state.items():
        match = _ENTRY.fullmatch(key)
        if match is None or match[2] not in _KNOWN:
            known = ", ".join(sorted(_KNOWN))
            raise FormatError(f"{path}: {key[:60]}", "is an entry that this reader does not know", f"it takes {known}")
        if not np.all(np.isfinite(array)):
            raise FormatError(f"{path}: {key}", "holds NaN or infinite values", "repair the training")
        blocks[int(match[1])][match[2]] = array
    return dict(blocks)


def _add(
    chain: Chain, sidecar: Sidecar, block: Block, entries: dict[str, NDArray[np.float64]], source: Shape, where: str
) -> Shape:
    """One block, as the layer of a `.net` file; gives the shape behind it."""
    if block.kind in ("flatten", "average"):
        if entries:
            problem = f"holds {', '.join(sorted(entries))}, and is a {block.kind}"
            raise FormatError(where, problem, "correct the sidecar")
        classes = block.sizes.get("classes", (int(np.prod(source)),))
        chain.add(_group(where, {"type": block.kind, "shape": np.array([classes[0], 1, 1])}))
        return source if block.kind == "average" else (int(np.prod(source)),)
    weight = _quantized(normed(entries, "synapse.weight", where), sidecar.scale)
    fields, shape = _layer(block, weight, source, where)
    if "delay.delay" in entries:
        fields["delay"] = np.floor(entries["delay.delay"].reshape(-1))
    if "neuron.norm.running_mean" in entries:
        fields["bias"] = -_quantized(entries["neuron.norm.running_mean"], sidecar.scale)
    if block.threshold is not None:
        neuron: dict[str, str | Array] = {"type": "CUBA", "vThMant": np.array(int(block.threshold * sidecar.scale))}
        for name, key in (("iDecay", "neuron.current_decay"), ("vDecay", "neuron.voltage_decay")):
            if key not in entries:
                raise FormatError(f"{where}.{key}", "is missing", "this reader takes CUBA neurons")
            neuron[name] = np.rint(entries[key])
        fields["neuron"] = _group(f"{where}.neuron", neuron)
    chain.add(_group(where, {"type": block.kind, "shape": np.array(shape), **fields}))
    return shape


def _layer(
    block: Block, weight: NDArray[np.float64], source: Shape, where: str
) -> tuple[dict[str, str | Array | Group], Shape]:
    """The weights and sizes of a layer, and its shape."""
    if weight.ndim != 5 or weight.shape[4] != 1:
        problem = f"has weights of shape {weight.shape}, not five axes of which the last, time, has length 1"
        raise FormatError(where, problem, "store the state dict of lava-dl's blocks")
    if block.kind == "dense":
        return {"weight": weight.reshape(len(weight), -1)}, (len(weight),)
    kernel = weight.shape[2:4]
    defaults = {"stride": kernel if block.kind in ("pool", "unpool") else (1,), "padding": (0,), "dilation": (1,)}
    stride, padding, dilation = (_pair(block.sizes.get(name, other)) for name, other in defaults.items())
    groups = block.sizes.get("groups", (1,))[0]
    try:
        if block.kind == "conv":
            shape = Conv2d(weight[..., 0], stride, padding, dilation, groups).output_shape(source)
        elif block.kind == "convT":
            shape = ConvTranspose2d(weight[..., 0], stride, padding, (0, 0), dilation, groups).output_shape(source)
        elif block.kind == "unpool":
            spread = ConvTranspose2d(weight[:1, :1, :, :, 0], stride, padding, (0, 0), dilation)
            shape = (source[0], *spread.output_shape((1, *source[1:]))[1:])
        else:
            rest = [n % k if len(source) == 3 else 0 for n, k in zip(source[1:], kernel, strict=False)]
            ends = [p + r for p, r in zip(padding, rest or [0, 0], strict=True)]
            shape = SumPool2d(weight[0, 0, :, :, 0], stride, (padding[0], ends[0], padding[1], ends[1])).output_shape(
                source
            )
    except NetworkError as error:
        raise FormatError(f"{where}: {error.subject}", error.problem, "correct the sidecar") from error
    sizes = {"kernelSize": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    fields: dict[str, str | Array | Group] = {name: np.array(value) for name, value in sizes.items()}
    fields |= {"weight": weight} | ({"groups": np.array(groups)} if block.kind in ("conv", "convT") else {})
    return fields, shape


def _quantized(values: NDArray[np.float64], scale: int) -> NDArray[np.float64]:
    """8 bits with a sign, in steps of 2, half to even: lava-dl's `quantize_hook_fx`."""
    result: NDArray[np.float64] = np.clip(np.rint(values * scale / _STEP) * _STEP, _LOWEST, _HIGHEST)
    return result


def _pair(values: tuple[int, ...]) -> tuple[int, int]:
    return values[0], values[-1]


def _group(where: str, members: Mapping[str, str | Array | Group]) -> Group:
    made: dict[str, Group | Value] = {}
    for name, item in members.items():
        if isinstance(item, Group):
            made[name] = item
        else:
            made[name] = Value(Text((item,), ()) if isinstance(item, str) else item, where=f"{where}.{name}")
    return Group(made, where=where)
