"""What the page tells of each run that is compared with the first: one panel, chosen by the switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from neurodeploy.reporting.comparison import Comparison
from neurodeploy.reporting.figures import difference_svg
from neurodeploy.reporting.side_by_side import PairView, RunView
from neurodeploy.reporting.summary import report_json
from neurodeploy.runtime.agreement import LayerAgreement

#: Runs of which everything is told; of more, what a thousand of them leave room for.
FEW = 12
#: Rasters that are drawn, and recordings that are named, of few runs and of many.
RASTERS, NAMED, NAMED_OF_MANY = 6, 100, 10


@dataclass(frozen=True)
class RunPanel:
    """A run beside the first.

    Attributes:
        number: position of the run, 1 … runs − 1.
        run, pair: see `RunView` and `PairView`.
        layers: equal spikes by layer, or of the output alone.
        changed: recordings that are named; hidden: how many more there are.
        flagged: its silent and saturated layers, name and flag each.
        raster: both runs laid over each other, None where that is not drawn.
        confusion: of the run, None of many.
        quantization: rows of its projections whose weights were changed, of few.
    """

    number: int
    run: RunView
    pair: PairView
    layers: tuple[LayerAgreement, ...]
    changed: tuple[dict[str, Any], ...]
    hidden: int
    flagged: tuple[tuple[str, str], ...]
    raster: Markup | None
    confusion: Mapping[str, Any] | None
    quantization: tuple[Mapping[str, Any], ...]


def run_panels(comparison: Comparison) -> tuple[RunPanel, ...]:
    """One for each run but the first."""
    few = len(comparison.runs) <= FEW
    rows = enumerate(zip(comparison.runs[1:], comparison.with_first, strict=True), 1)
    return tuple(_panel(comparison, number, run, pair, few) for number, (run, pair) in rows)


def _panel(comparison: Comparison, number: int, run: RunView, pair: PairView, few: bool) -> RunPanel:
    record = comparison.records[run.name]
    named = NAMED if few else NAMED_OF_MANY
    populations = report_json(record)["populations"] if few else ()
    return RunPanel(
        number=number,
        run=run,
        pair=pair,
        layers=pair.layers or ((pair.output,) if pair.output else ()),
        changed=pair.changed[:named],
        hidden=max(len(pair.changed) - named, 0),
        flagged=tuple((row["name"], row["flag"]) for row in populations if row["flag"]),
        raster=_raster(comparison, number, pair) if few and number <= RASTERS else None,
        confusion=run.confusion if few else None,
        quantization=tuple(row for row in record.quantization if row["changed"]) if few else (),
    )


def _raster(comparison: Comparison, number: int, pair: PairView) -> Markup | None:
    first, second = (comparison.records[name].raster for name in pair.runs)
    if first is None or second is None or first.file != second.file or not any(p.neurons for p in first.populations):
        return None
    if [(p.name, p.neurons) for p in first.populations] != [(p.name, p.neurons) for p in second.populations]:
        return None
    return Markup(difference_svg(first, second, pair.first_difference, f"apart{number}"))  # noqa: S704 - our drawing
