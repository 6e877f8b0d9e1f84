"""The parameters of neuron models as the C core reads them: the columns of `nd_block` behind the first four."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.configuration import COLUMNS
from neurodeploy.network import Alif, CubaLif, Delta, Neuron, Population, ResonateFire, Sigma, SigmaDelta
from neurodeploy.precision import DECAY_ONE, IntArray

#: The models as core.h numbers them.
MODELS: tuple[type[Neuron], ...] = (CubaLif, Alif, SigmaDelta, Delta, Sigma, ResonateFire)
#: Parameters that a block has room for.
PARAMETERS = 6
#: Wide enough for the configuration row of any model.
INPUT_WIDTH = max(len(columns) for columns in COLUMNS.values())

_Columns = dict[str, IntArray]


def block_columns(population: Population, rows: IntArray, threshold: IntArray) -> IntArray:
    """Model and parameters of compartments of one population.

    Args:
        population: the population.
        rows: their neuron rows, (compartments, width).
        threshold: their threshold mantissas, (compartments,).

    Returns:
        (compartments, 1 + PARAMETERS), int64 values that fit 32 bits.
    """
    assert population.neuron is not None
    model = type(population.neuron)
    named = {name: rows[:, column] for column, name in enumerate(COLUMNS[model])}
    result = np.zeros((len(rows), 1 + PARAMETERS), np.int64)
    result[:, 0] = MODELS.index(model)
    for column, values in enumerate(_LAYOUTS[model](named, threshold), 1):
        result[:, column] = values
    return result


def bias_shift(population: Population) -> int:
    """Bits by which the core wants the biases of a population shifted; a delta encoder shifts its sum itself."""
    return population.neuron.shift if isinstance(population.neuron, SigmaDelta) else 0


def fires_at_rest(parameters: IntArray) -> NDArray[np.bool_]:
    """Whether a neuron without input fires: those whose threshold of 0 is reached and not passed.

    Args:
        parameters: as `block_columns` gives them, (compartments, 1 + PARAMETERS).
    """
    model = parameters[:, 0]
    alif = (model == MODELS.index(Alif)) & (parameters[:, 3] == 0)
    resonate = (model == MODELS.index(ResonateFire)) & (parameters[:, 3] == 0) & (parameters[:, 4] != 0)
    fires: NDArray[np.bool_] = alif | resonate
    return fires


def _cuba_lif(row: _Columns, threshold: IntArray) -> list[IntArray]:
    keep = [DECAY_ONE - row[name] for name in ("current_decay", "voltage_decay")]
    return [*keep, threshold * 64, row["refractory_delay"]]


def _alif(row: _Columns, threshold: IntArray) -> list[IntArray]:
    keep = {name: DECAY_ONE - row[name] for name in row if name.endswith("_decay")}
    first = [keep["current_decay"], keep["voltage_decay"], threshold * 64]
    return [*first, keep["threshold_decay"], keep["refractory_decay"], row["threshold_step"] * 64]


def _sigma_delta(row: _Columns, threshold: IntArray) -> list[IntArray]:
    shift = row["spike_exponent"] + row["state_exponent"]
    flags = [row.get(name, np.zeros_like(shift)) for name in ("activation", "cumulative_error", "corrected")]
    return [threshold << shift, shift, row["state_exponent"], *flags]


def _sigma(row: _Columns, threshold: IntArray) -> list[IntArray]:
    return []


def _resonate_fire(row: _Columns, threshold: IntArray) -> list[IntArray]:
    return [row["sin_decay"], row["cos_decay"], threshold * 64, row["izhikevich"]]


_LAYOUTS: dict[type[Neuron], Callable[[_Columns, IntArray], list[IntArray]]] = {
    CubaLif: _cuba_lif,
    Alif: _alif,
    SigmaDelta: _sigma_delta,
    Delta: _sigma_delta,
    Sigma: _sigma,
    ResonateFire: _resonate_fire,
}
