"""lava-dl's own `.net` files and what it recorded of them: PilotNet with hops and resets, tinynet layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk
from neurodeploy.network import Network, Population, Reset
from neurodeploy.runtime.run import Run
from neurodeploy.spikes.events import Events

PILOTNET_STEPS = 24
#: What a recording shows as v in the step of a spike.
DISPLAY = 128
RECORDED = {"input": "input"} | {f"conv{i}": f"conv-{i - 1}" for i in range(1, 6)} | {
    f"fc{i}": f"fc-{i - 1}" for i in range(1, 4)
}  # fmt: skip
WITH_STATES = ("conv3", "conv4", "conv5", "fc1", "fc2", "fc3")


@cache
def pilotnet(folder: Path, scratch: Path) -> Network:
    """PilotNet, its input neurons driven by the recorded image."""
    image = scratch / "image.npy"
    np.save(image, np.load(folder / "image.npy").transpose(2, 1, 0))  # W,H,C
    return api.read(folder / "network.net", input_bias=image, reset_interval=17).network


@pytest.fixture
def network(conformance: Path, tmp_path: Path) -> Network:
    """PilotNet with its image."""
    return pilotnet(conformance / "lava_dl/pilotnet_lif", tmp_path)


def recorded(folder: Path, name: str, what: str = "") -> NDArray[np.int64]:
    """A recording (W, H, C, T) or (N, T) as (step, neuron)."""
    array = np.moveaxis(np.load(folder / f"{RECORDED[name]}{what}.npy"), -1, 0)
    if array.ndim == 4:
        array = array.transpose(0, 3, 2, 1)
    result: NDArray[np.int64] = array.reshape(PILOTNET_STEPS, -1).astype(np.int64)
    return result


def part(network: Network, first: str, last: str) -> Network:
    """The populations from `first` on, which becomes an input for recorded spikes, to `last`."""
    low, high = network.index(first), network.index(last)
    populations = network.populations[low : high + 1]
    names = [p.name for p in populations]
    return Network(
        (Population(first, shape=populations[0].shape), *populations[1:]),
        tuple(p for p in network.projections if p.source in names and p.target in names),
        reset=network.reset and Reset(network.reset.interval, network.reset.offset + low),
    )


def check(
    spikes: dict[str, NDArray[np.int64]],
    states: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]],
    folder: Path,
) -> None:
    """Every spike, u and v that was recorded of these populations."""
    for name, found in spikes.items():
        np.testing.assert_array_equal(found, recorded(folder, name), err_msg=name)
    for name, (u, v) in states.items():
        np.testing.assert_array_equal(u, recorded(folder, name, "-u"), err_msg=name)
        shown = np.where(spikes[name] > 0, DISPLAY, v)
        np.testing.assert_array_equal(shown, recorded(folder, name, "-v"), err_msg=name)


def rasters(network: Network, chunk: Chunk) -> dict[str, NDArray[np.int64]]:
    """The spikes of every population of a reference run, (steps, neurons)."""
    found = {}
    for population, spikes in zip(network.populations, chunk.spikes, strict=True):
        found[population.name] = np.zeros((chunk.steps, population.neurons), np.int64)
        found[population.name][spikes.step, spikes.neuron] = 1
    return found


def check_run(run: Run, names: tuple[str, ...], folder: Path) -> None:
    spikes = {name: run[f"{name}.spikes"].astype(np.int64) for name in names if name in RECORDED}
    states = {name: (run[f"{name}.u"], run[f"{name}.v"]) for name in names if name in WITH_STATES}
    check(spikes, states, folder)


def test_what_the_files_say(network: Network, conformance: Path) -> None:
    assert [(p.name, p.shape) for p in network.populations] == [
        ("input", (3, 66, 200)), ("conv1", (24, 32, 99)), ("conv2", (36, 15, 49)), ("conv3", (48, 7, 24)),
        ("conv4", (64, 4, 22)), ("conv5", (64, 2, 20)), ("fc1", (100,)), ("fc2", (50,)), ("fc3", (10,)), ("fc4", (1,)),
    ]  # fmt: skip
    assert network.steps == 16
    tiny = api.read(conformance / "lava_dl/tiny.net").network
    assert [(p.name, p.shape) for p in tiny.populations] == [
        ("input", (3, 16, 16)), ("conv1", (24, 6, 6)), ("conv2", (36, 1, 1)),
    ]  # fmt: skip
    assert tiny.steps == 64


def test_pilotnet_in_the_reference(network: Network, conformance: Path) -> None:
    """The whole chain, from the image."""
    states = [network.index(name) for name in WITH_STATES]
    chunk = Reference(network).advance(Events.none(), PILOTNET_STEPS, states)
    found = rasters(network, chunk)
    traces = {name: (chunk.states[i].u, chunk.states[i].v) for name, i in zip(WITH_STATES, states, strict=True)}
    check({name: found[name] for name in RECORDED}, traces, conformance / "lava_dl/pilotnet_lif")
    assert sum(int(found[name].sum()) for name in RECORDED) == 1_118_521


def test_pilotnet_from_its_second_layer(network: Network, conformance: Path) -> None:
    """From the recorded spikes of conv2 through six layers on cores."""
    folder = conformance / "lava_dl/pilotnet_lif"
    names = ("conv3", "conv4", "conv5", "fc1", "fc2", "fc3")
    program = nd.compile(part(network, "conv2", "fc3"))
    probes = [f"{name}.{variable}" for name in names for variable in ("u", "v", "spikes")]
    arriving = np.roll(recorded(folder, "conv2"), 1, axis=0)  # one hop after they were emitted
    arriving[0] = 0
    run = nd.run(program, arriving, "emulator", probes=probes, steps=PILOTNET_STEPS)
    assert isinstance(run, Run)
    check_run(run, names, folder)


@pytest.mark.evidence
def test_pilotnet_on_cores(network: Network, conformance: Path) -> None:
    """The whole chain on the cores of loihi1-8; its 39,600 input neurons take none."""
    names = tuple(RECORDED)
    probes = [f"{name}.spikes" for name in names] + [f"{name}.{x}" for name in WITH_STATES for x in "uv"]
    program = nd.compile(network, target="loihi1-8")
    assert 0 not in program.cores.population
    run = nd.run(program, None, "emulator", probes=probes, steps=PILOTNET_STEPS)
    assert isinstance(run, Run)
    check_run(run, names, conformance / "lava_dl/pilotnet_lif")


@pytest.fixture
def tiny(conformance: Path, tmp_path: Path) -> Network:
    np.save(tmp_path / "z.npy", np.load(conformance / "lava_dl/tinynet/input_bias.npy").transpose(2, 1, 0))
    return api.read(conformance / "lava_dl/tiny.net", input_bias=tmp_path / "z.npy").network


@pytest.mark.parametrize("backend", ["reference", "emulator"])
def test_tinynet_layer_by_layer(backend: str, tiny: Network, conformance: Path) -> None:
    """Recorded without hops and with a first step in which nothing happens: 1,633 spikes of conv1, 92 of conv2."""
    folder = conformance / "lava_dl/tinynet"
    files = {"input": "input", "conv1": "layer1", "conv2": "output"}
    spikes = {name: _steps(np.load(folder / f"{file}.npy")) for name, file in files.items()}
    for before, name, count in (("input", "conv1", 1633), ("conv1", "conv2", 92)):
        program = nd.compile(part(tiny, before, name))
        run = nd.run(
            program, spikes[before], backend, probes=[f"{name}.u", f"{name}.spikes"], drop_first_step=True, steps=16
        )
        assert isinstance(run, Run)
        np.testing.assert_array_equal(run[f"{name}.spikes"], spikes[name])
        assert run[f"{name}.spikes"].sum() == count
        if name == "conv1":
            np.testing.assert_array_equal(run["conv1.u"] / 64, _steps(np.load(folder / "current.npy")))
    run = nd.run(nd.compile(tiny), None, backend, probes=["input.spikes"], drop_first_step=True, steps=16)
    assert isinstance(run, Run)
    np.testing.assert_array_equal(run["input.spikes"], spikes["input"])


def _steps(array: NDArray[np.generic]) -> NDArray[np.float64]:
    """(1, C, H, W, T) as (step, neuron)."""
    result: NDArray[np.float64] = np.moveaxis(array[0], -1, 0).reshape(array.shape[-1], -1).astype(np.float64)
    return result


def test_tinynet_kernel(tiny: Network, conformance: Path) -> None:
    """The kernel that Lava was given: (out, kW, kH, in), both spatial axes flipped."""
    kernel = np.load(conformance / "lava_dl/tinynet/layer1_kernel.npy")
    weight = tiny.into("conv1")[0].synapse.weight
    np.testing.assert_array_equal(kernel, weight.transpose(0, 3, 2, 1)[:, ::-1, ::-1])
    bias = tiny.population("conv1").bias
    assert bias is not None
    np.testing.assert_array_equal(np.load(conformance / "lava_dl/tinynet/layer1_bias.npy"), bias.mantissa[::36])
