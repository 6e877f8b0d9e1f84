"""What a reader must not overlook: everything in a report that is not as it should be, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: From worst to mildest: the answer is no or not to be trusted; somebody should look; worth knowing.
LEVELS = ("problem", "warning", "note")

Finding = dict[str, str]


def findings(report: Mapping[str, Any]) -> list[Finding]:
    """Everything worth a remark, the worst first.

    Args:
        report: the report so far, see `summary.report_json`.

    Returns:
        Objects with `level` (see `LEVELS`), `kind`, `subject` (a population, projection, core or recording) and `text`.

    """
    found = [*_cores(report), *_populations(report), *_recordings(report), *_weights(report)]
    return sorted(found, key=lambda finding: LEVELS.index(finding["level"]))


def verdict(found: list[Finding]) -> str:
    """`problem`, `warning` or `good`; notes do no harm."""
    return next((level for level in LEVELS[:2] if any(f["level"] == level for f in found)), "good")


def _finding(level: str, kind: str, subject: str, text: str) -> Finding:
    return {"level": level, "kind": kind, "subject": subject, "text": text}


def _cores(report: Mapping[str, Any]) -> Iterator[Finding]:
    for core in report["resources"]["core_table"]:
        for name, use in core["use"].items():
            if use["share"] > 1:
                text = f"uses {use['used']:,} of {use['max']:,} {name}"
                yield _finding("problem", "does_not_fit", f"core {core['core']}", text)


def _populations(report: Mapping[str, Any]) -> Iterator[Finding]:
    for population in report["populations"]:
        name = population["name"]
        if population["accumulator_overflows"]:
            text = f"a synaptic sum reached 2^21 {_times(population['accumulator_overflows'])}"
            yield _finding(
                "problem", "outside_confirmed_range", name, f"{text}, outside the range that recordings confirm"
            )
        if population["flag"] == "silent":
            text = f"no spike in {report['steps']:,} steps"
            yield _finding("warning", "silent", name, text)
        if population["flag"] == "saturated":
            text = f"{population['rate']:.2f} spikes per neuron and step on average: saturated"
            yield _finding("warning", "saturated", name, text)
        if population["current_wraps"]:
            text = f"the current u left 24 bits and wrapped {_times(population['current_wraps'])}"
            yield _finding("warning", "current_wraps", name, text)
        if population["voltage_clips"]:
            text = f"the voltage v was clipped at 23 bits {_times(population['voltage_clips'])}"
            yield _finding("note", "voltage_clips", name, text)


def _recordings(report: Mapping[str, Any]) -> Iterator[Finding]:
    samples = report["samples"]
    dropped = report["events"]["dropped"]
    silent = sum(sample["prediction"] is None for sample in samples)
    if dropped:
        text = f"{dropped:,} {_plural(dropped, 'event')} past the last step dropped"
        yield _finding("warning", "dropped_events", "recordings", text)
    if silent:
        text = f"{silent:,} of {len(samples):,} without an output spike"
        yield _finding("warning", "silent_recordings", "recordings", text)


def _weights(report: Mapping[str, Any]) -> Iterator[Finding]:
    for row in report["quantization"]:
        if row["clipped"]:
            text = (
                f"{row['clipped']:,} of {row['weights']:,} weights beyond the range of {row['bits']} bits were clipped"
            )
            yield _finding("warning", "clipped_weights", row["projection"], text)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
