"""`report`: the page of a run, or of several side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from neurodeploy.comparison import Comparison, compare
from neurodeploy.reporting import write_report
from neurodeploy.reporting.html import Source
from neurodeploy.reporting.sweep_file import load_sweep
from neurodeploy.runtime.record import RunRecord, load_record

Given = RunRecord | str | Path


def report(
    source: Given | Comparison | Sequence[Given],
    output: str | Path,
    *,
    overwrite: bool = False,
    sweep: str | Path | None = None,
    replay: Markup | None = None,
    progress: Callable[[float], None] = lambda part: None,
) -> dict[str, Any]:
    """Write the HTML report of a run, or of several compared with the first, and beside it the same numbers as JSON.

    Args:
        source: a record or the path of a `.ndr` file; several of them; or what `compare` or `stages` found.
        output: the `.html` file.
        overwrite: whether existing files may be replaced.
        sweep: what `sweep -o` wrote, to be drawn too.
        replay: a fragment of HTML that is put into the page as it is.
        progress: told 1 after each file that was read, and when the page is written.

    Returns:
        What the JSON says.

    Raises:
        FormatError: a missing or damaged file, or files that cannot be written.
        OptionError: runs without a recording in common.
        DataError: recordings with different labels in two runs.
    """
    found = opened(source, progress)
    drawn = None if sweep is None else load_sweep(Path(sweep))
    told = write_report(found, Path(output), overwrite=overwrite, sweep=drawn, replay=replay)
    progress(1.0)
    return told


def opened(source: Given | Comparison | Sequence[Given], progress: Callable[[float], None]) -> Source:
    """What a report is made of."""
    if isinstance(source, (RunRecord, Comparison)):
        return source
    if isinstance(source, (str, Path)):
        source = [source]
    if len(source) != 1:
        return compare(source, progress)
    only = source[0] if isinstance(source[0], RunRecord) else load_record(Path(source[0]))
    progress(1.0)
    return only
