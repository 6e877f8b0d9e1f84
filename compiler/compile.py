"""The whole way from a network to a program, one pass after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neurodeploy.compiler.bounds import core_bounds, cores_lower_bound
from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.limits import uses
from neurodeploy.compiler.lower import lower_axons, lower_cores, lower_routes
from neurodeploy.compiler.partition import Stretch, partition
from neurodeploy.compiler.preflight import check_models, check_parameters, check_size, too_many_cores
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.compiler.target import Target, load_target
from neurodeploy.network import Network

SCHEMA = "neurodeploy.compile/1"


@dataclass(frozen=True)
class CompileOptions:
    """How a network is compiled; the fields are the command's options.

    Attributes:
        target: name of a target, or the path of a .toml file.
        weight_bits: 1 … 8; None keeps what came as integers exact (see `QuantizeOptions`).
        keep_source: store the float network too, so that it can be compared layer by layer.
    """

    target: str = "loihi1"
    weight_bits: int | None = None
    keep_source: bool = True


def compile_network(
    network: Network,
    options: CompileOptions | None = None,
    provenance: dict[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Program:
    """Quantize, check, partition, place and route a network.

    Args:
        network: float or integer.
        options: target and number formats.
        provenance: stored with the program as it is, JSON-ready.
        progress: called with the name of each stage or population before it is worked on.

    Raises:
        QuantizationError: weights that no chip format holds.
        DoesNotFitError: what the target cannot hold: which population, which limit, how much over, what would help.
        OptionError, FormatError: an unknown or malformed target.
    """
    options = options or CompileOptions()
    target = load_target(options.target)
    say = progress or (lambda stage: None)
    say("quantize")
    integer, errors = quantize(network, QuantizeOptions(options.weight_bits))
    check_models(integer, target)
    check_parameters(integer, target)
    check_size(integer, target)
    laid = [LaidOut.of(integer, p) for p in integer.projections]
    stretches = partition(integer, target, laid, say)
    _check_cores(integer, target, stretches)
    say("route")
    axons = lower_axons(integer, stretches)
    return Program(
        network=integer,
        target=target,
        cores=lower_cores(integer, target, stretches),
        axons=axons,
        routes=lower_routes(integer, axons),
        source=network if options.keep_source and not network.is_integer else None,
        source_omitted=not options.keep_source and not network.is_integer,
        quantization=errors,
        summary=_summary(integer, target, stretches, laid),
        provenance=provenance or {},
    )


def _check_cores(network: Network, target: Target, stretches: tuple[Stretch, ...]) -> None:
    if len(stretches) <= target.total_cores:
        return
    cores = {p.name: 0 for p in network.populations[1:]}
    binding = dict.fromkeys(cores, "compartments")
    for stretch in stretches:
        name = network.populations[stretch.population].name
        cores[name] += 1
        binding[name] = stretch.binding or binding[name]
    raise too_many_cores(cores, binding, target)


def _summary(network: Network, target: Target, stretches: tuple[Stretch, ...], laid: list[LaidOut]) -> dict[str, Any]:
    """The JSON-ready numbers of `compile --json`, except the seconds."""
    bounds = core_bounds(network, target, laid)
    table = [{use.limit: use for use in uses(s.load, target)} for s in stretches]
    return {
        "schema": SCHEMA,
        "target": target.name,
        "memory_rule": target.memory_rule,
        "cores": len(stretches),
        "cores_available": target.total_cores,
        "chips": -(-len(stretches) // target.cores_per_chip),
        "cores_lower_bound": cores_lower_bound(bounds),
        "bounds": bounds,
        "populations": [_population(network, i, stretches) for i in range(len(network.populations))],
        "limits": [_limit(name, table) for name in table[0]],
        "core_table": [
            {
                "core": k,
                "chip": k // target.cores_per_chip,
                "populations": [network.populations[s.population].name],
                **{name: use.used for name, use in row.items()},
                "max": {name: use.maximum for name, use in row.items()},
            }
            for k, (s, row) in enumerate(zip(stretches, table, strict=True))
        ],
    }


def _population(network: Network, index: int, stretches: tuple[Stretch, ...]) -> dict[str, Any]:
    population = network.populations[index]
    mine = [s for s in stretches if s.population == index]
    bindings = [s.binding for s in mine if s.binding]
    return {
        "name": population.name,
        "neurons": population.neurons,
        "shape": list(population.shape or ()),
        "synapses": sum(len(part.weight) for s in mine for part in s.slices.values()),
        "synapse_bits": sum(s.load.nengo_bits for s in mine),
        "cores": len(mine),
        "binding_limit": max(set(bindings), key=bindings.count) if bindings else None,
    }


def _limit(name: str, table: list[dict[str, Any]]) -> dict[str, Any]:
    """The core that uses most of a limit, measured as a share of what that core has."""
    worst = max((row[name] for row in table), key=lambda use: use.used / use.maximum)
    return {"name": name, "unit": worst.unit, "max": worst.maximum, "used_max": worst.used}
