"""Random networks through `.net` files: written, read, compiled and run, in the reference, the C core and Lava."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurodeploy import api
from neurodeploy.compiler import compile_network
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Options
from neurodeploy.network import Network
from neurodeploy.runtime.lava_environment import Environment
from tests.property.net_networks import net_case
from tests.property.test_reference_vs_lava import compared

NETWORKS = 30
LAVA_NETWORKS = 12


def through_file(network: Network, folder: Path) -> Network:
    """The network as the reader gives it back after the writer stored it."""
    files, _ = api.convert(network, folder / "x.net", overwrite=True)
    return api.read(files[0]).network


def assert_equal(expected: Chunk, found: Chunk, seed: int) -> None:
    for i, (ours, theirs) in enumerate(zip(expected.spikes, found.spikes, strict=True)):
        np.testing.assert_array_equal(ours.step, theirs.step, err_msg=f"seed {seed}, population {i}")
        np.testing.assert_array_equal(ours.neuron, theirs.neuron, err_msg=f"seed {seed}, population {i}")
        np.testing.assert_array_equal(expected.states[i].u, found.states[i].u)
        np.testing.assert_array_equal(expected.states[i].v, found.states[i].v)


@settings(derandomize=True, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), delays=st.booleans())
def test_what_is_written_is_read(seed: int, delays: bool, tmp_path: Path) -> None:
    """Every parameter comes back."""
    network = net_case(seed, delays, steps=10).network
    network = replace(network, classes=network.output.neurons if seed % 3 == 0 else None)
    again = through_file(network, tmp_path)
    assert again.classes == network.classes
    assert again.steps == network.steps
    for ours, theirs in zip(network.populations, again.populations, strict=True):
        assert np.array_equal(ours.delays(), theirs.delays())
        one, two = (np.broadcast_to(p.bias.value(0) if p.bias else 0, (p.neurons,)) for p in (ours, theirs))
        np.testing.assert_array_equal(one, two)
        if ours.neuron is not None:
            assert theirs.neuron is not None
            for name, value in ours.neuron.parameters().items():
                found = theirs.neuron.parameters()[name]
                pair = [np.broadcast_to(np.asarray(x), (ours.neurons,)) for x in (value, found)]
                assert np.array_equal(pair[0], pair[1]), name
    for mine, other in zip(network.projections, again.projections, strict=True):
        effective = [np.ldexp(p.synapse.weight.astype(float), p.weight_exponent) for p in (mine, other)]
        assert np.array_equal(effective[0], effective[1])
        for field in fields(mine.synapse):
            if field.name != "weight":
                assert getattr(mine.synapse, field.name) == getattr(other.synapse, field.name)


def test_delays_of_files_on_cores(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Delays 0 … 62 on dense and conv layers: written, read, compiled, emulated; the original in the reference."""
    longest, spikes = [], 0
    for seed in range(NETWORKS):
        case = net_case(seed)
        expected = Reference(case.network).advance(case.events, case.steps, range(len(case.network.populations)))
        read = through_file(case.network, tmp_path)
        emulator = Emulator(load(compile_network(read)), Options())
        found = emulator.advance(case.events, case.steps, range(len(read.populations)))
        assert_equal(expected, found, seed)
        longest += [int(p.delays().max()) for p in read.populations[1:]]
        spikes += sum(len(s.step) for s in expected.spikes[1:])
    record_property("summary", f"{NETWORKS} networks, delays up to {max(longest)}, {spikes} spikes of their neurons")
    assert max(longest) == 62
    assert spikes > 5_000


def test_files_against_lava(tmp_path: Path, lava: Environment, record_property: Callable[[str, object], None]) -> None:
    """What is read from a file, with its delays, in Lava: every spike, u and v; several networks are one program."""
    cases = [net_case(seed, plain=True) for seed in range(LAVA_NETWORKS)]
    cases = [replace(c, network=compile_network(through_file(c.network, tmp_path)).network) for c in cases]
    compared(lava, cases)
    delays = [int(p.delays().max()) for c in cases for p in c.network.populations[1:]]
    record_property("summary", f"{len(cases)} networks in Lava, delays up to {max(delays)}")
    assert max(delays) == 62
