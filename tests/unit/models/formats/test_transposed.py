"""Transposed convolutions and unpoolings in every format that has them, judged by torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from neurodeploy import api
from neurodeploy.emulator.synapses import accumulate
from neurodeploy.errors import FormatError
from neurodeploy.inspection import inspect
from neurodeploy.models.formats import ReadOptions, read_network
from neurodeploy.models.formats.onnx_ann import _Chain
from neurodeploy.models.formats.onnx_file import read_initializers
from neurodeploy.network import ConvTranspose2d, CubaLif, Network, Population, Projection, Shape, Synapse
from tests.support.onnx_models import Layer, chain, floats
from tests.unit.models.formats.test_checkpoints import decays
from tests.unit.models.formats.test_net import CUBA, INPUT, write
from tests.unit.models.formats.test_slayer_pt import save, weights

KERNEL = np.random.default_rng(5).integers(-9, 10, (2, 3, 3, 2)) * 2
CONVT = {"type": "convT", "shape": np.array([3, 9, 10]), "inChannels": 2, "outChannels": 3,
         "kernelSize": np.array([3, 2]), "stride": np.array([2, 2]), "padding": np.array([0, 0]),
         "dilation": np.array([1, 1]), "groups": 1, "weight": KERNEL.astype(np.float32)[..., None],
         "neuron": CUBA}  # fmt: skip
UNPOOL = {"type": "unpool", "shape": np.array([2, 8, 15]), "kernelSize": np.array([2, 3]), "stride": np.array([2, 3]),
          "padding": 0, "dilation": 1, "weight": np.arange(1.0, 7).reshape(1, 1, 2, 3), "neuron": CUBA}  # fmt: skip


def sums(synapse: Synapse, planes: NDArray[Any]) -> NDArray[np.int64]:
    """What the reference makes of planes of whole numbers."""
    everyone, payload = np.arange(planes.size), planes.reshape(-1).astype(np.int64)
    total = accumulate(synapse, synapse.weight.astype(np.int64), planes.shape, everyone, payload)
    return total.reshape(synapse.output_shape(planes.shape))


def planes(*shape: int) -> NDArray[np.int64]:
    return np.random.default_rng(1).integers(-9, 10, shape)


def by_torch(given: NDArray[Any], weight: NDArray[Any], **options: Any) -> NDArray[np.int64]:
    one, two = (torch.tensor(np.asarray(a, np.float64)) for a in (given[None], weight))
    found = torch.nn.functional.conv_transpose2d(one, two, **options)[0]
    result: NDArray[np.int64] = found.numpy().astype(np.int64)
    return result


def net(path: Path, *layers: dict[str, Any]) -> Network:
    return api.read(write(path / "x.net", INPUT, *layers)).network


def first(network: Network) -> ConvTranspose2d:
    synapse = network.projections[0].synapse
    assert isinstance(synapse, ConvTranspose2d)
    return synapse


def test_a_net_file(tmp_path: Path) -> None:
    network = net(tmp_path, CONVT)
    assert [(p.name, p.shape) for p in network.populations] == [("input", (2, 4, 5)), ("convt1", (3, 9, 10))]
    given = planes(2, 4, 5)
    np.testing.assert_array_equal(sums(first(network), given), by_torch(given, KERNEL, stride=2))


def test_the_stored_shape_tells_output_padding(tmp_path: Path) -> None:
    network = net(tmp_path, CONVT | {"shape": np.array([3, 10, 10])})
    assert first(network).output_padding == (1, 0)
    given = planes(2, 4, 5)
    np.testing.assert_array_equal(sums(first(network), given), by_torch(given, KERNEL, stride=2, output_padding=(1, 0)))
    with pytest.raises(FormatError, match=r"shape: is \(3, 11, 10\), and its parameters give \(3, 9, 10\)"):
        net(tmp_path, CONVT | {"shape": np.array([3, 11, 10])})


def test_unpool_is_what_slayer_computes(tmp_path: Path) -> None:
    """SLAYER puts the channels below each other, unpools the one tall plane, and takes them apart again."""
    synapse, given = first(net(tmp_path, UNPOOL)), planes(2, 4, 5)
    assert not synapse.learned
    tall = by_torch(given.reshape(1, 8, 5), np.asarray(UNPOOL["weight"]), stride=(2, 3))
    np.testing.assert_array_equal(sums(synapse, given), tall.reshape(2, 8, 15))


@pytest.mark.parametrize("options", [{"stride": np.array([1, 3])}, {"padding": np.array([1, 0])}, {"dilation": 2}])
def test_windows_that_reach_into_the_next_channel_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match="windows reach into the next channel in SLAYER"):
        net(tmp_path, UNPOOL | options)


def test_unpooling_a_single_channel_may_overlap(tmp_path: Path) -> None:
    overlapping = UNPOOL | {"shape": np.array([1, 5, 15]), "stride": np.array([1, 3])}
    layers = ({"type": "input", "shape": np.array([1, 4, 5])}, overlapping)
    synapse = first(api.read(write(tmp_path / "x.net", *layers)).network)
    given = planes(1, 4, 5)
    expected = by_torch(given, np.asarray(UNPOOL["weight"]), stride=(1, 3))
    np.testing.assert_array_equal(sums(synapse, given), expected)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (CONVT | {"groups": 2}, "groups: is 2, which does not divide 3 channels"),
        (CONVT | {"inChannels": 3}, "inChannels: is 3 where 2 are needed"),
        (CONVT | {"weight": np.ones((3, 2, 3, 2))}, r"weight: has shape \(3, 2, 3, 2\), not \(2, 3, 3, 2\)"),
        (CONVT | {"shape": np.array([30])}, "needs channels, height and width"),
        (UNPOOL | {"shape": np.array([3, 8, 15])}, "has 3 channels, the layer before 2"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, layer: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        net(tmp_path, layer)


@pytest.mark.parametrize("layer", [CONVT, CONVT | {"shape": np.array([3, 10, 11])}, UNPOOL])
def test_what_is_written_is_what_was_read(tmp_path: Path, layer: dict[str, Any]) -> None:
    files, notes = api.convert(net(tmp_path, layer), tmp_path / "y.net")
    assert any("netx has no" in note for note in notes)
    with h5py.File(files[0]) as written:
        assert written["layer/1/type"][0].decode() == layer["type"]
        np.testing.assert_array_equal(written["layer/1/shape"][:], layer["shape"])
        expected = np.asarray(layer["weight"])
        np.testing.assert_array_equal(written["layer/1/weight"][:].reshape(expected.shape), expected)


def slayer_sizes() -> dict[str, torch.Tensor]:
    return {"convt1": weights(2, 3, 4, 4), "unpool1": torch.full((1, 1, 2, 2, 1), 28.0), "fc1": weights(5, 3, 16, 24)}


@pytest.mark.parametrize("auto", [False, True])
def test_slayer_checkpoints(tmp_path: Path, auto: bool) -> None:
    keys = ["blocks.0.weightOp.weight", "blocks.1.weightOp.weight", "blocks.3.weightOp.weight"]
    named = keys if auto else ["convT1.weight", "unpool1.weight", "fc1.weight"]
    file = save(tmp_path / "n.pt", **dict(zip(named, slayer_sizes().values(), strict=True)))
    network = read_network(file, ReadOptions("6x4x2-3t4s2p1-2u-5")).network
    assert [(p.name, p.shape) for p in network.populations] == [
        ("input", (2, 4, 6)), ("convt1", (3, 8, 12)), ("unpool1", (3, 16, 24)), ("fc1", (5,))
    ]  # fmt: skip
    one, two = network.projections[0].synapse, network.projections[1].synapse
    assert isinstance(one, ConvTranspose2d)
    assert isinstance(two, ConvTranspose2d)
    assert (one.learned, one.stride, one.padding, two.learned, two.stride) == (True, (2, 2), (1, 1), False, (2, 2))
    np.testing.assert_allclose(one.weight, np.arange(96).reshape(2, 3, 4, 4) / 10, rtol=1e-6)
    np.testing.assert_array_equal(two.weight, np.full((3, 1, 2, 2), 28.0))
    inspected = inspect(network)
    assert inspected["learned_weights"] == 96 + 5 * 3 * 16 * 24  # an unpooling learns nothing


def test_a_yaml_with_a_transposed_layer_and_an_average(tmp_path: Path) -> None:
    """`avgN`, which only slayerPytorch's auto networks have, makes the outputs vote."""
    (tmp_path / "n.yaml").write_text(
        "simulation: {Ts: 1, tSample: 30}\n"
        "neuron: {type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1000, refDelay: 1, wgtExp: 0}\n"
        "layer:\n  - {dim: 6x4x2}\n  - {dim: 3t4, stride: 2, padding: 1}\n  - {dim: 2u}\n"
        "  - {dim: 10}\n  - {dim: avg5}\n"
    )
    entries = dict(zip(("convt1.weight", "unpool1.weight"), slayer_sizes().values(), strict=False))
    file = save(tmp_path / "n.pt", **entries, **{"fc1.weight": weights(10, 3, 16, 24)})
    loaded = read_network(file, ReadOptions(yaml=tmp_path / "n.yaml"))
    assert loaded.network.classes == 5
    assert first(loaded.network).stride == (2, 2)
    assert any("outputs vote for 5 classes" in note for note in loaded.notes)
    text = (tmp_path / "n.yaml").read_text()
    (tmp_path / "n.yaml").write_text(text.replace("avg5", "avg4"))
    with pytest.raises(FormatError, match=r"avg4: 4 do not divide the 10 neurons"):
        read_network(file, ReadOptions(yaml=tmp_path / "n.yaml"))
    (tmp_path / "n.yaml").write_text(text.replace("3t4,", "3t4s2,"))
    with pytest.raises(FormatError, match="gives a stride and the suffix s"):
        read_network(file, ReadOptions(yaml=tmp_path / "n.yaml"))


def test_a_lava_dl_checkpoint(tmp_path: Path) -> None:
    weight = torch.tensor(KERNEL / 64, dtype=torch.float32)[..., None]
    state = {"blocks.0.synapse.weight": weight, "blocks.1.synapse.weight": torch.ones(1, 1, 2, 2, 1)}
    torch.save(state | decays(0) | decays(1), tmp_path / "x.pt")
    (tmp_path / "x.toml").write_text(
        "input = [2, 4, 5]\nthreshold = 1.25\n"
        '[[block]]\nkind = "convT"\nstride = 2\npadding = [1, 0]\n[[block]]\nkind = "unpool"\n'
    )
    network = read_network(tmp_path / "x.pt").network
    assert [(p.name, p.shape) for p in network.populations] == [
        ("input", (2, 4, 5)), ("convt1", (3, 7, 10)), ("unpool1", (3, 14, 20))
    ]  # fmt: skip
    given = planes(2, 4, 5)
    np.testing.assert_array_equal(sums(first(network), given), by_torch(given, KERNEL, stride=2, padding=(1, 0)))
    second = network.projections[1].synapse
    np.testing.assert_array_equal(second.weight, np.full((3, 1, 2, 2), 64))


def test_stages_compute_what_onnxruntime_does() -> None:
    """Groups, stride, padding, output padding, dilation, bias, and a normalization folded into output channels."""
    normalized: dict[str, NDArray[Any]] = {name: np.abs(floats(i, 4)) + 0.5 for i, name in enumerate("sbmv")}
    layers: list[Layer] = [
        (
            "ConvTranspose",
            {"W": floats(0, 4, 2, 3, 2), "B": floats(9, 4)},
            {"pads": [1, 0, 1, 0], "strides": [2, 3], "output_padding": [1, 2], "dilations": [1, 2], "group": 2},
        ),
        ("BatchNormalization", normalized, {}),
        ("Relu", {}, {}),
    ]
    model, path, x = chain(layers, [4, 4, 3]), Path("n.onnx"), floats(3, 6, 4, 4, 3)
    stages = _Chain(path, read_initializers(model, path)).stages(model, (4, 4, 3))
    assert [(s.name, s.shape) for s in stages] == [("convt1", (4, 8, 11))]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": x})[0].reshape(6, -1)
    np.testing.assert_allclose(stages[0](x.reshape(6, -1).astype(np.float64)), expected, rtol=1e-4, atol=1e-5)


def decoder(shape: Shape = (2, 4, 5)) -> Network:
    neuron = CubaLif(1024, 128, 20)
    synapse = ConvTranspose2d(KERNEL, (2, 2), (1, 0), (1, 0))
    populations = (Population("input", shape=shape), Population("up", neuron), Population("twice", neuron))
    unpool = ConvTranspose2d.unpooling(np.full((2, 2), 28), 3, (2, 2))
    return Network(populations, (Projection("input", "up", synapse), Projection("up", "twice", unpool)), steps=20)


@pytest.mark.parametrize("suffix", [".ndn", ".onnx", ".nir"])
def test_files_that_keep_the_whole_network(tmp_path: Path, suffix: str) -> None:
    """NIR has no such node: its graph holds the matrix, its metadata the synapse itself."""
    network = decoder()
    files, _ = api.convert(network, tmp_path / f"x{suffix}")
    again = api.read(files[0]).network
    for mine, other in zip(network.projections, again.projections, strict=True):
        one, two = mine.synapse, other.synapse
        assert isinstance(one, ConvTranspose2d)
        assert isinstance(two, ConvTranspose2d)
        np.testing.assert_array_equal(one.weight, two.weight)
        assert (one.stride, one.padding, one.output_padding, one.dilation, one.groups, one.learned) == (
            two.stride, two.padding, two.output_padding, two.dilation, two.groups, two.learned
        )  # fmt: skip


def test_nir_graphs_hold_the_matrix_and_large_ones_are_refused(tmp_path: Path) -> None:
    network = decoder()
    files, _ = api.convert(network, tmp_path / "x.nir")
    with h5py.File(files[0]) as file:
        matrix = file["node/nodes/up_linear0/weight"][:]
    given = planes(2, 4, 5)
    np.testing.assert_array_equal(
        (matrix @ given.reshape(-1)).reshape(3, 8, 10), sums(network.projections[0].synapse, given)
    )
    with pytest.raises(FormatError, match=r"would be a matrix of .* weights in NIR"):
        api.convert(decoder((2, 200, 200)), tmp_path / "large.nir")
