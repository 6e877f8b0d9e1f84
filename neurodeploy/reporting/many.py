"""What the page's script needs to tell of each of many runs, so that a thousand cost no more than a page of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from neurodeploy.reporting.columns import Metric
from neurodeploy.reporting.run_panels import RunPanel
from neurodeploy.reporting.text import Names, percent, visible

#: Digits that values are sorted by.
DIGITS = 9


def table_data(metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    """The columns of the table: `texts` of every run, and the `values` to sort by, null where they are the texts."""
    return [{"texts": each.texts, "values": _sortable(each) if each.numeric else None} for each in metrics]


def _sortable(metric: Metric) -> list[float | str | None]:
    return [round(value, DIGITS) if isinstance(value, float) else value for value in metric.values]


def panel_data(panel: RunPanel, names: Names) -> dict[str, Any]:
    """A run beside the first as plain texts.

    Args:
        panel: of the run.
        names: of the page.

    Returns:
        `title`; `lines`, a sentence or more each; `caption` and `layers`, rows of the table of equal spikes.
    """
    run, pairing, of = panel.run, panel.pair.pairing, panel.pair.layers_of
    return {
        "title": f"{names.short(run.name)}: {pairing.same:,} of {pairing.recordings:,} answers equal",
        "lines": [*_lines(panel, names)],
        "caption": f"Equal spikes{f' of {names.short(of)}' if of else ''}, layer by layer: in both over in either",
        "layers": [
            [
                names.short(layer.name, 32),
                *(f"{spikes:,}" for spikes in (layer.first, layer.second, layer.equal)),
                "neither spiked" if layer.share is None else percent(layer.share),
            ]
            for layer in panel.layers
        ],
    }


def _lines(panel: RunPanel, names: Names) -> Iterator[str]:
    run, pairing = panel.run, panel.pair.pairing
    yield (
        f"Backend {names.short(run.backend)}, target {names.short(run.target)}, "
        f"program {visible(run.program_sha256[:8])}."
    )
    if pairing.labelled:
        yield (
            f"Right in both {pairing.both:,}, in the first alone {pairing.only_first:,}, in this alone "
            f"{pairing.only_second:,}, in neither {pairing.neither:,}; exact sign test p = {pairing.p_value:.3g}."
        )
    if panel.pair.first_difference:
        apart = panel.pair.first_difference
        here, there = apart["values"]
        where = f" in {names.short(apart['recording'])}" if apart["recording"] else ""
        cause = f"; likely cause: {names.short(apart['likely_cause'])}" if apart["likely_cause"] else ""
        yield (
            f"First apart{where}: {names.short(apart['variable'])} of {names.short(apart['population'], 32)}, "
            f"neuron {apart['neuron']:,}, step {apart['step']:,}: {here:,} in the first run, {there:,} in this{cause}."
        )
    if panel.changed:
        changed = "; ".join(_changed(each, names) for each in panel.changed)
        more = f"; {panel.hidden:,} more in the JSON" if panel.hidden else ""
        number = len(panel.pair.changed)
        yield f"{number:,} recording{'s are' if number != 1 else ' is'} answered otherwise: {changed}{more}."


def _changed(each: dict[str, Any], names: Names) -> str:
    first, second = ("silent" if answer is None else str(answer) for answer in each["predictions"])
    label = "" if each["label"] is None else f" (label {names.short(each['label'], 24)})"
    return f"{names.short(each['file'])}{label}: {first} → {second}"
