"""The three questions that a page answers first: does it fit, is it equal, is accuracy kept?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neurodeploy.reporting.comparison import Comparison
from neurodeploy.reporting.side_by_side import PairView
from neurodeploy.reporting.text import counted, percent, share

#: Answers of the sign test below that are called a loss.
SIGNIFICANT = 0.05
WORDS = {"good": "All good", "warning": "Works, with warnings", "problem": "Not to be trusted as it is"}


@dataclass(frozen=True)
class Verdict:
    """An answer: its question, the answer in a word or number, what stands behind it, and a tone (`good`, `warning`,
    `problem`, `note`).
    """

    question: str
    answer: str
    unit: str
    behind: str
    tone: str


def headline(report: Mapping[str, Any], comparison: Comparison | None) -> tuple[str, str]:
    """The words on top of the page, and their tone; a run that is not to be trusted comes before all."""
    if comparison is None or report["verdict"] == "problem":
        return WORDS[report["verdict"]], report["verdict"]
    doubtful = sum(any(found["level"] == "problem" for found in run.findings) for run in comparison.runs)
    if doubtful:
        return f"{doubtful:,} of {counted(len(comparison.runs), 'run')} not to be trusted", "problem"
    pairs = comparison.with_first
    if all(is_equal(pair) for pair in pairs):
        return "Equal, spike by spike", "good"
    if all(not pair.changed for pair in pairs):
        return "The same answers, other spikes", "warning"
    return "The runs differ", "warning"


def verdicts(report: Mapping[str, Any], comparison: Comparison | None) -> tuple[Verdict, ...]:
    """The three answers, of the run or of the first one beside the others."""
    return _fits(report, comparison), _equal(comparison), _accuracy(report, comparison)


def is_equal(pair: PairView) -> bool:
    """Whether two runs answer alike, and all their spikes that were compared are equal."""
    layers = [*pair.layers, *([pair.output] if pair.output else [])]
    return bool(layers) and not pair.changed and all(layer.first == layer.second == layer.equal for layer in layers)


def _fits(report: Mapping[str, Any], comparison: Comparison | None) -> Verdict:
    resources = report["resources"]
    unfit = any(finding["kind"] == "does_not_fit" for finding in report["findings"])
    chips, least = resources["chips"], resources["cores_lower_bound"]
    runs = () if comparison is None else comparison.runs
    others = sum(not run.fits for run in runs[1:])
    if others:
        return Verdict(
            "Does not fit", f"{others + unfit:,}", f"of {len(runs):,} runs", "use more than a core has", "problem"
        )
    used = sorted({(run.cores, run.cores_available) for run in runs})
    if len(used) > 1 and not unfit:
        available = {of for _, of in used}
        unit = f"of {available.pop():,} cores" if len(available) == 1 else "cores"
        behind = f"least and most of {len(runs):,} runs"
        return Verdict("Fits", f"{used[0][0]:,} … {used[-1][0]:,}", unit, behind, "good")
    return Verdict(
        "Does not fit" if unfit else "Fits",
        f"{resources['cores']:,}",
        f"of {resources['cores_available']:,} cores",
        f"{counted(chips, 'chip')}, at least {counted(least, 'core')} needed",
        "problem" if unfit else "good",
    )


def _equal(comparison: Comparison | None) -> Verdict:
    if comparison is None:
        return Verdict("Equal", "–", "", "one run alone; give two to compare them", "note")
    pairs = comparison.with_first
    equal = sum(is_equal(pair) for pair in pairs)
    of = counted(comparison.recordings, "recording")
    if equal == len(pairs):
        known = all(pair.output for pair in pairs)
        behind = f"every answer{' and every output spike' * known} of {of}, every layer of one"
        return Verdict("Equal", "yes", "", behind, "good")
    worst = min(pair.pairing.same for pair in pairs)
    behind = f"{worst:,} of {of} answered alike" + " in the run that differs most" * (len(pairs) > 1)
    return Verdict(
        "Equal",
        "no" if len(pairs) == 1 else f"{equal:,}",
        "" if len(pairs) == 1 else f"of {len(pairs):,} runs",
        behind,
        "warning",
    )


def _accuracy(report: Mapping[str, Any], comparison: Comparison | None) -> Verdict:
    found = report["accuracy"] if comparison is None else comparison.runs[0].accuracy
    if found is None:
        return Verdict("Accuracy", "–", "", "no labels were given", "note")
    low, high = found["interval_95"]
    told = f"{found['correct']:,} of {found['total']:,} right; 95 % interval {share(low)} to {share(high)}"
    if comparison is None:
        return Verdict("Accuracy", percent(found["share"]), "", told, "note")
    lost = [pair for pair in comparison.with_first if pair.pairing.only_first > pair.pairing.only_second]
    sure = [pair for pair in lost if (pair.pairing.p_value or 0) < SIGNIFICANT]
    worst = max(lost, key=lambda pair: pair.pairing.only_first - pair.pairing.only_second, default=None)
    if worst is None:
        return Verdict("Accuracy kept", "yes", "", f"no run loses any of {percent(found['share'])}", "good")
    gap = worst.pairing.only_first - worst.pairing.only_second
    behind = f"{counted(gap, 'recording')} lost at most, p = {worst.pairing.p_value:.2g}; first run {told}"
    if not sure:
        return Verdict("Accuracy kept", "likely", "", f"not told from chance: {behind}", "warning")
    return Verdict("Accuracy kept", "no", "", behind, "problem")
