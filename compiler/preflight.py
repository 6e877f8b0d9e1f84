"""What can be refused before any work: parameters the chip cannot hold, and sheer size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.target import Target, board_with
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import Network, synapse_count

SYNAPSE_BITS = 8


def check_models(network: Network, target: Target) -> None:
    """Raises DoesNotFitError for the first population on cores whose neuron model the target does not hold."""
    for population in network.populations[1:]:
        assert population.neuron is not None
        if population.neuron.NAME not in target.neuron_models:
            raise DoesNotFitError(
                population.name,
                f"has neurons of the model {population.neuron.NAME}, {target.name} holds "
                f"{', '.join(target.neuron_models)} only",
                "use --target loihi2",
            )


def check_parameters(network: Network, target: Target) -> None:
    """Raises DoesNotFitError for the first parameter of a population on cores that the target cannot hold, with the
    nearest value it can. The input population is run by the host and may be anything; only its delay is the chip's.
    """
    for i, population in enumerate(network.populations):
        values = {"axonal_delay": np.asarray(population.axonal_delay)}
        if i and population.neuron is not None:
            values |= {name: np.asarray(value) for name, value in population.neuron.parameters().items()}
        if i and population.bias is not None:
            values |= {"bias_mantissa": population.bias.mantissa, "bias_exponent": np.asarray(population.bias.exponent)}
        for name, value in values.items():
            if hasattr(target.neuron, name):  # what only other models have, their own ranges limit
                _check_range(population.name, name, value, getattr(target.neuron, name), target)
    for projection in network.projections:
        _check_range(
            projection.name,
            "weight_exponent",
            np.asarray(projection.weight_exponent),
            target.neuron.weight_exponent,
            target,
        )


def check_size(network: Network, target: Target) -> None:
    """Raises DoesNotFitError when compartments or bare synapse memory exceed all cores of the target together.

    Every synapse that is not zero takes at least its 8 bits.
    """
    on_cores = network.populations[1:]
    neurons = {p.name: p.neurons for p in on_cores}
    _refuse(neurons, target.core.compartments, "neurons", "compartments", target, "use fewer neurons")
    bits = dict.fromkeys(neurons, 0)
    for projection in network.projections:
        source = network.population(projection.source)
        bits[projection.target] += synapse_count(projection.synapse, source.shape or ()) * SYNAPSE_BITS
    _refuse(
        bits, target.core.synapse_words * 64, "bits of synapses", "bits of synapse memory", target, "use fewer synapses"
    )


def too_many_cores(cores: dict[str, int], binding: dict[str, str], target: Target) -> DoesNotFitError:
    """The refusal of a partition with more cores than the target has; `cores` per population, and what limits each."""
    total = sum(cores.values())
    worst = max(cores, key=lambda name: cores[name])
    return DoesNotFitError(
        worst,
        f"takes {cores[worst]} of the network's {total} cores, limited by {binding[worst].replace('_', ' ')}; "
        f"{target.name} has {target.total_cores}, {total - target.total_cores} too few",
        _larger_board(target, total, "make that layer smaller"),
    )


def _refuse(demand: dict[str, int], per_core: int, what: str, limit: str, target: Target, otherwise: str) -> None:
    total, room = sum(demand.values()), per_core * target.total_cores
    if total > room:
        worst = max(demand, key=lambda name: demand[name])
        raise DoesNotFitError(
            worst,
            f"has {demand[worst]:,} of the network's {total:,} {what}; {target.name} has {room:,} {limit}, "
            f"{total - room:,} too few",
            _larger_board(target, -(-total // per_core), otherwise),
        )


def _larger_board(target: Target, cores: int, otherwise: str) -> str:
    larger = board_with(target, cores)
    return f"try --target {larger}, or {otherwise}" if larger else otherwise


def _check_range(where: str, name: str, value: NDArray[np.int64], limits: tuple[int, int], target: Target) -> None:
    low, high = limits
    bad = (value < low) | (value > high)
    if np.any(bad):
        worst = int(np.asarray(value)[bad].flat[0])
        nearest = low if worst < low else high
        raise DoesNotFitError(
            where, f"{name} {worst} is outside the {low} … {high} of {target.name}", f"the nearest value is {nearest}"
        )
