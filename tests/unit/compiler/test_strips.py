"""How planes are cut: layouts by hand, and packets against those of the network's own synapses."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.compiler.drafting import Drafter
from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.layout import compartment_order
from neurodeploy.compiler.strips import strip_packets, strip_pixels
from neurodeploy.compiler.target import load_target
from neurodeploy.network import (
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    Network,
    Population,
    Projection,
    SumPool2d,
    connections,
)
from neurodeploy.network.synapses import Synapse
from neurodeploy.precision import IntArray

NEURON = CubaLif(1024, 128, 80)


def window(source: tuple[int, int, int], synapse: Synapse) -> Network:
    populations = (Population("input", None, source), Population("conv", NEURON, synapse.output_shape(source)))
    return Network(populations, (Projection("input", "conv", synapse),))


def conv(out: int, channels: int, kernel: int, groups: int = 1, **options: tuple[int, int]) -> Conv2d:
    return Conv2d(np.full((out, channels // groups, kernel, kernel), 2), groups=groups, **options)


def test_strips_go_down_and_up() -> None:
    assert strip_pixels(2, 3, 2).tolist() == [0, 1, 3, 4, 5, 2]
    assert strip_pixels(2, 3, 3).tolist() == [0, 1, 2, 3, 4, 5]


def test_layouts() -> None:
    population = Population("p", NEURON, (2, 2, 3))
    assert compartment_order(population, (), 2).tolist() == [0, 6, 1, 7, 3, 9, 4, 10, 5, 11, 2, 8]
    assert compartment_order(population, (), 0).tolist() == list(range(12))


@pytest.mark.parametrize(
    ("source", "synapse", "alone"),
    [
        ((3, 12, 16), conv(4, 3, 3, padding=(1, 1)), False),
        ((2, 17, 20), conv(8, 2, 5, stride=(2, 1), padding=(0, 2)), False),
        ((4, 15, 15), conv(4, 4, 3, groups=4, dilation=(2, 1), padding=(2, 1)), True),
        ((3, 16, 16), SumPool2d(np.full((3, 3), 2), (2, 2), (1, 0, 1, 0)), True),
        ((2, 16, 16), SumPool2d(np.full((2, 2), 2), (2, 2)), False),
        ((3, 7, 8), ConvTranspose2d(np.full((3, 4, 3, 2), 2), (2, 1), (1, 0), (1, 0)), False),
        ((4, 6, 9), ConvTranspose2d(np.full((4, 1, 3, 3), 2), (2, 3), (1, 2), (0, 1), (2, 1), 4), True),
        ((2, 9, 9), ConvTranspose2d.unpooling(np.full((2, 2), 2), 2, (2, 2)), True),
        ((2, 8, 8), ConvTranspose2d(np.full((2, 1, 1, 1), 2), (2, 2), groups=2), False),
    ],
)
def test_packets_are_those_of_the_synapses(source: tuple[int, int, int], synapse: Synapse, alone: bool) -> None:
    """With stretches of whole pixels, or of planes, nothing is estimated; planes where channels stay alone and windows
    overlap.
    """
    network = window(source, synapse)
    shape = network.populations[1].shape or ()
    per_core = shape[0] * 16
    spikes = [np.random.default_rng(1).integers(0, 5, p.neurons) for p in network.populations]
    found = strip_packets(network, 1, per_core, spikes)
    assert len(found) > 3
    assert (0 in found) == alone
    for width, packets in found.items():
        assert packets == counted(network, compartment_order(network.populations[1], (), width), per_core, spikes[0])


def counted(network: Network, order: IntArray, per_core: int, spikes: IntArray) -> int:
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    joined = connections(network.projections[0].synapse, network.input.shape or ())
    pair = np.unique(joined.source.astype(np.int64) * len(order) + place[joined.target] // per_core)
    return int(spikes[pair // len(order)].sum())


def test_where_no_window_decides() -> None:
    spikes = [np.ones(144, np.int64)] * 2
    network = window((1, 12, 12), conv(1, 1, 3, padding=(1, 1)))
    assert strip_packets(network, 0, 16, spikes) == {}
    assert strip_packets(network, 1, 144, spikes) == {}


def test_columns_are_strips_of_planes_alone() -> None:
    """Planes that are reached one by one stay one after the other; the input and dense layers have no strips."""
    populations = (
        Population("input", None, (2, 33, 33)),
        Population("conv", NEURON, (8, 33, 33)),
        Population("alone", NEURON, (8, 33, 33)),
        Population("fc", NEURON, (10,)),
    )
    synapses: tuple[Synapse, ...] = (
        conv(8, 2, 3, padding=(1, 1)),
        conv(8, 8, 3, 8, padding=(1, 1)),
        Dense(np.full((10, 8712), 2)),
    )
    names = [p.name for p in populations]
    projections = [Projection(names[i], names[i + 1], synapse) for i, synapse in enumerate(synapses)]
    network = Network(populations, tuple(projections))
    drafter = Drafter(network, load_target("loihi1"), lambda name: None)
    assert drafter.columns(Rates.uniform(network)) == (None, 1, 0, None)
