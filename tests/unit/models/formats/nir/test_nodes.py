"""Every node type against torch or the formula in NIR's documentation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.models.formats.hdf5_tree import Group
from neurodeploy.models.formats.nir.reader import float_graph_of, network_of
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.network import Conv2d, CubaLif, Dense
from tests.support.nir_files import MS, chain, cuba, graph, node, steps, tree

RANDOM = np.random.default_rng(0)
IF = node("IF", r=[1.0], v_threshold=[1e9])
PLANES = RANDOM.normal(size=(2, 6, 7))
WEIGHT = RANDOM.normal(size=(4, 2, 3, 3))


def first_voltage(root: Group, values: Any) -> np.ndarray[Any, Any]:
    """What arrives at integrators behind the nodes in the first step."""
    built, made = steps(root, np.asarray(values).reshape(1, -1))
    voltages: np.ndarray[Any, Any] = made.voltages[built.output][0]
    return voltages


def test_cuba_lif_is_forward_euler_with_the_new_current() -> None:
    root = chain([1], cuba(v_leak=2.0, v_threshold=3.0, v_reset=0.5))
    u = v = 0.0
    expected, fired = [], []
    given = np.asarray([1, 0, 1, 1, 0, 0, 1, 1, 1, 1.0])
    for x in given:
        u += 1e-3 / 4e-3 * (-u + 4 * x)
        v += 1e-3 / 8e-3 * (2.0 - v + 8 * u)
        fired.append(v > 3.0)
        v = 0.5 if v > 3.0 else v
        expected.append(v)
    built, made = steps(root, given[:, None])
    np.testing.assert_allclose(made.voltages[built.output][:, 0], expected, rtol=1e-12)
    assert made.spikes[built.output][:, 0].tolist() == fired
    assert 2 < sum(fired) < 8


def test_exponential_decays() -> None:
    root = chain([1], cuba())
    neuron = float_graph_of(root, ReadOptions(dt=1.0, discretisation="exponential")).populations[1].neuron
    assert neuron is not None
    np.testing.assert_allclose(neuron.keep_current, np.exp(-1 / 4))
    np.testing.assert_allclose(neuron.current_gain, 4 * (1 - np.exp(-1 / 4)))
    np.testing.assert_allclose(neuron.keep_voltage, np.exp(-1 / 8))
    np.testing.assert_allclose(neuron.voltage_gain, 8 * (1 - np.exp(-1 / 8)))


def test_time_unit() -> None:
    root = chain([1], cuba(tau_syn=4.0, tau_mem=8.0))
    neuron = float_graph_of(root, ReadOptions(dt=1.0, time_unit="ms")).populations[1].neuron
    assert neuron is not None
    assert (float(neuron.keep_current), float(neuron.keep_voltage)) == (0.75, 0.875)


@pytest.mark.parametrize(
    ("fields", "keep", "gain", "leak"),
    [
        (node("LIF", tau=[4e-3], r=[2.0], v_leak=[0.8], v_threshold=[1.0]), 0.75, 0.5, 0.2),
        (node("LI", tau=[4e-3], r=[2.0], v_leak=[0.8]), 0.75, 0.5, 0.2),
        (node("IF", r=[3.0], v_threshold=[1.0]), 1.0, 3.0, 0.0),
        (node("I", r=[3.0]), 1.0, 3.0, 0.0),
        (node("Threshold", threshold=[0.5]), 0.0, 1.0, 0.0),
    ],
)
def test_neurons_without_current_filter(fields: dict[str, Any], keep: float, gain: float, leak: float) -> None:
    neuron = float_graph_of(chain([1], fields), MS).populations[1].neuron
    assert neuron is not None
    assert (float(neuron.keep_current), float(neuron.current_gain)) == (0.0, 1.0)
    np.testing.assert_allclose([neuron.keep_voltage, neuron.voltage_gain, neuron.leak], [keep, gain, leak])
    assert neuron.fires == (fields["type"] not in ("LI", "I"))


def test_cuba_li_reads_its_voltage() -> None:
    li = node("CubaLI", tau_syn=[4e-3], tau_mem=[8e-3], w_in=[4.0], r=[8.0], v_leak=[0.0])
    network = network_of(chain([1], li), MS).network
    assert isinstance(network.output.neuron, CubaLif)
    assert network.output.neuron.threshold_mantissa == 2**17 - 1


@pytest.mark.parametrize(
    ("shape", "nodes", "layer"),
    [
        ((42,), [node("Affine", weight=np.arange(84.0).reshape(2, 42), bias=[1.0, 2.0])], "affine"),
        ((42,), [node("Linear", weight=np.arange(84.0).reshape(2, 42))], "linear"),
        ((3, 6, 7), [node("Scale", scale=RANDOM.normal(size=(3, 6, 7)))], "scale"),
    ],
)
def test_elementwise_and_dense(shape: tuple[int, ...], nodes: list[Any], layer: str) -> None:
    values = RANDOM.normal(size=shape)
    got = first_voltage(chain(shape, *nodes, IF), values)
    fields = nodes[0]
    expected = {
        "affine": lambda: fields["weight"] @ values + fields["bias"],
        "linear": lambda: fields["weight"] @ values,
        "scale": lambda: (fields["scale"] * values).reshape(-1),
    }[layer]()
    np.testing.assert_allclose(got, expected)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [
        (1, 0, 1, 1),
        ([2, 1], [1, 2], [1, 2], 1),
        (2, "valid", 1, 1),
        (1, "same", 1, 1),
        (1, "same", [2, 1], 1),
        (None, None, None, 2),
    ],
)
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4), (1, 3)])
def test_conv2d_is_torch(stride: Any, padding: Any, dilation: Any, groups: int, kernel: tuple[int, int]) -> None:
    weight, bias = RANDOM.normal(size=(4, 2 // groups, *kernel)), RANDOM.normal(size=4)
    fields = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    root = chain((2, 6, 7), node("Conv2d", weight=weight, bias=bias, **fields), IF)
    given = {name: value for name, value in fields.items() if value is not None}
    expected = torch.nn.functional.conv2d(torch.tensor(PLANES), torch.tensor(weight), torch.tensor(bias), **given)
    np.testing.assert_allclose(first_voltage(root, PLANES), expected.numpy().reshape(-1), atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(("padding", "dilation"), [("same", 1), ("same", 3), (2, 2), ("valid", 1)])
def test_conv1d_is_torch(padding: Any, dilation: int) -> None:
    weight, line = RANDOM.normal(size=(3, 2, 4)), RANDOM.normal(size=(2, 20))
    conv = node("Conv1d", weight=weight, stride=1, padding=padding, dilation=dilation, groups=1, input_shape=20)
    expected = torch.nn.functional.conv1d(torch.tensor(line), torch.tensor(weight), padding=padding, dilation=dilation)
    got = first_voltage(chain((2, 20), conv, IF), line)
    np.testing.assert_allclose(got, expected.numpy().reshape(-1), atol=1e-12)


@pytest.mark.parametrize("kind", ["SumPool2d", "AvgPool2d"])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [([2, 2], [2, 2], [0, 0]), ([3, 2], [1, 2], [1, 1])])
def test_pools_are_torch(kind: str, kernel: Any, stride: Any, padding: Any) -> None:
    pool = node(kind, kernel_size=kernel, stride=stride, padding=padding)
    expected = torch.nn.functional.avg_pool2d(torch.tensor(PLANES), kernel, stride, padding).numpy()
    factor = kernel[0] * kernel[1] if kind == "SumPool2d" else 1
    got = first_voltage(chain((2, 6, 7), pool, IF), PLANES)
    np.testing.assert_allclose(got, factor * expected.reshape(-1), atol=1e-12)


POOL = node("SumPool2d", kernel_size=[2, 2], stride=[2, 2], padding=[0, 0])
CONV = node("Conv2d", weight=WEIGHT, stride=1, padding=1)
AVERAGE = node("AvgPool2d", kernel_size=[2, 3], stride=[1, 2], padding=[1, 1])
STRIDED = node("Conv2d", weight=WEIGHT, stride=[2, 1], padding=[0, 2], dilation=[1, 2])


@pytest.mark.parametrize(
    ("nodes", "kind"),
    [
        ([POOL, node("Conv2d", weight=WEIGHT, stride=1, padding=0)], Conv2d),
        ([POOL, CONV], None),  # 7 columns: the pool drops the last, which a padded convolution must not read
        ([CONV, POOL], Conv2d),
        ([STRIDED, POOL], Conv2d),
        ([AVERAGE, STRIDED], None),
        ([STRIDED, AVERAGE], None),
        ([CONV, node("Conv2d", weight=RANDOM.normal(size=(2, 4, 2, 2)))], None),
        ([CONV, node("Flatten", start_dim=0), node("Linear", weight=RANDOM.normal(size=(3, 168)))], Dense),
        ([node("Scale", scale=[2.0]), CONV, node("Scale", scale=[[[0.5]]])], Conv2d),
        ([node("Scale", scale=RANDOM.normal(size=(2, 1, 1)) * np.ones((2, 6, 7))), CONV], Conv2d),
        ([CONV, node("Scale", scale=RANDOM.normal(size=(4, 6, 7)))], None),
    ],
)
def test_nodes_in_a_row(nodes: list[Any], kind: type | None) -> None:
    """Composed ways equal the nodes one after another, and stay convolutions where they can."""
    root = chain((2, 6, 7), *nodes, IF)
    values = torch.tensor(PLANES)
    for fields in nodes:
        values = _torch(fields, values)
    np.testing.assert_allclose(first_voltage(root, PLANES), values.numpy().reshape(-1), atol=1e-12)
    synapse = float_graph_of(root, MS).projections[0].synapse
    assert kind is None or isinstance(synapse, kind)


def _torch(fields: dict[str, Any], values: torch.Tensor) -> torch.Tensor:
    functional = torch.nn.functional
    kind = fields["type"]
    if kind == "Scale":
        return values * torch.tensor(np.asarray(fields["scale"]))
    if kind == "Flatten":
        return values.flatten()
    if kind == "Linear":
        return torch.tensor(fields["weight"]) @ values
    if kind == "Conv2d":
        more = {name: fields[name] for name in ("stride", "padding", "dilation") if name in fields}
        return functional.conv2d(values, torch.tensor(fields["weight"]), **more)
    pooled = functional.avg_pool2d(values, fields["kernel_size"], fields["stride"], fields["padding"])
    return pooled * (4 if kind == "SumPool2d" else 1)


def test_delay_becomes_axonal_delay() -> None:
    delay = node("Delay", delay=[0.0, 2e-3])
    fires = node("IF", r=[1.0], v_threshold=[0.5])
    last = node("Linear", weight=np.eye(2))
    root = chain([2], node("Linear", weight=np.eye(2)), fires, delay, last, fires)
    built, made = steps(root, [[1, 1], [0, 0], [0, 0], [0, 0]])
    assert np.argwhere(made.spikes[built.output]).tolist() == [[0, 0], [2, 1]]
    network = network_of(root, MS).network
    assert network.populations[1].delays().tolist() == [0, 2]


def test_uniform_delay_behind_weights_is_the_sources() -> None:
    fires = node("IF", r=[1.0], v_threshold=[0.5])
    weights = node("Linear", weight=np.ones((3, 2)))
    root = chain([2], fires, weights, node("Delay", delay=[3e-3] * 3), fires)
    assert network_of(root, MS).network.populations[1].delays().tolist() == [3, 3]


def test_nested_graphs_and_recurrence() -> None:
    """A recurrent layer as snnTorch nests it: the cycle is closed by the step before."""
    inner = graph(
        {
            "input": node("Input", shape=[2]),
            "lif": node("IF", r=[1.0], v_threshold=[0.5]),
            "w_rec": node("Linear", weight=[[0.0, 1.0], [1.0, 0.0]]),
            "output": node("Output", shape=[2]),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    nodes = {
        "in": node("Input", shape=[2]),
        "rec.layer": inner,
        "read": node("Linear", weight=[[1.0, 1.0]]),
        "last": node("IF", r=[1.0], v_threshold=[0.5]),
        "out": node("Output", shape=[1]),
    }
    edges = [("last", "out"), ("read", "last"), ("rec.layer", "read"), ("in", "rec.layer"), ("in", "rec.layer")]
    root = tree(nodes, edges, "0.2.0")
    built, made = steps(root, [[1, 0], [0, 0], [0, 0]])
    assert np.argwhere(made.spikes["rec.layer.lif"]).tolist() == [[0, 0], [1, 1], [2, 0]]
    assert made.spikes["last"].all()
    loaded = network_of(root, MS)
    assert [p.name for p in loaded.network.populations] == ["in", "rec_layer_lif", "last"]
    assert any("rec.layer.lif is population rec_layer_lif" in note for note in loaded.notes)
    assert built.output == "last"


def test_weights_without_neurons_at_the_end_are_a_read_out() -> None:
    root = chain([2], node("Affine", weight=[[2.0, 3.0]], bias=[0.5]))
    built, made = steps(root, [[1, 1], [0, 1]])
    assert made.voltages[built.output][:, 0].tolist() == [5.5, 3.5]
    assert not made.spikes[built.output].any()
    assert network_of(root, MS).network.output.name == "output"


def test_stated_shapes_are_only_compared() -> None:
    conv = node("Conv2d", weight=WEIGHT, input_shape=[3, 3])
    loaded = network_of(chain((2, 6, 7), conv, IF), MS)
    assert any("a states an input of (3, 3); it gets (6, 7)" in note for note in loaded.notes)
