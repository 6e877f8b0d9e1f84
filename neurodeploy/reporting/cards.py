"""The summary of a page behind its three answers: layers, events and speed, of a run or from least to most of several;
and what a reader must not overlook, with the runs that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurodeploy.reporting.comparison import Comparison
from neurodeploy.reporting.findings import LEVELS
from neurodeploy.reporting.side_by_side import RunView
from neurodeploy.reporting.text import Names, brief, count, counted
from neurodeploy.reporting.verdicts import Verdict

#: Layers or runs that are named; more are counted.
NAMED = 3
FLAGS = ("silent", "saturated")
EVERY_LAYER = "every layer fires, none too often"
PAST = "past the last step of their recording"


def cards(report: Mapping[str, Any], comparison: Comparison | None, names: Names) -> tuple[Verdict, ...]:
    """Silent or saturated layers, dropped events and speed.

    Args:
        report: of the run, or of the first one.
        comparison: of several.
        names: of the page.
    """
    if comparison is None:
        return _layers(report, names), _events(report), _speed(report)
    return _layers_of(comparison.runs, names), _events_of(comparison.runs, names), _speed_of(comparison.runs, names)


def remarks(report: Mapping[str, Any], comparison: Comparison | None, names: Names) -> list[dict[str, str]]:
    """The findings of a run, or of all runs: the same of several once, with `where`, the runs that it is about.

    Args:
        report: of the run, or of the first one.
        comparison: of several.
        names: of the page.

    Returns:
        Objects as `reporting.findings` has them, with `where`; the worst first.
    """
    if comparison is None:
        return [{**finding, "where": ""} for finding in report["findings"]]
    same: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for run in comparison.runs:
        for found in run.findings:
            texts = same.setdefault((found["level"], found["kind"], found["subject"]), {})
            texts.setdefault(found["text"], []).append(run.name)
    told = []
    for (level, kind, subject), texts in same.items():
        (text, mine), *others = texts.items()
        where = _where(mine, len(comparison.runs), names)
        if others:
            where += f"; with other numbers in {counted(sum(len(each) for _, each in others), 'other run')}"
        told.append({"level": level, "kind": kind, "subject": subject, "text": text, "where": where})
    return sorted(told, key=lambda finding: LEVELS.index(finding["level"]))


def _where(runs: Sequence[str], of: int, names: Names) -> str:
    if len(runs) == of:
        return f"in {'both' if of == 2 else f'all {of:,}'} runs"
    return f"in {_some(runs, names)}"


def _some(found: Sequence[str], names: Names) -> str:
    more = len(found) - NAMED
    told = ", ".join(names.short(name, 24) for name in found[:NAMED])
    return f"{told} and {more:,} more" if more > 0 else told


def _layers(report: Mapping[str, Any], names: Names) -> Verdict:
    flagged = [row for row in report["populations"] if row["flag"]]
    behind = ", ".join(f"{names.short(row['name'], 24)} {row['flag']}" for row in flagged[:NAMED])
    more = f" and {len(flagged) - NAMED:,} more" if len(flagged) > NAMED else ""
    of = f"of {counted(len(report['populations']), 'layer')}"
    tone = "warning" if flagged else "good"
    return Verdict("Silent or saturated", f"{len(flagged):,}", of, behind + more or EVERY_LAYER, tone)


def _layers_of(runs: Sequence[RunView], names: Names) -> Verdict:
    flagged = [run.name for run in runs if any(found["kind"] in FLAGS for found in run.findings)]
    behind = f"have such layers: {_some(flagged, names)}" if flagged else f"in all, {EVERY_LAYER}"
    tone = "warning" if flagged else "good"
    return Verdict("Silent or saturated", f"{len(flagged):,}", f"of {len(runs):,} runs", behind, tone)


def _events(report: Mapping[str, Any]) -> Verdict:
    dropped = report["events"]["dropped"]
    return Verdict("Dropped events", count(dropped), "", PAST, "warning" if dropped else "note")


def _events_of(runs: Sequence[RunView], names: Names) -> Verdict:
    least, most = (choose(runs, key=lambda run: run.dropped) for choose in (min, max))
    tone = "warning" if most.dropped else "note"
    if least.dropped == most.dropped:
        return Verdict("Dropped events", count(most.dropped), "in each run", PAST, tone)
    behind = f"{PAST}; most in {names.short(most.name, 24)}"
    return Verdict("Dropped events", f"{count(least.dropped)} … {count(most.dropped)}", "", behind, tone)


def _speed(report: Mapping[str, Any]) -> Verdict:
    seconds = report["seconds"]
    behind = f"steps a second; {brief(seconds['run'])} s stepping, {brief(seconds['load'])} s loading"
    return Verdict("Speed", count(report["steps_per_second"]), "", behind, "note")


def _speed_of(runs: Sequence[RunView], names: Names) -> Verdict:
    known = sorted((run.steps_per_second, names.short(run.name, 24)) for run in runs if run.steps_per_second)
    if not known:
        return Verdict("Speed", "–", "", "steps a second", "note")
    (slow, slowest), (fast, fastest) = known[0], known[-1]
    if count(slow) == count(fast):
        return Verdict("Speed", count(slow), "", "steps a second, in each run", "note")
    behind = f"steps a second; slowest {slowest}, fastest {fastest}"
    return Verdict("Speed", f"{count(slow)} … {count(fast)}", "", behind, "note")
