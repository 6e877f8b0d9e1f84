"""The chips of a report as they lie: routers with their cores, and what each core holds, uses and did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neurodeploy.reporting.preflight import Preflight

#: Boards of more chips, or of more places for cores, are drawn as rows of the cores in use.
MAX_CHIPS, MAX_PLACES = 32, 4096
#: Side of a core, and the room around cores, routers and chips.
SIDE, GAP, ROUTER_GAP, CHIP_GAP = 34, 3, 11, 30
#: Cores in a row where nobody knows how they lie.
ACROSS = 16

#: A limit or a kind of work as one reads it.
TITLES = {
    "compartments": "compartments (neurons)",
    "synapse_memory": "synapse memory",
    "synaptic_ops": "synaptic operations done",
    "words": "words of memory read",
    "packets_in": "packets received",
    "packets_out": "packets sent",
    "spikes": "spikes fired",
}


@dataclass(frozen=True)
class DrawnCore:
    """A place for a core: number of the core in the table, None where it is free, and its left upper corner."""

    number: int | None
    x: int
    y: int


@dataclass(frozen=True)
class DrawnChip:
    """A chip: its number and places, and the size of the drawing."""

    number: int
    places: tuple[DrawnCore, ...]
    width: int
    height: int


def drawn_chips(summary: Mapping[str, Any]) -> tuple[DrawnChip, ...]:
    """The chips in use; one chip of rows of cores where they are too many, or an older version did not say where
    cores lie.

    Args:
        summary: the object of `compile --json`.
    """
    report = Preflight.of(summary, "compile")
    table = summary["core_table"]
    if not table:
        return ()
    numbers = sorted({row["chip"] for row in table})
    if report is not None:
        columns, rows = report.mesh
        if len(numbers) <= MAX_CHIPS and len(numbers) * columns * rows * report.cores_per_router <= MAX_PLACES:
            return tuple(_chip(number, report, table) for number in numbers)
    cells = [
        DrawnCore(i, i % ACROSS * (SIDE + GAP), i // ACROSS * (SIDE + GAP)) for i in range(min(len(table), MAX_PLACES))
    ]
    return (
        DrawnChip(numbers[0], tuple(cells), ACROSS * (SIDE + GAP), (len(cells) - 1) // ACROSS * (SIDE + GAP) + SIDE),
    )


def _chip(number: int, report: Preflight, table: Sequence[Mapping[str, Any]]) -> DrawnChip:
    (columns, rows), per = report.mesh, report.cores_per_router
    across = min(2, per)
    size = across * (SIDE + GAP) - GAP, -(-per // across) * (SIDE + GAP) - GAP
    at = {row["slot"]: i for i, row in enumerate(table) if row["chip"] == number}
    places = []
    for slot in range(columns * rows * per):
        router, k = divmod(slot, per)
        column, row = divmod(router, rows)
        x = column * (size[0] + ROUTER_GAP) + k % across * (SIDE + GAP)
        places.append(DrawnCore(at.get(slot), x, row * (size[1] + ROUTER_GAP) + k // across * (SIDE + GAP)))
    width, height = columns * (size[0] + ROUTER_GAP) - ROUTER_GAP, rows * (size[1] + ROUTER_GAP) - ROUTER_GAP
    return DrawnChip(number, tuple(places), width, height)


def core_data(report: Mapping[str, Any], summary: Mapping[str, Any], work: Mapping[str, Sequence[int]] | None) -> Any:
    """What the page tells of cores, by the measure that its reader chooses.

    Args:
        report: see `report_json`.
        summary: the object of `compile --json`.
        work: `core_work` of the run.

    Returns:
        `measures`: `key`, `title`, and `max` of any core where there is one limit for all, else null. `cores`: `core`,
        `chip`, `slot` (null if unknown), `layers` (pairs of name and neurons, null if unknown), `used` and `of` by
        measure; `of` of work is what the busiest core did.
    """
    resources = report["resources"]
    limits = [limit["name"] for limit in resources["limits"]]
    table = resources["core_table"][:MAX_PLACES]
    done = {name: row for name, row in (work or {}).items() if len(row) == len(resources["core_table"])}
    return {
        "measures": [
            {"key": key, "title": TITLES.get(key, key.replace("_", " ")), "work": key in done}
            for key in [*limits, *done]
        ],
        "cores": list(_cores(table, summary["core_table"], done)),
    }


def _cores(
    table: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], done: Mapping[str, Sequence[int]]
) -> Iterator[dict[str, Any]]:
    most = {name: max(row, default=0) for name, row in done.items()}
    for i, core in enumerate(table):
        neurons = rows[i].get("neurons") or [None] * len(core["populations"])
        yield {
            "core": core["core"],
            "chip": core["chip"],
            "slot": rows[i].get("slot"),
            "layers": list(zip(core["populations"], neurons, strict=False)),
            "used": [use["used"] for use in core["use"].values()] + [row[i] for row in done.values()],
            "of": [use["max"] for use in core["use"].values()] + [most[name] for name in done],
        }
