"""`compare`: runs side by side, recording by recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from neurodeploy.errors import OptionError
from neurodeploy.reporting.collecting import no_search_for_cycles
from neurodeploy.reporting.comparison import Comparison, compared
from neurodeploy.runtime.record import RunRecord, load_record

__all__ = ["Comparison", "compare", "compared"]


@no_search_for_cycles()
def compare(
    runs: Sequence[RunRecord | str | Path], progress: Callable[[float], None] = lambda part: None
) -> Comparison:
    """Put runs side by side, recording by recording.

    Args:
        runs: two or more records, or paths of `.ndr` files; recordings are matched by their file names.
        progress: told 1 after each file that was read.

    Raises:
        OptionError: fewer than two runs.
        FormatError: a missing or damaged file.
        DataError: recordings with different labels in two runs.
    """
    if len(runs) < 2:
        raise OptionError("compare", f"is given {len(runs)} run(s)", "give two or more, as neurodeploy run -o writes")
    records = []
    for run in runs:
        records.append(run if isinstance(run, RunRecord) else load_record(Path(run)))
        progress(1.0)
    return compared(dict(zip(_names(runs), records, strict=True)))


def _names(runs: Sequence[RunRecord | str | Path]) -> list[str]:
    """Stems of files where these tell them apart, else their paths; numbers for records."""
    short = [f"run {i}" if isinstance(run, RunRecord) else Path(run).stem for i, run in enumerate(runs, 1)]
    shown = Counter(short)
    names = [name if shown[name] == 1 else str(run) for name, run in zip(short, runs, strict=True)]
    return names if len(set(names)) == len(names) else [f"{name} ({i})" for i, name in enumerate(names, 1)]
