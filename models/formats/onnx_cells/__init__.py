"""Populations of neurons as standard integer operators, one module per model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neurodeploy.models.formats.onnx_arithmetic import Given
from neurodeploy.models.formats.onnx_cells import alif, cuba_lif, resonate_fire, sigma_delta
from neurodeploy.models.formats.onnx_graph import GraphBuilder
from neurodeploy.network import Alif, CubaLif, Delta, Neuron, Population, ResonateFire, Sigma, SigmaDelta

__all__ = ["Cells", "cells_of"]


@dataclass(frozen=True)
class Cells:
    """How a neuron model is written.

    Attributes:
        states: names of the state variables of a population, int64 (neurons,), all zero at the start; `u` is first.
        update: adds the update of a population, gives every state variable's `.next`, and returns the name of what
            it sends: bool (neurons,), or of a graded model the payloads, int64 (neurons,), 0 for no spike.
    """

    states: Callable[[Population], tuple[str, ...]]
    update: Callable[[GraphBuilder, Population, Given], str]


_CELLS: dict[type[Neuron], Cells] = {
    CubaLif: Cells(cuba_lif.states, cuba_lif.update),
    Alif: Cells(lambda _: alif.STATES, alif.update),
    SigmaDelta: Cells(sigma_delta.states, sigma_delta.update),
    Delta: Cells(sigma_delta.delta_states, sigma_delta.update_delta),
    Sigma: Cells(lambda _: sigma_delta.SIGMA_STATES, sigma_delta.update_sigma),
    ResonateFire: Cells(lambda _: resonate_fire.STATES, resonate_fire.update),
}


def cells_of(population: Population) -> Cells:
    """How the neurons of a population are written."""
    assert population.neuron is not None
    return _CELLS[type(population.neuron)]
