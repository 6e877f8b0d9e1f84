"""Output channels with exponents of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neurodeploy.compiler import compile_network
from neurodeploy.compiler.checker import check
from neurodeploy.compiler.quantization.channels import MOST_PARTS
from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.errors import QuantizationError
from neurodeploy.network import Conv2d, ConvTranspose2d, CubaLif, Dense, Network, Population, Projection, Synapse
from neurodeploy.spikes.events import Events


def one_layer(synapse: Synapse, shape: tuple[int, ...]) -> Network:
    populations = (Population("input", shape=shape), Population("fc1", CubaLif(1024, 128, 80)))
    return Network(populations, (Projection("input", "fc1", synapse),), steps=30)


def spread(random: np.random.Generator, shape: tuple[int, ...], axis: int) -> NDArray[np.float64]:
    """Weights whose size differs from channel to channel by up to 2^8."""
    size = [1] * len(shape)
    size[axis] = shape[axis]
    return random.normal(size=shape) * 2.0 ** random.integers(-2, 7, size)


def meant(projection: Projection) -> NDArray[np.float64]:
    return np.ldexp(projection.synapse.weight.astype(np.float64), projection.weight_exponent)


def synapses(seed: int) -> tuple[Synapse, tuple[int, ...], int]:
    random = np.random.default_rng(seed)
    kind = seed % 3
    if kind == 0:
        return Dense(spread(random, (12, 8), 0)), (8,), 0
    if kind == 1:
        return Conv2d(spread(random, (6, 2, 3, 3), 0), padding=(1, 1)), (2, 4, 4), 0
    return ConvTranspose2d(spread(random, (2, 6, 2, 2), 1), (2, 2)), (2, 3, 3), 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_parts_are_apart_and_lose_no_more(seed: int, bits: int) -> None:
    """Every channel belongs to one part, whose weights are those of its own format; together they lose no more."""
    synapse, shape, axis = synapses(seed)
    network = one_layer(synapse, shape)
    plain, _ = quantize(network, QuantizeOptions(bits))
    split, errors = quantize(network, QuantizeOptions(bits, per_channel=True))
    assert 1 <= len(split.projections) <= MOST_PARTS
    others = tuple(k for k in range(synapse.weight.ndim) if k != axis)
    used = np.stack([np.any(p.synapse.weight != 0, axis=others) for p in split.projections])
    assert used.sum(axis=0).max() <= 1
    for projection in split.projections:
        form = projection.weight_format
        assert form is not None
        assert form.bits == bits
        assert form.holds(projection.synapse.weight.astype(np.int64))
    if len(errors) > 1:
        assert sum(error.channels or 0 for error in errors) == synapse.weight.shape[axis]
    lost = np.sum((sum(meant(p) for p in split.projections) - synapse.weight) ** 2)
    assert lost <= np.sum((meant(plain.projections[0]) - synapse.weight) ** 2) * (1 + 1e-12)
    assert sum(e.rms**2 * e.weights for e in errors) == pytest.approx(lost)


def test_channels_of_different_size_are_split() -> None:
    weight = np.array([[1.0, 3.0], [127.0 * 64, -5.0 * 64], [2.0, -1.0]])
    plain, (error,) = quantize(one_layer(Dense(weight), (2,)), QuantizeOptions(8))
    assert error.changed == 4
    split, errors = quantize(one_layer(Dense(weight), (2,)), QuantizeOptions(8, per_channel=True))
    assert [e.changed for e in errors] == [0, 0]
    assert sorted(e.channels or 0 for e in errors) == [1, 2]
    np.testing.assert_array_equal(sum(meant(p) for p in split.projections), weight)
    assert len(plain.projections) == 1


def test_what_one_format_holds_is_not_split() -> None:
    network = one_layer(Dense(np.array([[2, 4], [128, 6]])), (2,))
    split, (error,) = quantize(network, QuantizeOptions(per_channel=True))
    np.testing.assert_array_equal(split.projections[0].synapse.weight, [[2, 4], [128, 6]])
    assert (error.channels, error.changed) == (None, 0)


def test_integers_that_only_parts_hold() -> None:
    network = one_layer(Dense(np.array([[1, 3], [512, 1024]])), (2,))
    with pytest.raises(QuantizationError):
        quantize(network)
    split, errors = quantize(network, QuantizeOptions(per_channel=True))
    assert not any(error.changed for error in errors)
    np.testing.assert_array_equal(sum(meant(p) for p in split.projections), [[1, 3], [512, 1024]])


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8))
def test_reference_and_core_give_the_same_bits(seed: int, bits: int) -> None:
    """Of a split network, mapped to cores; and its q is that of one projection with all the weights."""
    synapse, shape, _ = synapses(seed)
    network, _ = quantize(one_layer(synapse, shape), QuantizeOptions(bits, per_channel=True))
    program = compile_network(network)
    assert not check(program)
    assert [p.weight_format for p in program.network.projections] == [p.weight_format for p in network.projections]
    random = np.random.default_rng(seed)
    raster = random.random((30, network.input.neurons)) < 0.2
    events = Events(*np.nonzero(raster))
    chunks = [s.advance(events, 30, [1]) for s in (Reference(network), Emulator(load(program)))]
    one, other = chunks
    np.testing.assert_array_equal(one.states[1].u, other.states[1].u)
    np.testing.assert_array_equal(one.states[1].v, other.states[1].v)
    np.testing.assert_array_equal(one.spikes[1].neuron, other.spikes[1].neuron)
    whole = replace(network.projections[0], synapse=replace(synapse, weight=_whole(network)), weight_exponent=0)
    joined = replace(network, projections=(replace(whole, weight_format=None),))
    np.testing.assert_array_equal(Reference(joined).advance(events, 30, [1]).states[1].u, one.states[1].u)


def _whole(network: Network) -> NDArray[np.int32]:
    """The weights of all parts in one array: whole numbers, as negative exponents keep them."""
    weights = sum(meant(p) for p in network.projections)
    return np.asarray(weights).astype(np.int32)


def test_parts_share_no_core_where_axons_are_short() -> None:
    """Two parts with 2,500 axons each are too many for one core: neurons of a part must lie together."""
    random = np.random.default_rng(0)
    weight = random.normal(size=(40, 2500)) * random.uniform(1, 8, (40, 1))
    network, errors = quantize(one_layer(Dense(weight), (2500,)), QuantizeOptions(2, per_channel=True))
    assert len(errors) >= 2
    assert compile_network(network).summary["cores"] <= len(errors)
