"""Checkpoints beside hand-written LOIHI networks: slayerPytorch's auto networks, and lava-dl's blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.errors import FormatError
from neurodeploy.models.formats import ReadOptions, read_network
from neurodeploy.models.formats.slayer_kernels import ref_kernel, srm_kernel
from neurodeploy.network import Conv2d, CubaLif, SumPool2d

SIDECAR = """input = [2, 5, 5]
threshold = 1.25
steps = 30
[[block]]
kind = "conv"
padding = 1
[[block]]
kind = "pool"
threshold = 0.5
[[block]]
kind = "flatten"
[[block]]
kind = "dense"
[[block]]
kind = "dense"
dynamics = false
"""


def random(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(len(shape)).normal(0, 0.5, shape).astype(np.float32))


def decays(block: int) -> dict[str, torch.Tensor]:
    return {
        f"blocks.{block}.neuron.current_decay": torch.tensor([1024.0]),
        f"blocks.{block}.neuron.voltage_decay": torch.tensor([122.88]),
    }


def lava_dl(folder: Path, sidecar: str = SIDECAR, **changes: Any) -> Path:
    state = {
        "blocks.0.synapse.weight_g": torch.arange(1.0, 4.0).reshape(3, 1, 1, 1, 1),
        "blocks.0.synapse.weight_v": random(3, 2, 3, 3, 1),
        "blocks.0.delay.delay": torch.tensor([0.9, 1.0, 62.0]),
        "blocks.1.synapse.weight": torch.full((1, 1, 2, 2, 1), 1.0),
        "blocks.3.synapse.weight": random(4, 27, 1, 1, 1),
        "blocks.3.neuron.norm.running_mean": torch.tensor([0.1, 0.0, -0.1, 9.0]),
        "blocks.4.synapse.weight": random(2, 4, 1, 1, 1),
    }
    for block in (0, 1, 3, 4):
        state |= decays(block)
    state |= {name.replace("__", "."): value for name, value in changes.items()}
    torch.save({key: value for key, value in state.items() if value is not None}, folder / "x.pt")
    (folder / "x.toml").write_text(sidecar)
    return folder / "x.pt"


def test_lava_dl(tmp_path: Path) -> None:
    loaded = read_network(lava_dl(tmp_path))
    network = loaded.network
    assert loaded.format == "lava-dl-pt"
    assert [(p.name, p.shape) for p in network.populations] == [
        ("input", (2, 5, 5)), ("conv1", (3, 5, 5)), ("pool1", (3, 3, 3)), ("fc1", (4,)), ("fc2", (2,)),
    ]  # fmt: skip
    assert (network.is_integer, network.steps) == (True, 30)
    kernel, pool, dense = (p.synapse for p in network.projections[:3])
    assert isinstance(kernel, Conv2d)
    assert isinstance(pool, SumPool2d)
    v = random(3, 2, 3, 3, 1).numpy()[..., 0].astype(np.float64)
    norm = np.sqrt((v**2).sum(axis=(1, 2, 3), keepdims=True))
    w = v / norm * np.arange(1, 4).reshape(3, 1, 1, 1)
    np.testing.assert_array_equal(kernel.weight, np.clip(2 * np.rint(w * 32), -256, 254))
    assert (pool.padding, pool.weight.tolist()) == ((0, 1, 0, 1), [[64, 64], [64, 64]])
    np.testing.assert_array_equal(
        dense.weight, np.clip(2 * np.rint(random(4, 27, 1, 1, 1).numpy().reshape(4, 27).astype(float) * 32), -256, 254)
    )
    thresholds = [p.neuron.threshold_mantissa for p in network.populations if isinstance(p.neuron, CubaLif)]
    assert thresholds == [80, 32, 80, 131071]
    first = network.population("conv1")
    assert isinstance(first.neuron, CubaLif)
    assert (first.neuron.current_decay, first.neuron.voltage_decay) == (1024, 123)
    np.testing.assert_array_equal(first.delays(), np.repeat([0, 1, 62], 25))
    bias = network.population("fc1").bias
    assert bias is not None
    assert bias.value(0).tolist() == [-6 * 64, 0, 6 * 64, -254 * 64]


@pytest.mark.parametrize(
    ("sidecar", "problem"),
    [
        (SIDECAR.replace("threshold = 1.25\n", ""), "block 0: threshold: is missing"),
        (SIDECAR.replace("padding", "pading"), "pading: is a key without a meaning"),
        (SIDECAR.replace('"conv"', '"cnv"'), "block 0: is not of one of the kinds"),
        (SIDECAR.replace("padding = 1", "padding = -1"), "block 0: padding: is -1"),
        (SIDECAR.replace("padding = 1", "delay_shift = false"), "delay_shift: is without the delay"),
        (SIDECAR.replace("padding = 1", "stride = 9"), "kernel: of 2 .* does not fit"),
        (SIDECAR.replace("[2, 5, 5]", "[2, 5]"), "input: is "),
        (SIDECAR.replace("steps = 30", "steps = ["), "is no TOML"),
        (SIDECAR[: SIDECAR.rindex("[[block]]")], "describes 4 blocks, and the checkpoint holds blocks.4"),
        (SIDECAR.replace('"flatten"', '"dense"'), "blocks.2: holds no synapse.weight"),
        (SIDECAR.replace('"pool"', '"flatten"').replace("threshold = 0.5", ""), "blocks.1: holds .* and is a flatten"),
    ],
)
def test_sidecars_that_do_not_suit(tmp_path: Path, sidecar: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        read_network(lava_dl(tmp_path, sidecar))


def test_lava_dl_refused(tmp_path: Path) -> None:
    path = lava_dl(tmp_path, blocks__3__neuron__threshold=torch.ones(1))
    with pytest.raises(FormatError, match=r"blocks.3.neuron.threshold: is an entry"):
        read_network(path)
    path = lava_dl(tmp_path, blocks__3__synapse__weight=torch.full((4, 27, 1, 1, 1), torch.nan))
    with pytest.raises(FormatError, match="NaN"):
        read_network(path)
    path = lava_dl(tmp_path, blocks__0__synapse__weight_g=None)
    with pytest.raises(FormatError, match=r"holds no synapse.weight, or several forms"):
        read_network(path)
    lava_dl(tmp_path).with_suffix(".toml").unlink()
    with pytest.raises(FormatError, match=r"describe them in x.toml or give --sidecar"):
        read_network(path)


def auto(path: Path, **changes: Any) -> Path:
    srm, ref = torch.from_numpy(srm_kernel(1000, 128)), torch.from_numpy(ref_kernel(80, 128))
    state = {
        "slayer.srmKernel": srm,
        "slayer.refKernel": ref,
        "blocks.0.weightOp.weight": random(3, 2, 3, 3, 1),
        "blocks.0.delayOp.delay": torch.full((3, 1, 1), 1.5),
        "blocks.0.slayer.srmKernel": srm,
        "blocks.0.slayer.refKernel": ref,
        "blocks.1.weightOp.weight": torch.full((1, 1, 2, 2, 1), 28.0),
        "blocks.3.weightOp.weight_g": torch.full((5, 1, 1, 1, 1), 2.0),
        "blocks.3.weightOp.weight_v": random(5, 3, 2, 2, 1),
        "blocks.3.delayOp.delay": torch.full((5, 1, 1), 4.0),
    }
    state |= {name.replace("__", "."): value for name, value in changes.items()}
    torch.save({key: value for key, value in state.items() if value is not None}, path)
    return path


def test_auto_networks(tmp_path: Path) -> None:
    network = read_network(auto(tmp_path / "x.pt"), ReadOptions(arch="4x4x2-3c3z-2a-5")).network
    assert [p.name for p in network.populations] == ["input", "conv1", "pool1", "fc1"]
    assert [int(p.delays().max()) for p in network.populations] == [0, 1, 0, 4]
    np.testing.assert_allclose(np.linalg.norm(network.projections[2].synapse.weight, axis=1), 2, rtol=1e-6)
    np.testing.assert_array_equal(network.projections[0].synapse.weight, random(3, 2, 3, 3, 1).numpy()[..., 0])


def test_auto_networks_refused(tmp_path: Path) -> None:
    options = ReadOptions(arch="4x4x2-3c3z-2a-5")
    for changes, problem in (
        ({"blocks__1__delayOp__delay": torch.ones(3, 1, 1)}, "is a pool with delays"),
        ({"blocks__0__slayer__srmKernel": torch.ones(3)}, "differs from the network's"),
        ({"blocks__4__weightOp__weight": random(2, 5, 1, 1, 1)}, "holds 4 blocks with weights"),
        ({"blocks__0__weightOp__extra": torch.ones(3)}, "extra: is an entry"),
        ({"surprise": torch.ones(3)}, "surprise: is an entry"),
    ):
        with pytest.raises(FormatError, match=problem):
            read_network(auto(tmp_path / "x.pt", **changes), options)
