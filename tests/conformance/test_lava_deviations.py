"""The cases of docs/lava.md: what Lava does in its own way, each in the smallest network that shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Options
from neurodeploy.errors import NetworkError
from neurodeploy.network import (
    Alif,
    Bias,
    Conv2d,
    CubaLif,
    Dense,
    Network,
    Neuron,
    Population,
    Projection,
    Reset,
    ResonateFire,
    SigmaDelta,
    SumPool2d,
)
from neurodeploy.network.synapses import Synapse
from neurodeploy.precision import WeightFormat
from neurodeploy.runtime.lava import LavaGroup
from neurodeploy.runtime.lava_client import LavaWorker, worker_command
from neurodeploy.runtime.lava_environment import Environment
from neurodeploy.runtime.lava_job import check_network, job
from neurodeploy.spikes.events import Events

STEPS = 40
SLOW = CubaLif(1024, 128, 80)


def two(synapse: Synapse, shape: tuple[int, ...], neuron: Neuron = SLOW, exponent: int = 0, **more: Any) -> Network:
    """An input and one population."""
    population = Population("out", neuron, bias=more.pop("bias", None))
    source = Population("input", more.pop("own", None), shape, more.pop("drive", None), more.pop("delay", 0))
    form = WeightFormat() if np.all(synapse.weight % 2 == 0) else None
    return Network((source, population), (Projection("input", "out", synapse, exponent, form),), **more)


def dense(targets: int, sources: int, weight: int) -> Dense:
    return Dense(np.full((targets, sources), weight))


def _after_messages() -> Network:
    """Graded messages, some of them negative, through a convolution."""
    kernel = np.zeros((1, 1, 3, 3), np.int64)
    kernel[0, 0, 0, 1] = 2
    populations = (
        Population("input", None, (16,)),
        Population("coder", SigmaDelta(0, 2, 1, "identity"), (1, 4, 4)),
        Population("out", SLOW),
    )
    projections = (
        Projection("input", "coder", Dense(2 * np.eye(16, dtype=np.int64)), 5, WeightFormat()),
        Projection("coder", "out", Conv2d(kernel, padding=(1, 1)), 2, WeightFormat()),
    )
    return Network(populations, projections)


CORNER = np.zeros((1, 1, 3, 3), np.int64)
CORNER[0, 0, 0, 1] = 200

CASES = {
    "flipped kernel": two(Conv2d(CORNER, padding=(1, 1)), (1, 5, 4)),
    "exponent of a convolution": two(Conv2d(CORNER, padding=(1, 1)), (1, 5, 4), exponent=-3),
    "pooling of a plane that does not divide": two(SumPool2d(np.full((2, 2), 60), (2, 2), (0, 1, 0, 0)), (2, 5, 4)),
    "single wrap": two(dense(2, 20, 254), (20,), CubaLif(1, 4096, 131071), 7),
    "smallest current decay": two(dense(3, 4, 40), (4,), CubaLif(0, 128, 200)),
    "no memory": two(dense(3, 4, 40), (4,), CubaLif(4096, 4096, 20)),
    "values of each neuron": two(
        dense(3, 4, 40), (4,), CubaLif(np.array([1, 500, 4096]), np.array([0, 9, 4095]), np.array([5, 50, 90]))
    ),
    "delay of each neuron": two(dense(3, 4, 40), (4,), delay=np.array([0, 3, 7, 62 // 2])),
    "bias from step 0": two(dense(3, 4, 10), (4,), bias=Bias(np.array([100, 3000, -50]), 2)),
    "reset in phase": two(dense(3, 4, 40), (4,), reset=Reset(7, 3)),
    "decays as fractions": two(dense(3, 4, 40), (4,), Alif(np.array([0, 1, 4096]), 77, 60, 1000, 3000, 20)),
    "integer decays of a resonator": two(dense(3, 4, 90), (4,), ResonateFire(np.array([2047, 3001, -3777]), -1777, 3)),
    "spike at rest": two(dense(3, 4, 40), (4,), ResonateFire(3001, 1777, 0, True)),
    "thresholds of each neuron": two(dense(3, 4, 40), (4,), SigmaDelta(np.array([0, 1, 7]), 3, 4)),
    "states of 32 bits": two(dense(3, 4, 254), (4,), SigmaDelta(0, 7, 7, "identity"), 7, bias=Bias(np.array(4095), 5)),
    "messages of a convolution": _after_messages(),
    "input with neurons": two(dense(3, 4, 60), (4,), own=SLOW, drive=Bias(np.array([100, 300, 500, 4000]), 1)),
}


def events(network: Network, seed: int, graded: bool) -> Events:
    if network.input.neuron is not None:
        return Events.none()
    draw = np.random.default_rng(seed)
    raster = (draw.random((STEPS, network.input.neurons)) < 0.3).astype(np.int64)
    return Events.from_raster(raster * draw.integers(-3, 8, raster.shape) if graded else raster)


def reference(network: Network, given: Events, profile: str) -> Chunk:
    return Reference(network, Options(profile)).advance(given, STEPS, range(len(network.populations)))


def same(one: Chunk, other: Chunk) -> bool:
    return all(
        np.array_equal(a.step, b.step) and np.array_equal(a.neuron, b.neuron) and np.array_equal(a.payloads, b.payloads)
        for a, b in zip(one.spikes, other.spikes, strict=True)
    ) and all(
        np.array_equal(one.states[i].u, other.states[i].u) and np.array_equal(one.states[i].v, other.states[i].v)
        for i in one.states
    )


@pytest.fixture(scope="module")
def recorded(lava: Environment) -> dict[str, list[tuple[Events, Chunk]]]:
    """Each case twice in a row through one Lava program: with binary input, then graded from zero state."""
    networks = list(CASES.values())
    worker = LavaWorker(worker_command(lava.python), 120)
    worker.ask(*job(networks))
    runs = []
    for graded in (False, True):
        given = [events(network, seed, graded) for seed, network in enumerate(networks)]
        states = [range(len(network.populations)) for network in networks]
        runs.append(list(zip(given, LavaGroup(networks, worker).advance(given, STEPS, states), strict=True)))
    worker.close()
    return {name: [run[i] for run in runs] for i, name in enumerate(CASES)}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, recorded: dict[str, list[tuple[Events, Chunk]]]) -> None:
    for given, chunk in recorded[name]:
        expected = reference(CASES[name], given, "lava-0.10")
        assert same(expected, chunk)
        assert len(expected.spikes[-1].step) > 3 or name == "single wrap"


def test_only_the_wrap_separates_the_profiles(recorded: dict[str, list[tuple[Events, Chunk]]]) -> None:
    differing = {
        name
        for name, runs in recorded.items()
        if any(not same(reference(CASES[name], given, "loihi"), chunk) for given, chunk in runs)
    }
    assert differing == {"single wrap"}


def test_exponents_below_zero(lava: Environment) -> None:
    """Weights 3 and 5 at exponent −1, both reached by a spike in step 1: the chip adds 1 + 2, Lava takes half of 8.

    With delays Lava halves the sum of each delay, 1 + 2 again. The backend refuses such weights.
    """
    weight = Dense(np.array([[3, 5]]))
    together, apart = two(weight, (2,), exponent=-1), two(weight, (2,), exponent=-1, delay=np.array([0, 1]))
    given = [Events(np.array([1, 1]), np.array([0, 1])), Events(np.array([0, 1]), np.array([1, 0]))]
    worker = LavaWorker(worker_command(lava.python), 120)
    worker.ask(*job([together, apart]))
    chunks = LavaGroup([together, apart], worker).advance(given, 3, [[1], [1]])
    worker.close()
    assert [int(chunk.states[1].u[1, 0]) for chunk in chunks] == [4 * 64, 3 * 64]
    for profile, u in (("loihi", 3 * 64), ("lava-0.10", 4 * 64)):
        for network, spikes in zip((together, apart), given, strict=True):
            assert Reference(network, Options(profile)).advance(spikes, 3, [1]).states[1].u[1, 0] == u
    for network in (together, apart):
        with pytest.raises(NetworkError, match="are no multiples of 2, as exponent -1 needs"):
            check_network(network)
