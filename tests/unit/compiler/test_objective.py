"""Objectives and measured rates: what is traded for what, and that bits never are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.target import load_target
from neurodeploy.errors import DataError, OptionError
from neurodeploy.network import Conv2d, CubaLif, Network, Population, Projection, SumPool2d
from neurodeploy.spikes.events import Events
from tests.property.targets import target_file
from tests.unit.compiler.test_compile import chain

NEURON = CubaLif(1024, 128, 1)


def planes(height: int = 16, width: int = 16) -> Network:
    """A convolution and a pool."""
    kernel = 2 * np.random.default_rng(0).integers(40, 90, (4, 2, 3, 3))
    populations = (
        Population("input", None, (2, height, width)),
        Population("conv", NEURON, (4, height, width)),
        Population("pool", NEURON, (4, height // 2, width // 2)),
    )
    convolution = Projection("input", "conv", Conv2d(kernel, padding=(1, 1)))
    return Network(populations, (convolution, Projection("conv", "pool", SumPool2d(np.full((2, 2), 100), (2, 2)))))


@pytest.fixture
def small_cores(tmp_path: Path) -> str:
    data = load_target("loihi1").as_dict()
    data["core"]["compartments"] = 64
    data |= {"cores_per_chip": 64, "mesh": [4, 4]}
    return target_file(data, tmp_path)


def test_fewer_packets_at_equal_cores(small_cores: str) -> None:
    """64 compartments hold a row of 16 pixels, of which a source reaches 3, or 4 x 4, of which it reaches 2.25."""
    program = compile_network(planes(), CompileOptions(small_cores))
    assert check(program) == ()
    assert len(program.cores) == program.summary["cores_lower_bound"] == 20
    reached = np.diff(program.routes.start)[:512]
    assert reached.max() <= 4
    assert reached.mean() < 2.3


@pytest.mark.parametrize("objective", ["latency", "energy"])
def test_more_cores_with_less_to_do(small_cores: str, objective: str) -> None:
    network = planes()
    rates = Rates(np.random.default_rng(3).integers(0, 50, 512 + 1024 + 256), 50, 1)
    fewest = compile_network(network, CompileOptions(small_cores), rates=rates)
    program = compile_network(network, CompileOptions(small_cores, objective=objective), rates=rates)
    assert check(program) == ()
    assert replay(program, seed=1, trials=1) is None
    told = program.summary["objective"]
    (chosen,) = [choice for choice in told["choices"] if choice["chosen"]]
    assert told["name"] == objective
    assert told["choices"][0]["cores"] == len(fewest.cores) < len(program.cores) == chosen["cores"]
    key = {"latency": "nanoseconds", "energy": "picojoules"}[objective]
    assert chosen[key] == min(choice[key] for choice in told["choices"])
    busiest = [choice["busiest_core"]["synaptic_ops"] for choice in (told["choices"][0], chosen)]
    assert busiest[1] < busiest[0] / 2


def test_fewest_cores_stay_fewest() -> None:
    program = compile_network(chain(8, 100, 5), CompileOptions(objective="cores"))
    assert program.summary["cores"] == 1
    assert program.summary["objective"] == {"name": "cores", "constants": None, "choices": []}


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(OptionError, match=r"objective speed: is unknown.*cores, latency, energy"):
        compile_network(chain(1, 1), CompileOptions(objective="speed"))


def test_rates_are_measured_on_recordings(small_cores: str) -> None:
    """One pixel fires in every step of two recordings."""
    events = Events(np.arange(20), np.full(20, 40))
    raster = np.zeros((10, 512), np.uint8)
    raster[:, 40] = 1
    program = nd.compile(planes(), small_cores, calibrate=raster)
    traffic = program.summary["traffic"]
    run = nd.run(program, raster)
    assert not isinstance(run, list)
    sent = run.packets - 10 * np.diff(program.routes.start)[40]
    assert (traffic["rates"], traffic["recordings"]) == ("measured", 1)
    assert traffic["packets"] == pytest.approx(sent / run.steps, abs=1e-3)
    assert traffic["hops"] == pytest.approx(run.hops / run.steps, abs=1e-3)
    assert nd.compile(planes(), small_cores, calibrate=events).summary["traffic"]["recordings"] == 1


def test_silent_recordings_are_refused(small_cores: str) -> None:
    with pytest.raises(DataError, match=r"calibration: no neuron fires"):
        nd.compile(planes(), small_cores, calibrate=np.zeros((5, 512), np.uint8))
