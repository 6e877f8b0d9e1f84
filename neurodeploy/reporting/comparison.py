"""A comparison of runs: every run over the recordings that all have, and every two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from neurodeploy.reporting import side_by_side as side
from neurodeploy.reporting.collecting import no_search_for_cycles
from neurodeploy.reporting.over_time import Wanted
from neurodeploy.reporting.pair_views import pair_view
from neurodeploy.runtime.record import RunRecord
from neurodeploy.shown import Shown

SCHEMA = "neurodeploy.compare/1"
#: More runs are each compared with the first alone: a thousand have half a million pairs.
ALL_PAIRS = 32


@dataclass(frozen=True)
class Comparison(Shown, drawn_by="neurodeploy.plotting.answers"):
    """Runs side by side over the recordings that all of them have.

    Attributes:
        recordings: how many these are; 0: nothing was compared, and there are neither runs nor pairs.
        runs: one view per run; pairs: one per two runs, in their order; of more than `ALL_PAIRS` runs one for each
            with the first.
        records: what was compared, by name.
    """

    recordings: int
    runs: tuple[side.RunView, ...]
    pairs: tuple[side.PairView, ...]
    records: Mapping[str, RunRecord] = field(default_factory=dict, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The object of `compare --json`."""
        return {
            "schema": SCHEMA,
            "recordings": self.recordings,
            "runs": [run.as_dict() for run in self.runs],
            "pairs": [pair.as_dict() for pair in self.pairs],
        }

    @property
    def with_first(self) -> tuple[side.PairView, ...]:
        """The pairs of the first run with each other one, (runs − 1,)."""
        return self.pairs[: max(len(self.runs) - 1, 0)]


@no_search_for_cycles()
def compared(records: Mapping[str, RunRecord]) -> Comparison:
    """Put records that have names side by side.

    Raises:
        DataError: recordings with different labels in two runs.
    """
    own = {name: side.keys_of(record) for name, record in records.items()}
    keys = side.common_keys(list(own.values()))
    if not keys:
        return Comparison(0, (), (), records)
    chosen = {name: side.Chosen.of(record, own[name], keys) for name, record in records.items()}
    labels = side.labels_of([each.samples for each in chosen.values()])
    wanted = Wanted.of(labels)
    return Comparison(
        recordings=len(keys),
        runs=tuple(side.run_view(name, each, labels, wanted) for name, each in chosen.items()),
        pairs=tuple(pair_view(a, b, labels) for a, b in _paired(chosen)),
        records=records,
    )


def _paired(chosen: Mapping[str, side.Chosen]) -> Iterator[tuple[tuple[str, side.Chosen], tuple[str, side.Chosen]]]:
    """Two by two, those of the first one first."""
    first, *others = chosen.items()
    if len(others) < ALL_PAIRS:
        yield from combinations(chosen.items(), 2)
    else:
        yield from ((first, other) for other in others)
