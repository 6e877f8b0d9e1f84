"""Populations of neurons as the reference emulator steps them, one module per model."""

from __future__ import annotations

from collections.abc import Callable

from neurodeploy.emulator.cells.alif import AlifCells
from neurodeploy.emulator.cells.cells import Cells, Input, Output
from neurodeploy.emulator.cells.cuba_lif import CubaLifCells
from neurodeploy.emulator.cells.resonate_fire import ResonateFireCells
from neurodeploy.emulator.cells.sigma_delta import DeltaCells, SigmaCells, SigmaDeltaCells
from neurodeploy.network import Alif, CubaLif, Delta, Neuron, Population, ResonateFire, Sigma, SigmaDelta

__all__ = ["Cells", "Input", "Output", "cells_of"]

_CELLS: dict[type[Neuron], Callable[[Population], Cells]] = {
    CubaLif: CubaLifCells,
    Alif: AlifCells,
    SigmaDelta: SigmaDeltaCells,
    Delta: DeltaCells,
    Sigma: SigmaCells,
    ResonateFire: ResonateFireCells,
}


def cells_of(population: Population) -> Cells | None:
    """The neurons of a population at rest; None for an input without any."""
    return _CELLS[type(population.neuron)](population) if population.neuron is not None else None
