"""Bounds of synapse memory: by hand, and that lists with coarser exponents keep the proven one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurodeploy.compiler import compile_network
from neurodeploy.compiler.bounds import core_demands
from neurodeploy.compiler.laying import lay_out
from neurodeploy.compiler.layout import compartment_order
from neurodeploy.compiler.target import load_target
from neurodeploy.network import Conv2d, CubaLif, Dense, Network, Population, Projection
from neurodeploy.network.synapses import Synapse
from neurodeploy.precision import IntArray, WeightFormat

NEURON = CubaLif(1024, 128, 80)


def bits(synapse: Synapse, source: tuple[int, ...], target: tuple[int, ...]) -> dict[str, Fraction]:
    """Bits that each bound of synapse memory counts."""
    populations = (Population("input", None, source), Population("layer", NEURON, target))
    network = Network(populations, (Projection("input", "layer", synapse, 0, WeightFormat()),))
    laid = [lay_out(network, network.projections[0], compartment_order(populations[1], network.projections))]
    chip = load_target("loihi1")
    demands = core_demands(network, chip, laid)
    per_core = 64 * chip.core.synapse_words
    names = ("proven", "any", "uniform")
    return {name: demands[f"synapse_memory_{name}"]["layer"] * per_core for name in names}


def column(*weights: int) -> IntArray:
    return 2 * np.array(weights)[:, None]


def test_a_matrix_stores_its_zeros_at_one_width() -> None:
    weight = np.hstack([column(*[3] * 60, -16, 0, 1), np.zeros((63, 1), int)])
    found = bits(Dense(weight), (2,), (63,))
    assert found == {"proven": 60 * 2 + 1 + 1 + 20, "any": 60 * 2 + 5 + 1 + 20, "uniform": 63 * 5 + 20}


def test_an_axon_takes_a_word() -> None:
    assert set(bits(Dense(column(1, -1)), (1,), (2,)).values()) == {64}


def test_a_kernel_leaves_its_zeros_out() -> None:
    kernel = np.full((40, 1, 1, 1), 2)
    kernel[0], kernel[1], kernel[20:] = -8, 14, 0
    found = bits(Conv2d(kernel), (1, 1, 2), (40, 1, 2))
    assert found == {"proven": 2 * 64, "any": 2 * 64, "uniform": 2 * (20 * 4 + 10)}


def test_exponents_of_lists_go_below_any_but_not_below_proven() -> None:
    """All weights but one are multiples of four times the step: lists of that grid take two bits less each."""
    weight = 8 * np.random.default_rng(3).integers(16, 32, (512, 352))
    weight[0, 0] = 2
    network = Network(
        (Population("input", None, (352,)), Population("fc", NEURON, (512,))),
        (Projection("input", "fc", Dense(weight), 0, WeightFormat()),),
    )
    summary = compile_network(network).summary
    assert summary["bounds"]["synapse_memory_any"] == summary["cores_lower_bound"] == 2
    assert summary["cores"] == summary["cores_proven"] == summary["bounds"]["synapse_memory_proven"] == 1
    assert summary["optimal"]
