"""SRM neurons: kernels, surrogate, pooling rule and gradient against the paper's equations, written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.slayer_alpha import AlphaNeuron, gives, recover_alpha, sampled_alpha
from neurodeploy.models.slayer.filters import AlphaKernel, alpha_filter, fir
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.srm import SrmNeuron, srm

NEURON = SrmNeuron(threshold=10.0, synapse=3.0, refractory=2.0, depth=20.0, tau_rho=1.5, scale_rho=0.7)


def test_response_kernel_by_its_formula() -> None:
    kernel = NEURON.srm_kernel
    expected = [t / 3 * math.exp(1 - t / 3) for t in range(len(kernel))]
    np.testing.assert_allclose(kernel, expected, rtol=1e-6)
    assert kernel[0] == 0
    assert kernel[3] == 1
    following = len(kernel) / 3 * math.exp(1 - len(kernel) / 3)
    assert following < 0.01 <= kernel[-1]
    np.testing.assert_allclose(kernel, sampled_alpha(3.0), rtol=1e-6)


def test_refractory_kernel_by_its_formula() -> None:
    kernel = NEURON.ref_kernel
    expected = [-20 * t / 2 * math.exp(1 - t / 2) for t in range(len(kernel))]
    np.testing.assert_allclose(kernel, expected, rtol=1e-6)
    assert kernel[2] == -20
    following = 20 * len(kernel) / 2 * math.exp(1 - len(kernel) / 2)
    assert following < 0.01 <= -kernel[-1]


def test_the_reader_recovers_the_neuron_from_its_kernels() -> None:
    weights = {"pool1": np.full((1, 1, 2, 2, 1), NEURON.pool_weight())}
    found = recover_alpha("net", NEURON.srm_kernel, NEURON.ref_kernel, weights)
    assert found is not None
    assert (found.synapse, found.refractory, found.threshold, found.depth) == pytest.approx((3, 2, 10, 20), rel=1e-4)
    assert gives(AlphaNeuron(10, 3, 2, 20), NEURON.srm_kernel, NEURON.ref_kernel)


def test_yaml_times_are_milliseconds() -> None:
    section = {"theta": 10, "tauSr": 10.0, "tauRef": 1.0, "scaleRef": 2, "tauRho": 1, "scaleRho": 1}
    assert SrmNeuron.from_yaml(section, 0.5) == SrmNeuron(10.0, 20.0, 2.0, 20.0)


def test_a_neuron_without_threshold_is_refused() -> None:
    with pytest.raises(NetworkError, match="threshold: 0 is not above 0"):
        SrmNeuron(0, 1, 1, 1)


def test_surrogate_is_slayers_formula() -> None:
    width = 1.5 * 10
    values = NEURON.surrogate(torch.tensor([10.0, 25.0, -5.0, 40.0], dtype=torch.float64)).tolist()
    height = 0.7 / width
    assert values == pytest.approx([height, height / math.e, height / math.e, height / math.e**2], rel=1e-12)


def test_pool_weights_are_slightly_above_the_threshold() -> None:
    assert NEURON.pool_weight() == pytest.approx(11.0)
    assert TrainedNeuron(80, 128, 1024, 1, 0).pool_weight() == 28  # 2 · rint(0.55 · 5120 / 195)
    assert TrainedNeuron(80, 512, 1024, 1, 0).pool_weight() == 2 * round(
        0.55 * 5120 / TrainedNeuron(80, 512, 1024, 1, 0).peak
    )


@pytest.mark.parametrize("neuron", [NEURON, TrainedNeuron(80, 128, 1024, 1, 0)])
def test_one_spike_through_a_pool_gives_one_spike(neuron: SrmNeuron | TrainedNeuron) -> None:
    from neurodeploy.models.slayer.fire import fire

    sums = torch.zeros(100, 1, 1)
    sums[10] = neuron.pool_weight()
    assert fire(sums, neuron).sum() == 1
    assert fire(sums / 1.1 * 0.99 // 2 * 2, neuron).sum() == 0


def literal(drive: Tensor, neuron: SrmNeuron) -> tuple[list[int], list[float]]:
    """u(t) = Σ ε(k) x(t − k) + Σ ν(k) s(t − k), one neuron, double loops."""
    response, refractory = neuron.response.samples(), neuron.refractoriness.samples()
    spikes: list[int] = []
    potentials = []
    for t in range(len(drive)):
        u = sum(response[k] * float(drive[t - k]) for k in range(min(t + 1, len(response))))
        u += sum(refractory[k] * spikes[t - k] for k in range(1, min(t + 1, len(refractory))))
        potentials.append(u)
        spikes.append(int(u >= neuron.threshold))
    return spikes, potentials


def test_forward_pass_and_gradient_by_the_papers_equations() -> None:
    random = np.random.default_rng(4)
    drive = torch.from_numpy(random.normal(2, 6, (80, 1, 1)))
    spikes, potentials = literal(drive, NEURON)
    assert 5 < sum(spikes) < 60
    x = drive.clone().requires_grad_()
    out = srm(x, NEURON)
    assert out.flatten().int().tolist() == spikes
    single = srm(drive.float(), NEURON)
    assert single.flatten().int().tolist() == spikes

    error = random.normal(0, 1, 80)
    (gradient,) = torch.autograd.grad(out, x, torch.from_numpy(error).reshape(80, 1, 1))
    # δ(t) = ρ(u(t)) e(t); the gradient to the sums of step t is Σ over later m of ε(m − t) δ(m).
    width = NEURON.tau_rho * NEURON.threshold
    delta = [
        NEURON.scale_rho / width * math.exp(-abs(u - NEURON.threshold) / width) * e
        for u, e in zip(potentials, error, strict=True)
    ]
    kernel = NEURON.response.samples()
    expected = [sum(kernel[m - t] * delta[m] for m in range(t, min(80, t + len(kernel)))) for t in range(80)]
    assert gradient.flatten().tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_filters_pass_gradcheck() -> None:
    x = torch.randn(30, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: alpha_filter(y, AlphaKernel(2.5, -3)), (x,))
    assert torch.autograd.gradcheck(lambda y: fir(y, torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)), (x,))
