"""The curve goes from neighbour to neighbour through every core once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.compiler.mesh import Mesh
from neurodeploy.compiler.placing.curve import curve_order
from neurodeploy.compiler.target import load_target


@pytest.mark.parametrize("mesh", [(8, 4), (4, 8), (4, 4), (2, 1), (1, 1), (16, 8)])
def test_neighbours(mesh: tuple[int, int]) -> None:
    target = replace(load_target("loihi1"), mesh=mesh, cores_per_chip=mesh[0] * mesh[1] * 4)
    column, row = Mesh.of(target).coordinates(curve_order(Mesh.of(target), 1))
    links = np.abs(np.diff(column)) + np.abs(np.diff(row))
    assert set(links[3::4].tolist()) <= {1}
    assert np.count_nonzero(links) == mesh[0] * mesh[1] - 1


@pytest.mark.parametrize(("name", "chips"), [("loihi1-8", 8), ("loihi1-8", 3), ("loihi2-8", 8), ("loihi1-2", 2)])
def test_every_core_of_the_chips_once(name: str, chips: int) -> None:
    target = load_target(name)
    order = curve_order(Mesh.of(target), chips)
    assert sorted(order.tolist()) == list(range(chips * target.cores_per_chip))
