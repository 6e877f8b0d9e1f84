"""Cores of every conformance network beside its bounds and what nengo-loihi's splitting takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy import api
from neurodeploy.compiler import compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.precision import WeightFormat
from tests.conformance.cases import GESTURE_ARCH, NMNIST_ARCH, chip_recording_network
from tests.conftest import SUMMARY
from tests.property.nengo_split import nengo_cores

#: What anyone has found for these networks in public; others are held to their bounds alone.
KNOWN = {"nmnist": 5, "gesture": 33, "pilotnet": 117, "ntidigits": 6, "oxford": 1, "tiny": 1}
#: Cores that synapse memory alone demands as published: any encoding, one dense width per projection.
PUBLISHED_MEMORY = {"nmnist": (2, 8), "gesture": (6, 12), "pilotnet": (20, 46)}
#: Cores of nengo-loihi's splitting as published for two of them, by which its rule here is checked.
PUBLISHED_SPLITS = {"nmnist": 12, "gesture": 51}


@dataclass(frozen=True)
class Row:
    """A network's cores, the bounds (proven, the largest, memory of any and of one width), and nengo-loihi's cores."""

    name: str
    cores: int
    proven: int
    least: int
    memory: tuple[int, int]
    nengo: int

    @property
    def yardstick(self) -> int:
        """The largest of the compartment, axon, slot and uniform-width memory bounds."""
        return max(self.least, *self.memory)


def networks(conformance: Path) -> Iterator[tuple[str, Network]]:
    """Every network of the conformance folder that is not too large, and one with long delays."""
    slayer, nir = conformance / "slayer_loihi", conformance / "nir"
    yield "gesture", api.read(slayer / "dvs_gesture_cnn", GESTURE_ARCH).network
    yield "nmnist", api.read(slayer / "nmnist_mlp", NMNIST_ARCH).network
    yield "oxford", api.read(slayer / "oxford" / "oxfordNet.pt").network
    yield "chip recording", chip_recording_network(slayer / "chip_recording")
    yield "tiny", api.read(conformance / "lava_dl" / "tiny.net").network
    for name in ("lif_norse", "cnn_sinabs", "braille_noDelay_bias_zero"):
        yield name, api.read(nir / f"{name}.nir", dt=0.1).network
    yield "ntidigits", ntidigits()


def ntidigits() -> Network:
    """64-256-256-242 with 6-bit delays, as published for NTIDIGITS: 128 neurons fill a core."""
    random = np.random.default_rng(1)
    sizes, names = (64, 256, 256, 242), ("input", "fc1", "fc2", "fc3")
    populations = [Population("input", None, (64,), axonal_delay=random.integers(0, 63, 64))]
    projections = []
    for i in (1, 2, 3):
        delay = random.integers(0, 63, sizes[i])
        populations.append(Population(names[i], CubaLif(1024, 128, 80), (sizes[i],), axonal_delay=delay))
        weight = 2 * random.integers(-128, 128, (sizes[i], sizes[i - 1]), np.int32)
        projections.append(Projection(names[i - 1], names[i], Dense(weight), 0, WeightFormat()))
    return Network(tuple(populations), tuple(projections))


def row(name: str, network: Network, trials: int) -> Row:
    """Compile a network, let the checker judge it, and count."""
    program = compile_network(network)
    assert check(program) == (), name
    assert trials == 0 or replay(program, seed=6, trials=trials) is None, name
    summary = program.summary
    bounds = summary["bounds"]
    assert bounds["synapse_memory_proven"] <= bounds["synapse_memory_any"] <= bounds["synapse_memory_uniform"], name
    return Row(
        name,
        len(program.cores),
        summary["cores_proven"],
        summary["cores_lower_bound"],
        (bounds["synapse_memory_any"], bounds["synapse_memory_uniform"]),
        nengo_cores(program.network),
    )


def assert_good(rows: list[Row], record_property: Any) -> None:
    """Every line of the yardstick at once, so that one table shows them all."""
    lines = [f"{'network':26}{'cores':>7}{'proven':>8}{'any':>5}{'uniform':>9}{'nengo-loihi':>13}"]
    lines += [f"{r.name:26}{r.cores:7}{r.proven:8}{r.memory[0]:5}{r.memory[1]:9}{r.nengo:13}" for r in rows]
    record_property(SUMMARY, "\n".join(lines))
    assert [r for r in rows if r.cores < r.proven] == []
    assert [r for r in rows if r.cores > r.nengo] == []
    assert [r for r in rows if r.cores > KNOWN.get(r.name, max(1.15 * r.yardstick, r.yardstick + 1))] == []
    assert [r for r in rows if PUBLISHED_MEMORY.get(r.name, r.memory) != r.memory] == []
    assert [r for r in rows if PUBLISHED_SPLITS.get(r.name, r.nengo) != r.nengo] == []


def test_every_network(conformance: Path, record_property: Any) -> None:
    assert_good([row(name, network, 1) for name, network in networks(conformance)], record_property)


def test_pilotnet(conformance: Path, record_property: Any) -> None:
    """Every compartment of all cores but the last is used: fewer cores cannot hold the neurons."""
    network = api.read(conformance / "lava_dl" / "pilotnet_lif" / "network.net").network
    found = row("pilotnet", network, 0)
    assert found.cores == found.proven
    assert_good([found], record_property)


@pytest.mark.parametrize(("fan_in", "neurons", "cores"), [(2312, 54, 1), (2312, 55, 2), (4096, 30, 1), (4096, 31, 2)])
def test_nengo_loihi_neurons_per_core(fan_in: int, neurons: int, cores: int) -> None:
    """Its neurons per core as published for 8-bit dense layers; the weights of no two sources are the same."""
    weight = np.random.default_rng(0).integers(1, 128, (neurons, fan_in))
    network = Network(
        (Population("input", shape=(fan_in,)), Population("fc1", CubaLif(1024, 128, 80))),
        (Projection("input", "fc1", Dense(2 * weight)),),
    )
    assert nengo_cores(network) == cores
