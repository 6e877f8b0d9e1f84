"""The random networks that several tests share."""

from __future__ import annotations

import pytest

from tests.property.networks import Case, random_case

NETWORKS = 300


@pytest.fixture(scope="session")
def cases() -> tuple[Case, ...]:
    """The cases of the first seeds, in order."""
    return tuple(random_case(seed) for seed in range(NETWORKS))
