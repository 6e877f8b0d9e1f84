"""Networks in continuous time as networks in steps: kernels, time steps, spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy import api
from neurodeploy.errors import NetworkError, OptionError
from neurodeploy.models.forward_prop.discrete import first_steps
from neurodeploy.models.forward_prop.kernel import chosen_timestep, good_timesteps, kernel, response, step_kernel
from neurodeploy.models.forward_prop.network import FloatArray, ForwardNetwork
from neurodeploy.models.forward_prop.simulate import simulate
from neurodeploy.models.forward_prop.spikes import single_spikes
from neurodeploy.models.forward_prop.stepped import firing_ms, refractory_delay, stepped, to_network
from neurodeploy.network import CubaLif, Dense
from neurodeploy.spikes.events import Events

RNG = np.random.default_rng(5)
TIMES = RNG.uniform(0, 1.5, (40, 5))


def _network(**options: object) -> ForwardNetwork:
    draw = np.random.default_rng(2)
    weights = (draw.normal(1.5, 0.8, (5, 20)), draw.normal(0.6, 0.3, (20, 3)))
    return replace(ForwardNetwork(weights, 0.999, 1.0, horizon_ms=2.0), **options)  # type: ignore[arg-type]


def _dense_first(network: ForwardNetwork, times: FloatArray, dt: float = 5e-4) -> FloatArray:
    """First output times of one recording by the kernels of eq. (5) on a fine grid: slow, and another way."""
    at = np.arange(0, network.horizon_ms, dt)
    before = [[time] for time in times]
    for weight in network.weights:
        drive = np.zeros((len(at), weight.shape[1]))
        for neuron, train in enumerate(before):
            for time in train:
                drive += np.where(at > time, kernel(network, np.maximum(at - time, 0)), 0)[:, None] * weight[neuron]
        trains: list[list[float]] = [[] for _ in range(weight.shape[1])]
        for neuron, v in enumerate(drive.T.copy()):
            for i, now in enumerate(at):
                if v[i] > network.threshold:
                    trains[neuron].append(float(now))
                    v[i:] -= network.threshold * np.exp(-network.membrane_rate * (at[i:] - now))
        before = trains
    return np.array([min(train, default=np.nan) for train in before])


def _on_the_chip(network: ForwardNetwork, timestep_ms: float, bits: int | None = 8) -> FloatArray:
    """First output steps on the emulator, (recordings, outputs)."""
    program = api.compile(to_network(network, timestep_ms), weight_bits=bits)
    found = np.full((len(TIMES), network.sizes[-1]), np.nan)
    for row, times in enumerate(TIMES):
        step = np.rint(times / timestep_ms).astype(np.int64)
        run = api.run(program, Events(step, np.arange(len(times))))
        assert not isinstance(run, list)
        assert run.output_spikes is not None
        for step_, neuron in zip(run.output_spikes.step[::-1], run.output_spikes.neuron[::-1], strict=True):
            found[row, neuron] = step_
    return found


@given(st.floats(0.2, 5), st.floats(0.2, 5), st.floats(1e-3, 0.05))
def test_a_neuron_in_steps_follows_the_kernel_exactly_where_nothing_is_rounded(
    alpha: float, beta: float, dt: float
) -> None:
    network, steps = _network(synapse_rate=alpha, membrane_rate=beta), np.arange(1, 50)
    wanted = kernel(network, dt * steps.astype(np.float64))
    followed = response(np.exp(-alpha * dt), np.exp(-beta * dt), steps) * kernel(network, np.array([dt]))
    # α − β of the order of rounding leaves few digits of the quotient
    if abs(alpha - beta) > 1e-3 or alpha == beta:
        np.testing.assert_allclose(followed, wanted, rtol=1e-6)


def test_equal_rates_are_the_limit_of_unequal_ones() -> None:
    equal, close = _network(membrane_rate=0.999), _network(membrane_rate=0.999 + 1e-7)
    at = np.linspace(0, 2, 50)
    np.testing.assert_allclose(kernel(equal, at), kernel(close, at), rtol=1e-6)
    assert step_kernel(equal, 0.01).factor == pytest.approx(step_kernel(close, 0.01).factor, rel=1e-6)
    np.testing.assert_allclose(kernel(equal, at), at * np.exp(-0.999 * at))


def test_good_time_steps_round_the_decays_least() -> None:
    network = _network()
    found = good_timesteps(network, 0.004, 0.02)
    assert [item.error for item in found] == sorted(item.error for item in found)
    assert found[0].error < 0.0011 < step_kernel(network, 0.005).error
    chosen = chosen_timestep(network)
    assert 200 <= network.horizon_ms / chosen <= 500
    kernel_at = step_kernel(network, chosen)
    whole = -4096 * np.expm1(-0.999 * chosen), -4096 * np.expm1(-1.0 * chosen)
    assert (kernel_at.current_decay, kernel_at.voltage_decay) == (round(whole[0]), round(whole[1]))
    assert min(abs(x - round(x)) for x in whole) < 1e-9


@pytest.mark.parametrize(
    ("timestep", "problem"),
    [
        (np.nan, "outside 0.001"),
        (0.0, "outside 0.001"),
        (-0.01, "outside 0.001"),
        (3.0, "makes 0.66"),
    ],
)
def test_time_steps_that_make_no_sense_are_refused(timestep: float, problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        step_kernel(_network(), timestep)


def test_rates_beyond_twelve_bits_are_refused_with_a_remedy() -> None:
    with pytest.raises(OptionError, match=r"too short for the rate 0\.01 .*choose 0\.024 ms or more"):
        step_kernel(_network(membrane_rate=0.01), 0.01)
    with pytest.raises(OptionError, match="too long for the rate 1000"):
        step_kernel(_network(synapse_rate=1000.0), 0.05)
    with pytest.raises(OptionError, match="hold none"):
        good_timesteps(_network(), 0.00101, 0.00102)


def test_weights_and_thresholds_are_scaled_as_one() -> None:
    network = _network()
    made = stepped(network, 0.01)
    for weight, projection, population in zip(
        network.weights, made.network.projections, made.network.populations[1:], strict=True
    ):
        neuron = population.neuron
        assert isinstance(neuron, CubaLif)
        assert isinstance(projection.synapse, Dense)
        assert isinstance(neuron.threshold_mantissa, int)
        unit = made.kernel.factor * neuron.threshold_mantissa / network.threshold
        np.testing.assert_allclose(projection.synapse.weight, weight.T * unit)
        largest = np.abs(projection.synapse.weight).max()
        assert np.log2(largest / 254) == pytest.approx(round(np.log2(largest / 254)), abs=0.01)
        assert neuron.threshold_mantissa <= 2**15
        assert np.abs(projection.synapse.weight).sum(axis=1).max() <= 2**15


def test_steps_in_float_and_continuous_time_agree_within_a_step_a_layer() -> None:
    network, dt = _network(), 0.005
    continuous = simulate(network, TIMES).output.first_times(np.nan)
    steps = first_steps(network, single_spikes(TIMES), dt)
    apart = firing_ms(steps, 2, dt) - continuous
    assert np.isfinite(apart).mean() > 0.9
    assert np.nanmax(np.abs(apart)) < 3 * dt
    # on average nothing is added: no output, and no layer, is favoured
    assert np.all(np.abs(np.nanmean(apart, axis=0)) < 0.25 * dt)


def test_the_other_simulation_agrees() -> None:
    network = _network()
    steps = first_steps(network, single_spikes(TIMES[:3]), 0.005)
    for row, times in enumerate(TIMES[:3]):
        np.testing.assert_allclose(firing_ms(steps[row], 2, 0.005), _dense_first(network, times), atol=0.015)


def test_the_chip_fires_where_float_steps_do() -> None:
    network, dt = _network(), chosen_timestep(_network())
    here = first_steps(network, single_spikes(TIMES), dt)
    chip = _on_the_chip(network, dt)
    assert (np.isnan(here) == np.isnan(chip)).mean() > 0.95
    assert np.nanmax(np.abs(chip - here)) <= 6
    assert abs(np.nanmean(chip - here)) < 0.5


def test_recurrent_weights_reach_the_chip() -> None:
    draw = np.random.default_rng(7)
    network = _network(recurrent=(draw.normal(0.3, 0.3, (20, 20)), None))
    dt = chosen_timestep(network)
    made = to_network(network, dt)
    assert [(p.source, p.target) for p in made.projections] == [("input", "fc1"), ("fc1", "fc1"), ("fc1", "fc2")]
    assert network.recurrent is not None
    own, inputs = made.projections[1].synapse.weight, made.projections[0].synapse.weight
    scale = inputs[0, 0] / network.weights[0][0, 0]  # one of both
    np.testing.assert_allclose(own.T, network.recurrent[0] * scale)
    here = first_steps(network, single_spikes(TIMES), dt)
    assert np.nanmean(here) < np.nanmean(first_steps(_network(), single_spikes(TIMES), dt)) - 1
    assert abs(np.nanmean(_on_the_chip(network, dt) - here)) < 0.7
    continuous = simulate(network, TIMES).output.first_times(np.nan)
    assert np.nanmean(np.abs(firing_ms(here, 2, dt) - continuous)) < 2 * dt


def test_refractory_times_become_steps_or_are_refused() -> None:
    network = _network(refractory_ms=0.1)
    assert refractory_delay(network, 0.01) == 11
    made = stepped(network, 0.01)
    neuron = made.network.populations[1].neuron
    assert isinstance(neuron, CubaLif)
    assert neuron.refractory_delay == 11
    assert any("holds V at zero for 10 steps" in note for note in made.notes)
    with pytest.raises(NetworkError, match=r"is 100 steps, a chip holds 62.*0\.00161 ms or more"):
        stepped(network, 0.001)


def test_a_layer_of_zeros_stays_silent() -> None:
    network = ForwardNetwork((np.zeros((5, 3)),))
    assert np.isnan(_on_the_chip(network, 0.01)).all()
    assert np.isnan(first_steps(network, single_spikes(TIMES), 0.01)).all()
