"""A program in a notebook: its layers, and the chip it fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.compiler.program import Program
from neurodeploy.errors import OptionError
from neurodeploy.plotting.figures import new_figure
from neurodeploy.plotting.tables import html_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Layers with a colour of their own; the rest share the last.
_COLORS = 10
_GAP = 0.06


def table(program: Program) -> str:
    """Layers with neurons, synapses, cores, and the limit that binds them."""
    summary = program.summary
    chips = f" of {summary['chips']:,} chips" if summary.get("chips", 1) > 1 else ""
    title = f"program for {summary.get('target', program.target.name)}: {len(program.cores):,} cores{chips}"
    rows = [
        (row["name"], row["neurons"], row["synapses"], row["cores"], (row["binding_limit"] or "").replace("_", " "))
        for row in summary.get("populations", [])
    ]
    return html_table(title, ("population", "neurons", "synapses", "cores", "binding limit"), rows)


class Plots:
    """The plots of a program.

    Args:
        program: compiled.
    """

    def __init__(self, program: Program) -> None:
        self._program = program

    def chip(self, chip: int | None = None) -> Figure:
        """The mesh of routers with the cores on each, a stripe in every core for each layer that it holds.

        Args:
            chip: number of a chip; None: the first that holds something.

        Raises:
            OptionError: a chip that the target does not have.
        """
        from matplotlib import colormaps
        from matplotlib.patches import Patch, Rectangle

        program, mesh = self._program, self._program.placement.mesh
        used = np.unique(program.placement.chip)
        number = int(used[0]) if chip is None and len(used) else chip or 0
        _check_chip(number, mesh.chips[0] * mesh.chips[1])
        columns, rows = mesh.routers
        side = 2 if mesh.cores_per_router > 1 else 1
        down = -(-mesh.cores_per_router // side)
        figure, axes = new_figure(0.9 * columns + 2.6, 0.9 * rows + 0.9)
        palette, names = colormaps["tab10"], [p.name for p in program.network.populations]
        seen: dict[str, int] = {}
        slots = {int(slot): k for k, slot in enumerate(program.cores.slot) if program.cores.chip[k] == number}
        wide, high = _inner(side), _inner(down)
        for slot in range(min(mesh.cores_per_chip, columns * rows * mesh.cores_per_router)):
            router, place = divmod(slot, mesh.cores_per_router)
            column, row = divmod(router, rows)
            x, y = column + _GAP + place % side * wide, row + _GAP + place // side * high
            held = self._layers(slots[slot]) if slot in slots else []
            colors = [palette(min(seen.setdefault(names[layer], len(seen)), _COLORS - 1)) for layer in held]
            for stripe, color in enumerate(colors or ["#eceef2"]):
                thick = (wide - 0.02) / max(len(colors), 1)
                axes.add_patch(Rectangle((x + stripe * thick, y), thick, high - 0.02, facecolor=color))
        for column in range(columns):
            for row in range(rows):
                axes.add_patch(Rectangle((column + 0.02, row + 0.02), 0.96, 0.96, fill=False, edgecolor="#c3c8d2"))
        axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xlabel="column of routers", ylabel="row of routers")
        axes.set_xticks(np.arange(columns) + 0.5, [str(c) for c in range(columns)])
        axes.set_yticks(np.arange(rows) + 0.5, [str(r) for r in range(rows)])
        axes.set_title(f"chip {number} of {program.target.name}: {len(slots)} cores", fontsize="medium", loc="left")
        handles = [Patch(color=palette(min(i, _COLORS - 1)), label=name) for name, i in seen.items()]
        if handles:
            axes.legend(handles=handles[:_COLORS], loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
        return figure

    def _layers(self, core: int) -> list[int]:
        """Positions of the populations that a core holds neurons of."""
        cores = self._program.cores
        held = cores.population[cores.compartment_start[core] : cores.compartment_start[core + 1]]
        return [int(population) for population in np.unique(held)]


def _inner(count: int) -> float:
    """Side of a core inside the unit square of its router."""
    return (1 - 2 * _GAP) / count


def _check_chip(number: int, chips: int) -> None:
    if not 0 <= number < chips:
        raise OptionError(f"chip {number}", f"is outside 0 … {chips - 1}", "choose one of the target's chips")
