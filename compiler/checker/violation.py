"""What the checker says, and the two ways in which its rules say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray


@dataclass(frozen=True)
class Violation:
    """One rule broken by one core.

    Attributes:
        core: the core, None where the rule is not about a core.
        limit: name of the rule.
        used, maximum: the amount found and the amount allowed.
        detail: one sentence for the user.
    """

    core: int | None
    limit: str
    used: int
    maximum: int
    detail: str


def exceeded(limit: str, used: IntArray, maximum: int | IntArray, unit: str) -> Iterator[Violation]:
    """A violation for every core whose amount `used`, shape (cores,), is above `maximum`."""
    most = np.broadcast_to(maximum, used.shape)
    for core in np.flatnonzero(used > most).tolist():
        detail = f"core {core} takes {used[core]} {unit}, at most {most[core]} are allowed"
        yield Violation(core, limit, int(used[core]), int(most[core]), detail)


def wrong(limit: str, bad: NDArray[np.bool_], core: IntArray | None, what: str) -> Iterator[Violation]:
    """A violation for every core that owns a `bad` row; none of them is allowed.

    Args:
        limit: name of the rule.
        bad: which rows break it, (rows,).
        core: core of each row, (rows,); None or −1: the row belongs to no core.
        what: what is wrong with a row.
    """
    rows = np.flatnonzero(bad)
    owner = np.full(len(rows), -1) if core is None else core[rows]
    for number in np.unique(owner).tolist():
        mine = rows[owner == number]
        where = "" if number < 0 else f"core {number}: "
        detail = f"{where}{what}: {len(mine)} rows, the first is row {mine[0]}"
        yield Violation(None if number < 0 else number, limit, len(mine), 0, detail)
