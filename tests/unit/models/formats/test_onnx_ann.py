"""Feed-forward ONNX networks: read as onnxruntime computes them, and converted to rates without losing accuracy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, helper
from sklearn.datasets import load_digits

import neurodeploy as nd
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.errors import FormatError
from neurodeploy.models.formats import ReadOptions, read_network
from neurodeploy.models.formats.onnx_ann import _Chain
from neurodeploy.models.formats.onnx_file import read_initializers
from neurodeploy.network import Network
from neurodeploy.spikes.coding import rate_coded
from neurodeploy.spikes.events import Events
from tests.conftest import SUMMARY
from tests.support.onnx_models import Layer, chain, floats, small_convolutional_model

DENSE: Layer = ("Gemm", {"W": floats(1, 3, 4)}, {"transB": 1})
CONV: Layer = ("Conv", {"W": floats(1, 3, 1, 3, 3)}, {})


def computed(model: ModelProto, x: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result: NDArray[np.float32] = session.run(None, {"x": x})[0]
    return result


def test_stages_compute_what_onnxruntime_does() -> None:
    model = small_convolutional_model()
    del model.graph.node[-1]  # Softmax is left out
    model.graph.output[0].name = model.graph.node[-1].output[0]
    x = floats(20, 7, 2, 6, 6)
    path = Path("n.onnx")
    reader = _Chain(path, read_initializers(model, path))
    values = x.reshape(7, -1).astype(np.float64)
    stages = reader.stages(model, (2, 6, 6))
    assert [s.name for s in stages] == ["conv1", "pool1", "conv2", "fc1", "fc2"]
    for stage in stages:
        values = stage(values)
    np.testing.assert_allclose(values, computed(model, x), rtol=1e-4, atol=1e-5)


def test_global_pool_and_counted_padding() -> None:
    pool: Layer = ("AveragePool", {}, {"kernel_shape": [3, 2], "pads": [1, 0, 0, 1], "count_include_pad": 1})
    model = chain([CONV, ("Relu", {}, {}), pool, ("GlobalAveragePool", {}, {})], [1, 7, 6])
    x, path = floats(2, 5, 1, 7, 6), Path("n.onnx")
    values = x.reshape(5, -1).astype(np.float64)
    for stage in _Chain(path, read_initializers(model, path)).stages(model, (1, 7, 6)):
        values = stage(values)
    np.testing.assert_allclose(values, computed(model, x).reshape(5, -1), rtol=1e-4, atol=1e-6)


def _refused(model: ModelProto, shape: tuple[int, ...], message: str, folder: Path, percentile: float = 99.9) -> None:
    (folder / "n.onnx").write_bytes(model.SerializeToString())
    np.save(folder / "c.npy", np.random.default_rng(0).random((6, *shape)))
    with pytest.raises(FormatError, match=message):
        read_network(folder / "n.onnx", ReadOptions(calibrate=folder / "c.npy", percentile=percentile))


@pytest.mark.parametrize(
    ("layers", "shape", "message"),
    [
        (
            [DENSE, ("Tanh", {}, {})],
            (4,),
            "Tanh node1: is an operator that this reader does not convert; it takes Gemm",
        ),
        ([CONV, ("MaxPool", {}, {"kernel_shape": [2, 2]})], (1, 5, 5), "MaxPool.*train it with average pooling"),
        ([DENSE, ("Gemm", {"W": floats(1, 3, 3)}, {})], (4,), "Gemm node1: follows fc1 without a Relu"),
        ([("Gemm", {"W": floats(1, 3, 5)}, {"transB": 1})], (4,), "takes 5 values, it gets"),
        ([("Gemm", {"W": floats(1, 3, 4)}, {"transB": 1, "odd": 1})], (4,), "has the attribute odd"),
        ([("Gemm", {"W": floats(1, 3, 4)}, {"transB": 1.0})], (4,), "its transB is of the wrong type"),
        ([("Gemm", {"W": floats(1, 3, 4)}, {"transA": 1})], (4,), "has transA 1; only 0 is covered"),
        ([("Conv", CONV[1], {"pads": [0, 1, 1, 0]})], (1, 5, 5), r"has pads \[0, 1, 1, 0\]; pad both sides alike"),
        ([("Conv", CONV[1], {"auto_pad": "SAME_UPPER"})], (1, 5, 5), "has auto_pad"),
        ([("Conv", CONV[1], {"pads": [2**28] * 4})], (1, 5, 5), "values that are read here"),
        ([("Conv", CONV[1], {"kernel_shape": [2, 2]})], (1, 5, 5), "has kernel_shape"),
        (
            [CONV, ("Relu", {}, {}), ("AveragePool", {}, {"kernel_shape": [2, 2], "pads": [1] * 4})],
            (1, 5, 5),
            "padding",
        ),
        ([CONV, ("Add", {"B": floats(1, 3)}, {})], (1, 5, 5), r"adds shape \(3,\)"),
        ([DENSE, ("Softmax", {}, {}), ("Relu", {}, {})], (4,), "comes behind or before layers"),
        ([("Relu", {}, {}), DENSE], (4,), "does not follow a convolution or a dense layer"),
        ([DENSE], (5,), "takes inputs of shape"),
        ([("Gemm", {"W": np.full((3, 4), np.inf, np.float32)}, {"transB": 1})], (4,), "values that are no numbers"),
        ([("Gemm", {"W": -np.ones((3, 4), np.float32)}, {"transB": 1}), ("Relu", {}, {})], (4,), "fc1: is silent"),
    ],
)
def test_what_is_refused(layers: list[Layer], shape: tuple[int, ...], message: str, tmp_path: Path) -> None:
    declared = (4,) if shape == (5,) else shape
    _refused(chain(layers, declared), shape, message, tmp_path)


def test_branches_and_options(tmp_path: Path) -> None:
    model = chain([DENSE, ("Relu", {}, {}), ("Gemm", {"W": floats(2, 3, 3)}, {})], [4])
    _refused(model, (4,), "percentile 0: is outside", tmp_path, 0.0)
    branch = helper.make_node("Add", ["v1", "v2"], ["v3"], name="skip")
    model.graph.node.append(branch)
    model.graph.output[0].name = "v3"
    _refused(model, (4,), "Add skip: its input 0 is no constant", tmp_path)
    with pytest.raises(
        FormatError, match="is no spiking model of ours; to convert a network of rates, add --calibrate"
    ):
        read_network(tmp_path / "n.onnx")


def _trained(layers: Callable[[], Any], x: NDArray[np.float32], y: NDArray[np.int64]) -> Any:
    """A torch network, trained in a few seconds."""
    import torch

    torch.manual_seed(0)
    network = layers()
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    order = np.random.default_rng(0)
    for _ in range(25):
        for part in np.array_split(order.permutation(len(x)), 20):
            optimizer.zero_grad()
            loss: Any = torch.nn.functional.cross_entropy(network(torch.tensor(x[part])), torch.tensor(y[part]))
            loss.backward()
            optimizer.step()
    return network.eval()


def _mlp() -> Any:
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))


def _cnn() -> Any:
    from torch import nn

    first = [nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2)]
    second = [nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(*first, *second)


def _as_onnx(network: Any, shape: list[int]) -> ModelProto:
    """The model, layer by layer, as torch's exporter writes it."""
    layers: list[Layer] = []
    for module in network:
        kind, state = type(module).__name__, {k: v.numpy() for k, v in module.state_dict().items()}
        if kind == "Linear":
            layers.append(("Gemm", {"W": state["weight"], "B": state["bias"]}, {"transB": 1}))
        elif kind == "Conv2d":
            layers.append(("Conv", {"W": state["weight"], "B": state["bias"]}, {"pads": [1] * 4}))
        elif kind == "BatchNorm2d":
            names = ("weight", "bias", "running_mean", "running_var")
            layers.append(("BatchNormalization", {n: state[n] for n in names}, {"epsilon": module.eps}))
        elif kind == "AvgPool2d":
            layers.append(("AveragePool", {}, {"kernel_shape": [2, 2], "strides": [2, 2]}))
        else:
            layers.append(({"ReLU": "Relu", "Flatten": "Flatten"}[kind], {}, {}))
    return chain(layers, shape)


@pytest.mark.parametrize(("layers", "centred"), [(_mlp, False), (_cnn, False), (_cnn, True)])
def test_digits_keep_their_accuracy(
    layers: Callable[[], Any], centred: bool, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """At most 3 points are lost in the steps that the notes advise, also with inputs below zero."""
    digits = load_digits()
    x = (digits.images[:, None] / 16).astype(np.float32)
    x = (x - np.float32(0.3)) / np.float32(0.4) if centred else x
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:1300], order[1300:1500]
    model = _as_onnx(_trained(layers, x[train], digits.target[train]), [1, 8, 8])
    (tmp_path / "n.onnx").write_bytes(model.SerializeToString())
    np.save(tmp_path / "c.npy", x[train[:200]])
    loaded = read_network(tmp_path / "n.onnx", ReadOptions(calibrate=tmp_path / "c.npy"))
    assert any("use 40" in note for note in loaded.notes)
    network = loaded.network
    assert isinstance(network, Network)
    assert network.steps is not None
    image = load(nd.compile(network))
    low, high = min(0.0, float(x[train[:200]].min())), float(x[train[:200]].max())
    right = 0
    for sample, label in zip(x[test], digits.target[test], strict=True):
        events = Events.from_raster(rate_coded(sample, network.steps, low, high))
        fired = Emulator(image).advance(events, network.steps).spikes[-1].neuron
        right += int(np.argmax(np.bincount(fired, minlength=10)) == label)
    wanted = int(np.sum(computed(model, x[test]).argmax(axis=1) == digits.target[test]))
    record_property(SUMMARY, f"{network.steps} steps: {right} of {len(test)} right, the network of rates {wanted}")
    assert wanted > 0.92 * len(test)
    assert right >= wanted - 0.03 * len(test)
