"""Building an ONNX graph around a `Scan`: nodes that run once, nodes that run in every step, and shared constants.

Imports onnx: let it be imported only when a graph is written or read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

#: Operators are used as this version of the standard set defines them; onnxruntime has it since 1.12.
OPSET = 17
IR_VERSION = 8

INT64 = TensorProto.INT64
#: Names of the network's own arrays begin so.
PREFIX = "network"


@dataclass
class GraphBuilder:
    """Nodes and constants being collected; every method returns the name of what it adds.

    The body of a `Scan` sees the names of the graph around it, so constants and what is computed from them are
    stored and computed once.

    Attributes:
        constants: initializers, in order of first use.
        once: nodes around the `Scan`.
        each: nodes of its body.
    """

    constants: dict[str, TensorProto] = field(default_factory=dict)
    once: list[NodeProto] = field(default_factory=list)
    each: list[NodeProto] = field(default_factory=list)

    def stored(self, name: str, value: NDArray[np.generic]) -> str:
        """An initializer of its own type under a name of its own."""
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name)
        return name

    def constant(self, value: ArrayLike) -> str:
        """An int64 initializer; a small one with the same content is used again."""
        array = np.asarray(value, np.int64)
        label = "x".join(map(str, array.shape)) or "scalar"
        same = "_".join(map(str, array.reshape(-1).tolist())) if array.size <= 4 else f"number_{len(self.constants)}"
        name = f"constant/{label}/{same}"
        return name if name in self.constants else self.stored(name, array)

    def parameter(self, key: str, value: ArrayLike) -> str:
        """The network's own array of that key as int64; where it has none, a constant."""
        name = f"{PREFIX}/{key}"
        return self.prepare("Cast", name, to=INT64) if name in self.constants else self.constant(value)

    def prepare(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The output of a node that runs once."""
        name = f"once/{len(self.once)}/{operator}"
        self.once.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def step(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The output of a node that runs in every step."""
        name = f"step/{len(self.each)}/{operator}"
        self.each.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def give(self, value: str, name: str) -> str:
        """An output of the body under its own name."""
        self.each.append(helper.make_node("Identity", [value], [name]))
        return name


def array_info(name: str, kind: int, shape: tuple[int | str, ...]) -> ValueInfoProto:
    """Declare an input or output; a text in its shape is an axis of any length."""
    return helper.make_tensor_value_info(name, kind, shape)


def zeros(build: GraphBuilder, *shape: int) -> str:
    """An int64 tensor of zeros, made when the model runs."""
    zero = numpy_helper.from_array(np.zeros(1, np.int64))
    return build.prepare("ConstantOfShape", build.constant(shape), value=zero)
