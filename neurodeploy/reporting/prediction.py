"""Predicted energy and time as rows of text, one cell per set of constants: never a figure without its set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: What the energy rows are called, and the kinds of event they add up.
ENERGY = (
    ("synaptic operations", ("synaptic_ops_dense", "synaptic_ops_sparse")),
    ("neuron updates, active", ("neuron_updates_active",)),
    ("neuron updates, idle", ("neuron_updates_idle",)),
    ("spikes", ("spikes",)),
    ("packets and their hops", ("packets", "hops_east_west", "hops_north_south")),
)
#: The rows below: their name, where the figure stands, and its unit.
TOTALS = (
    ("static power", ("joules", "static"), "J"),
    ("energy", ("joules", "total"), "J"),
    ("energy a step", ("joules", "per_step"), "J"),
    ("barriers", ("seconds", "barrier"), "s"),
    ("busiest core of each step", ("seconds", "work"), "s"),
    ("time", ("seconds", "total"), "s"),
    ("time a step", ("seconds", "per_step"), "s"),
    ("the longest step", ("seconds", "longest_step"), "s"),
)
PREFIXES = ((1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))

Row = tuple[str, ...]


@dataclass(frozen=True)
class PredictionTables:
    """`Prediction.as_dict` objects of the same events, by different constants.

    Attributes:
        steps: predicted; constants: names of the sets, one column each.
        totals: a name, and energy or time by each set; layers: dynamic energy of each layer.
        cores: kind of work, most in a step, on which core, mean of the busiest core.
        sources: where the figures come from, and what they leave out, a sentence each.
    """

    steps: int
    constants: tuple[str, ...]
    totals: tuple[Row, ...]
    layers: tuple[Row, ...]
    cores: tuple[Row, ...]
    sources: tuple[str, ...]

    @classmethod
    def of(cls, predictions: Sequence[Mapping[str, Any]]) -> PredictionTables | None:
        """None where nothing was predicted."""
        if not predictions:
            return None
        layers = [{layer["name"]: layer["joules"] for layer in p["layers"]} for p in predictions]
        return cls(
            steps=predictions[0]["steps"],
            constants=tuple(p["constants"] for p in predictions),
            totals=(
                *((name, *(_energy(p, kinds) for p in predictions)) for name, kinds in ENERGY),
                *_crossings(predictions),
                *((name, *(quantity(p[a][b], unit) for p in predictions)) for name, (a, b), unit in TOTALS),
            ),
            layers=tuple((name, *(quantity(each.get(name, 0.0), "J") for each in layers)) for name in layers[0]),
            cores=tuple(
                (m["name"].replace("_", " "), _amount(m["most"]), str(m["core"]), _amount(m["busiest"]))
                for m in predictions[0]["core_maxima"]
            ),
            sources=(
                *(f"{p['constants']}: {p['source']}" for p in predictions),
                *dict.fromkeys(f"static power: {p['static_source']}" for p in predictions),
                *dict.fromkeys(note for p in predictions for note in p["notes"]),
            ),
        )


def quantity(value: float, unit: str) -> str:
    """Four digits with the prefix that keeps them readable: 1.234 mJ."""
    size, prefix = next((p for p in PREFIXES if abs(value) >= p[0]), PREFIXES[-1])
    return f"0 {unit}" if value == 0 else f"{value / size:.4g} {prefix}{unit}"


def _energy(prediction: Mapping[str, Any], kinds: tuple[str, ...]) -> str:
    """What the kinds cost; of those that happened and are not in the constants, that."""
    mine = [kind for kind in prediction["events"] if kind["name"] in kinds]
    joules = sum(kind["joules"] for kind in mine)
    return "no figure" if any(kind["count"] for kind in mine) and not joules else quantity(joules, "J")


def _crossings(predictions: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    """How often packets passed from chip to chip, whose energy nobody published; no row where they did not."""
    counts = [p.get("chip_crossings", {}).get("count", 0) for p in predictions]
    return (("links between chips", *(f"{_amount(count)} (no figure)" for count in counts)),) if any(counts) else ()


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
