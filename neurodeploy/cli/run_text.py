"""The summary of a run as text."""

from __future__ import annotations

from typing import Any

from neurodeploy.cli.prediction import prediction_text
from neurodeploy.cli.verb import table

SHOWN_SAMPLES = 20


def run_text(summary: dict[str, Any]) -> str:
    """The object of `run --json` in tables of 80 columns."""
    samples = summary["samples"]
    dropped = sum(sample["events_dropped"] for sample in samples)
    events, updates = summary["events"], summary["events"]["neuron_updates"]
    lines = [
        table(
            ["recording", "label", "prediction", "steps", "dropped", "output spikes"],
            [
                (
                    s["file"],
                    s["label"],
                    "silent" if s["prediction"] is None else s["prediction"],
                    s["steps"],
                    s["events_dropped"],
                    _counts(s["output_counts"]),
                )
                for s in samples[:SHOWN_SAMPLES]
            ],
        )
    ]
    if len(samples) > SHOWN_SAMPLES:
        lines.append(f"… and {len(samples) - SHOWN_SAMPLES:,} more recordings (--json has all)")
    lines += [
        "",
        table(
            ["population", "neurons", "spikes", "wraps of u", "clips of v", "overflows of q"],
            [
                (
                    p["name"],
                    p["neurons"],
                    p["spikes"],
                    p["current_wraps"],
                    p["voltage_clips"],
                    p["accumulator_overflows"],
                )
                for p in summary["populations"]
            ],
        ),
        "",
        f"{events['synaptic_ops']:,} synaptic operations, {events['packets']:,} packets, {events['hops']:,} hops",
        f"{_updates(updates)}; {dropped:,} events dropped",
        f"{summary['seconds']['run']:.2f} s, {summary['steps_per_second'] or 0:,.0f} steps a second",
    ]
    lines += ["", prediction_text(summary["predictions"])] if summary["predictions"] else []
    if any(p["accumulator_overflows"] for p in summary["populations"]):
        lines.append(
            "inputs beyond 21 bits occurred: outside the confirmed range, no chip recording shows what happens there"
        )
    if found := summary.get("first_spikes"):
        lines.append(f"first spike decides: {found['ties']:,} ties, {found['silent']:,} silent recordings")
    if summary["accuracy"]:
        correct, total = summary["accuracy"]["correct"], summary["accuracy"]["total"]
        lines.append(f"accuracy {100 * correct / total:.2f} % ({correct:,} of {total:,})")
    return "\n".join(lines)


def _updates(updates: dict[str, int | None]) -> str:
    if updates["active"] is None:
        return "this backend counts no wraps, clips or neuron updates"
    return f"{updates['active']:,} active and {updates['idle']:,} idle neuron updates"


def _counts(counts: list[int]) -> str:
    return " ".join(map(str, counts)) if len(counts) <= 20 else f"{sum(counts):,} of {len(counts):,} neurons"
