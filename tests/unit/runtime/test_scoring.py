"""Candidates scored on recordings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.errors import DataError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.runtime.scoring import Scorer
from neurodeploy.spikes.events import Events


def network(weight: float) -> Network:
    """Every input spike of neuron i makes neuron i fire in the next step, if its weight is large enough."""
    return Network(
        (Population("input", shape=(2,)), Population("fc1", CubaLif(4096, 4096, 10))),
        (Projection("input", "fc1", Dense(np.diag([20.0, weight]))),),
        steps=10,
    )


EVENTS = Events(np.array([0, 2, 4, 4]), np.array([0, 0, 0, 1]))


def test_the_share_of_spikes_that_differ() -> None:
    scorer = Scorer(network(20.0), [EVENTS, EVENTS])
    assert scorer.reference == "emulator"
    exact, _ = quantize(network(20.0))
    assert (scorer(exact).populations, scorer(exact).output, scorer(exact).loss) == ({"fc1": 0.0}, 0.0, 0.0)
    weak, _ = quantize(network(2.0))  # neuron 1 is silent: 3 spikes instead of 4, twice
    assert scorer(weak).populations == {"fc1": pytest.approx(2 / 14)}
    assert scorer(weak).output == pytest.approx(2 / 14)


def test_a_spike_at_another_time_is_another_spike() -> None:
    exact, _ = quantize(network(20.0))
    late = replace(exact, populations=(replace(exact.populations[0], axonal_delay=1), exact.populations[1]))
    scores = Scorer(network(20.0), [EVENTS])(late)
    assert (scores.populations["fc1"], scores.output) == (1.0, 0.0)


def test_float_weights_are_measured_against_torch() -> None:
    """10.4 · 64 is over the threshold of 10 · 64, which no weight of one bit in steps of 2^-1 shows."""
    original = network(10.4)
    scorer = Scorer(original, [EVENTS])
    assert scorer.reference == "torch"
    coarse, (error,) = quantize(original, QuantizeOptions(2))
    assert error.changed
    assert scorer(coarse).loss >= 0
    fired = [len(f.spikes[0]) for f in scorer._wanted]
    assert fired == [4]


def test_nothing_to_compare() -> None:
    with pytest.raises(DataError, match="no recordings"):
        Scorer(network(20.0), [])
    with pytest.raises(DataError, match="no neuron fires"):
        Scorer(network(20.0), [None])
