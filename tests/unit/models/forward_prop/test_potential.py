"""Losses of the potential of linear outputs: against closed forms and against differences."""

from itertools import pairwise

import numpy as np
import pytest

from neurodeploy.errors import DataError, OptionError
from neurodeploy.models.forward_prop.gradient import gradient
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.potential import Density, output_potential, potential_loss, squared_error
from neurodeploy.models.forward_prop.simulate import Run, simulate
from neurodeploy.models.forward_prop.spikes import FloatArray


def wave(recording: int, time: FloatArray) -> FloatArray:
    return np.stack([np.sin(time + recording), np.where(time < 1.3, 0.2, 0.7)], axis=1)


def quartic(recording: int, time: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.exp(-time) * np.sum(v**4, axis=1) / 4, np.exp(-time)[:, None] * v**3


def test_the_integral_is_that_of_the_closed_form() -> None:
    """One neuron, one spike at f: V = w s e^(−s); ∫ V² = w² (1 − e^(−2S) (1 + 2S + 2S²)) / 4 up to S = T − f."""
    run = simulate(ForwardNetwork((np.array([[4.0]]),), 1.0, 1.0, horizon_ms=2.0, refractory_ms=9.0), [[0.0]])
    (f,) = run.output.time
    s, w = 2.0 - f, 1.7
    value = potential_loss(run, np.array([[w]]), squared_error(0.0))
    exact = w**2 * (1 - np.exp(-2 * s) * (1 + 2 * s + 2 * s * s)) / 4 / 2
    assert value.loss == pytest.approx(exact, rel=1e-13)
    assert value.by_readout.item() == pytest.approx(2 * exact / w, rel=1e-13)
    # a spike that moves later takes away what V² is at the end
    assert value.by_times.item() == pytest.approx(-((w * s * np.exp(-s)) ** 2) / 2, rel=1e-12)
    assert output_potential(run, np.array([[w]]), 0, np.array([f, 2.0])).ravel().tolist() == pytest.approx(
        [0.0, w * s * np.exp(-s)]
    )


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("density", [squared_error(wave), squared_error([0.3, -0.2]), quartic])
def test_gradients_agree_with_differences(recurrent: bool, density: Density) -> None:
    rng = np.random.default_rng(8)
    sizes, times = (3, 5, 4), rng.uniform(0, 1, (2, 3))
    weights = [rng.uniform(0.5, 2, pair) for pair in pairwise(sizes)] + [rng.normal(0, 1, (4, 2))]
    own = tuple(rng.normal(0, 0.2, (n, n)) for n in sizes[1:]) if recurrent else None

    def run_of(changed: list[FloatArray]) -> Run:
        return simulate(ForwardNetwork(tuple(changed[:2]), 1.0, 0.8, horizon_ms=3.0, recurrent=own), times)

    def value(changed: list[FloatArray]) -> float:
        return potential_loss(run_of(changed), changed[2], density, breaks=[1.3]).loss

    run = run_of(weights)
    found = potential_loss(run, weights[2], density, breaks=[1.3])
    slopes = [*gradient(run, [None, found.by_times]).weights, found.by_readout]
    scale = max(float(np.abs(slope).max()) for slope in slopes)
    for layer, weight in enumerate(weights):
        for place in ((0, 0), (2, 1), (weight.shape[0] - 1, weight.shape[1] - 1)):
            moved = []
            for step in (3e-5, -3e-5, 6e-5, -6e-5):
                changed = [np.array(one) for one in weights]
                changed[layer][place] += step
                moved.append(value(changed))
            measured = (8 * (moved[0] - moved[1]) - (moved[2] - moved[3])) / (12 * 3e-5)
            assert slopes[layer][place] == pytest.approx(measured, rel=1e-6, abs=1e-6 * scale)


def test_targets_by_recording_and_silent_layers() -> None:
    run = simulate(ForwardNetwork((np.ones((1, 2)),), horizon_ms=2.0), [[0.0], [np.inf]])
    assert not len(run.output.time)
    value = potential_loss(run, np.ones((2, 1)), squared_error([[1.0], [3.0]]))
    assert value.loss == pytest.approx(0.5 * 2.0 * (1 + 9))
    assert not value.by_readout.any()
    assert value.by_times.shape == (0,)


def test_wrong_input_is_answered_by_name() -> None:
    run = simulate(ForwardNetwork((np.array([[4.0]]),)), [[0.0]])
    for readout in (np.ones((2, 1)), np.ones(1), np.array([[np.nan]])):
        with pytest.raises(OptionError, match="linear outputs"):
            potential_loss(run, readout, squared_error(0.0))
    with pytest.raises(DataError, match="not finite"):
        potential_loss(run, np.ones((1, 1)), squared_error(np.nan))
    with pytest.raises(DataError, match="shapes"):
        potential_loss(run, np.ones((1, 1)), lambda recording, time, v: (time[:1], v))
