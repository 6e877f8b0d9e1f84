"""Placement: which physical core each core of a program becomes, so that packets travel few links.

The cost is packets × links, a link between chips counted as `CROSSING`: a quadratic assignment problem. Cores begin in
network order along a space-filling curve and are refined by swaps and moves. All sums are whole numbers, so that equal
seeds give equal placements on every machine.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.compiler.flows import Flows
from neurodeploy.compiler.mesh import Mesh
from neurodeploy.compiler.placing.descent import descend
from neurodeploy.compiler.placing.problem import CROSSING, Graph, Grid
from neurodeploy.compiler.placing.start import chip_by_chip, first_placement
from neurodeploy.compiler.placing.sweeps import sweep
from neurodeploy.compiler.program import Column, Program
from neurodeploy.compiler.target import Target
from neurodeploy.precision import IntArray

__all__ = ["CROSSING", "place", "placed"]

#: Most cores for which all swaps are looked at in every step: what a chip of Loihi 1 has.
MOST_DENSE = 128


def placed(program: Program, flows: Flows, seed: int = 0, together: bool = False) -> Program:
    """The program with its cores moved to where `flows` travel least, on as few chips as hold them.

    Args:
        program: any; where its cores sit is forgotten.
        flows: its own.
        seed: of the search.
        together: whether cores that share a chip stay together on one.
    """
    chips = program.cores.chip if together else None
    chip, slot = np.divmod(place(flows, program.target, seed, chips), program.target.cores_per_chip)
    return replace(program, cores=replace(program.cores, chip=chip, slot=slot))


def place(flows: Flows, target: Target, seed: int = 0, chips: Column | None = None) -> IntArray:
    """Physical core of each core, chip · cores_per_chip + slot, (cores,); see `placed`.

    Args:
        flows: between the cores.
        target: whose cores they go to.
        seed: of the search.
        chips: cores with equal numbers share a chip, which follows that of the number before on the board; None: all
            are free.
    """
    mesh = Mesh.of(target)
    grid = Grid.of(mesh, -(-flows.cores // mesh.cores_per_chip) if chips is None else int(chips.max()) + 1)
    graph = Graph.of(flows)
    random = np.random.default_rng(seed)
    if chips is not None:
        router = sweep(graph, grid, chip_by_chip(grid, chips), random, apart=True)
    else:
        router = first_placement(graph, grid)
        if len(graph.other) and len(grid.room) > 1:
            search = descend if flows.cores <= MOST_DENSE else sweep
            router = search(graph, grid, router, random)
    order = np.argsort(router, kind="stable")
    rank = np.empty(flows.cores, np.int64)
    rank[order] = np.arange(flows.cores) - np.searchsorted(router[order], router[order])
    return grid.first[router] + rank
