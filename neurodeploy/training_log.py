"""The log of a training: a table with a line per epoch that a person can plot, and that a resumed training goes on."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes, write_atomic

COLUMNS = ("phase", "epoch", "loss", "training_accuracy", "test_accuracy", "seconds", "learning_rate")
MAX_LOG_BYTES = 2**26


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The lines of a log, which a resumed training goes on with; none where there is no file.

    Raises:
        FormatError: a file that is no log.
    """
    if not path.exists():
        return []
    try:
        text = read_bytes(path, MAX_LOG_BYTES).decode()
        return [_row(line) for line in csv.DictReader(io.StringIO(text))]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise FormatError(str(path), "is no log of a training", "give another --log") from error


def _row(line: dict[str, str]) -> dict[str, Any]:
    numbers = {name: float(line[name]) if line[name] else None for name in COLUMNS[2:]}
    return {"phase": line["phase"], "epoch": int(line["epoch"])} | numbers


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the whole table anew, complete or not at all; raises FormatError where the system refuses."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    write_atomic(path, text.getvalue().encode(), overwrite=True)


def _cell(value: object) -> object:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value
