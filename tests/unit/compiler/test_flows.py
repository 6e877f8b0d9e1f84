"""Packets between cores and on links, by hand and against what passes them one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.flows import Flows, Rates
from neurodeploy.compiler.links import Links
from neurodeploy.compiler.mesh import Mesh, Placement
from neurodeploy.compiler.target import load_target
from neurodeploy.compiler.work import Work
from tests.unit.compiler.test_compile import chain

BOARD = replace(load_target("loihi1-8"), mesh=(3, 2), cores_per_router=2, cores_per_chip=11)


def test_packets_between_cores() -> None:
    """42 neurons on two cores and one on a third; neuron i fires i times, the input is the host's."""
    program = compile_network(chain(4096, 42, 1), CompileOptions(one_layer_per_core=True))
    rates = Rates(np.concatenate([np.full(4096, 9), np.arange(42), [5]]), 10, 1)
    flows = Flows.of(program, rates)
    assert flows.source.tolist() == [0, 1]
    assert flows.destination.tolist() == [2, 2]
    hidden = [sorted(program.cores.neuron[:21].tolist()), sorted(program.cores.neuron[21:42].tolist())]
    assert flows.packets.tolist() == [sum(hidden[0]), sum(hidden[1])]


def test_work_by_hand() -> None:
    program = compile_network(chain(2, 3, 1), CompileOptions(one_layer_per_core=True))
    program = replace(program, cores=replace(program.cores, slot=np.array([0, 20])))  # routers (0, 0) and (1, 1)
    rates = Rates(np.array([10, 0, 1, 2, 3, 0]), 10, 1)
    work = Work.of(program, Flows.of(program, rates), rates)
    assert work.synaptic_ops.tolist() == [3.0, 0.6]
    assert work.neurons.tolist() == [3, 1]
    assert (work.packets, work.hops_east_west, work.hops_north_south) == (0.6, 0.6, 0.6)
    assert (work.chips, work.tiles, work.crossings) == (1, 2, 0)
    assert work.links[:3].tolist() == [0.6, 0.6, 0]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19), st.integers(1, 9)), min_size=1, max_size=30))
def test_links_carry_what_goes_over_them(pairs: list[tuple[int, int, int]]) -> None:
    """Each packet walked link by link, along its row first."""
    seats = np.random.default_rng(len(pairs)).permutation(BOARD.total_cores)[:20]
    placement = Placement(Mesh.of(BOARD), seats)
    source, destination, packets = (np.array(column) for column in zip(*pairs, strict=True))
    links = Links.of(Flows(20, source, destination, packets), placement)
    expected = {name: np.zeros_like(getattr(links, name)) for name in ("east", "west", "north", "south")}
    for a, b, count in pairs:
        (x, y), (goal_x, goal_y) = ([int(axis[core]) for axis in placement.coordinates] for core in (a, b))
        while x != goal_x:
            expected["east" if x < goal_x else "west"][min(x, x + (1 if x < goal_x else -1)), y] += count
            x += 1 if x < goal_x else -1
        while y != goal_y:
            expected["south" if y < goal_y else "north"][x, min(y, y + (1 if y < goal_y else -1))] += count
            y += 1 if y < goal_y else -1
    for name, loads in expected.items():
        np.testing.assert_array_equal(getattr(links, name), loads)
    assert links.packets.sum() == sum(int(h @ packets) for h in placement.hops(source, destination))
