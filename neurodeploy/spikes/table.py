"""Tables of features, `.csv`: one recording per row, its spikes coded by latency."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError, FormatError
from neurodeploy.files import read_bytes
from neurodeploy.spikes.latency import Latency
from neurodeploy.spikes.recording import Recording
from neurodeploy.spikes.sample import MAX_LABEL, Sample

TABLE_SUFFIX = ".csv"
MAX_TABLE_BYTES = 2**28
#: Columns that hold no feature.
LABEL, SPLIT = "label", "split"


@dataclass(frozen=True, eq=False)
class Rows:
    """What a table holds, its columns apart.

    Args:
        names: of the features.
        features: float64, finite, shape (rows, features).
        labels: classes from 0, shape (rows,); None: the table has no such column.
        split: the part each row belongs to, as it is written; None: the table has no such column.
    """

    names: tuple[str, ...]
    features: NDArray[np.float64]
    labels: NDArray[np.int64] | None
    split: tuple[str, ...] | None


def read_rows(path: Path) -> Rows:
    """A table: a header, columns of numbers, a column `label` with the class from 0 if classes are known, and a column
    `split` if the rows belong to parts of a data set. Empty lines do not count.

    Raises:
        FormatError: no table, a header without features or with a name twice, or a row of another length.
        DataError: a feature that is no finite number, or a label that is no class.
    """
    try:
        text = read_bytes(path, MAX_TABLE_BYTES).decode("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(str(path), "is no table of comma-separated text", "write it as UTF-8 CSV") from error
    header = [name.strip() for name in rows[0]] if rows else []
    names = tuple(name for name in header if name not in (LABEL, SPLIT))
    if not names or len(set(header)) < len(header):
        problem = f"starts with {','.join(header)[:80]!r}"
        raise FormatError(str(path), problem, "let its first line name every feature once, then label, then split")
    features = np.zeros((len(rows) - 1, len(names)))
    labels: list[int] = []
    split: list[str] = []
    for k, row in enumerate(rows[1:]):
        where = _row_name(path, k)
        if len(row) != len(header):
            problem = f"has {len(row)} values for {len(header)} columns"
            raise FormatError(where, problem, "give one value per column")
        values = {name: text.strip() for name, text in zip(header, row, strict=True)}
        features[k] = [_number(where, name, values[name]) for name in names]
        labels += [_class(where, values[LABEL])] if LABEL in values else []
        split += [values[SPLIT]] if SPLIT in values else []
    classes = np.array(labels, np.int64) if LABEL in header else None
    return Rows(names, features, classes, tuple(split) if SPLIT in header else None)


def read_table(path: Path) -> list[Sample]:
    """The rows of a table as samples named `FILE:ROW`, the first row behind the header being 1.

    Raises:
        FormatError, DataError: as `read_rows`.
    """
    rows = read_rows(path)
    samples = []
    for k, features in enumerate(rows.features.tolist()):
        label = None if rows.labels is None else int(rows.labels[k])
        split = None if rows.split is None else rows.split[k] or None
        samples.append(Sample(_row_name(path, k), path, label, split, tuple(features)))
    return samples


def coded(sample: Sample, coding: Latency | None) -> Recording:
    """The spikes of a row of a table.

    Args:
        sample: with features.
        coding: of the network that will see them.

    Raises:
        DataError: a network without coding, another number of features, or one outside its range.
    """
    if coding is None:
        remedy = "give spike files, or a network with a coding (see docs/latency.md)"
        raise DataError(sample.file, "holds features, and the network has no latency coding for them", remedy)
    try:
        (times,) = coding.times([sample.features or ()])
    except DataError as error:
        subject = error.subject.replace("sample 0, ", "")  # the only one there is
        raise DataError(f"{sample.file}: {subject}", error.problem, error.remedy) from error
    return Recording(times * 1000.0, np.arange(len(times), dtype=np.int32), name=sample.file)


def _row_name(path: Path, row: int) -> str:
    return f"{path.name}:{row + 1}"


def _class(where: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) >= MAX_LABEL:
        raise DataError(where, f"label {text[:40]!r} is no class", f"number the classes from 0 to {MAX_LABEL - 1}")
    return int(text)


def _number(where: str, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(where, f"{name} is {text[:40]!r}, no finite number", "repair the table or leave the row out")
    return value
