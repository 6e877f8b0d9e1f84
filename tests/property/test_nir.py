"""Random networks written as NIR: read back to the last bit, loaded by the package nir, and read without our record."""

from __future__ import annotations

from io import BytesIO

import nir
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurodeploy.models.formats.hdf5_tree import Group
from neurodeploy.models.formats.nir.reader import network_of
from neurodeploy.models.formats.nir.writer import write_nir
from neurodeploy.models.formats.options import ReadOptions, WriteOptions
from neurodeploy.network import CubaLif, Network, connections
from neurodeploy.network.codec import network_to_parts
from tests.property.networks import random_case
from tests.support.nir_files import held


def drawn(seed: int) -> Network:
    """A network that NIR has words for."""
    network = random_case(seed).network
    assume(network.input.neuron is None)
    assume(all(isinstance(p.neuron, CubaLif | None) for p in network.populations))
    assume(all(p.bias is None or p.bias.mantissa.ndim < 2 for p in network.populations))
    return network


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_round_trip(seed: int) -> None:
    """Weights, exponents, formats, decays, thresholds, biases, delays, recurrence, refractory periods and resets."""
    network = drawn(seed)
    made = write_nir(network, "x", WriteOptions())
    assert_same(network_of(held(made.files[".nir"]), ReadOptions()).network, network)
    checked = not any("type_check=False" in note for note in made.notes)
    graph = nir.read(BytesIO(made.files[".nir"]), type_check=checked)
    assert set(graph.nodes) >= {p.name for p in network.populations}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_without_the_record_the_integers_are_the_same(seed: int) -> None:
    """What any other tool sees: the same decays, thresholds, biases, delays and synapses, up to names and formats."""
    network = drawn(seed)
    root = held(write_nir(network, "x", WriteOptions()).files[".nir"])
    top = without(root.group("node"), "metadata")
    plain = network_of(Group({**root.members, "node": top}), ReadOptions(dt=network.timestep_ms)).network
    for mine in network.populations:
        other = plain.population(mine.name)
        np.testing.assert_array_equal(other.delays(), mine.delays())
        if mine.neuron is None or other.neuron is None:
            continue
        for name, value in mine.neuron.parameters().items():
            if name != "refractory_delay":
                assert np.all(np.asarray(getattr(other.neuron, name)) == value), (mine.name, name)
        bias = np.asarray(mine.bias.value(0) if mine.bias else 0)
        assert np.all((other.bias.value(0) if other.bias else 0) == bias)
        assert synapses(plain, mine.name) == pytest.approx(synapses(network, mine.name), abs=0)


def without(group: Group, name: str) -> Group:
    """A group without one of its members."""
    assert name in group
    return Group({key: value for key, value in group.members.items() if key != name}, where=group.where)


def synapses(network: Network, target: str) -> dict[tuple[str, int, int], float]:
    """Every synapse that is not zero into a population, parallel ones added up."""
    found: dict[tuple[str, int, int], float] = {}
    for projection in network.into(target):
        listed = connections(projection.synapse, network.population(projection.source).shape or ())
        weights = np.ldexp(np.asarray(listed.weight, np.float64), projection.weight_exponent)
        for source, end, weight in zip(listed.source, listed.target, weights, strict=True):
            key = (projection.source, int(source), int(end))
            found[key] = found.get(key, 0.0) + float(weight)
    return {key: weight for key, weight in found.items() if weight}


def assert_same(first: Network, second: Network) -> None:
    (meta, arrays), (other_meta, others) = network_to_parts(first, ""), network_to_parts(second, "")
    assert meta == other_meta
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert array.dtype == others[name].dtype
        np.testing.assert_array_equal(array, others[name])
