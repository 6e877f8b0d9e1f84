"""Where cores sit, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.compiler.mesh import Mesh, Placement
from neurodeploy.compiler.target import load_target


def test_routers_are_numbered_down_the_columns() -> None:
    column, row = Mesh.of(load_target("loihi1")).coordinates(np.array([0, 3, 4, 15, 16, 127]))
    assert column.tolist() == [0, 0, 0, 0, 1, 7]
    assert row.tolist() == [0, 0, 1, 3, 0, 3]


@pytest.mark.parametrize(
    ("chips", "grid"), [(1, (1, 1)), (2, (2, 1)), (8, (4, 2)), (32, (8, 4)), (9, (3, 3)), (7, (7, 1))]
)
def test_chips_form_the_grid_nearest_to_a_square(chips: int, grid: tuple[int, int]) -> None:
    assert Mesh.of(replace(load_target("loihi1"), chips=chips)).chips == grid


def test_links_between_chips_go_on_where_a_chip_ends() -> None:
    """Chips 0 and 1 of eight lie in one column of chips, chip 2 begins the next."""
    mesh = Mesh.of(load_target("loihi1-8"))
    placement = Placement(mesh, np.array([15, 128, 256 + 4, 127]))
    assert np.transpose(placement.coordinates).tolist() == [[0, 3], [0, 4], [8, 1], [7, 3]]
    source, destination = np.array([0, 0, 1, 3]), np.array([1, 2, 2, 0])
    east_west, north_south = placement.hops(source, destination)
    assert east_west.tolist() == [0, 8, 8, 7]
    assert north_south.tolist() == [1, 2, 3, 0]
    assert placement.crossings(source, destination).tolist() == [1, 1, 2, 0]
    assert placement.chip.tolist() == [0, 1, 2, 0]
    assert placement.router.tolist() == [3, 0, 1, 31]
