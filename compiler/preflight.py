"""What a target refuses: parameters it cannot hold, sheer size, single neurons, too many cores.

Every refusal is one sentence, a table of what is asked and what is there, and what would make the network fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.bounds import (
    ANY,
    ASSUMPTIONS,
    PROVEN,
    UNIFORM,
    compartment_demands,
    core_bounds,
    cores_proven,
)
from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.limits import Use
from neurodeploy.compiler.memory import DELAYS
from neurodeploy.compiler.target import Target, board_with, known_targets, load_target
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import Network, synapse_count

SYNAPSE_BITS = 1


def check_models(network: Network, target: Target) -> None:
    """Raises DoesNotFitError for the first population on cores whose neuron model the target does not hold."""
    models = {p.name: p.neuron.NAME for p in network.populations[1:] if p.neuron is not None}
    refused = [name for name, model in models.items() if model not in target.neuron_models]
    if refused:
        raise DoesNotFitError(
            refused[0],
            f"has neurons of the model {models[refused[0]]}, {target.name} holds "
            f"{', '.join(target.neuron_models)} only",
            "use --target loihi2",
            [
                {"layer": name, "model": model, target.name: "no" if name in refused else "yes"}
                for name, model in models.items()
            ],
        )


def check_parameters(network: Network, target: Target) -> None:
    """Raises DoesNotFitError for the first parameter of a population on cores that the target cannot hold, with the
    nearest value it can, and all others in a table. The input population is run by the host and may be anything; only
    its delay is the chip's.
    """
    rows = [row for where, name, value in _parameters(network) for row in _outside(where, name, value, target)]
    if rows:
        first = rows[0]
        low, high = first["least"], first["largest"]
        nearest = low if first["value"] < low else high
        raise DoesNotFitError(
            first["layer"],
            f"{first['parameter']} {first['value']} is outside the {low} … {high} of {target.name}",
            f"the nearest value is {nearest}",
            rows,
        )


def _parameters(network: Network) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    """Where each parameter stands, its name, and its values."""
    for i, population in enumerate(network.populations):
        values = {"axonal_delay": np.asarray(population.axonal_delay)}
        if i and population.neuron is not None:
            values |= {name: np.asarray(value) for name, value in population.neuron.parameters().items()}
        if i and population.bias is not None:
            values |= {"bias_mantissa": population.bias.mantissa, "bias_exponent": np.asarray(population.bias.exponent)}
        for name, value in values.items():
            yield population.name, name, value
    for projection in network.projections:
        yield projection.name, "weight_exponent", np.asarray(projection.weight_exponent)


def _outside(where: str, name: str, value: NDArray[np.int64], target: Target) -> Iterator[dict[str, Any]]:
    """A row for values outside the target's range; what only other models have, their own ranges limit."""
    limits = getattr(target.neuron, name, None)
    if limits is None:
        return
    low, high = limits
    bad = np.asarray(value)[(value < low) | (value > high)]
    if bad.size:
        yield {
            "layer": where,
            "parameter": name,
            "value": int(bad.flat[0]),
            "least": low,
            "largest": high,
            "values outside": int(bad.size),
        }


def check_size(network: Network, target: Target) -> None:
    """Raises DoesNotFitError when compartments or bare synapse memory exceed all cores of the target together.

    Every synapse that is not zero takes at least one bit.
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


def _refuse(demand: dict[str, int], per_core: int, what: str, limit: str, target: Target, otherwise: str) -> None:
    total, room = sum(demand.values()), per_core * target.total_cores
    if total > room:
        worst = max(demand, key=lambda name: demand[name])
        raise DoesNotFitError(
            worst,
            f"has {demand[worst]:,} of the network's {total:,} {what}; {target.name} has {room:,} {limit}, "
            f"{total - room:,} too few",
            _larger_board(target, -(-total // per_core), otherwise),
            [
                {"layer": name, what: number, "cores at least": round(number / per_core, 2)}
                for name, number in demand.items()
            ],
        )


def check_bounds(
    network: Network, target: Target, laid: list[LaidOut], demands: Mapping[str, Mapping[str, Fraction]]
) -> None:
    """Raises DoesNotFitError when a limit alone demands more cores than there are, whatever the encoding."""
    bounds = core_bounds(demands)
    least = cores_proven(bounds)
    if least <= target.total_cores:
        return
    limit = max((name for name in bounds if name not in (ANY, UNIFORM)), key=lambda name: bounds[name])
    parts = demands[limit]
    worst = max(parts, key=lambda name: parts[name])
    words = limit.removesuffix("_proven").replace("_", " ")
    raise DoesNotFitError(
        worst,
        f"takes {float(parts[worst]):.1f} of the {least} cores that {words} alone demand; {target.name} has "
        f"{target.total_cores}, {least - target.total_cores} too few",
        _larger_board(target, least, "make that layer smaller"),
        [
            {"layer": name, **{f"by {_SHORT[bound]}": round(float(demands[bound][name]), 2) for bound in _SHORT}}
            for name in parts
        ],
        [
            f"the table is cores that each limit alone demands; no mapping does better ({ASSUMPTIONS[limit]})",
            *(_shorter_delays(network, target, laid) if limit == "compartments" else ()),
        ],
    )


#: Bounds as they stand in a narrow column.
_SHORT = {
    "compartments": "neurons",
    "input_axons": "axons",
    "output_slots": "slots",
    PROVEN: "memory",
    UNIFORM: "uniform memory",
}


def _shorter_delays(network: Network, target: Target, laid: list[LaidOut]) -> Iterator[str]:
    """The longest delays with which the compartments are enough, if any are and delays are what takes them."""
    for most in sorted(DELAYS, reverse=True):
        demand = compartment_demands(network, target, laid, most)
        cores = core_bounds({"compartments": demand})["compartments"]
        if cores <= target.total_cores:
            yield f"with delays up to {most} the compartments demand {cores} cores"
            return


class TooManyCoresError(DoesNotFitError):
    """A plan with more cores than the target has; `summary` is its object of `compile --json`."""

    def __init__(self, target: Target, summary: dict[str, Any]) -> None:
        self._target = target
        self.summary = summary
        total = summary["cores"]
        rows = [row for row in summary["populations"] if row["cores"]]
        worst = max(rows, key=lambda row: int(row["cores"]))
        bound = (worst["binding_limit"] or "compartments").replace("_", " ")
        least = summary["cores_proven"]
        super().__init__(
            worst["name"],
            f"is on {worst['cores']} of the network's {total} cores, limited by {bound}; "
            f"{target.name} has {target.total_cores}, {total - target.total_cores} too few",
            _larger_board(target, total, "make that layer smaller"),
            [_layer_row(row) for row in rows],
            [f"no bound forbids {target.total_cores} cores: the limits alone demand {least}"],
        )

    def with_ways(self, ways: Sequence[str]) -> TooManyCoresError:
        """The same refusal with more that would make it fit."""
        told = TooManyCoresError(self._target, self.summary)
        told.ways = (*self.ways, *ways)
        return told


def _layer_row(row: Mapping[str, Any]) -> dict[str, Any]:
    fullest = max(row["fills"], key=lambda limit: float(row["fills"][limit]))
    bits = [width["bits"] for width in row["weight_bits"]]
    return {
        "layer": row["name"],
        "neurons": row["neurons"],
        "synapses": row["synapses"],
        "bits": max(bits, default=0),
        "cores": row["cores"],
        "fills": round(row["fills"][fullest], 2),
        "by": fullest.replace("_", " "),
        "stretches end by": (row["binding_limit"] or "").replace("_", " "),
    }


def neuron_too_large(layer: str, use: Use, uses: Sequence[Use], target: Target) -> DoesNotFitError:
    """The refusal of a neuron that no core holds, for the first limit it breaks; `uses` are all of them."""
    ways = [f"--target {name} has {held:,} {use.unit}" for name, held in _chips_with(use.limit) if held >= use.used]
    return DoesNotFitError(
        layer,
        f"a single neuron needs {use.used:,} {use.unit}, a core of {target.name} has {use.maximum:,}, "
        f"{use.used - use.maximum:,} too few",
        use.remedy,
        [{"limit of a core": each.unit, "one neuron": each.used, "available": each.maximum} for each in uses],
        ways,
    )


def _chips_with(limit: str) -> Iterator[tuple[str, int]]:
    """Packaged chips of which a core has more of a limit."""
    key = {"synapse_memory": "synapse_words"}.get(limit, limit)
    for name in known_targets():
        target = load_target(name)
        if target.chips == 1:
            yield name, getattr(target.core, key)


def _larger_board(target: Target, cores: int, otherwise: str) -> str:
    larger = board_with(target, cores)
    return f"try --target {larger}, or {otherwise}" if larger else otherwise
