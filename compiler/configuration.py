"""What the configuration tables of a core hold for each neuron model."""

from __future__ import annotations

import numpy as np

from neurodeploy.network import Alif, CubaLif, Delta, Network, Neuron, Population, ResonateFire, Sigma, SigmaDelta
from neurodeploy.precision import IntArray

#: The columns of a neuron row, in order; those behind them are 0. Thresholds have a table of their own.
COLUMNS: dict[type[Neuron], tuple[str, ...]] = {
    CubaLif: ("current_decay", "voltage_decay", "refractory_delay"),
    Alif: ("current_decay", "voltage_decay", "refractory_decay", "threshold_decay", "threshold_step"),
    SigmaDelta: ("spike_exponent", "state_exponent", "activation", "cumulative_error", "corrected"),
    Delta: ("spike_exponent", "state_exponent", "cumulative_error"),
    Sigma: (),
    ResonateFire: ("sin_decay", "cos_decay", "izhikevich"),
}
THRESHOLD = "threshold_mantissa"
#: What a model's columns hold that are no numbers in a range of its own: flags, and the two activations.
FLAG = (0, 1)


def row_width(network: Network) -> int:
    """Columns of a program's neuron rows: as many as its widest model needs, at least those of `CubaLif`."""
    models = {type(p.neuron) for p in network.populations[1:] if p.neuron is not None}
    return max(len(COLUMNS[model]) for model in {CubaLif, *models})


def neuron_rows(population: Population, width: int) -> IntArray:
    """The neuron row of every neuron, (neurons, width)."""
    assert population.neuron is not None
    rows = np.zeros((population.neurons, width), np.int64)
    parameters = population.neuron.parameters()
    for column, name in enumerate(COLUMNS[type(population.neuron)]):
        rows[:, column] = parameters[name]
    return rows


def thresholds(population: Population) -> IntArray:
    """The threshold mantissa of every neuron, 0 for a model without one, (neurons,)."""
    assert population.neuron is not None
    value = population.neuron.parameters().get(THRESHOLD, 0)
    return np.broadcast_to(np.asarray(value, np.int64), (population.neurons,))


def column_range(model: type[Neuron], name: str) -> tuple[int, int]:
    """Least and largest value of a column of a model, both inclusive."""
    return model.RANGES.get(name, FLAG)
