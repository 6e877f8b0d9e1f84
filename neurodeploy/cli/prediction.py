"""Predicted energy and time as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from neurodeploy.cli.verb import table


def prediction_text(predictions: Sequence[Mapping[str, Any]]) -> str:
    """Energy, time, layers and per-core maxima of `Prediction.as_dict` objects of the same events."""
    from neurodeploy.reporting.prediction import PredictionTables

    tables = PredictionTables.of(predictions)
    if tables is None:
        return "nothing was predicted"
    sources = [line for source in tables.sources for line in wrap(source, 80, subsequent_indent="  ")]
    return "\n".join(
        [
            f"Predicted for a chip over {tables.steps:,} steps, from published constants:",
            table(["", *tables.constants], tables.totals),
            "",
            table(["dynamic energy", *tables.constants], tables.layers),
            "",
            table(["work of one core", "most in a step", "on core", "busiest core, mean"], tables.cores),
            "",
            *sources,
        ]
    )
