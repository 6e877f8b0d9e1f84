"""`compare`: runs side by side, recording by recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from neurodeploy.errors import OptionError
from neurodeploy.reporting.collecting import no_search_for_cycles
from neurodeploy.reporting.comparison import ALL_PAIRS, Comparison, compared
from neurodeploy.reporting.in_turn import Filed, compared_in_turn
from neurodeploy.runtime.record import RunRecord

__all__ = ["Comparison", "compare", "compared"]


@no_search_for_cycles()
def compare(
    runs: Sequence[RunRecord | str | Path], progress: Callable[[float], None] = lambda part: None
) -> Comparison:
    """Put runs side by side, recording by recording.

    Args:
        runs: two or more records, or paths of `.ndr` files; recordings are matched by their file names. Of more than
            `ALL_PAIRS` each file is read and let go; the `records` of the result read it again when asked for it.
        progress: told 1 after each file that was read.

    Raises:
        OptionError: fewer than two runs.
        FormatError: a missing or damaged file.
        DataError: recordings with different labels in two runs.
    """
    if len(runs) < 2:
        raise OptionError("compare", f"is given {len(runs)} run(s)", "give two or more, as neurodeploy run -o writes")
    given = [run if isinstance(run, RunRecord) else Path(run) for run in runs]
    named = dict(zip(_names(runs), given, strict=True))
    if len(named) > ALL_PAIRS:
        return compared_in_turn(named, progress)
    records = {}
    for name, record in Filed(named).items():
        records[name] = record
        progress(1.0)
    return compared(records)


def _names(runs: Sequence[RunRecord | str | Path]) -> list[str]:
    """Stems of files where these tell them apart, else their paths; numbers for records."""
    short = [f"run {i}" if isinstance(run, RunRecord) else Path(run).stem for i, run in enumerate(runs, 1)]
    shown = Counter(short)
    names = [name if shown[name] == 1 else str(run) for name, run in zip(short, runs, strict=True)]
    return names if len(set(names)) == len(names) else [f"{name} ({i})" for i, name in enumerate(names, 1)]
