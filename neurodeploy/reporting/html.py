"""The report as one self-contained HTML page: no request, no font from elsewhere, its one script inside."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from neurodeploy.errors import FormatError, OptionError
from neurodeploy.files import check_output, write_atomic
from neurodeploy.reporting import text
from neurodeploy.reporting.cards import cards, remarks
from neurodeploy.reporting.chips import TITLES
from neurodeploy.reporting.collecting import no_search_for_cycles
from neurodeploy.reporting.columns import metrics
from neurodeploy.reporting.comparison import Comparison
from neurodeploy.reporting.curve import MAX_CURVES, STYLES, curves_svg
from neurodeploy.reporting.embedding import inline_svg, script_json, script_sources
from neurodeploy.reporting.figures import MAX_PANELS
from neurodeploy.reporting.many import panel_data, table_data
from neurodeploy.reporting.panels import LEFT, RIGHT
from neurodeploy.reporting.run_panels import run_panels
from neurodeploy.reporting.summary import SATURATED_RATE, report_json
from neurodeploy.reporting.sweep_figure import sweep_figure
from neurodeploy.reporting.verdicts import headline, verdicts
from neurodeploy.reporting.views import FULL, MAX_SAMPLES, View, in_full, other_reports, view
from neurodeploy.runtime.record import RunRecord

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

TEMPLATE, SCRIPT = "page.html.jinja", "page.js"
#: Runs before the page is laid out, so that what the script hides is never laid out.
EARLY_SCRIPT = 'document.documentElement.classList.add("scripted")'
#: How much of a list is shown; the JSON has the rest.
SHOWN = {
    "samples": MAX_SAMPLES,
    "cores": 1024,
    "classes": 64,
    "findings": 50,
    "panels": MAX_PANELS,
    "rows": 50,
    "crisp": 240,
}
Source = RunRecord | Comparison


def page_json(source: Source, sweep: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the page tells, as one JSON object: the report of the run, or of the first one with a `comparison`.

    Args:
        source: a run, or several compared with each other.
        sweep: the object of `sweep --json`, which becomes `sweep`.

    Returns:
        See `report_json`; of several runs `comparison`, see `Comparison.as_dict`, and `others`, the reports of the runs
        beside the first that the page tells in full, each with its `name`.
    """
    report = report_json(_first(source))
    if isinstance(source, Comparison):
        report["comparison"] = source.as_dict()
        report["others"] = other_reports(source)
    return report if sweep is None else report | {"sweep": sweep}


def render(source: Source, *, sweep: dict[str, Any] | None = None, replay: Markup | None = None) -> str:
    """The page; its numbers are those of `page_json`.

    Args:
        source: a run, or two or more compared with each other, which have recordings in common.
        sweep: the object of `sweep --json`, whose fronts are then drawn.
        replay: a fragment that stands in the page as it is; its scripts run, and nothing that it asks for from
            elsewhere comes.
    """
    return _page(page_json(source, sweep), source, replay)


@no_search_for_cycles()
def write_report(
    source: Source,
    path: Path,
    *,
    overwrite: bool = False,
    sweep: dict[str, Any] | None = None,
    replay: Markup | None = None,
) -> dict[str, Any]:
    """Write the page to `path`, and its JSON beside it with the suffix `.json`; each whole or not at all.

    Args:
        source: see `render`.
        path: of the page.
        overwrite: whether files of these names may be replaced.
        sweep: see `render`.
        replay: see `render`.

    Returns:
        What the JSON says, see `page_json`.

    Raises:
        FormatError: a file exists already or cannot be written.
        OptionError: `path` has the suffix that the JSON needs, or the runs have no recording in common.

    """
    beside = path.with_suffix(".json")
    if beside == path:
        raise OptionError(str(path), "is the name of the report's JSON", "give the page the suffix .html")
    if isinstance(source, Comparison) and not source.recordings:
        raise OptionError("report", "is given runs without a recording in common", "compare runs of the same files")
    if beside.exists() and not overwrite:
        raise FormatError(str(beside), "exists already", "choose another name or pass --force")
    check_output(path, overwrite)
    report = page_json(source, sweep)
    page = _page(report, source, replay)
    write_atomic(path, page.encode("utf-8", "replace"), overwrite)
    write_atomic(beside, json.dumps(report, indent=None if "comparison" in report else 1).encode(), overwrite)
    return report


def _first(source: Source) -> RunRecord:
    return source if isinstance(source, RunRecord) else next(iter(source.records.values()))


def _page(report: dict[str, Any], source: Source, replay: Markup | None) -> str:
    comparison = source if isinstance(source, Comparison) else None
    environment, names = _environment(), text.Names()
    loader = environment.loader
    assert loader is not None
    script = loader.get_source(environment, SCRIPT)[0]
    views, parts = _views(report, source), _comparison_parts(report, comparison)
    return environment.get_template(TEMPLATE).render(
        report=report,
        script=Markup(script),  # noqa: S704 - our own file
        early=Markup(EARLY_SCRIPT),  # noqa: S704 - our own words
        policy=" ".join(script_sources(f"<script>{EARLY_SCRIPT}</script><script>{script}</script>{replay or ''}")),
        replay=replay,
        names=names,
        shown=SHOWN,
        saturated=SATURATED_RATE,
        headline=headline(report, comparison),
        verdicts=verdicts(report, comparison),
        cards=cards(report, comparison, names),
        noticed=remarks(report, comparison, names),
        views=views,
        time_axis=(LEFT, RIGHT),
        titles=TITLES,
        sweep_svg=Markup(_sweep(report["sweep"])) if "sweep" in report else None,  # noqa: S704
        **parts,
        data=script_json(_data(report, comparison, views, parts)),
    )


def _views(report: dict[str, Any], source: Source) -> tuple[View, ...]:
    """The runs that the sections tell of, the first one first."""
    if isinstance(source, RunRecord):
        return (view(0, None, report, source),)
    reports = [report, *report["others"]]
    named = enumerate(zip(in_full(source), reports, strict=True))
    return tuple(
        view(number, name, told, source.records[name], source.runs[number].confusion) for number, (name, told) in named
    )


def _sweep(sweep: dict[str, Any]) -> str:
    return inline_svg(sweep_figure(sweep, ".svg").decode(), "sweep", "accuracy against bits and cores")


def _comparison_parts(report: dict[str, Any], comparison: Comparison | None) -> dict[str, Any]:
    """What it shows of several."""
    curves = [report["over_time"]] if comparison is None else [run.over_time for run in comparison.runs]
    every = [(i, curve) for i, curve in enumerate(curves) if curve]
    drawn = every if len(curves) <= MAX_CURVES else every[:1]
    svg = curves_svg([curve for _, curve in drawn], [i for i, _ in drawn]) if drawn else None
    return {
        "comparison": comparison,
        "many": comparison is not None and len(comparison.runs) > FULL,
        "metrics": metrics(comparison.runs, comparison.with_first) if comparison else (),
        "panels": run_panels(comparison) if comparison else (),
        "curve_svg": Markup(svg) if svg else None,  # noqa: S704 - numbers alone
        "curve_runs": [i for i, _ in drawn],
        "styles": STYLES,
    }


def _data(
    report: dict[str, Any], comparison: Comparison | None, views: Sequence[View], parts: dict[str, Any]
) -> dict[str, Any]:
    """What the script needs."""
    names = text.Names()
    runs = [(None, report["over_time"])] if comparison is None else [(r.name, r.over_time) for r in comparison.runs]
    return {
        "views": [each.data for each in views],
        "runs": [names.short(name) if name is not None else "this run" for name, _ in runs],
        "curves": [
            curve and {"steps": curve["steps"], "correct": curve["correct"], "total": curve["total"]}
            for _, curve in runs
        ],
        "table": table_data(parts["metrics"]) if parts["many"] else None,
        "pairs": [panel_data(panel, names) for panel in parts["panels"]] if parts["many"] else None,
    }


def _named(method: Callable[..., str]) -> Callable[..., str]:
    """A method of the page's `names` as a filter, so that the environment and its templates serve every page."""
    import jinja2

    @jinja2.pass_context
    def shown(context: Context, *values: object) -> str:
        return method(context["names"], *values)

    return shown


@cache
def _environment() -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neurodeploy.reporting", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    known: dict[str, Callable[..., str]] = {
        "name": text.Names.short,
        "label": text.Names.label,
        "value": text.Names.value,
        "words": text.Names.words,
    }
    environment.filters.update({name: _named(method) for name, method in known.items()})
    for function in (
        text.count,
        text.counted,
        text.share,
        text.percent,
        text.brief,
        text.span,
        text.fills,
        text.visible,
    ):
        environment.filters[function.__name__] = function
    return environment
