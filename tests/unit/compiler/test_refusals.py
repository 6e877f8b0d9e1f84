"""What a target refuses: for each limit the layer, how much is asked and there is, and what would help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.target import load_target
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection, SigmaDelta
from tests.property.targets import target_file
from tests.unit.compiler.test_compile import NEURON, chain, eight_bits


def refusal(network: Network, target: str = "loihi1") -> DoesNotFitError:
    with pytest.raises(DoesNotFitError) as raised:
        compile_network(network, CompileOptions(target))
    return raised.value


def small(folder: Path, **core: int) -> str:
    """loihi1 with 4 cores and other limits of a core."""
    data: dict[str, Any] = load_target("loihi1").as_dict()
    return target_file(data | {"cores_per_chip": 4, "core": data["core"] | core}, folder)


def test_input_axons_of_one_neuron() -> None:
    error = refusal(chain(4100, 2))
    assert str(error).startswith("fc1: a single neuron needs 4,100 input axons, a core of loihi1 has 4,096, 4 too few;")
    assert [row for row in error.rows if row["limit of a core"] == "input axons"] == [
        {"limit of a core": "input axons", "one neuron": 4100, "available": 4096}
    ]
    assert error.ways == ("--target loihi2 has 16,000 input axons",)


def test_synapse_memory_of_one_neuron(tmp_path: Path) -> None:
    error = refusal(chain(100, 2), small(tmp_path, synapse_words=50))
    assert "a single neuron needs 101 words of synapse memory" in str(error)
    assert "51 too few" in str(error)


def test_output_slots_of_one_neuron(tmp_path: Path) -> None:
    """A neuron that reaches 3 cores, and room for one slot."""
    error = refusal(chain(1, 1, 6), small(tmp_path, output_slots=2, compartments=2))
    assert error.subject == "fc1"
    assert "output slots, a core of" in str(error)
    assert "too few; reduce the fan-out of the layer" in str(error)


def test_synapse_formats_of_one_neuron(tmp_path: Path) -> None:
    """Two projections that need a format each, and one row."""
    populations = (Population("input", shape=(1,)), Population("a", NEURON), Population("b", NEURON))
    projections = (
        Projection("input", "a", Dense(np.array([[1]]))),
        Projection("input", "b", Dense(np.array([[255]]))),
        Projection("a", "b", Dense(np.array([[-254]]))),
    )
    error = refusal(Network(populations, projections), small(tmp_path, synapse_formats=1))
    assert str(error).startswith("b: a single neuron needs 2 synapse formats")


def test_neurons_beyond_all_cores() -> None:
    error = refusal(chain(1, 131_073))
    assert "fc1: has 131,073 of the network's 131,073 neurons; loihi1 has 131,072 compartments, 1 too few" in str(error)
    assert "--target loihi1-2" in str(error)
    assert error.rows == ({"layer": "fc1", "neurons": 131_073, "cores at least": 128.0},)


def test_delays_beyond_all_cores(tmp_path: Path) -> None:
    """513 neurons that hear delays of 62 take 5 cores of 128, with delays up to 30 three of 256."""
    error = refusal(chain(1, 513, delay=62), small(tmp_path))
    assert "takes 4.0 of the 5 cores that compartments alone demand" in str(error)
    assert error.rows[0]["by neurons"] == pytest.approx(513 / 128, abs=0.01)
    assert error.ways[-1] == "with delays up to 30 the compartments demand 3 cores"


@pytest.mark.parametrize(
    ("core", "sizes", "limit"),
    [
        ({"input_axons": 50}, (50, 1, 190), "input axons"),
        ({"output_slots": 20, "synapse_words": 10**6}, (1, 81, 1), "output slots"),
        ({"synapse_words": 60}, (50, 100), "synapse memory"),
    ],
)
def test_bounds_refuse_before_any_mapping(
    tmp_path: Path, core: dict[str, int], sizes: tuple[int, ...], limit: str
) -> None:
    """Five cores at least by one limit alone, four there: told without placing anything."""
    said: list[str] = []
    network = chain(*sizes)
    if limit == "input axons":
        network = chain(250, 1)
    with pytest.raises(DoesNotFitError, match=rf"cores that {limit} alone demand") as raised:
        compile_network(network, CompileOptions(small(tmp_path, **core)), progress=said.append)
    assert said == ["quantize"]
    assert len(raised.value.rows) == len(network.populations) - 1
    assert "no mapping does better" in raised.value.ways[0]


def test_bits_beyond_all_cores(tmp_path: Path) -> None:
    error = refusal(chain(100, 400), small(tmp_path, synapse_words=100))
    assert "40,000 bits of synapses; " in str(error)
    assert "has 25,600 bits of synapse memory, 14,400 too few" in str(error)


def test_every_parameter_is_told() -> None:
    network = chain(1, 2, 3)
    neurons = (CubaLif(0, 128, 80), CubaLif(1024, np.array([80, 4096, 4096]), 80))
    changed = [replace(p, neuron=neuron) for p, neuron in zip(network.populations[1:], neurons, strict=True)]
    network = replace(network, populations=(network.input, *changed))
    error = refusal(network)
    assert "current_decay 0 is outside the 1 … 4096 of loihi1; the nearest value is 1" in str(error)
    assert [tuple(row.values()) for row in error.rows] == [
        ("fc1", "current_decay", 0, 1, 4096, 1),
        ("fc2", "voltage_decay", 4096, 0, 4095, 2),
    ]


def test_models_are_told_layer_by_layer() -> None:
    network = Network(
        (Population("input", shape=(2,)), Population("a", NEURON), Population("b", SigmaDelta(64))),
        (Projection("input", "a", Dense(eight_bits(2, 2))), Projection("a", "b", Dense(eight_bits(2, 2)))),
    )
    error = refusal(network)
    assert [(row["layer"], row["loihi1"]) for row in error.rows] == [("a", "yes"), ("b", "no")]
    assert "--target loihi2" in error.remedy
