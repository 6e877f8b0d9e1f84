"""Folders of SLAYER-Loihi parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import FormatError
from neurodeploy.models.formats import Loaded, ReadOptions, read_network
from neurodeploy.network import Conv2d, Dense, SumPool2d

YAML = """simulation: {Ts: 1.0, tSample: 300}
neuron: {type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1024, refDelay: 3, wgtExp: -1}
"""
ARCH = "4x4x1-2c3z-2a-3"


def write(folder: Path, yaml: str = YAML, **weights: Any) -> Path:
    (folder / "network.yaml").write_text(yaml, encoding="utf-8")
    for name, values in weights.items():
        text = "\n".join(f"{v:g}" for v in np.ravel(values))
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, TestConv1=np.arange(18) * 2, pool1=[28] * 4, testFC1=-np.arange(24) * 2)


def refused(path: Path, message: str, arch: str | None = ARCH) -> None:
    with pytest.raises(FormatError, match=message):
        read_network(path, ReadOptions(arch))


def test_a_small_network(folder: Path) -> None:
    loaded = read_network(folder, ReadOptions(ARCH))
    network = loaded.network
    assert [(p.name, p.shape) for p in network.populations] == [
        ("input", (1, 4, 4)), ("conv1", (2, 4, 4)), ("pool1", (2, 2, 2)), ("fc1", (3,))
    ]  # fmt: skip
    conv, pool, dense = (p.synapse for p in network.projections)
    assert isinstance(conv, Conv2d)
    assert isinstance(pool, SumPool2d)
    assert isinstance(dense, Dense)
    np.testing.assert_array_equal(conv.weight, (np.arange(18) * 2).reshape(2, 1, 3, 3))
    assert (conv.padding, pool.stride, pool.padding) == ((1, 1), (2, 2), (0, 0, 0, 0))
    np.testing.assert_array_equal(dense.weight, -2 * np.arange(24).reshape(3, 8))
    assert network.is_integer
    assert {(p.weight_exponent, p.weight_grid) for p in network.projections} == {(-1, None)}
    assert (network.timestep_ms, network.steps) == (1.0, 300)
    assert loaded.format == "slayer-folder"
    assert any("conv1 2 channels of 3x3, padding 1" in note for note in loaded.notes)


def test_fractions_give_a_float_network_on_the_grid_of_training(folder: Path) -> None:
    write(folder, testFC1=[0.5] * 24)
    network = read_network(folder, ReadOptions(ARCH)).network
    assert {(p.synapse.weight.dtype.kind, p.weight_grid) for p in network.projections} == {("f", 2)}


def test_numpy_files_are_read_with_and_without_their_shape(folder: Path) -> None:
    expected = read_network(folder, ReadOptions(ARCH)).network
    (folder / "TestConv1.txt").unlink()
    (folder / "testFC1.txt").unlink()
    np.save(folder / "conv1.npy", np.arange(18) * 2.0)
    np.save(folder / "fc1.npy", np.asfortranarray(-2 * np.arange(24).reshape(3, 8, 1)))
    network = read_network(folder, ReadOptions(ARCH)).network
    for ours, theirs in zip(network.projections, expected.projections, strict=True):
        np.testing.assert_array_equal(ours.synapse.weight, theirs.synapse.weight)


def test_a_transposed_matrix_is_refused(folder: Path) -> None:
    (folder / "testFC1.txt").unlink()
    np.save(folder / "fc1.npy", np.zeros((8, 3)))
    refused(folder, r"fc1.npy: has shape \(8, 3\), fc1 needs \(3, 8\)")


def test_pools_without_a_file_follow_slayers_rule(folder: Path) -> None:
    (folder / "pool1.txt").unlink()
    write(folder, YAML.replace("wgtExp: -1", "wgtExp: 0"))
    loaded = read_network(folder, ReadOptions(ARCH))
    np.testing.assert_array_equal(loaded.network.into("pool1")[0].synapse.weight, np.full((2, 2), 28))
    assert any("pool1 has no file: its weight is 28" in note for note in loaded.notes)


def test_pools_that_do_not_divide_are_padded_at_the_end(tmp_path: Path) -> None:
    loaded = read_network(write(tmp_path, fc1=np.zeros(24)), ReadOptions("11x4x1-2a-2"))
    pool = loaded.network.projections[0].synapse
    assert isinstance(pool, SumPool2d)
    assert pool.padding == (0, 0, 0, 1)
    assert loaded.network.population("pool1").shape == (1, 2, 6)
    assert any("pool1 is padded by 0 zero rows at the bottom and 1 columns at the right" in n for n in loaded.notes)


def test_pools_that_still_do_not_divide_are_refused(tmp_path: Path) -> None:
    refused(write(tmp_path, fc1=[0]), "pool1: 4 divides neither 9 rows or columns nor, padded, 10", "9x8x1-4a-2")


def test_the_yaml_may_hold_the_layers(folder: Path) -> None:
    write(folder, YAML + "layer: [{dim: 4x4x1}, {dim: 2c3}, {dim: 2a}, {dim: 3}]\n")
    assert read_network(folder).network.population("conv1").shape == (2, 4, 4)
    notes = read_network(folder, ReadOptions("4x4x1-2c3z-2a-3")).notes
    assert not any("differs" in note for note in notes)
    write(folder, YAML + "layer: [{dim: 4x4x1}, {dim: 3}]\n")
    assert any("layer list of network.yaml differs" in note for note in read_network(folder, ReadOptions(ARCH)).notes)


def test_one_yaml_or_the_one_given(folder: Path) -> None:
    (folder / "other.yaml").write_text(YAML.replace("300", "7"), encoding="utf-8")
    refused(folder, "holds 2 yaml files")
    assert read_network(folder, ReadOptions(ARCH, folder / "other.yaml")).network.steps == 7
    for name in ("other.yaml", "network.yaml"):
        (folder / name).unlink()
    refused(folder, "holds no .yaml")


def test_files_that_do_not_fit_the_architecture_are_named(folder: Path) -> None:
    refused(folder, "has no layer list; give the layers, like --arch", None)
    refused(folder, r"testFC1.txt: holds 24 weights, fc1 needs 32 \(4 x 8\)", "4x4x1-2c3z-2a-4")
    refused(folder, r"TestConv1.txt: holds 18 weights, conv1 needs 27 \(3 x 1 x 3 x 3\)", "4x4x1-3c3z-2a-3")
    refused(folder, "holds no file ending in fc2.txt or fc2.npy", ARCH + "-5")
    refused(folder, "pool1.txt: is a layer pool1, the architecture has conv1, fc1", "4x4x1-2c3z-3")
    refused(folder, r"pool1: needs a layer \(channels, height, width\) before it", "8-3-2a-2c3")
    write(folder, TestConv1=np.zeros(162))
    refused(folder, "conv1: kernel: of 9 ", "4x4x1-2c9-2a-3")


def test_two_files_of_one_layer_are_refused(folder: Path) -> None:
    np.save(folder / "fc1.npy", np.zeros(24))
    refused(folder, "both name the layer fc1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nan " * 24, "testFC1.txt: 24 of 24 weights are NaN or infinite"),
        ("inf " * 24, "NaN or infinite"),
        ("1e10 " * 24, "beyond 2"),
        ("two", "holds something else than numbers"),
        ("", "holds 0 weights"),
    ],
)
def test_weights_that_are_none_are_refused(folder: Path, text: str, message: str) -> None:
    (folder / "testFC1.txt").write_text(text, encoding="utf-8")
    refused(folder, message)


def test_a_file_far_too_large_is_not_read(folder: Path) -> None:
    with (folder / "testFC1.txt").open("wb") as file:
        file.truncate(2**24 + 1)
    refused(folder, "16777217 bytes, more than the 16777216")


def test_groups_that_do_not_divide_are_refused(folder: Path) -> None:
    write(folder, YAML + "layer: [{dim: 4x4x1}, {dim: 2c3, groups: 2}, {dim: 2a}, {dim: 3}]\n")
    refused(folder, "conv1: 2 groups do not divide 1 channels in and 2 out", None)


def test_unknown_and_missing_paths(tmp_path: Path) -> None:
    refused(tmp_path / "missing", "does not exist")
    (tmp_path / "a.what").touch()
    refused(tmp_path / "a.what", "of a format that no reader knows; give a folder or a .pt")
    (tmp_path / "folder").touch()
    refused(tmp_path / "folder", "of a format that no reader knows")


def loaded_from(conformance: Path, name: str, arch: str | None = None) -> Loaded:
    return read_network(conformance / "slayer_loihi" / name, ReadOptions(arch))


def test_the_gesture_network(conformance: Path) -> None:
    network = loaded_from(conformance, "dvs_gesture_cnn", "128x128x2-4a-16c5z-2a-32c3z-2a-512-11").network
    learned = [p.synapse.weight for p in network.projections if p.synapse.learned]
    assert sum(w.size for w in learned) == 1_059_616
    assert sum(int(np.sum(w == 0)) for w in learned) == 464_994
    assert sorted(int(v) // 2 for w in learned for v in w[(w < -16) | (w > 14)]) == [8, 9]
    assert [p.name for p in network.populations] == ["input", "pool1", "conv1", "pool2", "conv2", "pool3", "fc1", "fc2"]
    assert [p.shape for p in network.populations][3:6] == [(16, 16, 16), (32, 16, 16), (32, 8, 8)]
    assert all(np.all(network.into(name)[0].synapse.weight == 28) for name in ("pool1", "pool2", "pool3"))
    assert (network.steps, network.is_integer) == (1450, True)


def test_the_nmnist_network(conformance: Path) -> None:
    network = loaded_from(conformance, "nmnist_mlp", "34x34x2-512-10").network
    assert [p.shape for p in network.populations] == [(2, 34, 34), (512,), (10,)]
    first = network.projections[0].synapse.weight
    assert first.shape == (512, 2312)
    np.testing.assert_array_equal(first[0, :8], [0, 2, 0, 0, 0, 2, 0, -4])
    assert (network.steps, network.is_integer) == (300, True)


def test_the_oxford_folder_names_its_own_layers(conformance: Path) -> None:
    network = loaded_from(conformance, "oxford").network
    assert [(p.name, p.neurons) for p in network.populations] == [("input", 200), ("fc1", 256), ("fc2", 200)]


def test_alpha_neurons_are_refused(tmp_path: Path) -> None:
    neuron = "neuron: {type: SRMALPHA, theta: 10, tauSr: 10, tauRef: 1, scaleRef: 2}"
    (tmp_path / "x.yaml").write_text(f"simulation: {{Ts: 1}}\n{neuron}\n")
    with pytest.raises(FormatError, match=r"x.yaml: has SRMALPHA neurons, .* give the .pt"):
        read_network(tmp_path, ReadOptions(arch="3-2"))
