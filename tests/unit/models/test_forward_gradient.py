"""Exact gradients: against differences, against the paper's forward substitution, against a dense simulation."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurodeploy.errors import DataError
from neurodeploy.models.forward_prop.gradient import gradient, unstable
from neurodeploy.models.forward_prop.jacobian import causes, jacobian
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.simulate import Run, simulate
from neurodeploy.models.forward_prop.spikes import FloatArray, single_spikes

RATES = ((1.0, 0.99), (1.0, 1.0), (0.3, 2.0), (2.0, 0.4))


def drawn(seed: int, recurrent: bool, refractory: float) -> tuple[ForwardNetwork, FloatArray]:
    rng = np.random.default_rng(seed)
    sizes = (3, int(rng.integers(2, 6)), int(rng.integers(1, 4)))
    weights = tuple(rng.normal(1.2, 1.0, pair) for pair in pairwise(sizes))
    own = tuple(rng.normal(0, 0.4, (size, size)) for size in sizes[1:]) if recurrent else None
    rates = RATES[int(rng.integers(len(RATES)))]
    return ForwardNetwork(weights, *rates, 1.0, 4.0, refractory, own), rng.uniform(0, 2, (2, 3))


def calm(run: Run) -> bool:
    """Whether differences can resolve the derivatives: no spike near to vanish, no two events that may swap."""
    if any(len(spikes.time) > 60 for spikes in run.spikes) or not len(run.output.time):
        return False
    if unstable(run, min_slope=0.1):
        return False
    for recording in range(len(run.inputs)):
        heard = np.concatenate([run.inputs.of(recording)[1], *(spikes.of(recording)[1] for spikes in run.spikes)])
        if np.diff(np.sort(heard)).min() < 1e-3:
            return False
    return True


def same(a: Run, b: Run) -> bool:
    return all(np.array_equal(x.neuron, y.neuron) for x, y in zip(a.spikes, b.spikes, strict=True))


def difference(shifted: Callable[[float], Run], run: Run, asked: list[FloatArray], step: float) -> float:
    """Central difference of fourth order of Σ asked · time."""
    values = []
    for k in (1, -1, 2, -2):
        other = shifted(k * step)
        assume(same(other, run))
        pairs = zip(asked, other.spikes, strict=True)
        values.append(sum(float(a @ spikes.time) for a, spikes in pairs))
    return (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * step)


def compare(network: ForwardNetwork, times: FloatArray, rng: np.random.Generator, picks: int) -> int:
    """Check derivatives by random weights and input times; how many."""
    run = simulate(network, times, tolerance=1e-4)
    assume(calm(run))
    asked = [rng.normal(size=len(spikes.time)) for spikes in run.spikes]
    found = gradient(run, asked, min_slope=0.0)
    scale = max(float(np.abs(part).max()) for part in (*found.weights, found.inputs))
    assume(scale < 1e3)
    groups = [(k, False, weight) for k, weight in enumerate(network.weights)]
    groups += [(k, True, own) for k, own in enumerate(network.recurrent or ()) if own is not None]
    for _ in range(picks):
        layer, recurrent, matrix = groups[int(rng.integers(len(groups)))]
        place = tuple(int(rng.integers(size)) for size in matrix.shape)

        def shifted(by: float, layer: int = layer, recurrent: bool = recurrent, place: tuple[int, ...] = place) -> Run:
            field = "recurrent" if recurrent else "weights"
            changed = [np.array(one) for one in getattr(network, field)]
            changed[layer][place] += by
            fields: dict[str, Any] = {field: tuple(changed)}
            return simulate(replace(network, **fields), times)

        exact = (found.recurrent if recurrent else found.weights)[layer][place]
        measured = difference(shifted, run, asked, 3e-5)
        assert exact == pytest.approx(measured, rel=1e-6, abs=1e-6 * scale)
    recording, neuron = int(rng.integers(times.shape[0])), int(rng.integers(times.shape[1]))

    def later(by: float) -> Run:
        changed = times.copy()
        changed[recording, neuron] += by
        return simulate(network, changed)

    spike = int(run.inputs.start[recording] + np.flatnonzero(run.inputs.of(recording)[0] == neuron)[0])
    assert found.inputs[spike] == pytest.approx(difference(later, run, asked, 3e-5), rel=1e-6, abs=1e-6 * scale)
    return picks + 1


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), recurrent=st.booleans(), refractory=st.sampled_from([0.0, 0.3]))
def test_gradients_agree_with_differences_of_firing_times(seed: int, recurrent: bool, refractory: float) -> None:
    network, times = drawn(seed, recurrent, refractory)
    compare(network, times, np.random.default_rng(seed), 4)


@pytest.mark.evidence
@settings(max_examples=1000, deadline=None)
@given(seed=st.integers(0, 2**32), recurrent=st.booleans(), refractory=st.sampled_from([0.0, 0.3]))
def test_gradients_of_a_thousand_networks_agree_with_differences(seed: int, recurrent: bool, refractory: float) -> None:
    network, times = drawn(seed, recurrent, refractory)
    compare(network, times, np.random.default_rng(seed), 10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), recurrent=st.booleans(), refractory=st.sampled_from([0.0, 0.3]))
def test_the_transposed_solution_is_that_of_forward_substitution(seed: int, recurrent: bool, refractory: float) -> None:
    network, times = drawn(seed, recurrent, refractory)
    run = simulate(network, times)
    assume(not unstable(run) and sum(len(spikes.time) for spikes in run.spikes) < 150)
    rng = np.random.default_rng(seed)
    asked = [rng.normal(size=len(spikes.time)) for spikes in run.spikes]
    found = gradient(run, asked)
    total: Any = 0.0
    for recording in range(len(run.inputs)):
        forward = jacobian(run, recording)
        assert np.all(np.diag(forward.triangle) > 0)
        assert np.array_equal(forward.triangle, np.tril(forward.triangle))
        parts = [a[s.start[recording] : s.start[recording + 1]] for a, s in zip(asked, run.spikes, strict=True)]
        total = total + np.concatenate(parts) @ forward.by_weights
    backward = np.concatenate([part.ravel() for part in (*found.weights, *found.recurrent)])
    np.testing.assert_allclose(backward, total, rtol=1e-8, atol=1e-10 * max(1.0, np.abs(backward).max()))


def test_agrees_with_autograd_through_a_dense_simulation() -> None:
    """V on a grid by eq. (5), the crossing interpolated between grid points: errors fall with the grid's step."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    network = ForwardNetwork((rng.uniform(1, 2, (3, 4)), rng.uniform(1, 2, (4, 2))), 1.0, 0.9, horizon_ms=3.0)
    times = rng.uniform(0, 1, 3)
    run = simulate(network, times[None])
    first = run.output.first()[0]
    asked = np.zeros(len(run.output.time))
    asked[first] = (1.0, -2.0)
    exact = gradient(run, [None, asked])
    weights = [torch.tensor(weight, requires_grad=True) for weight in network.weights]
    heard = [[(torch.tensor(t, dtype=torch.float64), j) for j, t in enumerate(times)]]
    for weight in weights:
        heard.append(_dense(torch, weight, heard[-1], step=1e-4))
    firsts = [min((t for t, j in heard[-1] if j == neuron), key=lambda t: t.item()) for neuron in range(2)]
    (firsts[0] - 2 * firsts[1]).backward()
    np.testing.assert_allclose([t.item() for t in firsts], run.output.time[first], atol=1e-7)
    for weight, wanted in zip(weights, exact.weights, strict=True):
        np.testing.assert_allclose(weight.grad.numpy(), wanted, atol=2e-3 * np.abs(wanted).max())


def _dense(torch: Any, weight: Any, inputs: list[tuple[Any, int]], step: float) -> list[tuple[Any, int]]:
    """All spikes of a layer up to 3 ms, α 1, β 0.9, θ 1."""
    t = torch.arange(0, 3, step, dtype=torch.float64)

    def response(g: Any) -> Any:
        s = torch.clamp(t - g, min=0)
        return (torch.exp(-s) - torch.exp(-0.9 * s)) / (0.9 - 1.0)

    found = []
    kernels = [(response(g), j) for g, j in inputs]
    for i in range(weight.shape[1]):
        v = sum(weight[j, i] * kernel for kernel, j in kernels)
        while True:
            above = ((v[1:] >= 1) & (v[:-1] < 1)).nonzero()
            if not len(above):
                break
            k = int(above[0, 0])
            when = t[k] + step * (1 - v[k]) / (v[k + 1] - v[k])
            found.append((when, i))
            s = t - when
            v = v - torch.where(s > 0, torch.exp(-0.9 * torch.clamp(s, min=0)), torch.zeros_like(s))
    return found


def test_a_spike_about_to_vanish_is_left_out_and_counted() -> None:
    weight = np.exp(1) * (1 + 1e-8)
    run = simulate(ForwardNetwork((np.array([[weight]]),), 1.0, 1.0, horizon_ms=6.0), [[0.0]])
    found = gradient(run, [np.ones(1)])
    assert found.dropped == 1
    assert found.weights[0].item() == 0.0
    assert gradient(run, [np.ones(1)], min_slope=0.0).dropped == 1  # its peak is within the tolerance
    loose = simulate(run.network, [[0.0]], tolerance=0.0)
    assert gradient(loose, [np.ones(1)], min_slope=0.0).weights[0].item() < -1e3


def test_threads_do_not_change_a_bit() -> None:
    network, _ = drawn(5, True, 0.0)
    times = np.random.default_rng(0).uniform(0, 2, (40, 3))
    run = simulate(network, times)
    asked = [np.ones(len(spikes.time)) for spikes in run.spikes]
    one, three = gradient(run, asked), gradient(run, asked, threads=3)
    for a, b in zip(
        (*one.weights, *one.recurrent, one.inputs), (*three.weights, *three.recurrent, three.inputs), strict=True
    ):
        assert np.array_equal(a, b)


def test_the_causality_graph_names_what_came_before() -> None:
    network, times = drawn(11, False, 0.0)
    run = simulate(network, times)
    for recording in range(2):
        neuron, time = run.output.of(recording)
        for k, cause in enumerate(causes(run, 1, recording)):
            hidden = run.spikes[0]
            earlier = [
                g for g in range(hidden.start[recording], hidden.start[recording + 1]) if hidden.time[g] < time[k]
            ]
            assert cause.before.tolist() == earlier
            assert all(run.output.neuron[g] == neuron[k] and run.output.time[g] < time[k] for g in cause.own)


def test_wrong_derivatives_are_answered_by_name() -> None:
    run = simulate(ForwardNetwork((np.array([[4.0]]),)), single_spikes([[0.0]]))
    for wrong in ([np.ones(9)], [np.full(len(run.output.time), np.nan)], []):
        with pytest.raises(DataError, match="derivatives"):
            gradient(run, wrong)
    with pytest.raises(DataError, match="recording"):
        jacobian(run, 1)
