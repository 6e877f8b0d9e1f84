"""The chips of a report as they lie: routers with their cores, coloured by what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from neurodeploy.reporting.preflight import Core, Preflight

#: Boards of more chips, or chips of more cores, are listed instead.
MAX_CHIPS = 8
MAX_CORES = 1024


@dataclass(frozen=True)
class DrawnCore:
    """A core as the page shows it.

    Attributes:
        percent: how high it is filled; bands: stops of a gradient, one band per layer by its neurons.
        title: what it holds, in words.
    """

    percent: str
    bands: str
    title: str


@dataclass(frozen=True)
class DrawnChip:
    """A chip as the page shows it: its routers row by row, each with its cores, None where a core is free."""

    number: int
    columns: int
    routers: tuple[tuple[DrawnCore | None, ...], ...]


def chip_maps(summary: Mapping[str, Any], hue: Mapping[str, int]) -> tuple[DrawnChip, ...]:
    """The chips in use; none where they are too many to draw, or an older version did not say where cores lie.

    Args:
        summary: the object of `compile --json`.
        hue: of each layer's colour, degrees.
    """
    report = Preflight.of(summary, "compile")
    if report is None:
        return ()
    columns, rows = report.mesh
    chips = sorted({core.chip for core in report.core_table})
    if len(chips) > MAX_CHIPS or columns * rows * report.cores_per_router > MAX_CORES:
        return ()
    return tuple(_chip(number, report, hue) for number in chips)


def _chip(number: int, report: Preflight, hue: Mapping[str, int]) -> DrawnChip:
    columns, rows = report.mesh
    per = report.cores_per_router
    at = {core.slot: core for core in report.core_table if core.chip == number}
    firsts = [(column * rows + row) * per for row in range(rows) for column in range(columns)]
    routers = tuple(tuple(_core(at.get(first + k), hue) for k in range(per)) for first in firsts)
    return DrawnChip(number, columns, routers)


def _core(core: Core | None, hue: Mapping[str, int]) -> DrawnCore | None:
    if core is None:
        return None
    held = ", ".join(f"{name} ({neurons:,} neurons)" for name, neurons in core.neurons.items())
    title = f"core {core.slot} of chip {core.chip}: {held}; {core.tightest.replace('_', ' ')} {core.share:.0%}"
    return DrawnCore(f"{100 * min(core.share, 1):.0f}", ", ".join(_bands(core, hue)), title)


def _bands(core: Core, hue: Mapping[str, int]) -> Iterator[str]:
    """Colour stops, from left to right as wide as the layers' parts of the neurons."""
    total = max(sum(core.neurons.values()), 1)
    begin = 0.0
    for name, neurons in core.neurons.items():
        end = begin + 100 * neurons / total
        yield f"hsl({hue.get(name, 0)} 60% var(--light)) {begin:.0f}% {end:.0f}%"
        begin = end
