"""What the sections of the page tell of one run: all of a run alone, and of few runs in columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from neurodeploy.reporting.chips import DrawnChip, core_data, drawn_chips
from neurodeploy.reporting.comparison import Comparison
from neurodeploy.reporting.figures import raster_svg
from neurodeploy.reporting.prediction import PredictionTables
from neurodeploy.reporting.summary import report_json
from neurodeploy.reporting.text import Names
from neurodeploy.reporting.timeline import timeline
from neurodeploy.runtime.record import RunRecord

MAX_SAMPLES = 100
#: Runs of a comparison that are told in full where all can be, and those of more; the page says so.
FULL, FULL_OF_MANY = 8, 3
#: Turns through the colours without ever coming close to an earlier one.
GOLDEN_ANGLE = 137.508


@dataclass(frozen=True)
class View:
    """A run in the sections of the page.

    Attributes:
        number: position of the run among those compared; name: of the run, None of one alone.
        report: see `report_json`.
        samples: recordings that are listed.
        confusion: by its own labels, or those that other runs know of the common recordings; None without any.
        raster_svg: all layers of one recording, None where none was kept.
        hue: of each layer that is on cores; chips: in use, as they lie.
        fastest: the highest mean rate of a layer, 1 where nothing spiked.
        predicted: energy and time, None where nothing was predicted.
        data: what the script needs, `cores` and `timeline`.
    """

    number: int
    name: str | None
    report: Mapping[str, Any]
    samples: list[dict[str, Any]]
    confusion: Mapping[str, Any] | None
    raster_svg: Markup | None
    hue: Mapping[str, int]
    chips: tuple[DrawnChip, ...]
    fastest: float
    predicted: PredictionTables | None
    data: Mapping[str, Any]

    @property
    def ids(self) -> str:
        """What ends the ids of its elements: nothing of the first run, another of each other."""
        return f"-{self.number}" if self.number else ""


def in_full(comparison: Comparison) -> list[str]:
    """Names of the runs that are told in full, the first one first."""
    names = [run.name for run in comparison.runs]
    return names if len(names) <= FULL else names[:FULL_OF_MANY]


def other_reports(comparison: Comparison) -> list[dict[str, Any]]:
    """`report_json` of the runs beside the first that are told in full, each with its `name`."""
    return [{"name": name, **report_json(comparison.records[name])} for name in in_full(comparison)[1:]]


def view(
    number: int,
    name: str | None,
    report: Mapping[str, Any],
    record: RunRecord,
    confusion: Mapping[str, Any] | None = None,
) -> View:
    """Lay out a run.

    Args:
        number: see `View`.
        name: see `View`.
        report: of the record.
        record: of the run.
        confusion: where its own labels are unknown.
    """
    samples = report["samples"]
    if len(samples) > MAX_SAMPLES:
        samples = sorted(samples, key=lambda sample: sample["correct"] is not False)  # the mistaken ones first
    drawn = record.raster is not None and any(layer.neurons for layer in record.raster.populations)
    raster = raster_svg(record.raster, f"raster{number or ''}") if record.raster is not None and drawn else None
    layers = [row["name"] for row in report["resources"]["populations"] if row["cores"]]
    return View(
        number=number,
        name=name,
        report=report,
        samples=samples[:MAX_SAMPLES],
        confusion=report["confusion"] or confusion,
        raster_svg=None if raster is None else Markup(raster),  # noqa: S704 - our drawing
        hue={layer: round(215 + GOLDEN_ANGLE * position) % 360 for position, layer in enumerate(layers)},
        chips=drawn_chips(record.compile),
        fastest=max((row["rate"] or 0 for row in report["populations"]), default=0) or 1,
        predicted=PredictionTables.of(report["predictions"]),
        data=_data(report, record),
    )


def _data(report: Mapping[str, Any], record: RunRecord) -> dict[str, Any]:
    names = Names()
    cores = core_data(report, record.compile, record.run.get("core_work"))
    for core in cores["cores"]:
        core["layers"] = [[names.short(name), neurons] for name, neurons in core["layers"]]
    moments = None if record.raster is None else timeline(record.raster)
    for layer in moments["layers"] if moments else ():
        layer["name"] = names.short(layer["name"], 32)
    return {"cores": cores, "timeline": moments}
