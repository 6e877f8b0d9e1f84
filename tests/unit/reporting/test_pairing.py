"""Pairs of answers, the exact test, and the Pareto front."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.reporting.front import pareto_front
from neurodeploy.reporting.pairing import Pairing, sign_test


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [(0, 0, 1.0), (0, 1, 1.0), (0, 5, 2 / 32), (1, 5, 14 / 64), (3, 3, 1.0), (2, 9, 2 * 67 / 2048)],
)
def test_sign_test_by_hand(one: int, other: int, p: float) -> None:
    assert sign_test(one, other) == sign_test(other, one) == pytest.approx(p, abs=1e-15)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(0, 6), st.integers(0, 6))
def test_sign_test_counts_outcomes(one: int, other: int) -> None:
    """The share of all coin sequences that are at least as lopsided."""
    total = one + other
    lopsided = [abs(2 * sum(coins) - total) >= abs(one - other) for coins in product((0, 1), repeat=total)]
    assert sign_test(one, other) == pytest.approx(sum(lopsided) / 2**total)


def test_sign_test_of_many() -> None:
    assert sign_test(5000, 5000) == 1.0
    assert 0 <= sign_test(0, 2000) < 1e-300


def test_pairing() -> None:
    first: list[int | None] = [1, 1, 2, None, None, 3, 0]
    second: list[int | None] = [1, 2, 1, None, 0, 4, 1]
    labels: list[int | None] = [1, 1, 1, 1, 0, 5, None]
    found = Pairing.of(first, second, labels)
    assert (found.recordings, found.same, found.changed) == (7, 2, (1, 2, 4, 5, 6))
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 1, 2, 2)
    assert found.labelled == 6
    assert found.p_value == 1.0
    assert Pairing.of([1], [2], [None]).p_value is None


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_front_against_brute_force(points: list[tuple[float, float]]) -> None:
    def beaten(cost: float, gain: float) -> bool:
        return any(c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points)

    assert pareto_front(points) == [not beaten(*point) for point in points]
