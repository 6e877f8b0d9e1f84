"""`.net` files of SDNN, RF_PHASE, RF_IZHIKEVICH and ALIF neurons: the networks written, as read back, everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy import api
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Options, Simulation
from neurodeploy.network import Network, Sigma
from neurodeploy.runtime.lava_environment import Environment
from neurodeploy.spikes.events import Events
from tests.property.net_models import STEPS, encoded, model_chains, sigma_delta_chain
from tests.property.networks import Case
from tests.property.on_lava import run_on_lava

PROFILE = Options("lava-0.10")


def through_file(
    network: Network, folder: Path, image: np.ndarray[tuple[int, ...], np.dtype[np.int64]] | None = None
) -> Network:
    """The network as the reader gives it back after the writer stored it; `image` drives its input."""
    files, _ = api.convert(network, folder / "x.net", overwrite=True)
    if image is None:
        return api.read(files[0]).network
    np.save(folder / "z.npy", image)
    return api.read(files[0], input_bias=folder / "z.npy").network


def run(simulation: Simulation, network: Network, events: Events) -> Chunk:
    return simulation.advance(events, STEPS, range(len(network.populations)))


def assert_equal(expected: Chunk, found: Chunk, network: Network, said: str) -> None:
    """Every spike with its payload, u and v, of every population with neurons."""
    for i, population in enumerate(network.populations):
        ours, theirs = expected.spikes[i], found.spikes[i]
        inside = theirs.step < STEPS
        for name in ("step", "neuron", "payloads"):
            pair = getattr(ours, name), getattr(theirs, name)[inside]
            np.testing.assert_array_equal(*pair, err_msg=f"{said}: {population.name}: {name}")
        if population.neuron is not None:
            for name in "uv":
                pair = getattr(expected.states[i], name), getattr(found.states[i], name)[:STEPS]
                np.testing.assert_array_equal(*pair, err_msg=f"{said}: {population.name}: {name}")
                assert np.any(pair[0]) or isinstance(population.neuron, Sigma), f"{said}: {population.name}: {name}"
            if not isinstance(population.neuron, Sigma):
                assert 0 < len(ours.step) < population.neurons * STEPS, f"{said}: {population.name}"


def on_cores(network: Network) -> Emulator:
    return Emulator(load(compile_network(network, CompileOptions("loihi2"))), PROFILE)


@pytest.mark.parametrize("name", ["ALIF", "RF_PHASE", "RF_IZHIKEVICH"])
def test_models_of_files_on_cores(name: str, tmp_path: Path) -> None:
    """The network as built, in the reference; as read from its file, in the reference and in the C core."""
    case = model_chains()[name]
    expected = run(Reference(case.network, PROFILE), case.network, case.events)
    again = through_file(case.network, tmp_path)
    assert [p.imaginary for p in again.projections] == [p.imaginary for p in case.network.projections]
    assert_equal(expected, run(Reference(again, PROFILE), again, case.events), again, name)
    assert_equal(expected, run(on_cores(again), again, case.events), again, name)


def test_sigma_delta_of_files_on_cores(tmp_path: Path) -> None:
    """The same with an encoding input: as read, driven by its bias, against graded spikes from outside."""
    network, image = sigma_delta_chain()
    case = encoded(network, image)
    outside = run(Reference(case.network, PROFILE), case.network, case.events)
    expected = Chunk(0, STEPS, outside.spikes[1:], {i - 1: outside.states[i] for i in outside.states if i})
    again = through_file(network, tmp_path, image)
    for simulation in (Reference(again, PROFILE), on_cores(again)):
        assert_equal(expected, run(simulation, again, Events.none()), again, "SDNN")


def test_models_of_files_in_lava(lava: Environment, tmp_path: Path) -> None:
    """All of them as read from their files, one Lava program, against the reference on what was written."""
    cases = list(model_chains().values())
    network, image = sigma_delta_chain()
    cases.append(encoded(network, image))
    files = [through_file(c.network, tmp_path) for c in cases[:-1]]
    files.append(encoded(through_file(network, tmp_path, image), image).network)
    for case, found in zip(cases, _in_lava(lava, files, cases), strict=True):
        assert_equal(run(Reference(case.network, PROFILE), case.network, case.events), found, case.network, "Lava")


def _in_lava(environment: Environment, networks: list[Network], cases: list[Case]) -> list[Chunk]:
    networks = [compile_network(network, CompileOptions("loihi2")).network for network in networks]
    return run_on_lava(environment, networks, [case.events for case in cases], STEPS)
