"""The one recording that a replay shows: a file, a row of a table, or spikes in memory."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError
from neurodeploy.files import is_folder
from neurodeploy.replays.sources import Source, source_of
from neurodeploy.runtime.session import Input
from neurodeploy.spikes.events import Events
from neurodeploy.spikes.sample import Sample
from neurodeploy.spikes.samples import LABEL_FILE, find_samples
from neurodeploy.spikes.table import TABLE_SUFFIX

#: A row of a table, as samples of tables are named.
_ROW = re.compile(r"(.+):([1-9][0-9]{0,8})", re.DOTALL)


def one_recording(data: Events | NDArray[np.generic] | str | Path | None) -> tuple[Input, Source]:
    """What is run, with its label if the folder or table has it, and where it comes from.

    Args:
        data: as `run` takes it; a row of a table of features is `TABLE.csv:ROW`, the first behind the header being 1.

    Raises:
        DataError: a folder, a table of several rows, or a row that is not there.
        FormatError: a file that does not exist, or damaged labels.
    """
    if not isinstance(data, (str, Path)):
        return data, Source()
    path = Path(data)
    row = None if path.exists() else _ROW.fullmatch(str(path))
    if row is not None and Path(row[1]).suffix.lower() == TABLE_SUFFIX:
        table = Path(row[1])
        return _row(table, int(row[2])), source_of(table)
    if is_folder(path):
        raise DataError(str(path), "is a folder, and a replay shows one recording", "name a file of it")
    return _sample(path), source_of(path)


def _row(table: Path, number: int) -> Sample:
    samples = find_samples(table)
    if number > len(samples):
        raise DataError(f"{table}:{number}", f"is behind the last row, {len(samples):,}", "name one of the rows")
    return samples[number - 1]


def _sample(path: Path) -> Sample:
    if (path.parent / LABEL_FILE).is_file():
        for sample in find_samples(path.parent):
            if sample.path == path:
                return sample
    samples = find_samples(path)
    if len(samples) > 1:
        problem = f"holds {len(samples):,} recordings, and a replay shows one"
        raise DataError(str(path), problem, f"name a row of it, for example {path.name}:1")
    return samples[0]
