"""Equal spikes of two runs, and the first one that only one of them has."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.emulator.simulation import Spikes
from neurodeploy.runtime.agreement import agreements, first_apart, overall, spike_counts


def spikes(pairs: list[tuple[int, int]], payload: list[int] | None = None) -> Spikes:
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    return Spikes(columns[:, 0], columns[:, 1], None if payload is None else np.array(payload))


def test_by_hand() -> None:
    left = [spikes([(0, 1), (2, 3)]), spikes([(5, 0), (6, 1)])]
    right = [spikes([(0, 1), (2, 3)]), spikes([(5, 1), (6, 1), (7, 0)])]
    layers = agreements(["fc1", "fc2"], spike_counts(left, right))
    assert [(la.first, la.second, la.equal, la.share) for la in layers] == [(2, 2, 2, 1.0), (2, 3, 1, 1 / 4)]
    assert overall(layers).share == 3 / 6
    assert first_apart(left, right) == (5, 1, 0)
    assert first_apart(right, left) == (5, 1, 0)
    assert first_apart(left, left) is None
    assert agreements(["silent"], spike_counts([spikes([])], [spikes([])]))[0].share is None


def test_payloads_count() -> None:
    one, other = spikes([(0, 0), (1, 0)], [4, 5]), spikes([(0, 0), (1, 0)], [4, 6])
    assert spike_counts([one], [other]).tolist() == [[2, 2, 1]]
    assert first_apart([one], [other]) == (1, 0, 0)
    assert spike_counts([spikes([(0, 0)])], [spikes([(0, 0)], [1])]).tolist() == [[1, 1, 1]]


_raster = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=12)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(_raster, _raster)
def test_against_sets(left: set[tuple[int, int]], right: set[tuple[int, int]]) -> None:
    pair = [spikes(sorted(left))], [spikes(sorted(right))]
    assert spike_counts(*pair).tolist() == [[len(left), len(right), len(left & right)]]
    apart = min(left ^ right, default=None)
    assert first_apart(*pair) == (apart and (apart[0], 0, apart[1]))
