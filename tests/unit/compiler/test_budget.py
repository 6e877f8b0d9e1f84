"""Mixed precision for a number of cores, counted by the real compiler."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler import target as targets
from neurodeploy.compiler.budget import HIGHER, quantize_to_fit
from neurodeploy.compiler.quantization.scores import Scores
from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.errors import DoesNotFitError, OptionError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection


@pytest.fixture
def small(tmp_path: Path) -> CompileOptions:
    """Loihi with a sixteenth of the synapse memory, so that a small network takes several cores."""
    text = Path(targets.__file__).parent.joinpath("targets/loihi1.toml").read_text("utf-8")
    path = tmp_path / "small.toml"
    path.write_text(text.replace("synapse_words = 16384", "synapse_words = 1024"), "utf-8")
    return CompileOptions(str(path))


def network() -> Network:
    draw = np.random.default_rng(0)
    neuron = CubaLif(1024, 128, 2000)
    return Network(
        (Population("input", shape=(200,)), Population("fc1", neuron), Population("fc2", neuron)),
        (
            Projection("input", "fc1", Dense(draw.normal(0, 30, (120, 200)))),
            Projection("fc1", "fc2", Dense(draw.normal(0, 30, (40, 120)))),
        ),
    )


def cores(network: Network, options: CompileOptions) -> int:
    return int(compile_network(network, options).summary["cores"])


def test_the_budget_is_kept_and_used(small: CompileOptions) -> None:
    original = network()
    most = cores(original, small)
    assert most >= 4
    same, errors = quantize_to_fit(original, QuantizeOptions(), small, most)
    assert [e.bits for e in errors] == [8, 8]
    assert cores(same, small) == most
    for allowed in (most - 1, most // 2):
        fewer, errors = quantize_to_fit(original, QuantizeOptions(), small, allowed)
        assert cores(fewer, small) <= allowed
        bits = {e.target: e.bits for e in errors}
        assert min(bits.values()) < 8
        for name, higher in ((name, HIGHER[n]) for name, n in bits.items() if n < 8):
            more, _ = quantize(original, QuantizeOptions(layer_bits=bits | {name: higher}))
            assert cores(more, small) > allowed  # nothing is left over


def test_bits_asked_for_are_not_exceeded(small: CompileOptions) -> None:
    original = network()
    options = QuantizeOptions(layer_bits={"fc2": 3})
    _, errors = quantize_to_fit(original, options, small, 2)
    assert {e.target: e.bits for e in errors}["fc2"] <= 3


def test_no_bits_are_few_enough() -> None:
    tried: list[str] = []
    wide = Network(
        (Population("input", shape=(4,)), Population("fc1", CubaLif(1024, 0, 100))),
        (Projection("input", "fc1", Dense(np.ones((1500, 4)))),),
    )
    with pytest.raises(DoesNotFitError, match=r"2 cores of loihi1 at least.*fc1 \d; 1 are allowed") as refused:
        quantize_to_fit(wide, QuantizeOptions(), CompileOptions(), 1, progress=tried.append)
    assert refused.value.exit_code == 3
    assert tried[-1] == "fc1 1 bits"
    with pytest.raises(OptionError, match="0 is less than 1"):
        quantize_to_fit(wide, QuantizeOptions(), CompileOptions(), 0)


def test_recordings_decide_which_layer_loses_bits(small: CompileOptions) -> None:
    """Scores that only fc1 spoils: fc2 is lowered as far as it goes before fc1 must be, for they cost nothing."""

    def evaluate(candidate: Network) -> Scores:
        form = candidate.projections[0].weight_format
        assert form is not None
        return Scores({"fc1": (8 - form.bits) / 8, "fc2": 0.0}, 0.0)

    original = network()
    _, errors = quantize_to_fit(original, QuantizeOptions(), small, 4, evaluate)
    bits = {e.target: e.bits for e in errors}
    assert all(e.disagreement is not None for e in errors)
    assert bits["fc1"] > bits["fc2"] == 1
