"""SLAYER's layers: products from lists of spikes against torch's dense ones, pools, unpools, recurrence, dropout."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neurodeploy import api
from neurodeploy.errors import NetworkError, OptionError
from neurodeploy.models.formats.notation import (
    ConvLayer,
    DenseLayer,
    PoolLayer,
    TransposedLayer,
    UnpoolLayer,
    parse_architecture,
)
from neurodeploy.models.slayer.grids import FloatGrid, SignedGrid, round_even
from neurodeploy.models.slayer.layers import Conv, Dense, Pool, TransposedConv, Unpool
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.recurrent import Recurrent
from neurodeploy.models.slayer.sparse import Spikes, event_spikes
from neurodeploy.models.slayer.spiking import (
    Dropout,
    Extras,
    RecurrentLayer,
    SpikingNetwork,
    build_network,
)
from neurodeploy.models.slayer.srm import SrmNeuron
from neurodeploy.precision import SignMode
from neurodeploy.runtime.run import Run
from neurodeploy.spikes.events import Events

NEURON = TrainedNeuron(80, 128, 1024, 1, 0)
SOURCE = (6, 7, 3)


def spikes(shape: tuple[int, ...], density: float = 0.1, seed: int = 0) -> Tensor:
    return (torch.rand(8, 2, *shape, generator=torch.Generator().manual_seed(seed)) < density).float()


def made(layer: nn.Module) -> nn.Module:
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=20, generator=torch.Generator().manual_seed(1))
    return layer


LAYERS: dict[str, Callable[[], nn.Module]] = {
    "dense": lambda: Dense(SOURCE, 5, SignedGrid()),
    "dense of neurons": lambda: Dense((9,), 4, SignedGrid()),
    "conv": lambda: Conv(SOURCE, ConvLayer(4, 3), SignedGrid()),
    "padded conv": lambda: Conv(SOURCE, ConvLayer(4, 5, padding=(2, 2)), SignedGrid()),
    "strided conv": lambda: Conv(SOURCE, ConvLayer(6, 3, (2, 1), (1, 0), (1, 2), 3), SignedGrid()),
    "pool": lambda: Pool(SOURCE, 2, 28),
    "unpool": lambda: Unpool(SOURCE, 2, 28),
    "transposed conv": lambda: TransposedConv(SOURCE, TransposedLayer(6, 3, (2, 1), (1, 0), (1, 2), 3), SignedGrid()),
}


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("name", LAYERS)
def test_products_from_lists_equal_dense_ones(name: str, lag: int) -> None:
    """The path in double precision has no lists: it multiplies rasters in torch."""
    layer, other = made(LAYERS[name]()), made(LAYERS[name]()).double()
    for ours, theirs in zip(layer.parameters(), other.parameters(), strict=True):
        theirs.data = ours.data.double()
    x = spikes((9,) if name == "dense of neurons" else SOURCE).requires_grad_()
    y = x.detach().double().requires_grad_()
    out, expected = layer(x, lag), other(y, lag)
    assert out.shape[2:] == layer.shape
    assert torch.equal(out.double(), expected)
    assert torch.equal(layer(Spikes.of(x.detach()), lag), out)
    assert out.abs().sum() > 0
    error = torch.randn(out.shape, generator=torch.Generator().manual_seed(2))
    found = torch.autograd.grad(out, [x, *layer.parameters()], error)
    wanted = torch.autograd.grad(expected, [y, *other.parameters()], error.double())
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_pass_gradcheck(name: str) -> None:
    layer = made(LAYERS[name]()).double()
    for module in layer.modules():
        if hasattr(module, "grid"):
            setattr(module, "grid", FloatGrid())  # noqa: B010  # modules are typed as having tensors only
    shape = (9,) if name == "dense of neurons" else SOURCE
    x = torch.randn(3, 1, *shape, dtype=torch.float64, requires_grad=True)
    parameters = tuple(layer.parameters())
    assert torch.autograd.gradcheck(lambda y, *_: layer(y, 1), (x, *parameters), fast_mode=True)


def test_dense_inputs_are_numbered_channels_first() -> None:
    layer = Dense((2, 2, 2), 1, FloatGrid())
    layer.weight.data = torch.arange(8.0).reshape(1, 8, 1, 1, 1)
    x = torch.zeros(1, 1, 2, 2, 2)
    x[0, 0, 0, 1, 1] = 1  # y 0, x 1, channel 1: number 4 + 1
    assert layer(x).item() == 5


def test_convolution_is_a_cross_correlation() -> None:
    layer = Conv((3, 3, 1), ConvLayer(1, 2), FloatGrid())
    layer.weight.data = torch.tensor([[1.0, 2], [3, 4]]).reshape(1, 1, 2, 2, 1)
    x = torch.zeros(1, 1, 3, 3, 1)
    x[0, 0, 1, 1] = 1
    assert layer(x)[0, 0, :, :, 0].tolist() == [[4, 3], [2, 1]]


def test_pool_pads_at_the_end_and_sums_windows() -> None:
    pool = Pool((5, 4, 1), 2, 28)
    assert pool.shape == (3, 2, 1)
    x = torch.zeros(1, 1, 5, 4, 1)
    x[0, 0, 4, 3] = x[0, 0, 0, 0] = x[0, 0, 1, 1] = 1
    assert pool(x)[0, 0, :, :, 0].tolist() == [[56, 0], [0, 0], [0, 28]]


def test_events_are_put_in_channel_last_order() -> None:
    batch = [Events(np.array([1, 2]), np.array([7, 0])), Events(np.array([0]), np.array([5]), np.array([3]))]
    raster = event_spikes(batch, (2, 2, 3), 4).raster()
    assert raster.shape == (4, 2, 2, 3, 2)
    # 7 is channel 1, pixel 1; 5 is channel 0, pixel 5, row 1, column 2.
    assert raster.nonzero().tolist() == [[0, 1, 1, 2, 0], [1, 0, 0, 1, 1], [2, 0, 0, 0, 0]]
    assert raster[0, 1, 1, 2, 0] == 3


@pytest.mark.parametrize("bits", range(1, 9))
def test_grids_of_few_bits(bits: int) -> None:
    grid = SignedGrid(bits, 2 ** (9 - bits))
    weight = torch.linspace(-300, 300, 10_001).requires_grad_()
    used = grid(weight)
    levels = np.unique(used.detach().numpy())
    assert len(levels) == 2**bits
    assert [levels[0], levels[-1]] == [-256, 256 - 2 ** (9 - bits)] == list(grid.range)
    inside = (weight >= grid.range[0]) & (weight <= grid.range[1])
    assert (used - weight).detach()[inside].abs().max() <= 2 ** (8 - bits)
    (gradient,) = torch.autograd.grad(used.sum(), weight)
    assert torch.equal(gradient, torch.ones_like(weight))


def test_default_grid_is_that_of_the_chip() -> None:
    weight = torch.linspace(-256, 254, 4_321)
    assert torch.equal(SignedGrid()(weight), round_even(weight))
    assert list(SignedGrid().range) == list(SignMode.MIXED.range)
    with pytest.raises(OptionError, match="9 bits are outside 1 … 8"):
        SignedGrid(9)


def test_recurrent_block_by_plain_loops() -> None:
    layer = made(Recurrent((4,), 3, NEURON, SignedGrid()))
    assert isinstance(layer, Recurrent)
    x = spikes((4,), 0.5)
    first = layer.forward_weight.used().detach().numpy()
    second = layer.recurrent_weight.used().detach().numpy()
    u, v, before = np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3))
    out = []
    for step in x.flatten(2).numpy():
        u = np.trunc(u * 0.75) + 64 * (step @ first + before @ second)
        v = np.trunc(v * (1 - 128 / 4096)) + u
        before = (v > 5120).astype(float)
        v = v * (1 - before)
        out.append(before)
    assert 3 < np.sum(out) < 30
    np.testing.assert_array_equal(layer(x).detach().numpy(), out)


def test_recurrent_gradient_by_the_equations() -> None:
    layer = made(Recurrent((2,), 2, NEURON, SignedGrid())).double()
    assert isinstance(layer, Recurrent)
    x = spikes((2,), 0.6).double()
    out = layer(x)
    error = torch.randn(out.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    (to_forward, to_recurrent) = torch.autograd.grad(
        out, [layer.forward_weight.weight, layer.recurrent_weight.weight], error
    )
    weight = layer.recurrent_weight.used().detach().numpy()
    first = x.numpy() @ layer.forward_weight.used().detach().numpy()
    s, e, steps = out.detach().numpy(), error.numpy(), len(x)
    sums = first + np.concatenate([np.zeros((1, 2, 2)), s[:-1] @ weight])
    from neurodeploy.models.slayer.neuron import integrate

    v = integrate(torch.from_numpy(sums), NEURON)[1].numpy()
    slope = np.exp(-np.abs(v - 5120) / 5120) / 5120 / NEURON.peak
    # h(k): v answers a unit of weight with Σ 0.75^j · keep^(k − j), times 64.
    h = [64 * sum(0.75**j * (1 - 128 / 4096) ** (k - j) for j in range(k + 1)) for k in range(steps)]
    g = np.zeros_like(e)
    for t in reversed(range(steps)):
        for m in range(t, steps):
            caused = g[m + 1] @ weight.T if m + 1 < steps else 0
            g[t] += h[m - t] * slope[m] * (e[m] + caused)
    np.testing.assert_allclose(to_forward.flatten(1).T, np.einsum("tbi,tbo->io", x.numpy(), g), rtol=1e-9)
    np.testing.assert_allclose(to_recurrent.flatten(1).T, np.einsum("tbi,tbo->io", s[:-1], g[1:]), rtol=1e-9)


def test_dropout_silences_neurons_for_whole_recordings() -> None:
    dropout = Dropout(0.3, torch.Generator().manual_seed(0))
    ones = torch.ones(5, 40, 50)
    out = dropout(ones)
    assert torch.equal(out, out[:1].expand_as(out))
    assert out.mean().item() == pytest.approx(0.7, abs=0.03)
    assert not torch.equal(dropout(ones), out)
    dropout.eval()
    assert torch.equal(dropout(ones), ones)


def test_a_network_of_every_layer_runs_and_learns() -> None:
    layers = (
        ConvLayer(2, 3, padding=(1, 1)), PoolLayer(2), UnpoolLayer(2), TransposedLayer(2, 3, (2, 2), (1, 1)),
        RecurrentLayer(6), DenseLayer(4),
    )  # fmt: skip
    network = SpikingNetwork((1, 4, 4), layers, NEURON, 30, extras=Extras(True, 0.1, gain=3))
    assert network.names == ["conv1", "pool1", "unpool1", "convt1", "rec1", "fc1"]
    assert network.delays == {"conv1": "delay1", "convt1": "delay2", "rec1": "delay3"}
    assert network.layer("convt1").shape == (7, 7, 2)
    x = (torch.rand(30, 3, 1, 4, 4, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    out = network(x)
    assert out.shape == (30, 3, 4)
    torch.autograd.backward(out.sum())
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0, name


def test_output_planes_come_channels_first() -> None:
    network = build_network(parse_architecture("5x4x2-3c3"), NEURON, 10)
    assert network(torch.ones(10, 2, 2, 4, 5)).shape == (10, 2, 3, 2, 3)


def test_what_does_not_suit_is_refused() -> None:
    with pytest.raises(NetworkError, match="pool1: needs planes before it, not 5 neurons"):
        build_network(parse_architecture("8-5-2a"), NEURON, 10)
    with pytest.raises(NetworkError, match="fc9: has no delays"):
        build_network(parse_architecture("8-5-4"), NEURON, 10, extras=Extras(delayed=("fc9",)))
    srm = SrmNeuron(10, 1, 1, 20)
    with pytest.raises(NetworkError, match="rec1: is recurrent and its neurons are SRM"):
        SpikingNetwork((4,), (RecurrentLayer(3),), srm, 10)
    with pytest.raises(NetworkError, match="1 is outside"):
        replace(Extras(), dropout=1)


def test_initial_weights_reach_the_threshold_by_the_fan_in() -> None:
    srm = SrmNeuron(10, 2, 1, 20)
    weight = build_network(parse_architecture("400-300"), srm, 10).get_parameter("fc1.weight")
    assert weight.std().item() == pytest.approx(10 / math.sqrt(400), rel=0.02)


def test_transposed_layers_run_elsewhere_as_they_were_trained(tmp_path: Path) -> None:
    """The state dict is read back, and the reference gives the spikes of the forward pass, hops included."""
    arch = "5x4x2-3t4s2p1-2u-2c3-6"
    trained = build_network(parse_architecture(arch), NEURON, 30, extras=Extras(gain=4))
    assert trained.names == ["convt1", "unpool1", "conv1", "fc1"]
    torch.save(trained.state_dict(), tmp_path / "n.pt")
    program = api.compile(api.read(tmp_path / "n.pt", arch=arch).network)
    raster = np.random.default_rng(2).random((30, 2, 4, 5)) < 0.3
    run = api.run(program, raster, backend="reference", probes=["fc1.spikes"])
    assert isinstance(run, Run)
    expected = trained(torch.from_numpy(raster[:, None].astype(np.float32)))[:, 0].detach().numpy()
    assert expected.sum() > 10
    np.testing.assert_array_equal(run["fc1.spikes"], expected)
