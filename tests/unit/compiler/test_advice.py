"""Advice is what compiling with it gives, and nothing else is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.advice import CONSTANTS, Change, advise, ways
from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.preflight import TooManyCoresError
from neurodeploy.compiler.target import load_target
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from tests.property.targets import target_file
from tests.unit.compiler.test_census import narrow
from tests.unit.compiler.test_compile import chain


def advice(network: Network, options: CompileOptions, thorough: bool = True) -> tuple[Change, ...] | None:
    return advise(network, options, compile_network(network, options).summary, thorough)


def test_fewer_bits_are_the_mildest_that_save() -> None:
    """Weights that only 8 bits hold: with 256 inputs, 481 neurons a core at most."""
    network = chain(256, 500)
    assert compile_network(network).summary["cores"] == 2
    (change,) = [c for c in advice(network, CompileOptions()) or () if c.option.startswith("--weight-bits")]
    bits = int(change.option.removeprefix("--weight-bits fc1="))
    assert compile_network(network, CompileOptions(layer_bits={"fc1": bits})).summary["cores"] == change.cores == 1
    assert compile_network(network, CompileOptions(layer_bits={"fc1": bits + 1})).summary["cores"] == 2
    assert change.text == f"{bits}-bit weights in fc1"
    assert not change.exact
    assert change.effect.startswith("100% of its weights change, by ")


def test_what_an_option_forbids() -> None:
    options = CompileOptions(one_layer_per_core=True)
    best = (advice(chain(8, 20, 20), options) or ())[0]
    assert best == Change("without one layer per core", "drop --one-layer-per-core", 1, True, "same bits")


def test_shorter_delays() -> None:
    """1,024 neurons that hear delays of 62 take 8 cores, of 14 two, of 30 four: the mildest that saves one is 30."""
    network = chain(1, 1024, delay=62)
    (change,) = advice(network, CompileOptions()) or ()
    assert (change.text, change.cores, change.option) == ("delays up to 30 instead of 62", 4, "")
    assert change.effect == "1,025 neurons' spikes come sooner"


def test_nothing_is_tried_where_a_bound_forbids_it() -> None:
    tried: list[str] = []
    network = chain(1, 2000)
    summary = compile_network(network).summary
    assert summary["optimal"]
    assert advise(network, None, summary, True, tried.append) == ()
    assert tried == []


def test_quick_answers_only_where_they_are_quick() -> None:
    """A quarter of a million synapses wait for `thorough`."""
    assert advice(chain(500, 500), CompileOptions(), thorough=False) is None
    small = advice(chain(100, 24, 24), CompileOptions(one_layer_per_core=True), thorough=False)
    assert small is not None
    assert small[0].cores == 1


def test_too_many_cores_and_what_makes_them_fit(tmp_path: Path) -> None:
    """A chip of two cores for a layer that takes three."""
    options = CompileOptions(target_file(load_target("loihi1").as_dict() | {"cores_per_chip": 2}, tmp_path))
    network = chain(256, 1000)
    with pytest.raises(TooManyCoresError, match=r"fc1: is on 3 of the network's 3 cores, .* 1 too few") as refusal:
        compile_network(network, options)
    error = refusal.value
    assert [(row["layer"], row["neurons"], row["cores"]) for row in error.rows] == [("fc1", 1000, 3)]
    assert error.ways == ("no bound forbids 2 cores: the limits alone demand 2",)
    changes = advise(network, options, error.summary, True) or ()
    (fewer,) = [change for change in changes if change.option.startswith("--weight-bits")]
    bits = int(fewer.option.removeprefix("--weight-bits fc1="))
    assert len(compile_network(network, replace(options, layer_bits={"fc1": bits})).cores) == fewer.cores == 1
    told = error.with_ways(ways(changes))
    assert f"{fewer.text} ({fewer.option}): 1 core; {fewer.effect}" in told.ways
    assert str(told) == str(error)
    assert error.with_ways(ways(None)).ways[-1].startswith("--advise")
    assert error.with_ways(ways(())).ways[-1] == "no single change that was tried makes it fit"


def test_layers_are_asked_by_name() -> None:
    """`layer_bits` rounds only the layer it names."""
    program = compile_network(narrow(40, 30, 20), CompileOptions(layer_bits={"fc2": 2}))
    errors = {error.target: error for error in program.quantization}
    assert errors["fc1"].changed == 0
    assert errors["fc2"].changed > 0
    assert errors["fc2"].bits == 2


def test_weights_of_zero_are_no_loss() -> None:
    network = Network(
        (Population("input", shape=(2,)), Population("fc1", CubaLif(1024, 128, 80), (1100,))),
        (Projection("input", "fc1", Dense(np.zeros((1100, 2), np.int64))),),
    )
    assert advice(network, CompileOptions()) == ()


def test_at_measured_rates_changes_are_priced() -> None:
    """Packets between cores and energy of a step are those that compiling with the change predicts."""
    network, options = chain(8, 20, 20), CompileOptions(one_layer_per_core=True)
    spikes = np.random.default_rng(0).integers(1, 9, 48)
    rates = Rates(spikes, 10, recordings=1)
    before = compile_network(network, options, rates=rates).summary
    best = (advise(network, options, before, True, rates=rates) or ())[0]
    summary = compile_network(network, CompileOptions(), rates=rates).summary
    assert best.packets == pytest.approx(summary["traffic"]["packets"])
    assert best.joules == pytest.approx(summary["predictions"][0]["joules"]["per_step"])
    assert summary["predictions"][0]["constants"] == CONSTANTS
    assert best.joules != pytest.approx(before["predictions"][0]["joules"]["per_step"])
