"""The trainer's compiled loops give the bits of the loops in torch, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from neurodeploy.models.slayer import delays, filters, neuron, srm
from neurodeploy.models.slayer.filters import AlphaKernel
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.sparse import Spikes
from neurodeploy.models.slayer.srm import SrmNeuron

SHAPES = st.tuples(st.integers(0, 40), st.integers(1, 3), st.sampled_from([1, 7, 64, 1100]))
neurons = st.builds(
    TrainedNeuron,
    threshold_mantissa=st.one_of(st.integers(1, 200), st.just(2**17 - 1)),
    voltage_decay=st.integers(1, 4096),
    current_decay=st.integers(1, 4096),
    refractory_delay=st.integers(1, 5),
    weight_exponent=st.integers(-7, 7),
    tau_rho=st.floats(0.1, 3),
)
srm_neurons = st.builds(
    SrmNeuron,
    threshold=st.floats(0.5, 20),
    synapse=st.floats(0.3, 12),
    refractory=st.floats(0.3, 12),
    depth=st.floats(0, 50),
)


def normal(shape: tuple[int, ...], seed: int, scale: float = 1.0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, scale, shape).astype(np.float32))


@settings(max_examples=30, deadline=None)
@given(parameters=neurons, shape=SHAPES, seed=st.integers(0, 99), size=st.sampled_from([10.0, 1e3, 1e6]))
def test_cuba_lif(parameters: TrainedNeuron, shape: tuple[int, ...], seed: int, size: float) -> None:
    sums = 2 * normal(shape, seed, size).round().clamp(-(2**22), 2**22)
    spikes, voltages = neuron.integrate_compiled(sums, parameters)
    other_spikes, other_voltages = neuron.integrate(sums, parameters)
    assert torch.equal(spikes, other_spikes)
    assert torch.equal(voltages.double(), other_voltages)
    derivative = neuron.slopes(parameters)
    if derivative is None:
        assert 110 * parameters.tau_rho * parameters.threshold > 2**22
        return
    error = normal(shape, seed + 1)
    slope = neuron.surrogate(other_voltages, parameters).float()
    expected = neuron.respond(slope * error, parameters) if len(sums) else sums
    assert torch.equal(neuron.respond_compiled(error, voltages, parameters, derivative), expected)


@settings(max_examples=20, deadline=None)
@given(parameters=srm_neurons, shape=SHAPES, seed=st.integers(0, 99))
def test_srm_and_alpha_filter(parameters: SrmNeuron, shape: tuple[int, ...], seed: int) -> None:
    drive = normal(shape, seed, 20)
    for ours, theirs in zip(srm.generate_compiled(drive, parameters), srm.generate(drive, parameters), strict=True):
        assert torch.equal(ours, theirs)
    for reverse in (False, True):
        expected = filters.run_alpha(drive, parameters.response, reverse)
        assert torch.equal(filters.run_alpha_compiled(drive, parameters.response, reverse), expected)


@settings(max_examples=20, deadline=None)
@given(shape=SHAPES, seed=st.integers(0, 99), taps=st.integers(1, 50), reverse=st.booleans())
def test_other_filters_and_delays(shape: tuple[int, ...], seed: int, taps: int, reverse: bool) -> None:
    x, kernel = normal(shape, seed), normal((taps,), seed + 1)
    assert torch.equal(filters.run_fir_compiled(x, kernel, reverse), filters.run_fir(x, kernel, reverse))
    steps = torch.from_numpy(np.random.default_rng(seed).integers(0, 63, shape[-1]).astype(np.int32))
    if len(x):
        assert torch.equal(delays.shifted(x, steps, reverse).double(), delays.shifted(x.double(), steps, reverse))


@settings(max_examples=20, deadline=None)
@given(shape=SHAPES, seed=st.integers(0, 99), density=st.sampled_from([0.0, 0.02, 0.5, 1.0]), lag=st.integers(0, 50))
def test_lists_hold_the_raster(shape: tuple[int, ...], seed: int, density: float, lag: int) -> None:
    raster = normal(shape, seed) * (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < density)
    lists = Spikes.of(raster)
    assert torch.equal(lists.raster(), raster)
    assert len(lists.column) == int((raster != 0).sum())
    late = torch.zeros_like(raster)
    late[lag:] = raster[: max(0, len(raster) - lag)]
    assert torch.equal(lists.later(lag).raster(), late)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kernel", [AlphaKernel(1.0), AlphaKernel(10.0), AlphaKernel(3.7, -20.0), AlphaKernel(0.3)])
def test_alpha_filter_is_the_sampled_kernel_tap_by_tap(kernel: AlphaKernel, reverse: bool) -> None:
    x = normal((150, 2, 3), 0)
    taps = torch.from_numpy(kernel.samples())
    expected = filters.run_fir(x.double(), taps, reverse)
    limit = 3e-6 * float(taps.abs().sum())
    assert (filters.run_alpha_compiled(x, kernel, reverse) - expected).abs().max() < limit
    exact = filters.run_alpha(x.double(), kernel, reverse)
    assert (exact - expected).abs().max() < 1e-9 * limit / 3e-6


def test_threads_do_not_change_bits() -> None:
    x = normal((60, 4, 700), 3, 30).round() * 2
    parameters = TrainedNeuron(80, 128, 1024, 1, 0)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            results.append((*neuron.integrate_compiled(x, parameters), filters.run_alpha_compiled(x, AlphaKernel(5))))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
