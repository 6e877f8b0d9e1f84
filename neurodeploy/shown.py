"""Objects that draw themselves in notebooks.

What draws them is named by module and imported when it is asked for, so that networks, programs and runs know nothing
of tables and plots.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar


class Shown:
    """An object with a table, or a page, of itself, for notebooks.

    A subclass names the module that has `table(item) -> str`: `class Run(Shown, drawn_by="neurodeploy.plotting.runs")`.
    """

    _drawn_by: ClassVar[str]

    def __init_subclass__(cls, drawn_by: str = "", **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if drawn_by:
            cls._drawn_by = drawn_by

    def _repr_html_(self) -> str:
        """A table of it as HTML, as Jupyter asks for it."""
        table: str = import_module(self._drawn_by).table(self)
        return table


class Drawn(Shown):
    """An object with plots too; its module has `Plots(item)`, whose methods give matplotlib figures."""

    @property
    def plot(self) -> Any:
        """Its plots: `run.plot.raster("fc1")`; `docs/plots.md` lists them."""
        return import_module(self._drawn_by).Plots(self)
