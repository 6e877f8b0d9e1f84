"""The search on recordings: what it may change, and that it never makes things worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.compiler.quantization.rescale import MOST_THRESHOLD, rescaled, scales
from neurodeploy.compiler.quantization.scores import Scores
from neurodeploy.compiler.quantization.search import calibrated
from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.emulator.reference import Reference
from neurodeploy.network import Bias, CubaLif, Dense, Network, Population, Projection, ResonateFire
from neurodeploy.runtime.scoring import Scorer
from neurodeploy.spikes.events import Events


def two_layers(seed: int, size: float = 20.0, theta: int = 160) -> Network:
    draw = np.random.default_rng(seed)
    neuron = CubaLif(1024, 128, theta)
    return Network(
        (
            Population("input", shape=(12,)),
            Population("fc1", neuron, bias=Bias(np.array(3), 2)),
            Population("fc2", neuron),
        ),
        (
            Projection("input", "fc1", Dense(draw.normal(size / 3, size, (10, 12)))),
            Projection("fc1", "fc2", Dense(draw.normal(size / 3, size, (4, 10)))),
        ),
        steps=60,
    )


def recordings(seed: int) -> list[Events]:
    draw = np.random.default_rng(seed)
    return [Events(*np.nonzero(draw.random((60, 12)) < 0.15)) for _ in range(4)]


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 5), st.booleans())
def test_never_worse_on_the_recordings(seed: int, bits: int, per_channel: bool) -> None:
    network, options = two_layers(seed), QuantizeOptions(bits, per_channel=per_channel)
    scorer = Scorer(network, recordings(seed))
    found, errors = calibrated(network, options, scorer)
    scores = scorer(found)
    assert scores.loss <= scorer(quantize(network, options)[0]).loss
    assert found.is_quantized
    for error in errors:
        assert error.disagreement == scores.populations[error.target]
        assert error.bits == bits


def test_recordings_help_where_weight_error_does_not() -> None:
    """At two bits the plain choice is far off; the search must find most of the way back, not just not lose."""
    better = 0
    for seed in range(2):
        network, options = two_layers(seed), QuantizeOptions(2)
        scorer = Scorer(network, recordings(seed))
        plain = scorer(quantize(network, options)[0]).loss
        better += scorer(calibrated(network, options, scorer)[0]).loss < 0.9 * plain
    assert better == 2


def test_what_is_exact_is_left_alone() -> None:
    """Weights on the chip's grid are not run at other scales: one evaluation, and the very same network."""
    seen: list[Network] = []

    def evaluate(network: Network) -> Scores:
        seen.append(network)
        return Scores({"fc1": 0.0, "fc2": 0.0}, 0.0)

    network = two_layers(0)
    whole = replace(
        network,
        projections=tuple(replace(p, synapse=Dense(2 * np.rint(p.synapse.weight / 2))) for p in network.projections),
    )
    found, errors = calibrated(whole, QuantizeOptions(), evaluate)
    assert len(seen) == 1
    assert [(e.scale, e.threshold_scale, e.changed) for e in errors] == [(1.0, 1.0, 0)] * 2
    np.testing.assert_array_equal(found.projections[0].synapse.weight, whole.projections[0].synapse.weight)


def test_other_neurons_keep_their_scale() -> None:
    network = Network(
        (Population("input", shape=(2,)), Population("rf", ResonateFire(10, 4000, 100))),
        (Projection("input", "rf", Dense(np.array([[1.3, 2.7]]))),),
    )
    seen: list[str] = []
    calibrated(network, QuantizeOptions(3), lambda n: Scores({"rf": 0.5}, 0.0), seen.append)
    assert seen == ["as it is"]
    assert scales(network, "rf", QuantizeOptions(3)) == []


@pytest.mark.parametrize("factor", [2, 4])
def test_a_scaled_layer_spikes_alike(factor: int) -> None:
    """u and v scale with weights, bias and threshold; with decays that truncate nothing, to the last bit."""
    network = two_layers(1)
    summing = replace(network.populations[1], neuron=CubaLif(4096, 0, 160))
    network = replace(network, populations=(network.populations[0], summing, network.populations[2]))
    integer, _ = quantize(network, QuantizeOptions(8))
    population = rescaled(summing, factor, factor)
    assert population is not None
    first, second = integer.projections
    scaled = replace(
        integer,
        populations=(network.populations[0], population, network.populations[2]),
        projections=(replace(first, weight_exponent=first.weight_exponent + factor.bit_length() - 1), second),
    )
    events = recordings(1)[0]
    one, other = (Reference(n).advance(events, 60, [1]) for n in (integer, scaled))
    assert len(one.spikes[1].step) > 20
    np.testing.assert_array_equal(other.states[1].v, factor * one.states[1].v)
    np.testing.assert_array_equal(other.spikes[1].neuron, one.spikes[1].neuron)


def test_scaled_thresholds_are_whole() -> None:
    network = two_layers(2, theta=83)
    found = scales(network, "fc1", QuantizeOptions(4))
    assert len(found) > 8
    assert max(found) / min(found) < 2.05
    np.testing.assert_allclose(np.array(found) * 83, np.rint(np.array(found) * 83), atol=1e-9)


def test_no_room_is_no_candidate() -> None:
    population = Population("a", CubaLif(0, 0, 100), (3,), Bias(np.array([4000, -1, 0]), 7))
    assert rescaled(population, 1.0, MOST_THRESHOLD / 100 + 1) is None
    assert rescaled(population, 1.1, 1.0) is None
    fits = rescaled(population, 0.5, 0.5)
    assert fits is not None
    assert fits.bias is not None
    np.testing.assert_array_equal(fits.bias.value(0), [256_000, -64, 0])
