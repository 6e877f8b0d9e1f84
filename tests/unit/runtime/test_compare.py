"""The first difference between two backends, planted where the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import OptionError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection


def program() -> nd.Program:
    draw = np.random.default_rng(0)
    neuron = CubaLif(1024, 128, 20)
    populations = (Population("input", shape=(8,)), Population("fc1", neuron), Population("fc2", neuron))
    projections = (
        Projection("input", "fc1", Dense(2 * draw.integers(-5, 30, (6, 8)))),
        Projection("fc1", "fc2", Dense(2 * draw.integers(-5, 30, (4, 6)))),
    )
    return nd.compile(Network(populations, projections, steps=200))


RASTER = np.random.default_rng(1).random((200, 8)) < 0.1


@pytest.mark.parametrize("backends", [("reference", "emulator"), ("reference", "torch"), ("torch", "emulator")])
def test_equal(backends: tuple[str, str]) -> None:
    result = nd.verify(program(), RASTER, backends)
    assert result.equal
    assert result.states_compared == 2 * 200 * 10
    run = nd.run(program(), RASTER)
    assert isinstance(run, nd.Run)
    assert result.spikes_compared == run["fc1.spikes"].sum() + run["fc2.spikes"].sum()


@pytest.mark.parametrize(("layer", "name", "row", "column"), [(0, "fc1", 3, 2), (1, "fc2", 1, 5)])
def test_planted_weight(layer: int, name: str, row: int, column: int) -> None:
    """The reference runs the network, the core the tables: one stored weight changed must be named."""
    honest = program()
    axons = honest.axons
    (axon,) = np.flatnonzero((axons.projection == layer) & (axons.source == column))
    (compartment,) = np.flatnonzero((honest.cores.population == layer + 1) & (honest.cores.neuron == row))
    entry = axons.entry_start[axon]
    weight = axons.weight.copy()
    weight[axons.weight_start[entry] + compartment - axons.compartment[entry]] += 2
    result = nd.verify(replace(honest, axons=replace(axons, weight=weight)), RASTER)
    run = nd.run(honest, RASTER)
    assert isinstance(run, nd.Run)
    source = run["input.spikes"] if layer == 0 else run["fc1.spikes"]
    arrives = int(np.flatnonzero(source[:, column])[0]) + layer
    first = result.first_difference
    assert not result.equal
    assert first is not None
    assert (first.population, first.neuron, first.step, first.variable) == (name, row, arrives, "u")
    assert first.values[1] - first.values[0] == 128
    assert first.likely_cause == "weight"
    assert result.layers[0]["differing"] == 0


def test_as_dict_follows_the_contract() -> None:
    answer = nd.verify(program(), RASTER).as_dict()
    assert set(answer) == {
        "schema",
        "backends",
        "equal",
        "spikes_compared",
        "states_compared",
        "offset_steps",
        "layers",
        "first_difference",
    }
    assert answer["offset_steps"] == {"reference": 0, "emulator": 0}


def test_silence_is_not_equality() -> None:
    result = nd.verify(program(), np.zeros((10, 8), int))
    assert (result.equal, result.spikes_compared, result.first_difference) == (False, 0, None)


def test_two_different_backends_are_needed() -> None:
    for names in (("emulator",), ("emulator", "emulator"), ("reference", "emulator", "reference")):
        with pytest.raises(OptionError, match="two or more different"):
            nd.verify(program(), RASTER, names)


def test_three_backends() -> None:
    """Each is compared with the first; the one that differs is named."""
    honest = program()
    names = ("reference", "emulator", "torch")
    result = nd.verify(honest, RASTER, names)
    assert result.equal
    assert result.backends == names
    assert set(result.layers[1]["spikes"]) == set(names)
    assert result.states_compared == 2 * 200 * 10
    weight = honest.axons.weight.copy()
    weight[:] = 2
    faulty = replace(honest, axons=replace(honest.axons, weight=weight))
    first = nd.verify(faulty, RASTER, ("reference", "torch", "emulator")).first_difference
    assert first is not None
    assert first.backends == ("reference", "emulator")


def test_random_input() -> None:
    assert nd.verify(program(), rate=0.1, seed=3).equal
    counts = [nd.verify(program(), rate=0.1, seed=seed).layers[0]["spikes"]["emulator"] for seed in (3, 3, 4)]
    assert counts[0] == counts[1] != counts[2]
    with pytest.raises(OptionError, match="not both"):
        nd.verify(program(), RASTER, rate=0.1)
