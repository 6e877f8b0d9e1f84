"""Networks of rates: what they say of integer neurons, and what becomes of their weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodeploy.errors import OptionError
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.layers import Conv, Dense
from neurodeploy.models.slayer.neuron import cuba_lif
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.rates import RateLoss, RateNetwork, window_rates
from neurodeploy.models.slayer.spiking import Extras, SpikingNetwork, build_network
from neurodeploy.spikes.recording import Recording

NEURON = TrainedNeuron(640, 64, 1024, 1, 0)
SHAPE = (2, 6, 8)


def recordings(count: int = 6) -> list[Recording]:
    draw = np.random.default_rng(0)
    made = []
    for _ in range(count):
        x, y, p = (draw.integers(0, n, 300, np.int32) for n in (8, 6, 2))
        made.append(Recording(np.sort(draw.integers(0, 59_000, 300)), x, y, p))
    return made


def network(arch: str = "8x6x2-3c3-2a-5", neuron: TrainedNeuron = NEURON) -> SpikingNetwork:
    return build_network(parse_architecture(arch), neuron, 60, extras=Extras(seed=1))


def test_rates_of_windows_are_shares_of_their_steps() -> None:
    spikes = network().input(recordings())
    rates = window_rates(spikes, 4)
    assert rates.shape == (6, 4, 6, 8, 2)
    raster = spikes.raster().view(4, 15, 6, 6, 8, 2).mean(1).transpose(0, 1)
    torch.testing.assert_close(rates, raster)


@pytest.mark.parametrize("share", [0.03, 0.06, 0.1])
@pytest.mark.parametrize("exponent", [0, 1])
def test_a_rate_is_that_of_the_integer_neuron(share: float, exponent: int) -> None:
    neuron = TrainedNeuron(640, 64, 1024, 1, exponent)
    model = RateNetwork(network("96-4", neuron), [Recording(np.arange(9), np.arange(9, dtype=np.int32))], 1)
    sums = torch.tensor(2.0 * round(share * model.drive / 2))
    measured = float(cuba_lif(sums.expand(4000, 1).contiguous(), neuron).mean())
    assert measured > 0.015
    assert float(model.rate(sums)) == pytest.approx(measured, abs=0.005, rel=0.15)


@pytest.mark.parametrize("arch", ["8x6x2-7-5", "8x6x2-3c3-2a-5"])
def test_sums_of_the_mean_input_are_the_bias(arch: str) -> None:
    net = network(arch)
    model = RateNetwork(net, recordings())
    for name in (name for name in net.names if isinstance(net.layer(name), Dense | Conv)):
        layer = model.get_submodule(name)
        assert isinstance(layer.mean, torch.Tensor)
        bias, scale = layer.get_parameter("bias"), layer.get_buffer("scale")
        matrix = layer.matrix()  # type: ignore[operator]  # torch types members as tensors or modules
        torch.testing.assert_close(matrix.flatten(1) @ layer.mean, bias * scale[1], rtol=1e-3, atol=1e-2)


def test_weights_are_folded_into_the_spiking_network() -> None:
    net, given = network(), recordings()
    model = RateNetwork(net, given).eval()
    x = window_rates(net.input(given), 3)
    model.fold_into(net)
    conv, fc = net.layer("conv1"), net.layer("fc1")
    assert isinstance(conv, Conv)
    assert isinstance(fc, Dense)
    planes = torch.nn.functional.conv2d(x.flatten(0, 1).permute(0, 3, 1, 2), conv.grid(conv.weight).squeeze(-1))
    pooled = torch.nn.functional.avg_pool2d(model.rate(planes), 2) * 4
    sums = pooled.clamp(max=1).flatten(1) @ fc.grid(fc.weight).flatten(1).t()
    expected = model.rate(sums).view(6, 3, 5).mean(1) * 60
    torch.testing.assert_close(model(x)[0], expected, rtol=1e-4, atol=1e-3)
    assert conv.weight.abs().max() <= 256


def test_training_takes_negative_counts_and_prices_too_many() -> None:
    loss = RateLoss(evidence=1.0, most=10.0)
    few, many = torch.tensor([[[5.0, -5.0]]]), torch.tensor([[[50.0, -5.0]]])
    labels = torch.tensor([0])
    assert loss(many, labels) - 1e-4 * (40.0**2 / 2) == pytest.approx(0.05 / 2 * 55, rel=1e-3)
    assert loss(few, labels) < loss(few, 1 - labels)
    model = RateNetwork(network(), recordings())
    assert model(window_rates(network().input(recordings()), 3)).min() < 0
    assert model.eval()(window_rates(network().input(recordings()), 3)).min() >= 0


def test_what_has_no_rates_is_refused() -> None:
    with pytest.raises(OptionError, match="--rate-epochs 0"):
        RateNetwork(network("8x6x2-4t3-5"), recordings())
    with pytest.raises(OptionError, match="choose 1 … 60"):
        RateNetwork(network(), recordings(), 61)
