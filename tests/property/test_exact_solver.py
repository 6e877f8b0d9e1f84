"""Core counts against an exact solver on small instances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.checker import check
from neurodeploy.compiler.target import CoreLimits, load_target
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection, connections
from neurodeploy.precision import IntArray
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
