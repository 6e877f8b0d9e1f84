"""The object of `sweep --json` read from a file, for the report to draw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes
from neurodeploy.reporting.sweep_points import SCHEMA
from neurodeploy.runtime.schema import COUNT, FLAG, NUMBER, TEXT, Nullable, check

MAX_BYTES = 2**24
_ACCURACY = Nullable({"correct": COUNT, "total": COUNT, "share": NUMBER, "interval_95": [NUMBER]})
_SWEEP = {
    "schema": TEXT,
    "recordings": COUNT,
    "baseline": Nullable({"kind": TEXT, "accuracy": _ACCURACY}),
    "points": [
        {
            "bits": COUNT,
            "target": TEXT,
            "fits": FLAG,
            "problem": Nullable(TEXT),
            "cores": Nullable(COUNT),
            "accuracy": _ACCURACY,
            "agreement": Nullable({"share": Nullable(NUMBER)}),
            "front": [TEXT],
        }
    ],
}


def load_sweep(path: Path) -> dict[str, Any]:
    """Read what `sweep -o` wrote.

    Raises:
        FormatError: a missing file, or no such object, or one in which nothing fits.
    """
    try:
        data = json.loads(read_bytes(path, MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise FormatError(str(path), f"is no JSON ({error})", "give what `neurodeploy sweep -o` wrote") from error
    check(data, {"schema": TEXT}, str(path))
    if data["schema"] != SCHEMA:
        raise FormatError(str(path), f"is {data['schema']!r}, not {SCHEMA!r}", "give what `neurodeploy sweep -o` wrote")
    check(data, _SWEEP, str(path))
    for i, point in enumerate(data["points"]):
        found = point["accuracy"]
        if (point["fits"] and point["cores"] is None) or (found and len(found["interval_95"]) != 2):
            raise FormatError(f"{path}: points[{i}]", "contradicts itself", "write the file again")
    if data["baseline"] is None:
        raise FormatError(str(path), "has no point that fits", "sweep over other targets or bits")
    result: dict[str, Any] = data
    return result
