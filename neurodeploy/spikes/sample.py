"""One recording of a data set: where it is, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Labels are numbers of output neurons.
MAX_LABEL = 2**28


@dataclass(frozen=True)
class Sample:
    """One recording of a data set.

    Args:
        file: its file, relative to the folder that was given, with forward slashes; `FILE:ROW` of a table.
        path: its file, as the system finds it.
        label: its class, from 0; None when unknown.
        split: the part of the data set it belongs to; None when the label file has no such column.
        features: numbers that are its input, of a row of a table; None: spikes are read from the file.
    """

    file: str
    path: Path
    label: int | None = None
    split: str | None = None
    features: tuple[float, ...] | None = None
