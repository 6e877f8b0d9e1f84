"""SRM networks to CUBA: the scale of one spike, thresholds that calibration finds, delays, and what the report says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from neurodeploy.errors import DataError, NetworkError
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.formats.slayer_alpha import sampled_alpha
from neurodeploy.models.formats.slayer_alpha_fit import fit_alpha
from neurodeploy.models.slayer.chip_network import ChipNetwork
from neurodeploy.models.slayer.conversion import convert, refractory_residual
from neurodeploy.models.slayer.layers import Dense
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.sparse import Spikes
from neurodeploy.models.slayer.spiking import Extras, SpikingNetwork, build_network
from neurodeploy.models.slayer.srm import SrmNeuron
from neurodeploy.network import CubaLif

STEPS = 60


def model_of(
    arch: str, neuron: SrmNeuron, seed: int = 1, gain: float = 4.0, *, delayed: bool = False
) -> SpikingNetwork:
    extras = Extras(gain=gain, seed=seed, delayed=delayed)
    return build_network(parse_architecture(arch), neuron, STEPS, extras=extras)


def random_input(model: SpikingNetwork, recordings: int = 6, rate: float = 0.1) -> Spikes:
    draw = torch.Generator().manual_seed(0)
    height = model.input_shape[1:] + model.input_shape[:1] if len(model.input_shape) == 3 else model.input_shape
    return Spikes.of((torch.rand(STEPS, recordings, *height, generator=draw) < rate).float())


def test_one_spike_through_a_weight_of_the_known_kernel() -> None:
    """Single spikes of one input, weight w: SRM fires iff w ≥ θ at the kernel's peak, the converted neuron too.

    Calibration cannot move the threshold far: it must lie between the weights that fire and those that do not.
    """
    model = model_of("8-8", SrmNeuron(10.0, 5.0, 20.0, 1000.0))
    weights = torch.diag(torch.tensor([9.0, 9.6, 9.9, 10.1, 10.4, 11.0, 12.0, 20.0]))
    layer = model.layer("fc1")
    assert isinstance(layer, Dense)
    layer.weight.data = weights.reshape(layer.weight.shape)
    raster = torch.zeros(STEPS, 1, 8)
    raster[4] = 1
    network, report = convert(model, Spikes.of(raster))
    with torch.no_grad():
        theirs = model(raster).sum((0, 1)) > 0
        ours = ChipNetwork(network, {})(raster).sum((0, 1)) > 0
    assert theirs.tolist() == [False] * 3 + [True] * 5
    assert ours.tolist() == theirs.tolist()
    neuron = network.population("fc1").neuron
    assert isinstance(neuron, CubaLif)
    factor = network.projections[0].synapse.weight[7, 7] / 20
    assert report.layers[0].threshold_factor == pytest.approx(
        int(neuron.threshold_mantissa) / (10 * factor * fit_alpha(5.0).gain), rel=0.1
    )


def test_spikes_of_a_network_without_refractoriness_to_speak_of_agree() -> None:
    """Rare spikes: neither kernel nor reset act on the next one, and most steps agree, one earlier."""
    model = model_of("40-30", SrmNeuron(10.0, 3.0, 3.0, 10.0), gain=1.4)
    spikes = random_input(model, rate=0.06)
    network, report = convert(model, spikes)
    with torch.no_grad():
        theirs, ours = model(spikes)[1:], ChipNetwork(network, {})(spikes)[:-1]
    total = float(theirs.sum())
    assert total > 100
    agreeing, late, early = (
        float((a * b).sum()) / total for a, b in ((theirs, ours), (theirs[1:], ours[:-1]), (theirs[:-1], ours[1:]))
    )
    assert agreeing > 0.5 > 2 * max(late, early)
    assert report.layers[0].rate == pytest.approx(1, abs=0.15)
    kernel = sampled_alpha(3.0)
    seen, off = (
        np.apply_along_axis(np.convolve, 0, x.numpy().reshape(STEPS - 1, -1), kernel)[: STEPS - 1]
        for x in (theirs, ours - theirs)
    )
    assert report.layers[0].disagreement == pytest.approx(np.sqrt((off**2).sum() / (seen**2).sum()), rel=0.03)
    assert report.layers[0].rate == pytest.approx(float(ours.sum() / theirs.sum()), rel=0.02)


def test_calibration_is_never_worse_and_layers_see_the_converted_ones() -> None:
    model = model_of("6x6x2-4c3-2a-12-5", SrmNeuron(10.0, 4.0, 1.0, 10.0), gain=6)
    spikes = random_input(model)
    network, report = convert(model, spikes)
    assert [layer.name for layer in report.layers] == ["conv1", "pool1", "fc1", "fc2"]
    for layer in report.layers:
        assert layer.disagreement <= layer.plain * 1.001
        assert network.population(layer.name).neuron == layer.neuron
    with torch.no_grad():
        theirs, ours = model.layer_spikes(spikes), ChipNetwork(network, {}).layer_spikes(spikes)
    for layer in report.layers:
        wanted, found = theirs[layer.name][1:], ours[layer.name][:-1]
        assert layer.rate == pytest.approx(float(found.sum() / wanted.sum()), rel=0.05)
    assert "calibrated on 6 recordings" in str(report)
    assert "fc2: iDecay" in str(report)


def test_delays_are_kept() -> None:
    model = model_of("12-9-4", SrmNeuron(10.0, 4.0, 1.0, 10.0), delayed=True)
    delay = model.get_submodule("delay1").delay
    assert isinstance(delay, torch.Tensor)
    delay.data[:, 0, 0] = torch.arange(9) + 0.5
    network, _ = convert(model, random_input(model, rate=0.2))
    np.testing.assert_array_equal(network.population("fc1").axonal_delay, np.arange(9))
    assert network.population("fc2").axonal_delay == 0


def test_refractory_residual_by_its_definition() -> None:
    """A reset takes θ (1 − d)^k from v, k steps after the spike; ν is −depth · (k/τ) e^(1 − k/τ)."""
    neuron = SrmNeuron(10.0, 4.0, 2.0, 20.0)
    k = np.arange(1, len(neuron.refractoriness.samples()))
    kernel = -20 * (k / 2) * np.exp(1 - k / 2)
    reset = -10 * 0.75**k
    expected = np.sqrt(np.mean((kernel - reset) ** 2) / np.mean(kernel**2))
    assert refractory_residual(neuron, 1024) == pytest.approx(expected)
    assert refractory_residual(neuron, 4096) == pytest.approx(1)


def test_what_cannot_be_converted() -> None:
    neuron = SrmNeuron(10.0, 4.0, 1.0, 10.0)
    silent = model_of("12-4", neuron, gain=1e-3)
    with pytest.raises(NetworkError, match="fc1: never fires on the calibration recordings"):
        convert(silent, random_input(silent))
    with pytest.raises(DataError, match="calibration: has no recordings"):
        convert(silent, replace(random_input(silent), recordings=0))
    chip = build_network(parse_architecture("12-4"), TrainedNeuron(80, 128, 1024, 1, 0), STEPS)
    with pytest.raises(NetworkError, match="network: has no SRM neurons"):
        convert(chip, random_input(silent))
