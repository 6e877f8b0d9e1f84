"""SRMALPHA checkpoints: what their kernels say, the decays that stand for them, and what the network read then does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from neurodeploy.compiler import compile_network
from neurodeploy.compiler.quantize import quantize
from neurodeploy.emulator.reference import Reference
from neurodeploy.errors import FormatError
from neurodeploy.models.formats import ReadOptions, read_network
from neurodeploy.models.formats.slayer_alpha import AlphaNeuron, alpha, gives, sampled_alpha, time_constant
from neurodeploy.models.formats.slayer_alpha_fit import fit_alpha
from neurodeploy.network import CubaLif, Network
from neurodeploy.spikes.events import Events

Floats = NDArray[np.float64]
THETA, DEPTH = 10.0, 20.0
YAML = "simulation: {{Ts: {ts}, tSample: 100}}\n"
YAML += "neuron: {{type: SRMALPHA, theta: 10, tauSr: {sr}, tauRef: {ref}, scaleRef: 2}}\n"


def kernels(synapse: float, refractory: float) -> dict[str, torch.Tensor]:
    srm, ref = sampled_alpha(synapse), -DEPTH * sampled_alpha(refractory)
    return {
        "slayer.srmKernel": torch.from_numpy(srm.astype(np.float32)),
        "slayer.refKernel": torch.from_numpy(ref.astype(np.float32)),
    }


def random(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(len(shape)).normal(0, 2, shape).astype(np.float32))


def save(folder: Path, entries: dict[str, Any], synapse: float = 10.0, refractory: float = 1.0) -> Path:
    torch.save(kernels(synapse, refractory) | entries, folder / "x.pt")
    return folder / "x.pt"


def with_yaml(folder: Path, synapse: float = 10.0, refractory: float = 1.0, ts: float = 1.0) -> ReadOptions:
    (folder / "x.yaml").write_text(YAML.format(ts=ts, sr=synapse, ref=refractory))
    return ReadOptions(yaml=folder / "x.yaml")


def simulate(
    weights: Sequence[Floats], delays: Sequence[int], raster: Floats, srm: Floats, ref: Floats
) -> list[Floats]:
    """Spikes (steps, neurons) of each layer of a float SRM network: u = W (ε ∗ s) + ν ∗ s_out, spike when u ≥ θ."""
    steps, layers = len(raster), []
    spikes = raster
    for weight, delay in zip(weights, delays, strict=True):
        drive = np.stack([np.convolve(s, srm)[:steps] for s in spikes.T], axis=1) @ weight.T
        u = np.vstack([drive, np.zeros((len(ref), drive.shape[1]))])
        fired = np.zeros_like(drive)
        for t in range(steps):
            fired[t] = u[t] >= THETA
            u[t : t + len(ref)] += ref[:, None] * fired[t]
        layers.append(fired)
        spikes = np.vstack([np.zeros((delay, fired.shape[1])), fired])[:steps]
    return layers


@pytest.mark.parametrize("ts", [1.0, 0.1])
@pytest.mark.parametrize("tau_ms", [1.0, 1.7, 2.0, 3.0, 5.0, 7.3, 10.0, 15.0, 20.0])
def test_decays_of_time_constants(tau_ms: float, ts: float) -> None:
    """τ comes back from the stored kernel; the float response of the decays is the kernel, one step on."""
    tau = tau_ms / ts
    kernel = sampled_alpha(tau)
    assert kernel[-1] >= 0.01 > alpha(kernel.size + 1, tau)[-1]
    found = time_constant((3 * kernel).astype(np.float32))
    assert found == pytest.approx(tau, rel=1e-6)
    fit = fit_alpha(tau)
    assert fit.residual < (0.0012 if tau <= 20 else 0.006)
    assert abs(fit.current_decay - 4096 * -np.expm1(-1 / tau)) <= 4
    a, b = 1 - fit.current_decay / 4096, 1 - fit.voltage_decay / 4096
    u = v = 0.0
    response = []
    for t in range(kernel.size - 1):
        u = a * u + (t == 0)
        v = b * v + u
        response.append(v / fit.gain)
    difference = np.sqrt(np.mean((np.array(response) - kernel[1:]) ** 2) / np.mean(kernel[1:] ** 2))
    assert difference == pytest.approx(fit.residual, rel=1e-6)
    assert max(response) == pytest.approx(kernel.max())


def test_other_kernels_are_none() -> None:
    kernel = sampled_alpha(10.0)
    assert time_constant(kernel.astype(np.float32)) == pytest.approx(10)
    for other in (kernel[1:], np.exp(-np.arange(50) / 10), kernel + 0.01 * (np.arange(kernel.size) == 30), kernel[:2]):
        assert time_constant(other.astype(np.float32)) is None
    neuron = AlphaNeuron(THETA, 10.0, 1.0, DEPTH)
    srm, ref = (k.numpy() for k in kernels(10.0, 1.0).values())
    assert gives(neuron, srm, ref)
    assert not gives(neuron, srm * np.float32(1.01), ref)
    assert not gives(neuron, srm, ref * np.float32(1.01))


def test_values_out_of_range() -> None:
    with pytest.raises(FormatError, match=r"tauSr: is 3500 steps, and the best decays miss its response by 16"):
        fit_alpha(3500.0)
    for values, message in (
        ((THETA, 0.1, 1.0, DEPTH), "tauSr: is 0.1 steps, outside 0.2 … 4096"),
        ((THETA, 5000.0, 1.0, DEPTH), "tauSr: is 5000 steps"),
        ((THETA, 10.0, 1e-300, DEPTH), "tauRef: is 1e-300 steps"),
        ((THETA, 10.0, 1.0, np.inf), "theta: or scaleRef · theta is beyond 1e.30"),
    ):
        with pytest.raises(FormatError, match=message):
            AlphaNeuron(*values)
    assert fit_alpha(0.2).residual < 0.001
    assert time_constant(np.array([0, 1e38, 1e-45], np.float32)) is None


def test_theta_from_a_pool(tmp_path: Path) -> None:
    """Weights stay as trained, up to one factor per layer that the threshold shares; the largest has all 8 bits."""
    entries = {"fc1.weight": random(4, 12, 1, 1, 1), "pool1.weight": torch.full((1, 1, 2, 2, 1), 11.0)}
    loaded = read_network(save(tmp_path, entries), ReadOptions(arch="4x4x3-2a-4"))
    fit = fit_alpha(10.0)
    for name, trained in (("pool1", 11.0), ("fc1", entries["fc1.weight"].numpy().reshape(4, 12))):
        neuron = loaded.network.population(name).neuron
        assert isinstance(neuron, CubaLif)
        assert (neuron.current_decay, neuron.voltage_decay) == (fit.current_decay, fit.voltage_decay)
        projection = loaded.network.into(name)[0]
        assert (projection.weight_exponent, projection.weight_grid, projection.is_integer) == (0, None, False)
        factor = projection.synapse.weight / trained
        np.testing.assert_allclose(factor, factor.flat[0], rtol=1e-6)
        assert neuron.threshold_mantissa == pytest.approx(THETA * float(factor.flat[0]) * fit.gain, abs=1)
        exponent = np.log2(np.abs(projection.synapse.weight).max() / 254)
        assert exponent == pytest.approx(round(exponent))
        assert 0 <= round(exponent) <= 7
    told = " ".join(loaded.notes)
    for part in (
        "SRMALPHA, theta 10, tauSr 10, tauRef 1, scaleRef · theta 20",
        f"iDecay {fit.current_decay}, vDecay {fit.voltage_decay}; their response differs from the kernel by 0.05%",
        "2 theta, tauRef 1 steps",
        "step t of every layer is SLAYER's t + 1",
        "fc1: weights times",
    ):
        assert part in told
    assert all(error.clipped == 0 for error in quantize(loaded.network)[1])


def test_refused(tmp_path: Path) -> None:
    dense = {"fc1.weight": random(4, 12, 1, 1, 1)}
    with pytest.raises(
        FormatError, match=r"tauSr 10, tauRef 1, scaleRef · theta 20 \(steps\), and no pools .* the yaml"
    ):
        read_network(save(tmp_path, dense))
    with pytest.raises(FormatError, match=r"tauSr 8, .* does not give the kernels"):
        read_network(save(tmp_path, dense), with_yaml(tmp_path, synapse=8.0))
    pools = {f"pool{n}.weight": torch.full((1, 1, 2, 2, 1), 10.0 + n) for n in (1, 2)}
    with pytest.raises(FormatError, match="no pools that tell theta"):
        read_network(save(tmp_path, dense | pools), ReadOptions(arch="8x8x3-2a-2a-4"))


def test_auto_networks_and_delays(tmp_path: Path) -> None:
    """Kernels repeated in every block, delays in milliseconds, a step of half of one."""
    common = kernels(20.0, 2.0)
    entries = {
        "blocks.0.weightOp.weight": random(6, 5, 1, 1, 1),
        "blocks.0.delayOp.delay": torch.full((6, 1, 1), 1.7),
        "blocks.1.weightOp.weight": torch.zeros(3, 6, 1, 1, 1),
    } | {f"blocks.{i}.{name}": value for i in (0, 1) for name, value in common.items()}
    network = read_network(save(tmp_path, entries, 20.0, 2.0), with_yaml(tmp_path, 10.0, 1.0, ts=0.5)).network
    assert (network.timestep_ms, network.steps) == (0.5, 200)
    assert network.population("fc1").delays().tolist() == [3] * 6
    assert not np.any(network.into("fc2")[0].synapse.weight)


def sparse_network(folder: Path, synapse: float, ts: float) -> tuple[Network, list[Floats]]:
    """Layers 60-40-20, as compiled, in which a few spikes make a neuron fire, and the weights they were trained to."""
    draw = np.random.default_rng(7)
    weights = [draw.normal(0.6, 2.5, (40, 60)).astype(np.float32), draw.normal(1, 5, (20, 40)).astype(np.float32)]
    entries: dict[str, Any] = {
        f"fc{n}.weight": torch.from_numpy(w[..., None, None, None]) for n, w in enumerate(weights, start=1)
    } | {"delay1.delay": torch.full((40, 1, 1), 3.0)}
    path = save(folder, entries, synapse / ts, synapse / ts)
    loaded = read_network(path, with_yaml(folder, synapse, synapse, ts))
    return compile_network(loaded.network).network, [w.astype(np.float64) for w in weights]


@pytest.mark.parametrize(("synapse", "ts", "least"), [(2.0, 1.0, 0.9), (10.0, 1.0, 0.6), (2.0, 0.1, 0.5)])
def test_agrees_with_the_float_model(
    synapse: float, ts: float, least: float, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Sparse input: compiled to 8 bits, the network fires where the float model, refractory kernel and all, does.

    A CUBA neuron's current outlives the reset, so that it fires again where SLAYER's kernel holds the neuron: the more
    so the longer τ, and in every layer more. `least` is the share of equal spikes in the first layer.
    """
    network, weights = sparse_network(tmp_path, synapse, ts)
    assert network.is_integer
    steps, tau = 3000, synapse / ts
    raster = (np.random.default_rng(8).random((steps, 60)) < 0.003 / tau**0.5).astype(np.float64)
    expected = simulate(weights, [round(3 / ts), 0], raster, sampled_alpha(tau), -DEPTH * sampled_alpha(tau))
    chunk = Reference(network).advance(Events.from_raster(raster.astype(np.int64)), steps)
    told = []
    for layer, (fired, spikes) in enumerate(zip(expected, chunk.spikes[1:], strict=True)):
        theirs = {(int(t), int(n)) for t, n in np.argwhere(fired)}
        ours = {(int(t) + 1, int(n)) for t, n in zip(spikes.step, spikes.neuron, strict=True)}
        same, near = len(theirs & ours), sum(not ours.isdisjoint((t + d, n) for d in (-1, 0, 1)) for t, n in theirs)
        told.append(f"{len(theirs)} and {len(ours)} spikes, {same} in the same step, {near} within one")
        assert len(theirs) >= 10
        assert near >= (0.9, 0.6)[layer] * len(theirs)
        if layer == 0 or tau <= 2:
            assert same >= least * len(theirs | ours)
    record_property("summary", f"SRM and CUBA, tauSr {tau:g} steps: {'; '.join(told)}")
