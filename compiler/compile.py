"""The whole way from a network to a program, one pass after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from neurodeploy.compiler.bounds import core_bounds, cores_lower_bound
from neurodeploy.compiler.chips import board_plan
from neurodeploy.compiler.configuration import row_width
from neurodeploy.compiler.formats import MOST_FORMATS, choose_formats
from neurodeploy.compiler.laying import lay_out
from neurodeploy.compiler.layout import LaidOut, compartment_order
from neurodeploy.compiler.limits import uses
from neurodeploy.compiler.lower import chips_and_slots, lower_axons, lower_cores, lower_routes, lower_storage
from neurodeploy.compiler.memory import index_bits
from neurodeploy.compiler.partition import CorePlan
from neurodeploy.compiler.pieces import Cutter
from neurodeploy.compiler.preflight import check_models, check_parameters, check_size, too_many_cores
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.compiler.target import StackLimits, Target, load_target, with_memory_rule
from neurodeploy.compiler.viterbi import Costs
from neurodeploy.network import Network
from neurodeploy.precision import IntArray

SCHEMA = "neurodeploy.compile/1"


@dataclass(frozen=True)
class CompileOptions:
    """How a network is compiled; the fields are the command's options.

    Attributes:
        target: name of a target, or the path of a .toml file.
        weight_bits: 1 … 8; None keeps what came as integers exact (see `QuantizeOptions`).
        keep_source: store the float network too, so that it can be compared layer by layer.
        memory_rule: "conservative", "nengo-loihi" or "nxtf"; None: the target's.
        one_format_per_axon, one_layer_per_core, whole_projection_padding: what to do without (see `StackLimits`),
            beside what the target forbids.
    """

    target: str = "loihi1"
    weight_bits: int | None = None
    keep_source: bool = True
    memory_rule: str | None = None
    one_format_per_axon: bool = False
    one_layer_per_core: bool = False
    whole_projection_padding: bool = False


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
    target = _restricted(load_target(options.target), options)
    say = progress or (lambda stage: None)
    say("quantize")
    integer, errors = quantize(network, QuantizeOptions(options.weight_bits))
    check_models(integer, target)
    check_parameters(integer, target)
    check_size(integer, target)
    orders = [compartment_order(p, integer.into(p.name)) for p in integer.populations]
    laid = [lay_out(integer, p, orders[integer.index(p.target)]) for p in integer.projections]
    bounds = core_bounds(integer, target, laid)
    cutters = _cutters(integer, target, laid, orders)
    plan = board_plan(integer, target, laid, orders, cutters, cores_lower_bound(bounds), say)
    _check_cores(integer, target, plan)
    say("route")
    axons = lower_axons(integer, plan, laid)
    return Program(
        network=integer,
        target=target,
        cores=lower_cores(integer, target, plan, orders),
        axons=axons,
        routes=lower_routes(integer, axons),
        storage=lower_storage(plan),
        source=network if options.keep_source and not network.is_integer else None,
        source_omitted=not options.keep_source and not network.is_integer,
        quantization=errors,
        summary=_summary(integer, target, plan, bounds),
        provenance=provenance or {},
    )


def _restricted(target: Target, options: CompileOptions) -> Target:
    """The target without what the options forbid."""
    stack = {f.name: getattr(target.stack, f.name) or getattr(options, f.name) for f in fields(StackLimits)}
    return with_memory_rule(replace(target, stack=StackLimits(**stack)), options.memory_rule)


def _cutters(network: Network, target: Target, laid: list[LaidOut], orders: list[IntArray]) -> list[Cutter]:
    """What makes pieces of each population but the input.

    Several formats are tried where dense synapses into a population are many; windows of a kernel hold few weights
    that differ, and their axons are short.
    """
    costs = Costs(index_bits(target.core.compartments), target.memory_rule != "nxtf")
    most = min(MOST_FORMATS, target.core.synapse_formats)
    cutters = []
    for i, population in enumerate(network.populations[1:], 1):
        mine = [(j, part) for j, part in enumerate(laid) if part.projection.target == population.name]
        room = max(most - len(mine) + 1, 1)
        incoming = {
            j: (part, choose_formats(part, target, costs, room if part.projection.synapse.learned else 1))
            for j, part in mine
        }
        cutters.append(Cutter(population, i, orders[i], incoming, target, costs, row_width(network)))
    return cutters


def _check_cores(network: Network, target: Target, plan: tuple[CorePlan, ...]) -> None:
    if len(plan) <= target.total_cores:
        return
    cores = dict.fromkeys((p.name for p in network.populations[1:]), 0)
    binding = dict.fromkeys(cores, "compartments")
    for piece in (piece for core in plan for piece in core.pieces):
        name = network.populations[piece.population].name
        cores[name] += 1
        binding[name] = piece.binding or binding[name]
    raise too_many_cores(cores, len(plan), binding, target)


def _summary(network: Network, target: Target, plan: tuple[CorePlan, ...], bounds: dict[str, int]) -> dict[str, Any]:
    """The JSON-ready numbers of `compile --json`, except the seconds."""
    table = [{use.limit: use for use in uses(core.load, target)} for core in plan]
    chip, _ = chips_and_slots(plan, target)
    return {
        "schema": SCHEMA,
        "target": target.name,
        "memory_rule": target.memory_rule,
        "cores": len(plan),
        "cores_available": target.total_cores,
        "chips": int(chip.max()) + 1,
        "cores_lower_bound": cores_lower_bound(bounds),
        "bounds": bounds,
        "populations": [_population(network, target, i, plan) for i in range(len(network.populations))],
        "limits": [_limit(name, table) for name in table[0]],
        "core_table": [
            {
                "core": k,
                "chip": int(chip[k]),
                "populations": [network.populations[piece.population].name for piece in core.pieces],
                **{name: use.used for name, use in row.items()},
                "max": {name: use.maximum for name, use in row.items()},
            }
            for k, (core, row) in enumerate(zip(plan, table, strict=True))
        ],
    }


def _population(network: Network, target: Target, index: int, plan: tuple[CorePlan, ...]) -> dict[str, Any]:
    population = network.populations[index]
    mine = [(core, piece) for core in plan for piece in core.pieces if piece.population == index]
    bindings = [piece.binding for _, piece in mine if piece.binding]
    padded = target.stack.whole_projection_padding
    return {
        "name": population.name,
        "neurons": population.neurons,
        "shape": list(population.shape or ()),
        "synapses": sum(int(lists.stored.sum()) for _, piece in mine for lists in piece.lists.values()),
        "synapse_bits": sum(
            m.nengo_bits for core, piece in mine for m in piece.memory(index_bits(core.load.compartments), padded)
        ),
        "cores": len(mine),
        "binding_limit": max(dict.fromkeys(bindings), key=bindings.count) if bindings else None,
    }


def _limit(name: str, table: list[dict[str, Any]]) -> dict[str, Any]:
    """The core that uses most of a limit, measured as a share of what that core has."""
    worst = max((row[name] for row in table), key=lambda use: use.used / use.maximum)
    return {"name": name, "unit": worst.unit, "max": worst.maximum, "used_max": worst.used}
