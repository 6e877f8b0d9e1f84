"""A network in a notebook: its layers, and its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import OptionError
from neurodeploy.network import Network
from neurodeploy.plotting.figures import OFF, new_figure
from neurodeploy.plotting.tables import html_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BINS = 101


def table(network: Network) -> str:
    """Populations with their shapes and models, and the weights that end in them."""
    kind = "integer" if network.is_integer else "float"
    steps = "" if network.steps is None else f", {network.steps:,} steps"
    title = f"network, {kind} weights, {network.timestep_ms:g} ms a step{steps}"
    rows = [
        (
            population.name,
            "×".join(map(str, population.shape or ())),
            population.neurons,
            population.neuron.NAME if population.neuron else "input",
            sum(projection.synapse.weight.size for projection in network.into(population.name)),
        )
        for population in network.populations
    ]
    return html_table(title, ("population", "shape", "neurons", "model", "weights"), rows)


class Plots:
    """The plots of a network.

    Args:
        network: float or integer.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def weights(self, population: str) -> Figure:
        """How often each weight occurs in the projections that end in a population.

        Args:
            population: its name.

        Raises:
            NetworkError: no such population.
            OptionError: the input, in which nothing ends.
        """
        chosen = self._network.population(population)
        projections = self._network.into(chosen.name)
        if not projections:
            raise OptionError(f"weights of {population}", "are none: no projection ends there", "choose another layer")
        figure, axes = new_figure(6, 2.6)
        for projection in projections:
            weight = np.asarray(projection.synapse.weight).ravel()
            color = OFF if len(projections) == 1 else None
            name = f"from {projection.source}, {weight.size:,} weights"
            axes.hist(weight, bins=_edges(weight), label=name, color=color, alpha=1 if color else 0.6)
        axes.set_xlabel("weight, an integer" if self._network.is_integer else "weight")
        axes.set_ylabel("how many")
        axes.set_title(chosen.name, fontsize="medium", loc="left", parse_math=False)
        axes.legend(frameon=False, fontsize="small")
        return figure


def _edges(weight: NDArray[Any]) -> list[float]:
    """Borders of the bins; around whole numbers where weights are whole and there are not too many between them."""
    low, high = float(weight.min(initial=0)), float(weight.max(initial=0))
    if weight.dtype.kind == "i" and high - low < 2 * _BINS:
        return [float(edge) for edge in np.arange(low - 0.5, high + 1)]
    return [float(edge) for edge in np.linspace(low, high if high > low else low + 1, _BINS)]
