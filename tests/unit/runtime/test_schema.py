"""Whatever does not fit its schema is refused, with the place where it stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import FormatError
from neurodeploy.runtime.schema import COUNT, FLAG, INTEGER, LABEL, NUMBER, OBJECT, TEXT, Kind, Later, Nullable, check

SCHEMA: dict[str, Any] = {"rows": [{"name": TEXT, "counts": [COUNT], "label": Nullable(LABEL), "new": Later([TEXT])}]}


def rows(**changes: Any) -> dict[str, Any]:
    good = {"name": "a", "counts": [1, 2], "label": None, "new": []}
    return {"rows": [good, {key: good[key] for key in ("name", "counts", "label")}, good | changes]}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": 1}, r"rows\[2\].name: is 1, not a text"),
        ({"counts": [1, -1]}, r"rows\[2\].counts\[1\]: is -1, not a whole number from 0"),
        ({"counts": [True]}, r"counts\[0\]: is True"),
        ({"counts": {}}, r"counts: is \{\}, not a list"),
        ({"label": 1.5}, "label: is 1.5"),
        ({"new": None}, "new: is None, not a list"),
        ({"new": [3]}, r"new\[0\]: is 3"),
    ],
)
def test_place_of_what_is_wrong(changes: dict[str, Any], place: str) -> None:
    check(rows(), SCHEMA, "file")
    with pytest.raises(FormatError, match=place):
        check(rows(**changes), SCHEMA, "file")


def test_missing_keys_and_lists_of_others() -> None:
    with pytest.raises(FormatError, match=r"file.rows\[0\].counts: is missing"):
        check({"rows": [{"name": "a"}]}, SCHEMA, "file")
    with pytest.raises(FormatError, match=r"file.rows\[1\]: is 3, not an object"):
        check({"rows": [rows()["rows"][0], 3]}, SCHEMA, "file")
    with pytest.raises(FormatError, match="file: is None, not an object"):
        check(None, SCHEMA, "file")


VALUES: list[Any] = [
    0,
    1,
    -1,
    2**63 - 1,
    2**63,
    -(2**63),
    1 - 2**63,
    10**400,
    -(10**400),
    0.5,
    1e308,
    -0.0,
    True,
    None,
    "a",
    [],
    {},
]


@pytest.mark.parametrize("kind", [TEXT, COUNT, INTEGER, NUMBER, FLAG, OBJECT, LABEL])
def test_many_values_are_judged_as_each_alone(kind: Kind) -> None:
    """Of any two, in both orders, too: the largest and the smallest of many decide."""
    values = [*VALUES, float("nan"), float("inf"), float("-inf")]
    assert kind.all_hold([])
    for first in values:
        for second in values:
            assert kind.all_hold([first, second]) == (kind.holds(first) and kind.holds(second)), (first, second)


def test_whole_number_beyond_every_float() -> None:
    with pytest.raises(FormatError, match=r"file\[1\]: is 1000.*, not a number"):
        check([1.0, 10**400], [NUMBER], "file")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.just("a") | st.just(0.5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "counts", "label", "new"]), inner)
    ),
    max_leaves=6,
)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(value=JSON)
def test_what_is_let_through_fits(value: Any) -> None:
    """Against a second reading of the schema, by hand."""

    def fits(row: Any) -> bool:
        return (
            isinstance(row, dict)
            and {"name", "counts", "label"} <= set(row)
            and type(row["name"]) is str
            and isinstance(row["counts"], list)
            and all(type(c) is int and c >= 0 for c in row["counts"])
            and (row["label"] is None or type(row["label"]) is str or (type(row["label"]) is int and row["label"] >= 0))
            and ("new" not in row or (isinstance(row["new"], list) and all(type(c) is str for c in row["new"])))
        )

    try:
        check({"rows": [value]}, SCHEMA, "file")
    except FormatError:
        assert not fits(value)
    else:
        assert fits(value)
