"""Which recordings a path stands for: one spike file, a folder of them with or without labels, or a table."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path, PurePosixPath

from neurodeploy.errors import DataError, FormatError, OptionError
from neurodeploy.files import is_folder, list_folder, read_bytes
from neurodeploy.spikes.files import SPIKE_SUFFIXES, read_recording
from neurodeploy.spikes.latency import Latency
from neurodeploy.spikes.recording import Recording
from neurodeploy.spikes.sample import MAX_LABEL, Sample
from neurodeploy.spikes.table import TABLE_SUFFIX, coded, read_table

LABEL_FILE = "labels.csv"
MAX_LABEL_FILE_BYTES = 2**26


def find_samples(path: str | Path, split: str | None = None, limit: int | None = None) -> tuple[Sample, ...]:
    """List the recordings of a spike file, a folder of them, or a table of features (`.csv`).

    In a folder `labels.csv` (header `file,label` or `file,label,split`) gives the recordings, their order and their
    labels; without it every spike file of the folder is one, in natural order (1, 2, 10).

    Args:
        path: a spike file, a folder, or a table.
        split: only the recordings of that split.
        limit: at most so many, the first ones.

    Raises:
        FormatError: the path does not exist, or the label file is damaged or names a file that is missing or
            outside the folder.
        DataError: a folder or table without recordings, or a table with values that are no numbers.
        OptionError: an unknown split, or a limit below 1.
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise OptionError("limit", f"{limit} is less than 1", "ask for at least one recording")
    if is_folder(path):
        samples = _listed(path)
    else:
        samples = read_table(path) if path.suffix.lower() == TABLE_SUFFIX else [Sample(path.name, path)]
    if not samples:
        raise DataError(str(path), "holds no recordings", f"give a folder of {' '.join(SPIKE_SUFFIXES)} files")
    if split is not None:
        samples = _of_split(samples, split, path)
    return tuple(samples[:limit])


def recording_of(sample: Sample, coding: Latency | None = None) -> Recording:
    """The spikes of a sample: read from its file, or coded from its features.

    Args:
        sample: as `find_samples` gives it.
        coding: of the network that will see it; None: it has none.

    Raises:
        FormatError: a file that cannot be read.
        DataError: a damaged one; features without a coding, or outside its ranges.
    """
    return read_recording(sample.path) if sample.features is None else coded(sample, coding)


def _listed(folder: Path) -> list[Sample]:
    files = list_folder(folder)
    if folder / LABEL_FILE in files:
        return _labelled(folder)
    spike_files = [path for path in files if path.suffix.lower() in SPIKE_SUFFIXES and not is_folder(path)]
    return [Sample(path.name, path) for path in sorted(spike_files, key=_natural)]


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order digits by value: each run of digits counts as one number."""
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts]


def _of_split(samples: list[Sample], split: str, path: Path) -> list[Sample]:
    known = sorted({s.split for s in samples if s.split is not None})
    if split not in known:
        remedy = (
            f"choose one of {', '.join(known)}"
            if known
            else f"add a column split to {LABEL_FILE if is_folder(path) else path.name}"
        )
        raise OptionError(str(path), f"has no split {split!r}", remedy)
    return [s for s in samples if s.split == split]


def _labelled(folder: Path) -> list[Sample]:
    """Read the label file of a folder."""
    path = folder / LABEL_FILE
    try:
        text = read_bytes(path, MAX_LABEL_FILE_BYTES).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(str(path), "is no table of comma-separated text", "write it as UTF-8 CSV") from error
    header = [name.strip() for name in rows[0]] if rows else []
    if header not in (["file", "label"], ["file", "label", "split"]):
        problem = f"starts with {','.join(header)[:80]!r}"
        raise FormatError(str(path), problem, "let its first line be file,label or file,label,split")
    samples: dict[str, Sample] = {}
    for number, row in enumerate(rows[1:], start=2):
        if row:
            sample = _row(folder, row, len(header), f"{path}: row {number}")
            if sample.file in samples:
                raise FormatError(f"{path}: row {number}", f"lists {sample.file} again", "list every file once")
            samples[sample.file] = sample
    return list(samples.values())


def _row(folder: Path, row: list[str], columns: int, where: str) -> Sample:
    if len(row) != columns:
        raise FormatError(where, f"has {len(row)} values for {columns} columns", "give one value per column")
    file, label, *split = (value.strip() for value in row)
    relative = PurePosixPath(file)
    if not file or relative.is_absolute() or ".." in relative.parts:
        problem = f"names {file[:80]!r}, which is not inside the folder"
        raise FormatError(where, problem, "give paths relative to the folder")
    if relative.suffix.lower() not in SPIKE_SUFFIXES:
        raise FormatError(where, f"names {file[:80]!r}, no spike file", f"use one of {' '.join(SPIKE_SUFFIXES)}")
    if not re.fullmatch("[0-9]{1,9}", label) or int(label) >= MAX_LABEL:
        raise FormatError(where, f"label {label[:40]!r} is no class", f"number the classes from 0 to {MAX_LABEL - 1}")
    path = folder / relative
    if not _is_file(path):
        raise FormatError(where, f"names {file[:80]!r}, which is no file", "correct the name or add the file")
    return Sample(str(relative), path, int(label), (split[0] or None) if split else None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
