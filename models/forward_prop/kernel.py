"""What a chip's decays in twelve bits make of the kernel of a network in continuous time.

A spike of weight w that reaches a chip's neuron in step s adds w to u, and before any further spike, with
a = 1 − iDecay / 4096 and b = 1 − vDecay / 4096, v after the update of step s + n − 1 is w (aⁿ − bⁿ) / (a − b). With
a = e^(−α dt) and b = e^(−β dt) that is the kernel h(n dt) = (e^(−α n dt) − e^(−β n dt)) / (β − α) but for one factor,
exactly: the update of step k stands for the time (k + 1) dt. Rounding a and b to 4096ths is all that is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import OptionError
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.precision import DECAY_ONE

#: Range of a network's time step, and the steps of a recording that are still run.
SHORTEST_MS, LONGEST_MS, MOST_STEPS = 1e-3, 1e3, 10**6
#: A time step that is chosen here gives a recording so many steps.
FEWEST_CHOSEN, MOST_CHOSEN = 200, 500


@dataclass(frozen=True)
class StepKernel:
    """A time step, and how well a chip's neuron follows the kernel at it.

    Attributes:
        timestep_ms: length of a step.
        current_decay, voltage_decay: in 4096ths, as a chip holds them.
        synapse_error, membrane_error: of the rates α and β that these decays stand for, relative.
        factor: h(n dt) is nearest to `factor` times v after n steps, in ms.
        residual: root of the mean squared difference of the two over the horizon, part of the kernel's own.
    """

    timestep_ms: float
    current_decay: int
    voltage_decay: int
    synapse_error: float
    membrane_error: float
    factor: float
    residual: float

    @property
    def error(self) -> float:
        """The larger of the two errors of the rates, without sign."""
        return max(abs(self.synapse_error), abs(self.membrane_error))


def step_kernel(network: ForwardNetwork, timestep_ms: float) -> StepKernel:
    """The kernel of a chip's neurons at one time step.

    Args:
        network: for its rates and its horizon.
        timestep_ms: 0.001 … 1000.

    Raises:
        OptionError: outside that range, longer than the horizon, more than 10^6 steps in it, or decays that twelve bits
            cannot hold.
    """
    if not SHORTEST_MS <= timestep_ms <= LONGEST_MS:
        problem = f"{timestep_ms} ms is outside {SHORTEST_MS:g} … {LONGEST_MS:g}"
        raise OptionError("time step", problem, "give the length of a step in milliseconds")
    if not 1 <= network.horizon_ms / timestep_ms <= MOST_STEPS:
        problem = f"of {timestep_ms:g} ms makes {network.horizon_ms / timestep_ms:g} steps of {network.horizon_ms:g} ms"
        raise OptionError("time step", problem, f"choose one that makes 1 to {MOST_STEPS}")
    current, current_error = _decay(network.synapse_rate, timestep_ms, DECAY_ONE)
    voltage, voltage_error = _decay(network.membrane_rate, timestep_ms, DECAY_ONE - 1)
    steps = np.arange(1, max(int(network.horizon_ms / timestep_ms), 2) + 1)
    stepped = response(1 - current / DECAY_ONE, 1 - voltage / DECAY_ONE, steps)
    wanted = kernel(network, timestep_ms * steps.astype(np.float64))
    factor = float(wanted @ stepped / (stepped @ stepped))
    residual = float(np.linalg.norm(factor * stepped - wanted) / np.linalg.norm(wanted))
    return StepKernel(timestep_ms, current, voltage, current_error, voltage_error, factor, residual)


def good_timesteps(network: ForwardNetwork, shortest_ms: float, longest_ms: float) -> tuple[StepKernel, ...]:
    """Time steps at which the synaptic or the membrane's decay is a whole number of 4096ths, that of least error first.

    Args:
        network: for its rates and its horizon.
        shortest_ms: where to look from.
        longest_ms: where to look to.

    Raises:
        OptionError: no such step there; see also `step_kernel`.
    """
    found = set()
    for rate in (network.synapse_rate, network.membrane_rate):
        ends = [-DECAY_ONE * np.expm1(-rate * end) for end in (shortest_ms, longest_ms)]
        whole = np.arange(max(np.ceil(ends[0]), 1), min(np.floor(ends[1]), DECAY_ONE - 1) + 1)
        found |= set((-np.log1p(-whole / DECAY_ONE) / rate).tolist())
    inside = sorted(step for step in found if shortest_ms <= step <= longest_ms and _holds(network, step))
    if not inside:
        problem = f"{shortest_ms:g} … {longest_ms:g} ms hold none at which a decay is a whole number of 4096ths"
        raise OptionError("time step", problem, "look in a wider range, at longer steps")
    return tuple(sorted((step_kernel(network, step) for step in inside), key=lambda item: (item.error, item.residual)))


def chosen_timestep(network: ForwardNetwork) -> float:
    """The time step in ms of least error among those that give a recording 200 to 500 steps."""
    return good_timesteps(network, network.horizon_ms / MOST_CHOSEN, network.horizon_ms / FEWEST_CHOSEN)[0].timestep_ms


def kernel(network: ForwardNetwork, time_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """h(t) of times from 0, in their shape; eq. (2) of the paper, t e^(−βt) where α = β."""
    apart = network.membrane_rate - network.synapse_rate
    rise = np.expm1(apart * time_ms) / apart if apart else time_ms
    values: NDArray[np.float64] = np.exp(-network.membrane_rate * time_ms) * rise
    return values


def response(a: float, b: float, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """v after so many steps of a neuron that a spike of weight 1 reached in the first of them, in their shape."""
    values: NDArray[np.float64] = (a**steps - b**steps) / (a - b) if a != b else steps * a ** (steps - 1.0)
    return values


def _decay(rate: float, timestep_ms: float, most: int) -> tuple[int, float]:
    """In 4096ths, and the relative error of the rate that this stands for.

    Raises:
        OptionError: none or all of the state would be left.
    """
    whole = round(-DECAY_ONE * float(np.expm1(-rate * timestep_ms)))
    if whole < 1:
        problem = f"of {timestep_ms:g} ms is too short for the rate {rate:g} per ms: its decay rounds to nothing"
        raise OptionError("time step", problem, f"choose {1 / (DECAY_ONE * rate):.2g} ms or more")
    if whole > most - 1:
        problem = f"of {timestep_ms:g} ms is too long for the rate {rate:g} per ms: nothing of the state is left"
        raise OptionError("time step", problem, f"choose {1 / rate:.2g} ms or less")
    return whole, float(-np.log1p(-whole / DECAY_ONE)) / (rate * timestep_ms) - 1


def _holds(network: ForwardNetwork, timestep_ms: float) -> bool:
    try:
        step_kernel(network, timestep_ms)
    except OptionError:
        return False
    return True
