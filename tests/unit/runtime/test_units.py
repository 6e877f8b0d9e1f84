"""A float network beside a program whose weights quantization multiplied: spikes are compared, u and v only where
their units are the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.cli.compare_text import comparison_text
from neurodeploy.compiler import Program
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection, Quantized
from neurodeploy.runtime.compare import Verifier
from neurodeploy.spikes.events import Events, random_events


def network(factor: int) -> Network:
    """Weights into fc1 are multiples of factor / 2, its threshold 20 times the factor."""
    draw = np.random.default_rng(3)
    weight = factor * draw.integers(-10, 60, (6, 32)) / 2
    return Network(
        (
            Population("input", shape=(2, 4, 4)),
            Population("fc1", CubaLif(1024, 128, 20 * factor)),
            Population("fc2", CubaLif(1024, 128, 20)),
        ),
        (
            Projection("input", "fc1", Dense(weight)),
            Projection("fc1", "fc2", Dense(2 * draw.integers(-10, 60, (3, 6)))),
        ),
        steps=50,
    )


def program(scale: float, silent: int = 0) -> Program:
    """Compiled from the network at twice its weights, with rows that say `scale`; some weights are set to 0."""
    double = network(2)
    weight = double.projections[0].synapse.weight.copy()
    weight.flat[:silent] = 0
    double = replace(double, projections=(replace(double.projections[0], synapse=Dense(weight)), double.projections[1]))
    integers, errors = nd.quantize(double)
    row = replace(errors[0], scale=scale, threshold_scale=scale, changed=silent)
    return nd.compile(Quantized.of(network(1), integers, (row, errors[1])))


@pytest.fixture(scope="module")
def events() -> Events:
    return random_events(32, 50, 0.05, 1)


@pytest.mark.parametrize("backends", [("torch", "emulator"), ("emulator", "torch"), ("emulator", "reference", "torch")])
def test_states_in_other_units_are_not_compared(backends: tuple[str, ...], events: Events) -> None:
    verifier = Verifier(program(2.0), backends)
    verifier.compare(events)
    found = verifier.result()
    assert found.equal
    assert found.states_compared == 2 * 50 * 3  # those of fc2


def test_states_in_the_same_units_are(events: Events) -> None:
    """The same program, with rows that hide the factor."""
    verifier = Verifier(program(1.0), ("torch", "emulator"))
    verifier.compare(events)
    first = verifier.result().first_difference
    assert first is not None
    assert (first.population, first.variable) == ("fc1", "u")
    assert first.values[1] == 2 * first.values[0]


def test_backends_of_the_program_are_compared_in_full(events: Events) -> None:
    verifier = Verifier(program(2.0), ("emulator", "reference"))
    verifier.compare(events)
    assert verifier.result().states_compared == 2 * 50 * 9


def test_the_first_spike_that_differs_is_named(events: Events) -> None:
    found = nd.stages(program(2.0, silent=96), events)
    first = found.pairs[0].first_difference
    assert first is not None
    assert (first["population"], first["variable"], first["likely_cause"]) == ("fc1", "spikes", "weight")
    assert first["quantized"] == {"changed": 96, "weights": 192, "scale": 2.0, "threshold_scale": 2.0}
    assert "u and v of fc1 are not compared: quantization multiplied its weights by 2" in comparison_text(
        found.as_dict()
    )
