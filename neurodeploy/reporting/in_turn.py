"""Many runs compared file by file, so that a thousand take the memory of two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path

from neurodeploy.reporting.collecting import no_search_for_cycles
from neurodeploy.reporting.comparison import Comparison, compared
from neurodeploy.reporting.over_time import Wanted
from neurodeploy.reporting.pair_views import pair_view
from neurodeploy.reporting.side_by_side import Chosen, keys_of, run_view
from neurodeploy.runtime.record import RunRecord, load_record

Given = RunRecord | Path


class Filed(Mapping[str, RunRecord]):
    """Records by name: those that were given as such, and the others read from their files whenever they are asked for.

    Args:
        given: by name.
    """

    def __init__(self, given: Mapping[str, Given]) -> None:
        self._given = dict(given)

    def __getitem__(self, name: str) -> RunRecord:
        """The record of that name; raises FormatError where its file is no longer an undamaged `.ndr`."""
        given = self._given[name]
        return given if isinstance(given, RunRecord) else load_record(given)

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


def compared_in_turn(given: Mapping[str, Given], progress: Callable[[float], None]) -> Comparison:
    """`compared`, each run with the first as soon as it is read; its `records` are `Filed`.

    That takes runs of the same recordings with the same labels in the same order. Where a run has others, all are held
    in memory and put side by side in the end.

    Args:
        given: two or more, by name.
        progress: told 1 after each run.

    Raises:
        FormatError: a missing or damaged file.
        DataError: recordings with different labels in two runs.
    """
    done = 0

    def count(part: float) -> None:
        nonlocal done
        done += 1
        progress(part)

    found = _with_first(given, count)
    if found is not None:
        return found
    records = {}
    for position, (name, record) in enumerate(Filed(given).items()):
        records[name] = record
        if position >= done:
            progress(1.0)
    return compared(records)


@no_search_for_cycles()
def _with_first(given: Mapping[str, Given], progress: Callable[[float], None]) -> Comparison | None:
    """Each run with the first; None as soon as one has other recordings or labels."""
    name, *others = given
    record = Filed(given)[name]
    records = Filed({**given, name: record})
    keys, labels = keys_of(record), _labels(record)
    if not keys:
        return None
    wanted, first = Wanted.of(labels), (name, Chosen.of(record, keys, keys))
    runs, pairs = [run_view(*first, labels, wanted)], []
    progress(1.0)
    for name in others:
        record = records[name]
        mine = keys_of(record)
        if mine != keys or _labels(record) != labels:
            return None
        second = (name, Chosen.of(record, keys, keys))
        runs.append(run_view(*second, labels, wanted))
        pairs.append(pair_view(first, second, labels))
        progress(1.0)
    return Comparison(len(keys), tuple(runs), tuple(pairs), records)


def _labels(record: RunRecord) -> list[int | str | None]:
    return list(map(itemgetter("label"), record.run["samples"]))
