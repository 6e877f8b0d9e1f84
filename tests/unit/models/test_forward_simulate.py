"""Firing times: against a second implementation, closed forms, and at the edges."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurodeploy.errors import DataError, NetworkError, OptionError
from neurodeploy.models.forward_prop.gradient import unstable
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.simulate import Run, simulate
from neurodeploy.models.forward_prop.spikes import listed, single_spikes
from tests.support.forward_reference import potential, reference


def random_network(rng: np.random.Generator, recurrent: bool, refractory: float = 0.0) -> ForwardNetwork:
    sizes = (3, int(rng.integers(2, 6)), 2)
    weights = tuple(rng.normal(1.2, 1.5, pair) for pair in pairwise(sizes))
    own = tuple(rng.normal(0, 0.6, (size, size)) for size in sizes[1:]) if recurrent else None
    rates = [(1.0, 0.99), (1.0, 1.0), (0.3, 2.0), (2.0, 0.4)][int(rng.integers(4))]
    return ForwardNetwork(weights, *rates, 1.0, 4.0, refractory, own)


def listing(run: Run, recording: int) -> list[list[tuple[float, int]]]:
    layers = [spikes.of(recording) for spikes in run.spikes]
    return [list(zip(time.tolist(), neuron.tolist(), strict=True)) for neuron, time in layers]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), recurrent=st.booleans(), refractory=st.sampled_from([0.0, 0.4]))
def test_firing_times_are_those_of_the_slow_implementation(seed: int, recurrent: bool, refractory: float) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, recurrent, refractory)
    times = rng.uniform(0, 2, (1, 3))
    run = simulate(network, times, tolerance=1e-4)
    assume(len(run.spikes[0].time) + len(run.spikes[1].time) < 60)
    assume(not unstable(run))  # there the slow one may decide differently
    expected = reference(network, [(t, j) for j, t in enumerate(times[0])])
    for found, wanted in zip(listing(run, 0), expected, strict=True):
        assert [i for _, i in found] == [i for _, i in wanted]
        np.testing.assert_allclose([t for t, _ in found], [t for t, _ in wanted], rtol=1e-9, atol=1e-11)


def test_a_spike_comes_when_the_closed_form_says() -> None:
    # α = 2 β: V = W (x − x²) / β with x = e^(−β t), a quadratic equation
    network = ForwardNetwork((np.array([[6.0]]),), synapse_rate=2.0, membrane_rate=1.0, horizon_ms=0.5)
    (time,) = simulate(network, [[0.25]]).output.time
    assert time == pytest.approx(0.25 - np.log((1 + np.sqrt(1 - 4 / 6)) / 2), rel=4e-16)


def test_a_peak_below_the_threshold_is_no_spike_and_a_near_one_is_reported() -> None:
    peak = np.exp(-1)  # of t e^(−t)
    for excess, spikes, reports in ((-1e-3, 0, 0), (-1e-8, 0, 1), (1e-8, 1, 1), (1e-2, 1, 0)):
        network = ForwardNetwork((np.array([[(1 + excess) / peak]]),), 1.0, 1.0, horizon_ms=6.0)
        run = simulate(network, [[0.0]])
        assert len(run.output.time) == spikes
        assert [one.fired for one in unstable(run, min_slope=0.0)] == [spikes == 1] * reports
        for one in unstable(run, min_slope=0.0):
            assert one.margin == pytest.approx(excess, rel=1e-6)
            assert one.time_ms == pytest.approx(1.0, abs=1e-3)


def test_a_peak_that_only_touches_the_threshold_is_no_spike() -> None:
    # 4 t e^(−t) has its peak 4 / e, exactly: a product by 4 is not rounded
    network = ForwardNetwork((np.array([[4.0]]),), 1.0, 1.0, 4 * np.exp(-1.0), horizon_ms=6.0)
    run = simulate(network, [[0.0]])
    assert len(run.output.time) == 0
    assert [(one.fired, one.margin) for one in unstable(run)] == [(False, 0.0)]
    assert len(simulate(replace(network, threshold=np.nextafter(network.threshold, 0)), [[0.0]]).output.time) == 1


def test_an_inhibitory_event_makes_a_peak_and_an_excitatory_one_does_not() -> None:
    # V reaches θ − 1e−9 just as the second input comes
    alone = ForwardNetwork((np.array([[4.0], [0.0]]),), 1.0, 1.0, horizon_ms=3.0)
    (when,) = simulate(alone, [[0.0, 3.0]]).output.time[:1]
    for weight, reports in ((-4.0, 1), (1.0, 0)):
        network = replace(alone, weights=(np.array([[4.0], [weight]]),))
        for shift in (-1e-9, 1e-9):
            found = unstable(simulate(network, [[0.0, when + shift]]), min_slope=0.0)
            assert [one.time_ms for one in found if one.time_ms < 0.5] == pytest.approx([when] * reports, abs=1e-8)


def test_every_spike_stands_on_the_threshold() -> None:
    rng = np.random.default_rng(1)
    network = random_network(rng, recurrent=True)
    times = rng.uniform(0, 2, (1, 3))
    run = simulate(network, times)
    inputs = [(t, j) for j, t in enumerate(times[0])]
    own = listing(run, 0)[0]
    assert len(own) > 3
    for t, i in own:
        assert potential(network, 0, i, inputs, own, t) == pytest.approx(1.0, abs=1e-12)


def test_threads_do_not_change_a_bit() -> None:
    rng = np.random.default_rng(2)
    network, times = random_network(rng, recurrent=True), rng.uniform(0, 2, (17, 3))
    one, four = simulate(network, times), simulate(network, times, threads=4)
    for a, b in zip(one.spikes, four.spikes, strict=True):
        assert np.array_equal(a.time, b.time)
        assert np.array_equal(a.neuron, b.neuron)
        assert np.array_equal(a.start, b.start)


def test_the_refractory_time_holds_a_spike_back() -> None:
    network = ForwardNetwork((np.array([[60.0]]),), 1.0, 1.0, horizon_ms=2.0, refractory_ms=0.5)
    run = simulate(network, [[0.0]])
    gaps = np.diff(run.output.time)
    assert run.layers[0].held.tolist() == [0, 1, 1, 1]
    np.testing.assert_allclose(gaps, 0.5, rtol=1e-15)


def test_coinciding_spikes_are_ordered_by_neuron_and_do_not_act_on_each_other() -> None:
    strong = np.array([[0.0, -50.0], [-50.0, 0.0]])
    network = ForwardNetwork((np.array([[4.0, 4.0]]),), 1.0, 1.0, horizon_ms=0.5, recurrent=(strong,))
    out = simulate(network, [[0.0]]).output
    assert out.neuron.tolist() == [0, 1]
    assert out.time[0] == pytest.approx(out.time[1], rel=1e-15)


def test_input_at_the_time_of_a_spike_does_not_cause_it() -> None:
    alone = ForwardNetwork((np.array([[4.0], [0.0]]),), 1.0, 1.0, horizon_ms=3.0)
    (when,) = simulate(alone, [[0.0, 3.0]]).output.time[:1]
    late = replace(alone, weights=(np.array([[4.0], [-100.0]]),))
    # two roundings later; at the very time it is the last digit of V that decides
    assert simulate(late, [[0.0, when * (1 + 2**-51)]]).output.time.tolist() == pytest.approx([when], rel=1e-15)


def test_nothing_happens_at_or_behind_the_horizon() -> None:
    network = ForwardNetwork((np.array([[60.0]]),), horizon_ms=2.0)
    assert len(simulate(network, [[2.0], [5.0], [np.inf]]).output.time) == 0
    assert simulate(network, [[1.5], [1.0]]).output.time.max() < 2.0


def test_spikes_tell_first_times_and_counts() -> None:
    spikes = listed([1, 0, 1, 1], [0, 1, 0, 1], [3.0, 1.0, 2.0, 4.0], (2, 2))
    assert spikes.counts().tolist() == [[0, 1], [2, 1]]
    assert spikes.first_times(9.0).tolist() == [[9.0, 1.0], [2.0, 4.0]]


def test_wrong_input_is_answered_by_name() -> None:
    network = ForwardNetwork((np.array([[4.0], [1.0]]),))
    for times, problem in (([[0.0, -1.0]], "neuron 1: spikes at -1"), ([[np.nan, 0.0]], "nan"), ([[0.0]], "2 inputs")):
        with pytest.raises(DataError, match=problem):
            simulate(network, times)
    with pytest.raises(DataError, match="shape"):
        single_spikes([1.0])
    with pytest.raises(DataError, match="of 2"):
        listed([0], [2], [1.0], (1, 2))
    with pytest.raises(OptionError, match="threads"):
        simulate(network, [[0.0, 0.0]], threads=0)
    refused: tuple[dict[str, Any], ...] = (
        {"threshold": 0.0},
        {"threshold": np.nan},
        {"synapse_rate": -1.0},
        {"refractory_ms": -1.0},
    )
    for wrong in refused:
        with pytest.raises(NetworkError):
            replace(network, **wrong)
    with pytest.raises(NetworkError):
        ForwardNetwork((np.array([[np.nan]]),))


def test_a_network_that_feeds_itself_without_bound_is_stopped() -> None:
    network = ForwardNetwork((np.array([[50.0]]),), recurrent=(np.array([[50.0]]),))
    with pytest.raises(NetworkError, match="more than 100 times"):
        simulate(network, [[0.0]], max_spikes=100)
