"""The report as one self-contained HTML page: no script, no request, no font from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.errors import FormatError, OptionError
from neurodeploy.files import write_atomic
from neurodeploy.reporting.chips import chip_maps
from neurodeploy.reporting.curve import curve_svg
from neurodeploy.reporting.figures import MAX_PANELS, raster_svg
from neurodeploy.reporting.prediction import PredictionTables
from neurodeploy.reporting.summary import SATURATED_RATE, report_json
from neurodeploy.runtime.record import RunRecord

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATE = "report.html.jinja"
#: Longer names are cut, with a remark.
LONGEST_NAME = 60
LONGEST_VALUE = 400
MAX_SAMPLES = 100
#: How much of a list is shown; the JSON has the rest.
SHOWN = {
    "samples": MAX_SAMPLES,
    "cores": 4096,
    "frames": 1024,
    "classes": 64,
    "findings": 50,
    "panels": MAX_PANELS,
}
#: Turns through the colours without ever coming close to an earlier one.
GOLDEN_ANGLE = 137.508


def render(record: RunRecord) -> str:
    """The page; its numbers are those of `report_json`."""
    return _page(report_json(record), record)


def write_report(record: RunRecord, path: Path, *, overwrite: bool = False) -> None:
    """Write the page to `path`, and its JSON beside it with the suffix `.json`; each whole or not at all.

    Args:
        record: of a run.
        path: of the page.
        overwrite: whether files of these names may be replaced.

    Raises:
        FormatError: a file exists already or cannot be written.
        OptionError: `path` has the suffix that the JSON needs.

    """
    beside = path.with_suffix(".json")
    if beside == path:
        raise OptionError(str(path), "is the name of the report's JSON", "give the page the suffix .html")
    if beside.exists() and not overwrite:
        raise FormatError(str(beside), "exists already", "choose another name or pass --force")
    report = report_json(record)
    page = _page(report, record)
    write_atomic(path, page.encode("utf-8", "replace"), overwrite)
    write_atomic(beside, json.dumps(report, indent=1).encode(), overwrite)


def _page(report: dict[str, Any], record: RunRecord) -> str:
    drawn = record.raster is not None and any(layer.neurons for layer in record.raster.populations)
    mistakes_first = sorted(report["samples"], key=lambda sample: sample["correct"] is not False)
    names = [row["name"] for row in report["resources"]["populations"] if row["cores"]]
    hue = {name: round(215 + GOLDEN_ANGLE * position) % 360 for position, name in enumerate(names)}
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            report=report,
            samples=(mistakes_first if len(mistakes_first) > MAX_SAMPLES else report["samples"])[:MAX_SAMPLES],
            curve_svg=curve_svg(report["over_time"]) if report["over_time"] else None,
            raster_svg=raster_svg(record.raster) if record.raster is not None and drawn else None,
            predicted=PredictionTables.of(report["predictions"]),
            hue=hue,
            chips=chip_maps(record.compile, hue),
            fastest=max((row["rate"] or 0 for row in report["populations"]), default=0) or 1,
            saturated=SATURATED_RATE,
            shown=SHOWN,
        )
    )


def _environment() -> Environment:
    import jinja2

    loader = jinja2.PackageLoader("neurodeploy.reporting", "")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(count=_count, share=_share, name=_name, value=_value, brief=_brief, words=_words)
    environment.filters.update(span=_span, fills=_fills)
    return environment


def _count(number: float | None) -> str:
    """A count with separators, a dash where nothing was counted."""
    return "–" if number is None else f"{number:,.0f}"


def _share(share: float) -> str:
    """A share of one in per cent."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _brief(number: float) -> str:
    """A measured number in four digits."""
    return "0" if number == 0 else f"{number:.4g}"


def _name(name: object, longest: int = LONGEST_NAME) -> str:
    """A name from a file, cut visibly when it is too long to show."""
    text = str(name)
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def _words(name: str) -> str:
    """The name of a limit, as one reads it."""
    return _name(name.replace("_", " "))


def _value(value: object) -> str:
    """Anything that stands in provenance."""
    return _name(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LONGEST_VALUE)


def _span(bits: dict[int, int]) -> str:
    """Bits of the weights of a layer, least and largest."""
    used = [width for width, synapses in bits.items() if synapses]
    return "" if not used else f"{min(used)}" if len(used) == 1 else f"{min(used)} … {max(used)}"


def _fills(fills: dict[str, float]) -> str:
    """Cores that a layer fills by the limit that it takes most of."""
    limit = max(fills, key=lambda name: fills[name])
    return f"{fills[limit]:.2f} by {_words(limit)}"
