"""Convolutions and pools laid out by their windows against the same synapses listed one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurodeploy.compiler.formats import choose_formats
from neurodeploy.compiler.laying import lay_out
from neurodeploy.compiler.layout import LaidOut, Part, compartment_order
from neurodeploy.compiler.listed import Listed
from neurodeploy.compiler.target import load_target
from neurodeploy.compiler.viterbi import Costs
from neurodeploy.compiler.windows import Windows
from neurodeploy.errors import NetworkError
from neurodeploy.network import Conv2d, CubaLif, Network, Population, Projection, SumPool2d
from neurodeploy.network.synapses import Synapse
from neurodeploy.precision import WeightFormat

NEURON = CubaLif(1024, 128, 80)


def random_window(random: np.random.Generator) -> tuple[tuple[int, int, int], Synapse]:
    """A source and a convolution or pool from it, with strides, borders, gaps and weights of zero."""
    channels, size = int(random.integers(1, 4)), tuple(random.integers(1, 4, 2).tolist())
    stride, padding = tuple(random.integers(1, 4, 2).tolist()), tuple(random.integers(0, 3, 4).tolist())
    source = (channels, *random.integers(3, 12, 2).tolist())
    if random.random() < 0.3:
        return source, SumPool2d(np.full(size, 2, np.int32), stride, padding)
    groups = channels if random.random() < 0.4 else 1
    outputs = groups * int(random.integers(1, 4))
    weight = 2 * random.integers(-3, 4, (outputs, channels // groups, *size), np.int32)
    return source, Conv2d(weight, stride, padding[:2], tuple(random.integers(1, 3, 2).tolist()), groups)


def both_ways(random: np.random.Generator) -> tuple[LaidOut, LaidOut]:
    """The same random projection by windows and listed, in rows, strips or planes."""
    source, synapse = random_window(random)
    populations = (Population("input", None, source), Population("conv", NEURON))
    network = Network(populations, (Projection("input", "conv", synapse, 0, WeightFormat()),))
    target = network.populations[1]
    strip = [None, int(random.integers(1, 5)), 0][int(random.integers(0, 3))]
    order = compartment_order(target, network.projections, strip)
    return lay_out(network, network.projections[0], order), Listed.of(network, network.projections[0], order)


def assert_equal_parts(found: Part, expected: Part, laid: LaidOut) -> None:
    np.testing.assert_array_equal(found.source, expected.source)
    costs = Costs(10, True)
    formats = choose_formats(laid, load_target("loihi1"), costs, 3).formats
    mine, its = found.lists(formats, costs, False), expected.lists(formats, costs, False)
    for name in ("axon", "form", "first", "span", "stored"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(its, name))
    assert mine.used == its.used
    for padded in (False, True):
        assert mine.memory(10, padded) == its.memory(10, padded)
    for name in ("per_axon", "position", "length", "weight"):
        np.testing.assert_array_equal(getattr(found.entries(), name), getattr(expected.entries(), name))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_windows_are_what_is_listed(seed: int) -> None:
    random = np.random.default_rng(seed)
    try:
        windows, listed = both_ways(random)
    except NetworkError:
        assume(False)  # a kernel larger than its plane
    assume(isinstance(windows, Windows))
    for reach, expected in zip(windows.reach(), listed.reach(), strict=True):
        np.testing.assert_array_equal(reach, expected)
    np.testing.assert_array_equal(windows.fan_out, listed.fan_out)
    cost = np.arange(1 + int(np.abs(listed.weight).max(initial=0))) ** 2
    np.testing.assert_array_equal(windows.sums(cost), listed.sums(cost))
    assert set(windows.weight.tolist()) == set(listed.weight.tolist())
    for first, last in np.sort(random.integers(0, windows.targets + 1, (6, 2)), axis=1).tolist():
        mine, its = windows.cut(first, last), listed.cut(first, last)
        for name in ("source", "start", "position", "weight", "values"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(its, name))
        if len(its.source):
            assert_equal_parts(windows.part(first, last), its, windows)


def test_a_convolution_lists_few_synapses() -> None:
    """What a stretch takes does not grow with the plane, nor what is kept with the number of stretches."""
    source = Population("input", None, (4, 96, 96))
    weight = 2 * np.random.default_rng(0).integers(-9, 9, (8, 4, 3, 3), np.int32)
    populations = (source, Population("conv", NEURON))
    network = Network(populations, (Projection("input", "conv", Conv2d(weight, padding=(1, 1)), 0, WeightFormat()),))
    laid = lay_out(network, network.projections[0], compartment_order(network.populations[1]))
    assert isinstance(laid, Windows)
    assert laid.fan_out.sum() > 2_500_000
    kept = 0
    for first in range(0, laid.targets, 1024):
        kept = max(kept, len(np.unique(laid.part(first, first + 1024).fragment)))
    assert kept < 400


@pytest.mark.parametrize("groups", [1, 2])
def test_other_layouts_are_listed(groups: int) -> None:
    """Where a channel of the source reaches several planes that lie apart, axons would not come in order."""
    weight = np.full((4, 4 // groups, 1, 1), 2, np.int32)
    populations = (Population("input", None, (4, 5, 5)), Population("conv", NEURON))
    network = Network(populations, (Projection("input", "conv", Conv2d(weight, groups=groups), 0, WeightFormat()),))
    order = compartment_order(network.populations[1], (), 0)
    assert isinstance(lay_out(network, network.projections[0], order), Listed)
