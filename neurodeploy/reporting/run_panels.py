"""What the page tells of each run that is compared with the first: one panel, chosen by the switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from neurodeploy.reporting.comparison import Comparison
from neurodeploy.reporting.figures import difference_svg
from neurodeploy.reporting.side_by_side import PairView, RunView
from neurodeploy.reporting.views import FULL
from neurodeploy.runtime.agreement import LayerAgreement

#: Recordings that are named, of few runs and of many.
NAMED, NAMED_OF_MANY = 100, 10


@dataclass(frozen=True)
class RunPanel:
    """A run beside the first.

    Attributes:
        number: position of the run, 1 … runs − 1.
        run, pair: see `RunView` and `PairView`.
        layers: equal spikes by layer, or of the output alone.
        changed: recordings that are named; hidden: how many more there are.
        raster: both runs laid over each other, None where that is not drawn.
    """

    number: int
    run: RunView
    pair: PairView
    layers: tuple[LayerAgreement, ...]
    changed: tuple[dict[str, Any], ...]
    hidden: int
    raster: Markup | None


def run_panels(comparison: Comparison) -> tuple[RunPanel, ...]:
    """One for each run but the first."""
    few = len(comparison.runs) <= FULL
    rows = enumerate(zip(comparison.runs[1:], comparison.with_first, strict=True), 1)
    return tuple(_panel(comparison, number, run, pair, few) for number, (run, pair) in rows)


def _panel(comparison: Comparison, number: int, run: RunView, pair: PairView, few: bool) -> RunPanel:
    named = NAMED if few else NAMED_OF_MANY
    return RunPanel(
        number=number,
        run=run,
        pair=pair,
        layers=pair.layers or ((pair.output,) if pair.output else ()),
        changed=pair.changed[:named],
        hidden=max(len(pair.changed) - named, 0),
        raster=_raster(comparison, number, pair) if few else None,
    )


def _raster(comparison: Comparison, number: int, pair: PairView) -> Markup | None:
    first, second = (comparison.records[name].raster for name in pair.runs)
    if first is None or second is None or first.file != second.file or not any(p.neurons for p in first.populations):
        return None
    if [(p.name, p.neurons) for p in first.populations] != [(p.name, p.neurons) for p in second.populations]:
        return None
    return Markup(difference_svg(first, second, pair.first_difference, f"apart{number}"))  # noqa: S704 - our drawing
