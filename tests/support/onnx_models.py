"""Feed-forward ONNX models with random weights, as training frameworks export them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

#: An operator, its constants by name, and its attributes.
Layer = tuple[str, dict[str, NDArray[Any]], dict[str, Any]]


def chain(layers: Sequence[Layer], shape: Sequence[int]) -> ModelProto:
    """A model of these layers one behind the other, for inputs (any number, *shape)."""
    nodes, constants, value = [], [], "x"
    for number, (operator, arrays, attributes) in enumerate(layers):
        names = [f"{operator}{number}.{name}" for name in arrays]
        constants += [numpy_helper.from_array(a, n) for n, a in zip(names, arrays.values(), strict=True)]
        nodes.append(helper.make_node(operator, [value, *names], [f"v{number}"], name=f"node{number}", **attributes))
        value = f"v{number}"
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])
    result = helper.make_tensor_value_info(value, TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "chain", [given], [result], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def floats(seed: int, *shape: int) -> NDArray[np.float32]:
    """Random numbers around zero."""
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


def small_convolutional_model() -> ModelProto:
    """Two planes of 6x6: convolution, normalization, pooling, two dense layers: every operator that is read."""
    variance: NDArray[Any] = np.abs(floats(4, 4)) + 0.5
    normalized: dict[str, NDArray[Any]] = {
        "scale": floats(1, 4) + 1,
        "B": floats(2, 4),
        "mean": floats(3, 4),
        "var": variance,
    }
    return chain(
        [
            ("Conv", {"W": floats(0, 4, 1, 3, 3), "B": floats(9, 4)}, {"pads": [1] * 4, "strides": [1, 1], "group": 2}),
            ("BatchNormalization", normalized, {"epsilon": 1e-3}),
            ("Relu", {}, {}),
            ("AveragePool", {}, {"kernel_shape": [2, 2], "strides": [2, 2]}),
            ("Conv", {"W": floats(5, 3, 4, 2, 2)}, {"dilations": [2, 1], "pads": [1, 0, 1, 0]}),
            ("Add", {"B": floats(10, 3, 1, 1) + 1}, {}),
            ("Relu", {}, {}),
            ("Identity", {}, {}),
            ("Flatten", {}, {}),
            ("Gemm", {"W": floats(6, 5, 18), "B": floats(7, 5)}, {"transB": 1, "alpha": 0.5, "beta": 2.0}),
            ("Relu", {}, {}),
            ("MatMul", {"W": floats(8, 5, 3)}, {}),
            ("Add", {"B": floats(11, 3)}, {}),
            ("Softmax", {}, {}),
        ],
        [2, 6, 6],
    )
