"""slayerPytorch checkpoints."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.errors import FormatError, MissingPackageError
from neurodeploy.models.formats import Loaded, ReadOptions, read_network
from neurodeploy.models.formats.slayer_kernels import ref_kernel, srm_kernel
from neurodeploy.network import Conv2d, CubaLif, SumPool2d
from neurodeploy.spikes.recording import Recording

YAML = """simulation: {Ts: 0.5, tSample: 30}
neuron: {type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1000, refDelay: 1, wgtExp: 0}
"""
ARCH = "6x4x2-3c3z-2a-5"


def kernels() -> dict[str, torch.Tensor]:
    return {
        "slayer.srmKernel": torch.from_numpy(srm_kernel(1000, 128)),
        "slayer.refKernel": torch.from_numpy(ref_kernel(80, 128)),
    }


def weights(*shape: int) -> torch.Tensor:
    return torch.arange(int(np.prod(shape)), dtype=torch.float32).reshape(*shape, 1) / 10


def save(path: Path, **entries: Any) -> Path:
    state = kernels() | {name.replace("__", "."): value for name, value in entries.items()}
    torch.save({key: value for key, value in state.items() if value is not None}, path)
    return path


def dense(path: Path, **entries: Any) -> Path:
    return save(path, **({"fc1__weight": weights(4, 3, 1, 1), "fc2__weight": weights(2, 4, 1, 1)} | entries))


def conv(path: Path, **entries: Any) -> Path:
    layers = {
        "conv1__weight": weights(3, 2, 3, 3),
        "pool1__weight": weights(1, 1, 2, 2),
        "fc1__weight": weights(5, 3, 2, 3),
    }
    return save(path, **(layers | entries))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "net.pt"


def refused(path: Path, message: str, arch: str | None = None, yaml: Path | None = None) -> None:
    with pytest.raises(FormatError, match=message):
        read_network(path, ReadOptions(arch, yaml))


def oxford(conformance: Path, yaml: str | None = None) -> Loaded:
    folder = conformance / "slayer_loihi" / "oxford"
    return read_network(folder / "oxfordNet.pt", ReadOptions(yaml=folder / yaml if yaml else None))


def test_the_oxford_checkpoint(conformance: Path) -> None:
    loaded = oxford(conformance)
    network = loaded.network
    assert [(p.name, p.neurons) for p in network.populations] == [("input", 200), ("fc1", 256), ("fc2", 200)]
    neuron = network.population("fc1").neuron
    assert neuron is not None
    assert neuron.parameters() == {
        "current_decay": 1024, "voltage_decay": 128, "threshold_mantissa": 80, "refractory_delay": 1
    }  # fmt: skip
    assert [(p.weight_exponent, p.weight_grid, p.is_integer) for p in network.projections] == [(0, 2, False)] * 2
    assert network.projections[0].synapse.weight[0, 0] == pytest.approx(7.1816, abs=1e-4)
    assert any("iDecay 993 … 1024 give the same kernels and 1024 is taken" in note for note in loaded.notes)
    assert (network.timestep_ms, network.steps) == (1.0, None)


def test_the_oxford_yaml_agrees_with_the_checkpoint(conformance: Path) -> None:
    network = oxford(conformance, "oxford.yaml").network
    assert (network.timestep_ms, network.steps) == (1.0, 1900)
    assert network.population("fc2").neuron is not None


def test_both_containers_and_parallel_training(file: Path) -> None:
    state = kernels() | {"fc1.weight": weights(4, 3, 1, 1)}
    for legacy in (False, True):
        torch.save({f"module.{k}": v for k, v in state.items()}, file, _use_new_zipfile_serialization=not legacy)
        network = read_network(file).network
        np.testing.assert_allclose(network.projections[0].synapse.weight, np.arange(12).reshape(4, 3) / 10, rtol=1e-6)


def test_a_plane_that_a_dense_layer_reads_is_recovered(file: Path) -> None:
    network = read_network(save(file, fc1__weight=weights(5, 2, 3, 4))).network
    assert network.input.shape == (2, 3, 4)
    np.testing.assert_allclose(network.projections[0].synapse.weight, np.arange(120).reshape(5, 24) / 10, rtol=1e-6)


def test_convolutions_and_pools(file: Path) -> None:
    network = read_network(conv(file), ReadOptions(ARCH)).network
    assert [(p.name, p.shape) for p in network.populations] == [
        ("input", (2, 4, 6)), ("conv1", (3, 4, 6)), ("pool1", (3, 2, 3)), ("fc1", (5,))
    ]  # fmt: skip
    first, pool = network.projections[0].synapse, network.projections[1].synapse
    assert isinstance(first, Conv2d)
    assert isinstance(pool, SumPool2d)
    np.testing.assert_allclose(first.weight, np.arange(54).reshape(3, 2, 3, 3) / 10, rtol=1e-6)
    np.testing.assert_allclose(pool.weight, [[0, 0.1], [0.2, 0.3]], rtol=1e-6)


def test_a_dense_layer_may_read_the_flattened_plane(file: Path) -> None:
    assert read_network(conv(file, fc1__weight=weights(5, 18, 1, 1)), ReadOptions(ARCH)).network.output.shape == (5,)


def test_delays_are_floored_to_steps_and_spread_over_channels(file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML, encoding="utf-8")
    channels = torch.tensor([0.4, 1.0, 30.9]).reshape(3, 1, 1)
    neurons = torch.tensor([0.5, 0.99, 1.0, 1.49, 31.0]).reshape(5, 1, 1)
    conv(file, delay1__delay=channels, delay2__delay=neurons)
    network = read_network(file, ReadOptions(ARCH, tmp_path / "a.yaml")).network
    np.testing.assert_array_equal(network.population("conv1").delays(), np.repeat([0, 2, 61], 24))
    np.testing.assert_array_equal(network.population("fc1").delays(), [1, 1, 2, 2, 62])
    assert not network.population("pool1").delays().any()
    assert (network.timestep_ms, network.steps) == (0.5, 60)


def test_delays_may_be_given_per_neuron(file: Path) -> None:
    delay = torch.arange(72).reshape(3, 4, 6) % 60
    network = read_network(conv(file, delay1__delay=delay), ReadOptions(ARCH)).network
    np.testing.assert_array_equal(network.population("conv1").delays(), np.arange(72) % 60)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"delay1__delay": torch.full((3, 1, 1), 63.0)}, "delay1.delay: 63 steps of 1 ms are outside 0 … 62"),
        ({"delay1__delay": torch.full((3, 1, 1), -1.0)}, "-1 steps"),
        ({"delay1__delay": torch.zeros(2, 1, 1)}, r"has shape \(2, 1, 1\), conv1 needs \(3, 1, 1\) or \(3, 4, 6\)"),
        ({"delay3__delay": torch.zeros(5, 1, 1)}, "belongs to layer 3 of 2 that are no pools"),
        ({"delay1__delay": torch.full((3, 1, 1), torch.nan)}, "delay1.delay: 3 of 3 weights are NaN"),
        (
            {"conv1__weight": weights(3, 2, 3, 2)},
            r"conv1.weight: has shape \(3, 2, 3, 2, 1\), conv1 needs \(3, 2, 3, 3, 1\)",
        ),
        ({"fc1__weight": weights(5, 3, 3, 2)}, r"fc1 needs \(5, 3, 2, 3, 1\) or \(5, 18, 1, 1, 1\)"),
        ({"pool1__weight": weights(1, 1, 3, 3)}, r"pool1 needs \(1, 1, 2, 2, 1\)"),
        ({"pool1__weight": None}, "holds no pool1.weight"),
        ({"fc2__weight": weights(1, 5, 1, 1)}, "fc2: is a layer that the architecture .* does not have"),
        ({"fc1__weight": torch.full((5, 18, 1, 1, 1), torch.inf)}, "fc1.weight: 90 of 90 weights are NaN or infinite"),
        ({"fc1__weight": torch.zeros(5, 18)}, "not five axes"),
        ({"fc1__bias": torch.zeros(5)}, "fc1.bias: is an entry that this reader does not know"),
        ({"blocks__0": torch.zeros(5)}, "blocks.0: is an entry"),
        ({"slayer__srmKernel": torch.zeros(2, 2)}, "slayer.srmKernel: is an entry"),
        ({"slayer__srmKernel": None}, "has no slayer.srmKernel; give the yaml"),
        ({"slayer__refKernel": None}, "has no slayer.refKernel; give the yaml"),
        ({"slayer__srmKernel": torch.tensor([64.0, 3.0, 0.0])}, "kernels belong to no LOIHI neuron"),
    ],
)
def test_entries_that_do_not_fit_are_named(file: Path, entries: dict[str, Any], message: str) -> None:
    refused(conv(file, **entries), message, ARCH)


def test_without_an_architecture_only_dense_chains_are_read(file: Path) -> None:
    refused(conv(file), "holds the layers conv1, fc1, pool1, which are no chain fc1, fc2")
    refused(save(file), "holds the layers none")
    refused(dense(file, fc2__weight=weights(2, 5, 1, 1)), r"fc2.weight: has shape \(2, 5, 1, 1, 1\)")


def test_a_row_of_inputs_says_how_to_give_the_plane(file: Path) -> None:
    """SLAYER's networks flatten (polarity, y, x) in C order, and so does the plane that the note names."""
    row = read_network(dense(file, fc1__weight=weights(4, 18, 1, 1)), ReadOptions())
    (told,) = [note for note in row.notes if "row of 18 neurons" in note]
    assert "--arch 3x3x2-4-2, if it has 3 x 3 pixels" in told
    plane = read_network(file, ReadOptions(arch="3x3x2-4-2"))
    mine, other = (loaded.network.projections[0].synapse.weight for loaded in (row, plane))
    np.testing.assert_array_equal(mine, other)
    assert not any("row of" in note for note in plane.notes)
    event = Recording(np.array([5]), np.array([1]), np.array([2]), np.array([1]))
    shape = plane.network.input.shape
    assert shape == (2, 3, 3)
    raster = np.zeros(shape)
    raster[1, 2, 1] = 1
    np.testing.assert_array_equal(event.neurons(shape), np.flatnonzero(raster.reshape(-1)))


def test_a_yaml_decides_and_must_give_the_stored_kernels(file: Path, tmp_path: Path) -> None:
    yaml = tmp_path / "a.yaml"
    yaml.write_text(YAML, encoding="utf-8")
    neuron = read_network(dense(file), ReadOptions(yaml=yaml)).network.output.neuron
    assert isinstance(neuron, CubaLif)
    assert neuron.current_decay == 1000
    recovered = read_network(file).network.output.neuron
    assert isinstance(recovered, CubaLif)
    assert recovered.current_decay == 1024
    for wrong in (("iDecay: 1000", "iDecay: 992"), ("vThMant: 80", "vThMant: 81"), ("refDelay: 1", "refDelay: 2")):
        yaml.write_text(YAML.replace(*wrong), encoding="utf-8")
        refused(file, "does not give the kernels stored in net.pt", yaml=yaml)


def test_the_one_yaml_beside_a_checkpoint_is_named(file: Path) -> None:
    said = "\n".join(read_network(dense(file)).notes)
    assert "--yaml" not in said
    (file.parent / "a.yaml").write_text(YAML, encoding="utf-8")
    assert f"--yaml {file.parent / 'a.yaml'}" in "\n".join(read_network(file).notes)
    (file.parent / "b.yaml").write_text(YAML, encoding="utf-8")
    assert "--yaml" not in "\n".join(read_network(file).notes)


def test_a_yaml_may_hold_the_layers_and_replace_the_kernels(file: Path, tmp_path: Path) -> None:
    yaml = tmp_path / "a.yaml"
    yaml.write_text(YAML + "layer: [{dim: 6x4x2}, {dim: 3c3}, {dim: 2a}, {dim: 5}]\n", encoding="utf-8")
    conv(file, slayer__srmKernel=None, slayer__refKernel=None)
    assert read_network(file, ReadOptions(yaml=yaml)).network.population("pool1").shape == (3, 2, 3)


class Code:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_never_run(file: Path, tmp_path: Path, legacy: bool) -> None:
    victim = tmp_path / "run"
    torch.save({"fc1.weight": Code(victim)}, file, _use_new_zipfile_serialization=not legacy)
    refused(file, "holds code or objects besides tensors")
    assert not victim.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([weights(1)], "is no state dict"),
        ({}, "is no state dict"),
        ({"state": {"fc1.weight": weights(1)}}, "entry 'state' is no tensor"),
        ({1: weights(1)}, "entry '1' is no tensor"),
        ({"fc1.weight": torch.ones(1).expand(10**12)}, "claims 1000000000000 numbers"),
        ({"fc1.weight": torch.ones(2).to_sparse()}, "no plain tensor"),
        ({"fc1.weight": torch.ones(2, dtype=torch.complex64)}, "no plain tensor"),
        ({"fc1.weight": torch.ones(2, device="meta")}, "no plain tensor"),
    ],
)
def test_what_is_no_state_dict_is_refused(file: Path, content: object, message: str) -> None:
    torch.save(content, file)
    refused(file, message)


def test_damaged_checkpoints_are_refused(file: Path) -> None:
    data = dense(file).read_bytes()
    for damaged in (b"", data[:10], data[:-200], b"PK\x03\x04" + bytes(50), b"hello"):
        file.write_bytes(damaged)
        refused(file, "no torch checkpoint|code or objects")
    refused(file.with_name("missing.pt"), "does not exist")


def test_a_compressed_checkpoint_is_not_unfolded(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", bytes(10**6))
    refused(file, "unfolds to 1000000 bytes")


def test_without_torch_the_remedy_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dense(file)
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("slayer_pt", "torch_file"):
        monkeypatch.delitem(sys.modules, f"neurodeploy.models.formats.{name}", raising=False)
    with pytest.raises(MissingPackageError, match=r"pip install 'torch>=2"):
        read_network(file)
