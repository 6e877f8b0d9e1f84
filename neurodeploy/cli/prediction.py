"""Predicted energy and time as text: one column per set of constants, never a figure without its set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from neurodeploy.cli.verb import table

#: Rows of the energy table: what they are called, and the kinds of event they add up.
ENERGY = (
    ("synaptic operations", ("synaptic_ops_dense", "synaptic_ops_sparse")),
    ("neuron updates, active", ("neuron_updates_active",)),
    ("neuron updates, idle", ("neuron_updates_idle",)),
    ("spikes", ("spikes",)),
    ("packets and their hops", ("packets", "hops_east_west", "hops_north_south")),
)
PREFIXES = ((1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def prediction_text(predictions: Sequence[dict[str, Any]]) -> str:
    """Energy, time, layers and per-core maxima of `Prediction.as_dict` objects of the same events."""
    if not predictions:
        return "nothing was predicted"
    notes = dict.fromkeys(note for p in predictions for note in p["notes"])
    return "\n".join(
        [
            f"Predicted for a chip over {predictions[0]['steps']:,} steps, from counted events and published constants:",
            _by_constants("", predictions, _rows()),
            "",
            _by_constants("dynamic energy of", predictions, _layers(predictions[0])),
            "",
            table(
                ["work of one core", "most in a step", "on core", "busiest core, mean"],
                [
                    (m["name"].replace("_", " "), _amount(m["most"]), m["core"], _amount(m["busiest"]))
                    for m in predictions[0]["core_maxima"]
                ],
            ),
            *(f"{p['constants']}: {p['source']}" for p in predictions),
            f"static power: {predictions[0]['static_source']}",
            *(f"note: {note}" for note in notes),
        ]
    )


def quantity(value: float, unit: str) -> str:
    """Four digits with the prefix that keeps them readable: 1.234 mJ."""
    size, prefix = next((p for p in PREFIXES if abs(value) >= p[0]), PREFIXES[-1])
    return f"0 {unit}" if value == 0 else f"{value / size:.4g} {prefix}{unit}"


Row = tuple[str, Callable[[dict[str, Any]], str]]


def _by_constants(head: str, predictions: Sequence[dict[str, Any]], rows: Sequence[Row]) -> str:
    return table(
        [head, *(p["constants"] for p in predictions)],
        [(name, *(cell(p) for p in predictions)) for name, cell in rows],
    )


def _rows() -> list[Row]:
    return [
        *((name, _energy(kinds)) for name, kinds in ENERGY),
        ("static power", lambda p: quantity(p["joules"]["static"], "J")),
        ("energy", lambda p: quantity(p["joules"]["total"], "J")),
        ("energy a step", lambda p: quantity(p["joules"]["per_step"], "J")),
        ("barriers", lambda p: quantity(p["seconds"]["barrier"], "s")),
        ("the busiest core of each step", lambda p: quantity(p["seconds"]["work"], "s")),
        ("time", lambda p: quantity(p["seconds"]["total"], "s")),
        ("time a step", lambda p: quantity(p["seconds"]["per_step"], "s")),
        ("the longest step", lambda p: quantity(p["seconds"]["longest_step"], "s")),
    ]


def _energy(kinds: tuple[str, ...]) -> Callable[[dict[str, Any]], str]:
    def cell(prediction: dict[str, Any]) -> str:
        joules = sum(e["joules"] for e in prediction["events"] if e["name"] in kinds)
        counted = any(e["count"] for e in prediction["events"] if e["name"] in kinds)
        return "no figure" if counted and not joules else quantity(joules, "J")

    return cell


def _layers(first: dict[str, Any]) -> list[Row]:
    def of(position: int) -> Callable[[dict[str, Any]], str]:
        return lambda p: quantity(p["layers"][position]["joules"], "J")

    return [(layer["name"], of(i)) for i, layer in enumerate(first["layers"])]


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
