"""Mixed precision for a number of cores, counted by the real compiler."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.budget import quantize_to_fit
from neurodeploy.compiler.quantization.scores import Scores
from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.errors import DoesNotFitError, OptionError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection


def network() -> Network:
    """Two layers, 4 cores at 8 bits for their memory; the small one's weights are on a grid of a few steps."""
    draw = np.random.default_rng(0)
    neuron = CubaLif(1024, 128, 2000)
    return Network(
        (Population("input", shape=(800,)), Population("fc1", neuron), Population("fc2", neuron)),
        (
            Projection("input", "fc1", Dense(draw.normal(0, 30, (400, 800)))),
            Projection("fc1", "fc2", Dense(draw.normal(0, 30, (100, 400)))),
        ),
    )


def cores(network: Network) -> int:
    return int(compile_network(network).summary["cores"])


def test_the_budget_is_kept_and_used() -> None:
    original = network()
    plain, _ = quantize(original)
    most = cores(plain)
    assert most >= 3
    same, errors = quantize_to_fit(original, QuantizeOptions(), CompileOptions(), most)
    assert [e.bits for e in errors] == [8, 8]
    assert cores(same) == most
    fewer, errors = quantize_to_fit(original, QuantizeOptions(), CompileOptions(), most - 1)
    assert cores(fewer) <= most - 1
    bits = {e.target: e.bits for e in errors}
    assert min(bits.values()) < 8
    raised = [bits | {name: n + 1} for name, n in bits.items() if n < 8]
    assert all(
        cores(quantize(original, QuantizeOptions(layer_bits=b))[0]) > most - 1 or b[n] == 7
        for b in raised
        for n in b
        if b[n] != bits[n]
    )  # what is left over is used


def test_bits_asked_for_are_not_exceeded() -> None:
    original = network()
    options = QuantizeOptions(layer_bits={"fc2": 3})
    _, errors = quantize_to_fit(original, options, CompileOptions(), 2)
    assert {e.target: e.bits for e in errors}["fc2"] <= 3


def test_no_bits_are_few_enough() -> None:
    tried: list[str] = []
    wide = Network(
        (Population("input", shape=(4,)), Population("fc1", CubaLif(0, 0, 100))),
        (Projection("input", "fc1", Dense(np.ones((1500, 4)))),),
    )
    with pytest.raises(DoesNotFitError, match=r"2 cores of loihi1 at least.*fc1 \d; 1 are allowed") as refused:
        quantize_to_fit(wide, QuantizeOptions(), CompileOptions(), 1, progress=tried.append)
    assert refused.value.exit_code == 3
    assert tried[-1] == "fc1 1 bits"
    with pytest.raises(OptionError, match="0 is less than 1"):
        quantize_to_fit(wide, QuantizeOptions(), CompileOptions(), 0)


def test_recordings_decide_which_layer_loses_bits() -> None:
    """Scores that only fc1 spoils: fc2 is lowered as far as it goes before fc1 must be, though it saves less."""

    def evaluate(candidate: Network) -> Scores:
        form = candidate.projections[0].weight_format
        assert form is not None
        return Scores({"fc1": (8 - form.bits) / 8, "fc2": 0.0}, 0.0)

    original = network()
    _, errors = quantize_to_fit(original, QuantizeOptions(), CompileOptions(), 3, evaluate)
    bits = {e.target: e.bits for e in errors}
    assert all(e.disagreement is not None for e in errors)
    assert bits["fc1"] >= bits["fc2"]
