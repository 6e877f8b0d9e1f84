"""Placements against what every placement of a small problem costs, and against the start."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from neurodeploy.compiler.flows import Flows
from neurodeploy.compiler.mesh import Mesh, Placement
from neurodeploy.compiler.placing import CROSSING, descent, place, sweeps
from neurodeploy.compiler.placing.descent import descend
from neurodeploy.compiler.placing.problem import Graph, Grid
from neurodeploy.compiler.placing.start import first_placement
from neurodeploy.compiler.placing.sweeps import sweep
from neurodeploy.compiler.target import Target, load_target
from neurodeploy.precision import IntArray

LOIHI = load_target("loihi1")
PAIR = Flows(2, np.array([0]), np.array([1]), np.array([1]))


def random_flows(seed: int, cores: int, pairs: int) -> Flows:
    random = np.random.default_rng(seed)
    key = np.unique(random.integers(0, cores * cores, pairs))
    return Flows(cores, key // cores, key % cores, random.integers(1, 100, len(key)))


def cost(flows: Flows, target: Target, core: IntArray) -> int:
    """Packets × links, one between chips counted as `CROSSING`, by the mesh's own words."""
    placement = Placement(Mesh.of(target), core)
    across, along = placement.hops(flows.source, flows.destination)
    crossings = placement.crossings(flows.source, flows.destination)
    return int(((across + along + (CROSSING - 1) * crossings) * flows.packets).sum())


@pytest.mark.parametrize("seed", range(6))
def test_as_good_as_any_placement_of_a_few_cores(seed: int) -> None:
    """Every placement on a chip of 3 x 2 routers with one core each, and on two chips of 2 x 1 with two."""
    flows = random_flows(seed, 6, 14)
    one = replace(LOIHI, mesh=(3, 2), cores_per_router=1, cores_per_chip=6)
    two = replace(LOIHI, mesh=(2, 1), cores_per_router=2, cores_per_chip=4, chips=2)
    for target in (one, two):
        seats = np.arange(target.total_cores)
        apart = np.array([[cost(PAIR, target, np.array([a, b])) if a != b else 0 for b in seats] for a in seats])
        every = np.array(list(permutations(seats, 6)))
        costs = apart[every[:, flows.source], every[:, flows.destination]] @ flows.packets
        assert cost(flows, target, place(flows, target, seed)) == costs.min()


@pytest.mark.parametrize(
    ("cores", "name"), [(1, "loihi1"), (33, "loihi1"), (128, "loihi1"), (200, "loihi2-8"), (300, "loihi1-8")]
)
def test_every_core_sits_somewhere_else(cores: int, name: str) -> None:
    """On the fewest chips, and in slots that the chip has."""
    target = load_target(name)
    core = place(random_flows(cores, cores, 6 * cores), target)
    assert len(np.unique(core)) == cores
    assert core.min() >= 0
    assert len(np.unique(core // target.cores_per_chip)) == -(-cores // target.cores_per_chip)
    assert np.all(core // target.cores_per_chip < target.chips)


@pytest.mark.parametrize("cores", [40, 300])
def test_seeds(cores: int) -> None:
    flows, target = random_flows(7, cores, 8 * cores), load_target("loihi1-8")
    first, again, other = (place(flows, target, seed) for seed in (3, 3, 4))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


@pytest.mark.parametrize("cores", [9, 60, 128])
def test_both_searches_gain_and_say_what_they_cost(cores: int) -> None:
    flows = random_flows(cores, cores, 5 * cores)
    graph, grid = Graph.of(flows), Grid.of(Mesh.of(LOIHI), 1)
    start = first_placement(graph, grid)
    costs = [graph.cost(grid, start)]
    for search in (sweep, descend):
        found = search(graph, grid, start, np.random.default_rng(0))
        assert np.all(np.bincount(found, minlength=len(grid.room)) <= grid.room)
        costs.append(graph.cost(grid, found))
    assert costs[0] > costs[1] >= costs[2]


@pytest.mark.parametrize("cores", [5, 33, 128])
def test_costs_kept_while_cores_move_are_those_of_the_placement(cores: int) -> None:
    graph, grid = Graph.of(random_flows(cores, cores, 5 * cores)), Grid.of(Mesh.of(LOIHI), 1)
    start = first_placement(graph, grid)
    dense, sparse = descent._State(graph, grid, start), sweeps._State(graph, grid, start, apart=False)
    random = np.random.default_rng(cores)
    for _ in range(3):
        dense.shake(random.permutation(cores)[: min(cores, 9)])
        assert dense.cost == graph.cost(grid, dense.router)
        dense.descend()
        assert dense.cost == graph.cost(grid, dense.router)
        before = sparse.cost()
        for core in random.permutation(cores).tolist():
            sparse.improve(core)
        assert before >= sparse.cost() == graph.cost(grid, sparse.router)


def test_what_talks_shares_a_chip() -> None:
    """Two groups that each fill a chip, dealt alternately; one thin thread between them."""
    flows = random_flows(1, 128, 3000)
    source = np.concatenate([flows.source * 2, flows.source * 2 + 1, [0]])
    destination = np.concatenate([flows.destination * 2, flows.destination * 2 + 1, [1]])
    both = Flows(256, source, destination, np.concatenate([flows.packets, flows.packets, [1]]))
    chip = place(both, load_target("loihi1-2")) // 128
    assert len(set(chip[::2].tolist())) == len(set(chip[1::2].tolist())) == 1


def test_cores_that_never_talk_are_placed_too() -> None:
    nothing = np.zeros(0, np.int64)
    assert sorted(place(Flows(5, nothing, nothing, nothing), LOIHI).tolist()) == [0, 1, 2, 3, 4]


def test_a_descent_ends_though_its_cost_never_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every step seems to gain since nothing really moves, its number of steps ends it."""
    graph, grid = Graph.of(random_flows(3, 9, 40)), Grid.of(Mesh.of(LOIHI), 1)
    state = descent._State(graph, grid, first_placement(graph, grid))
    state.shake(np.arange(9))
    steps: list[int] = []
    monkeypatch.setattr(state, "_put", lambda core, goal: steps.append(core))
    monkeypatch.setattr(descent, "MOST_STEPS", 5)
    state._pull[0] -= 1000 * np.arange(state._pull.shape[1])
    state.descend()
    assert 5 * 9 <= len(steps) <= 2 * 5 * 9
