"""Feed-forward ONNX graphs: a chain of nodes, read into stages and converted to a rate-coded network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto, ModelProto, NodeProto

from neurodeploy.errors import FormatError
from neurodeploy.files import parse_npy, read_bytes
from neurodeploy.models.formats.ann import FloatArray, Stage
from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.onnx_file import read_initializers, read_tensor
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.models.formats.rate_coding import convert_to_rates
from neurodeploy.network import Conv2d, ConvTranspose2d, Dense, Shape, SumPool2d, Windowed

FORMAT = "onnx"
MAX_CALIBRATION_BYTES = 2**29
#: Most sums that calibration computes for one stage; more samples are left out.
MAX_CALIBRATION_VALUES = 2**25

#: Most values that a layer takes, with its padding, or gives.
MAX_STAGE_VALUES = 2**22

Synapse = Dense | Windowed

_SKIPPED = ("Identity", "Dropout")
_ENDINGS = ("Softmax", "LogSoftmax")
_SAME_ORDER = "convert average pooling and convolutions before rectifiers, with a Relu between any two"


def read_feed_forward(model: ModelProto, path: Path, options: ReadOptions) -> Loaded:
    """Convert a feed-forward network to a rate-coded one.

    Args:
        model: parsed; its nodes are a chain from the only input to the only output.
        path: of the file, for messages.
        options: `calibrate`, inputs of typical samples as `.npy`, (samples, C, H, W) or (samples, inputs);
            `percentile` of the activations that a neuron's highest rate stands for.

    Raises:
        FormatError: an operator, attribute or shape that is not covered, naming the node; or no calibration data.
    """
    if options.calibrate is None:
        raise FormatError(str(path), "is no spiking model of ours", "to convert a network of rates, add --calibrate")
    samples = _calibration(Path(options.calibrate))
    chain = _Chain(path, {**read_initializers(model, path), **_constants(model, path)})
    stages = chain.stages(model, samples.shape[1:])
    largest = max(prod(s.shape) for s in stages)
    flat = samples.reshape(len(samples), -1)[: max(1, MAX_CALIBRATION_VALUES // largest)]
    network, notes = convert_to_rates(stages, flat.astype(np.float64), options.percentile)
    return Loaded(network, (*chain.notes, *notes), FORMAT)


def _calibration(path: Path) -> NDArray[Any]:
    samples = parse_npy(read_bytes(path, MAX_CALIBRATION_BYTES), str(path))
    if samples.ndim not in (2, 4) or samples.dtype.kind not in "iufb" or not samples.size:
        problem = f"has shape {samples.shape} and type {samples.dtype}"
        raise FormatError(str(path), problem, "store inputs as (samples, C, H, W) or (samples, inputs)")
    if not np.all(np.isfinite(samples)):
        raise FormatError(str(path), "holds NaN or infinite values", "repair the data")
    return samples


def _constants(model: ModelProto, path: Path) -> dict[str, NDArray[Any]]:
    """What `Constant` nodes hold."""
    found = {}
    for node in model.graph.node:
        if node.op_type == "Constant" and len(node.output) == 1:
            for attribute in node.attribute:
                if attribute.name == "value" and attribute.type == AttributeProto.TENSOR:
                    found[node.output[0]] = read_tensor(attribute.t, f"{path}: {node.output[0][:60]}")
    return found


@dataclass
class _Chain:
    """Nodes being read from input to output.

    Attributes:
        path: of the file.
        constants: by name.
        notes: what to tell the user.
        ended: whether the Softmax at its end was read.
    """

    path: Path
    constants: dict[str, NDArray[Any]]
    notes: list[str] = field(default_factory=list)
    ended: bool = False

    def stages(self, model: ModelProto, data_shape: Shape) -> list[Stage]:
        """The stages of a graph, for inputs of the shape that the calibration data have."""
        graph = model.graph
        inputs = [i for i in graph.input if i.name not in self.constants]
        if len(inputs) != 1 or len(graph.output) != 1:
            problem = f"has {len(inputs)} inputs and {len(graph.output)} outputs"
            raise FormatError(str(self.path), problem, "give a network with one of each")
        declared = [d.dim_value or None for d in inputs[0].type.tensor_type.shape.dim][1:]
        if declared and [d or n for d, n in zip(declared, data_shape, strict=False)] != list(data_shape):
            problem = f"takes inputs of shape {declared}, the calibration data have {list(data_shape)}"
            raise FormatError(str(self.path), problem, "give --calibrate data for this network")
        found: list[Stage] = []
        value, shape = inputs[0].name, data_shape
        for node in graph.node:
            if node.op_type == "Constant":
                continue
            if not node.output or value not in node.input or node.domain not in ("", "ai.onnx"):
                raise self.refusal(node, "does not continue a plain chain of layers", "give a network without branches")
            shape = self._read(node, value, shape, found)
            value = node.output[0]
        if value != graph.output[0].name or not found:
            raise FormatError(str(self.path), "its layers do not lead to its output", "give a plain chain of layers")
        return found

    def refusal(self, node: NodeProto, problem: str, remedy: str) -> FormatError:
        """An error that names a node."""
        return FormatError(f"{self.path}: {node.op_type[:40]} {node.name[:40]}".rstrip(), problem, remedy)

    def _read(self, node: NodeProto, value: str, shape: Shape, found: list[Stage]) -> Shape:
        """Take one node; returns the shape of what it gives."""
        if node.op_type in _SKIPPED:
            if len(node.input) > 2 and node.input[2] in self.constants and np.any(self.constants[node.input[2]]):
                raise self.refusal(node, "drops values, as in training", "export the model for inference")
            return shape
        if self.ended or (node.op_type in _ENDINGS and len(shape) != 1):
            raise self.refusal(node, "comes behind or before layers it does not suit", "end the network with it")
        if node.op_type in _ENDINGS:
            self.ended = True
            self.notes.append(f"{node.op_type} is left out: it does not change which output is largest")
            return shape
        if node.op_type in ("Flatten", "Reshape"):
            return self._flat(node, shape)
        if node.op_type in ("Relu", "Add", "BatchNormalization"):
            return self._change(node, value, shape, found)
        readers: dict[str, Callable[[NodeProto, Shape], tuple[Synapse, FloatArray]]] = {
            "Gemm": self._gemm,
            "MatMul": self._matmul,
            "Conv": self._conv,
            "ConvTranspose": self._transposed,
            "AveragePool": self._pool,
            "GlobalAveragePool": self._pool,
        }
        if node.op_type not in readers:
            remedy = f"it takes {', '.join((*readers, 'Relu', 'Add', 'BatchNormalization', 'Flatten', 'Reshape'))}"
            if node.op_type == "MaxPool":
                remedy = "train it with average pooling: the largest of several rates has no synapse"
            raise self.refusal(node, "is an operator that this reader does not convert", remedy)
        if found and not (found[-1].rectified or found[-1].averages):
            raise self.refusal(node, f"follows {found[-1].name} without a Relu", _SAME_ORDER)
        if node.input[0] != value:
            raise self.refusal(
                node, "has constants in the first place", "multiply the data by constants from the right"
            )
        synapse, bias = readers[node.op_type](node, shape)
        name = _NAMES[node.op_type]
        count = 1 + sum(s.name.rstrip("0123456789") == name for s in found)
        stage = Stage(f"{name}{count}", synapse, bias, False, shape)
        if prod(stage.shape) > MAX_STAGE_VALUES:
            problem = f"gives {stage.shape}, more than the {MAX_STAGE_VALUES} values that are read here"
            raise self.refusal(node, problem, "give a smaller network")
        found.append(stage)
        return stage.shape

    def _constant(self, node: NodeProto, position: int, axes: int | None = None) -> FloatArray:
        """A constant input of a node as float64."""
        name = node.input[position] if position < len(node.input) else ""
        if name not in self.constants:
            raise self.refusal(node, f"its input {position} is no constant of the file", "store weights in the file")
        array = self.constants[name]
        if (axes is not None and array.ndim != axes) or not array.size or not np.all(np.isfinite(array)):
            problem = f"its input {position} has shape {array.shape} or values that are no numbers"
            raise self.refusal(node, problem, "repair the model")
        return array.astype(np.float64)

    def _attributes(self, node: NodeProto, known: dict[str, Any]) -> dict[str, Any]:
        """The attributes of a node, `known` giving the defaults; raises FormatError for others."""
        values = dict(known)
        for attribute in node.attribute:
            if attribute.name not in known:
                raise self.refusal(node, f"has the attribute {attribute.name[:40]}", "it is not covered")
            kind, value = _ATTRIBUTES[type(known[attribute.name])]
            if attribute.type != kind:
                raise self.refusal(node, f"its {attribute.name[:40]} is of the wrong type", "export the model again")
            values[attribute.name] = value(attribute)
        return values

    def _demand(self, node: NodeProto, values: dict[str, Any], **wanted: Any) -> None:
        for name, value in wanted.items():
            if values[name] != value:
                raise self.refusal(node, f"has {name} {_shown(values[name])}", f"only {_shown(value)} is covered")

    def _flat(self, node: NodeProto, shape: Shape) -> Shape:
        if node.op_type == "Flatten":
            self._demand(node, self._attributes(node, {"axis": 1}), axis=1)
        else:
            self._demand(node, self._attributes(node, {"allowzero": 0}), allowzero=0)
            target = self._constant(node, 1, 1).tolist()
            if len(target) != 2 or target[1] not in (-1, prod(shape)):
                raise self.refusal(node, f"reshapes to {target[:8]}", "only to (samples, values) is covered")
        return (prod(shape),)

    def _gemm(self, node: NodeProto, shape: Shape) -> tuple[Dense, FloatArray]:
        values = self._attributes(node, {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0})
        self._demand(node, values, transA=0)
        weight = self._constant(node, 1, 2) * values["alpha"]
        weight = weight if values["transB"] else weight.T
        has_bias = len(node.input) > 2 and node.input[2]
        bias = self._constant(node, 2) * values["beta"] if has_bias else np.zeros(1)
        return self._dense(node, weight, shape), self._channels(node, bias, len(weight), 1)

    def _matmul(self, node: NodeProto, shape: Shape) -> tuple[Dense, FloatArray]:
        self._attributes(node, {})
        weight = self._constant(node, 1, 2).T
        return self._dense(node, weight, shape), np.zeros(len(weight))

    def _dense(self, node: NodeProto, weight: FloatArray, shape: Shape) -> Dense:
        if shape != (weight.shape[1],):
            raise self.refusal(node, f"takes {weight.shape[1]} values, it gets {shape}", "flatten before it")
        return Dense(weight)

    def _conv(self, node: NodeProto, shape: Shape) -> tuple[Conv2d, FloatArray]:
        weight, values, bias = self._kernel(node, {})
        stride, padding, dilation = (self._pair(values[name]) for name in ("strides", "pads", "dilations"))
        conv = Conv2d(weight, stride, padding, dilation, values["group"])
        return conv, self._channels(node, bias, conv.output_shape(shape)[0], 1)

    def _transposed(self, node: NodeProto, shape: Shape) -> tuple[ConvTranspose2d, FloatArray]:
        weight, values, bias = self._kernel(node, {"output_padding": [0, 0]})
        stride, padding, dilation = (self._pair(values[name]) for name in ("strides", "pads", "dilations"))
        more = self._pair(values["output_padding"])
        conv = ConvTranspose2d(weight, stride, padding, more, dilation, values["group"])
        return conv, self._channels(node, bias, conv.output_shape(shape)[0], 1)

    def _kernel(self, node: NodeProto, more: dict[str, Any]) -> tuple[FloatArray, dict[str, Any], FloatArray]:
        """Weights, attributes and bias of a convolution or transposed one, which takes `more` attributes."""
        weight = self._constant(node, 1, 4)
        known: dict[str, Any] = {"kernel_shape": list(weight.shape[2:]), "strides": [1, 1], "pads": [0] * 4, **more}
        values = self._attributes(node, {**known, "dilations": [1, 1], "group": 1, "auto_pad": b"NOTSET"})
        pads = values["pads"]
        self._demand(node, values, auto_pad=b"NOTSET", kernel_shape=list(weight.shape[2:]))
        pairs = [values[name] for name in ("strides", "dilations", *more)]
        if not self._pairs(*pairs) or len(pads) != 4 or pads[:2] != pads[2:]:
            raise self.refusal(node, f"has pads {pads[:8]}", "pad both sides alike, in two dimensions")
        has_bias = len(node.input) > 2 and node.input[2]
        return weight, values, self._constant(node, 2, 1) if has_bias else np.zeros(1)

    @staticmethod
    def _pair(values: list[int]) -> tuple[int, int]:
        return values[0], values[1]

    def _pool(self, node: NodeProto, shape: Shape) -> tuple[SumPool2d, FloatArray]:
        if len(shape) != 3:
            raise self.refusal(node, f"pools data of shape {shape}", "pool before flattening")
        known: dict[str, Any] = {"kernel_shape": list(shape[1:]), "strides": [1, 1], "pads": [0] * 4}
        known |= {"auto_pad": b"NOTSET", "ceil_mode": 0, "count_include_pad": 0, "dilations": [1, 1]}
        values = self._attributes(node, known if node.op_type == "AveragePool" else {}) or known
        self._demand(node, values, auto_pad=b"NOTSET", ceil_mode=0, dilations=[1, 1])
        kernel, strides, pads = values["kernel_shape"], values["strides"], values["pads"]
        if not self._pairs(kernel, strides) or len(pads) != 4 or min(kernel) < 1 or prod(kernel) > prod(shape):
            raise self.refusal(node, f"has a kernel {kernel[:8]} on {shape}", "pool planes in two dimensions")
        if any(pads) and not values["count_include_pad"]:
            raise self.refusal(node, "does not count its padding", "set count_include_pad, or pool without padding")
        weight = np.full(tuple(kernel), 1 / prod(kernel))
        pool = SumPool2d(weight, (strides[0], strides[1]), (pads[0], pads[2], pads[1], pads[3]))
        return pool, np.zeros(pool.output_shape(shape)[0])

    @staticmethod
    def _pairs(*values: Any) -> bool:
        return all(isinstance(v, list) and len(v) == 2 for v in values)

    def _channels(self, node: NodeProto, values: FloatArray, channels: int, inner: int) -> FloatArray:
        """One value per output channel, from an array that broadcasts so; `inner`: axes behind the channels."""
        trimmed = values.reshape(-1) if values.size in (1, channels) else None
        shape = [n for n in values.shape if n > 1]
        fits = values.size == 1 or (shape == [channels] and values.ndim <= 2 + inner)
        if trimmed is None or not fits:
            raise self.refusal(node, f"adds or scales by shape {values.shape}", f"one value per {channels} channels")
        return np.broadcast_to(trimmed, (channels,)).copy()

    def _change(self, node: NodeProto, value: str, shape: Shape, found: list[Stage]) -> Shape:
        """Relu, Add and BatchNormalization change the stage before them."""
        if not found or found[-1].rectified or (found[-1].averages and node.op_type != "Relu"):
            if node.op_type == "Relu" and found:
                return shape
            raise self.refusal(node, "does not follow a convolution or a dense layer", _SAME_ORDER)
        stage = found[-1]
        if node.op_type == "Relu":
            found[-1] = replace(stage, rectified=True)
        elif node.op_type == "Add":
            added = self._constant(node, 1 - list(node.input).index(value))
            self._axes(node, added, shape)
            found[-1] = replace(stage, bias=stage.bias + self._channels(node, added, shape[0], len(shape) - 1))
        else:
            found[-1] = self._normalized(node, stage)
        return shape

    def _axes(self, node: NodeProto, added: FloatArray, shape: Shape) -> None:
        """An array must meet the axis of channels, counted from the last axis as broadcasting does."""
        if added.size > 1 and (added.ndim < len(shape) or added.shape[-len(shape)] != shape[0]):
            raise self.refusal(node, f"adds shape {added.shape} to {shape}", "add one value per channel")

    def _normalized(self, node: NodeProto, stage: Stage) -> Stage:
        known = {"epsilon": 1e-5, "momentum": 0.9, "training_mode": 0, "spatial": 1}
        values = self._attributes(node, known)
        self._demand(node, values, training_mode=0, spatial=1)
        assert not isinstance(stage.synapse, SumPool2d)
        gain, shift, mean, variance = (self._constant(node, i, 1) for i in range(1, 5))
        channels = stage.shape[0]
        if {gain.size, shift.size, mean.size, variance.size} != {channels} or variance.min() + values["epsilon"] <= 0:
            raise self.refusal(node, "does not suit the channels before it", "export the model again")
        factor = gain / np.sqrt(variance + values["epsilon"])
        return replace(stage, synapse=stage.scaled(factor), bias=(stage.bias - mean) * factor + shift)


_ATTRIBUTES: dict[type, tuple[int, Callable[[AttributeProto], Any]]] = {
    int: (AttributeProto.INT, lambda a: a.i),
    float: (AttributeProto.FLOAT, lambda a: a.f),
    list: (AttributeProto.INTS, lambda a: list(a.ints)),
    bytes: (AttributeProto.STRING, lambda a: a.s),
}
_NAMES = {
    "Gemm": "fc",
    "MatMul": "fc",
    "Conv": "conv",
    "ConvTranspose": "convt",
    "AveragePool": "pool",
    "GlobalAveragePool": "pool",
}


def _shown(value: Any) -> Any:
    """An attribute as a sentence has it; ONNX keeps text as bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
