"""Core counts against an exact solver on small instances, and against nengo-loihi's way to split layers."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.checker import check
from neurodeploy.compiler.target import CoreLimits, Target, load_target
from neurodeploy.errors import DoesNotFitError
from neurodeploy.models.formats import ReadOptions, read_network
from neurodeploy.network import Conv2d, CubaLif, Dense, Network, Population, Projection, SumPool2d, connections
from neurodeploy.precision import IntArray
from tests.property.networks import Case
from tests.property.targets import target_file


def small_network(random: np.random.Generator) -> Network:
    """Two sparse layers of a few neurons."""
    sizes = [int(n) for n in random.integers(3, 7, 3)]
    names = ("input", "fc1", "fc2")
    populations = [Population(name, CubaLif(1024, 128, 80) if i else None, (sizes[i],)) for i, name in enumerate(names)]
    projections = []
    for i in (1, 2):
        weight = 2 * random.integers(1, 100, (sizes[i], sizes[i - 1])) * (random.random((sizes[i], sizes[i - 1])) < 0.6)
        weight[:, 0] = 2
        projections.append(Projection(names[i - 1], names[i], Dense(weight)))
    return Network(tuple(populations), tuple(projections))


def synapses(network: Network) -> tuple[IntArray, IntArray, int]:
    """Source and target of every synapse that is not zero, neurons numbered through the network; its inputs."""
    first = np.cumsum([0, *(p.neurons for p in network.populations)])
    columns = []
    for p in network.projections:
        joined = connections(p.synapse, network.population(p.source).shape or ())
        used = joined.weight != 0
        ends = (joined.source, p.source), (joined.target, p.target)
        columns.append([neuron[used].astype(np.int64) + first[network.index(name)] for neuron, name in ends])
    return *(np.concatenate(column) for column in zip(*columns, strict=True)), network.input.neurons  # type: ignore[return-value]


def fewest_cores(network: Network, limits: CoreLimits, most: int) -> int:
    """The fewest cores under the limits of compartments, input axons and output slots, proven by branch and bound.

    Variables: y core is used, x neuron is on a core, a source has an axon into a core, z it sits on one core and has an
    axon into another (or the same).
    """
    source, target, inputs = synapses(network)
    neurons = sum(p.neurons for p in network.populations)
    hidden = range(inputs, neurons)
    rows: list[tuple[dict[tuple[object, ...], float], float, float]] = []
    cores = range(most)
    for n in hidden:
        rows.append(({("x", n, c): 1.0 for c in cores}, 1, 1))
    for c in cores:
        rows.append(({("y", c): -float(limits.compartments)} | {("x", n, c): 1.0 for n in hidden}, -np.inf, 0))
        rows.append(({("a", s, c): 1.0 for s in set(source.tolist())}, 0, limits.input_axons))
        rows += [
            ({("x", t, c): 1.0, ("a", s, c): -1.0}, -np.inf, 0)
            for s, t in zip(source.tolist(), target.tolist(), strict=True)
        ]
        sending = [s for s in set(source.tolist()) if s >= inputs]
        for s in sending:
            rows += [({("x", s, c): 1.0, ("a", s, d): 1.0, ("z", s, c, d): -1.0}, -np.inf, 1) for d in cores]
        slots: dict[tuple[object, ...], float] = {("z", s, c, d): 1.0 for s in sending for d in cores}
        if slots:
            rows.append((slots, 0, limits.output_slots))
        if c:
            rows.append(({("y", c): 1.0, ("y", c - 1): -1.0}, -np.inf, 0))
    number = {name: i for i, name in enumerate(dict.fromkeys(name for row, _, _ in rows for name in row))}
    entries = [(i, number[name], value) for i, (row, _, _) in enumerate(rows) for name, value in row.items()]
    line, column, value = (np.array(part) for part in zip(*entries, strict=True))
    matrix = coo_array((value, (line, column)), shape=(len(rows), len(number))).tocsr()
    price = np.array([float(name[0] == "y") for name in number])
    constraint = LinearConstraint(matrix, [low for _, low, _ in rows], [high for _, _, high in rows])
    found = milp(price, constraints=constraint, bounds=Bounds(0, 1), integrality=np.ones(len(number)))
    assert found.status == 0, found.message
    fewest: int = round(found.fun)
    return fewest


def test_small_networks_against_an_exact_solver(tmp_path: Path) -> None:
    """Never more than one core above the optimum, and mostly the optimum."""
    above = []
    for seed in range(16):
        random = np.random.default_rng(seed)
        data = load_target("loihi1").as_dict()
        limits = {"compartments": (3, 5), "input_axons": (6, 9), "output_slots": (6, 12)}
        data["core"] |= {name: int(random.integers(low, high)) for name, (low, high) in limits.items()}
        network = small_network(random)
        program = compile_network(network, CompileOptions(target_file(data, tmp_path)))
        assert check(program) == ()
        cores = len(program.cores)
        above.append(cores - fewest_cores(network, program.target.core, cores))
    assert min(above) >= 0
    assert max(above) <= 1
    assert np.mean(np.array(above) == 0) >= 0.75


def split_like_nengo_loihi(network: Network, target: Target) -> int:
    """Cores of nengo-loihi's `split_block`: every layer alone, in equal sequential chunks, more of them until each
    keeps the limits of compartments, input axons, output axons and memory.

    In its favour an axon is counted once however far it is reached, lists never pay for zeros, and convolutions and
    pools, whose lists it shares, take no memory at all.
    """
    slots: dict[str, IntArray] = {p.name: np.zeros(p.neurons, np.int64) for p in network.populations}
    total = 0
    for population in reversed(network.populations[1:]):
        chunks = 1
        while not _fits(network, population, target.core, chunks, slots[population.name]):
            chunks += 1
        total += chunks
        for projection in network.into(population.name):
            source, chunk = _joined(network, projection, population.neurons, chunks)
            pair = np.unique(source * chunks + chunk)
            slots[projection.source] += np.bincount(pair // chunks, minlength=len(slots[projection.source]))
    return total


def _joined(network: Network, projection: Projection, neurons: int, chunks: int) -> tuple[IntArray, IntArray]:
    """Source and chunk of each synapse that is not zero."""
    joined = connections(projection.synapse, network.population(projection.source).shape or ())
    used = joined.weight != 0
    edges = np.cumsum([len(part) for part in np.array_split(np.arange(neurons), chunks)])
    return joined.source[used].astype(np.int64), np.searchsorted(edges, joined.target[used], side="right")


def _fits(network: Network, population: Population, core: CoreLimits, chunks: int, slots: IntArray) -> bool:
    if ceil(population.neurons / chunks) > core.compartments:
        return False
    if max(int(part.sum()) for part in np.array_split(slots, chunks)) > core.output_slots:
        return chunks >= population.neurons
    axons, words = np.zeros(chunks, np.int64), np.zeros(chunks, np.int64)
    for projection in network.into(population.name):
        source, chunk = _joined(network, projection, population.neurons, chunks)
        pair, synapse = np.unique(source * chunks + chunk, return_counts=True)
        axons += np.bincount(pair % chunks, minlength=chunks)
        if not isinstance(projection.synapse, (Conv2d, SumPool2d)):
            full, rest = np.divmod(synapse, 64)
            listed = full * 9 + np.where(rest > 0, -(-(rest * 8 + 10) // 64), 0)
            words += np.bincount(pair % chunks, weights=listed, minlength=chunks).astype(np.int64)
    return chunks >= population.neurons or bool(max(axons) <= core.input_axons and max(words) <= core.synapse_words)


@pytest.mark.parametrize(
    ("file", "arch"),
    [
        ("slayer_loihi/dvs_gesture_cnn", "128x128x2-4a-16c5z-2a-32c3z-2a-512-11"),
        ("slayer_loihi/nmnist_mlp", "34x34x2-512-10"),
        ("slayer_loihi/oxford/oxfordNet.pt", None),
        ("lava_dl/tiny.net", None),
    ],
)
def test_no_more_cores_than_nengo_loihi_splits_into(conformance: Path, file: str, arch: str | None) -> None:
    program = compile_network(read_network(conformance / file, ReadOptions(arch)).network)
    assert len(program.cores) <= split_like_nengo_loihi(program.network, program.target)


def test_no_more_cores_for_random_networks(cases: tuple[Case, ...], tmp_path: Path) -> None:
    """On cores that hold little of what nengo-loihi counts, and much of what it does not."""
    fewer = []
    for case in cases[::5]:
        random = np.random.default_rng(case.seed)
        data = load_target("loihi1").as_dict()
        data |= {"cores_per_chip": 1024, "mesh": [16, 16], "memory_rule": "nengo-loihi"}
        for name, low, high in (("compartments", 8, 40), ("input_axons", 60, 200), ("synapse_words", 200, 500)):
            data["core"][name] = int(random.integers(low, high))
        for name in ("neuron_rows", "threshold_rows", "synapse_formats"):
            data["core"][name] = 1000
        try:
            program = compile_network(case.network, CompileOptions(target_file(data, tmp_path)))
        except DoesNotFitError:
            continue
        cores, theirs = len(program.cores), split_like_nengo_loihi(program.network, program.target)
        assert cores <= theirs, case.seed
        fewer.append(cores < theirs)
    assert len(fewer) > 40
    assert np.mean(fewer) > 0.3
