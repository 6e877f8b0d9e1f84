"""The whole way from a network to a program, one pass after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from neurodeploy.compiler.bounds import ASSUMPTIONS, core_bounds, core_demands, cores_lower_bound, cores_proven
from neurodeploy.compiler.census import layer_census
from neurodeploy.compiler.drafting import Drafter
from neurodeploy.compiler.flows import Flows, Rates
from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.limits import uses
from neurodeploy.compiler.lower import chips_and_slots, lower_axons, lower_cores, lower_routes, lower_storage
from neurodeploy.compiler.memory import index_bits
from neurodeploy.compiler.objective import (
    SPREADS,
    Choice,
    check_objective,
    objective_summary,
    traffic_summary,
)
from neurodeploy.compiler.partition import CorePlan
from neurodeploy.compiler.placing import placed
from neurodeploy.compiler.prediction import load_constants, predicted
from neurodeploy.compiler.prediction.constants import SHOWN
from neurodeploy.compiler.prediction.counting import expected_counts
from neurodeploy.compiler.preflight import TooManyCoresError, check_bounds, check_models, check_parameters, check_size
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.compiler.target import StackLimits, Target, load_target, with_memory_rule
from neurodeploy.compiler.work import Work
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import LayerError, Network, synapse_count
from neurodeploy.precision import IntArray

SCHEMA = "neurodeploy.compile/1"


@dataclass(frozen=True)
class CompileOptions:
    """How a network is compiled; the fields are the command's options.

    Attributes:
        target: name of a target, or the path of a .toml file.
        weight_bits: 1 … 8; None keeps what came as integers exact (see `QuantizeOptions`).
        layer_bits: the same for single layers, by name.
        keep_source: store the float network too, so that it can be compared layer by layer.
        memory_rule: "conservative", "nengo-loihi" or "nxtf"; None: the target's.
        one_format_per_axon, one_layer_per_core, whole_projection_padding: what to do without (see `StackLimits`),
            beside what the target forbids.
        objective: "cores"; or "latency" or "energy", which may take more cores with less work on each.
        seed: of placement.
    """

    target: str = "loihi1"
    weight_bits: int | None = None
    keep_source: bool = True
    memory_rule: str | None = None
    one_format_per_axon: bool = False
    one_layer_per_core: bool = False
    whole_projection_padding: bool = False
    layer_bits: Mapping[str, int] = field(default_factory=dict)
    objective: str = "cores"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """A network laid out on cores that nobody has counted against the board yet.

    Attributes:
        network: integer and quantized; errors: what that did to its projections.
        target: without what the options forbid.
        orders: layout of each population; laid: the projections, laid out.
        cores: in network order; bounds: see `core_bounds`.
    """

    network: Network
    errors: tuple[LayerError, ...]
    target: Target
    orders: list[IntArray]
    laid: list[LaidOut]
    bounds: dict[str, int]
    cores: tuple[CorePlan, ...]

    @property
    def board(self) -> Target:
        """The target, as one chip where that is enough: no axon of the plan crosses to another."""
        fits = len(self.cores) <= self.target.cores_per_chip
        return replace(self.target, chips=1) if fits else self.target


def compile_network(
    network: Network,
    options: CompileOptions | None = None,
    provenance: dict[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
    rates: Rates | None = None,
) -> Program:
    """Quantize, check, partition, place and route a network.

    Args:
        network: float or integer.
        options: target and number formats.
        provenance: stored with the program as it is, JSON-ready.
        progress: called with the name of each stage or population before it is worked on.
        rates: how often neurons fire, for the choice between mappings and for placement; None: all alike.

    Raises:
        QuantizationError: weights that no chip format holds.
        DoesNotFitError: what the target cannot hold: which population, which limit, how much over, what would help.
        OptionError, FormatError: an unknown or malformed target.
    """
    options = options or CompileOptions()
    check_objective(options.objective)
    say = progress or (lambda stage: None)
    plan = plan_network(network, options, say, rates)
    summary = _summary(plan)
    if len(plan.cores) > plan.target.total_cores:
        raise TooManyCoresError(plan.target, summary)
    rates = rates or Rates.uniform(plan.network)
    plans = [plan] if options.objective == "cores" else [plan, *_spread(plan, rates, say)]
    say("place")
    placed_plans = [mapped(each, rates, options.seed) for each in plans]
    choices = [Choice.of(*row, rates) for row in placed_plans] if options.objective != "cores" else []
    best = min(range(len(choices)), key=lambda i: choices[i].rank(options.objective), default=0)
    program, work = placed_plans[best]
    if best:
        summary = _summary(plans[best])
    for row, chip, slot in zip(summary["core_table"], program.cores.chip, program.cores.slot, strict=True):
        row |= {"chip": int(chip), "slot": int(slot)}
    return replace(
        program,
        source=network if options.keep_source and not network.is_integer else None,
        source_omitted=not options.keep_source and not network.is_integer,
        quantization=plan.errors,
        summary=summary
        | {
            "traffic": traffic_summary(work, rates, options.seed),
            "predictions": _predictions(program, rates),
            "objective": objective_summary(options.objective, choices, best),
        },
        provenance=provenance or {},
    )


def _predictions(program: Program, rates: Rates) -> list[dict[str, Any]]:
    """Energy and time at the rates that were measured; nothing where none were."""
    if not rates.recordings:
        return []
    counts = expected_counts(program, rates)
    return [predicted(counts, load_constants(name)).as_dict() for name in SHOWN]


def mapped(plan: Plan, rates: Rates, seed: int) -> tuple[Program, Work]:
    """A plan, lowered and placed, with what its average step takes.

    Args:
        plan: of cores.
        rates: how often neurons fire.
        seed: of placement.
    """
    axons = lower_axons(plan.network, plan.cores, plan.laid)
    program = Program(
        network=plan.network,
        target=plan.target,
        cores=lower_cores(plan.network, plan.target, plan.cores, plan.orders),
        axons=axons,
        routes=lower_routes(plan.network, axons),
        storage=lower_storage(plan.cores),
    )
    flows = Flows.of(program, rates)
    program = placed(program, flows, seed, together=any(core.chip is not None for core in plan.cores))
    return program, Work.of(program, flows, rates)


def _spread(plan: Plan, rates: Rates, say: Callable[[str], None]) -> Iterator[Plan]:
    """Plans with less to do for the busiest core, as far as the board has cores."""
    drafter = Drafter(plan.network, plan.target, say)
    seen = {len(plan.cores)}
    for spread in SPREADS:
        wanted = int(spread * len(plan.cores))
        if wanted > plan.target.total_cores:
            return
        try:
            draft = drafter.spread(rates, wanted)
        except DoesNotFitError:
            continue
        if len(draft.cores) <= plan.target.total_cores and len(draft.cores) not in seen:
            seen.add(len(draft.cores))
            yield replace(plan, orders=draft.orders, laid=draft.laid, cores=draft.cores)


def plan_network(
    network: Network, options: CompileOptions, say: Callable[[str], None], rates: Rates | None = None
) -> Plan:
    """The part of `compile_network` that decides how many cores a network takes.

    Args:
        network: float or integer.
        options: target and number formats.
        say: called with the name of each stage or population before it is worked on.
        rates: how often neurons fire; None: all alike.

    Raises:
        QuantizationError, DoesNotFitError, OptionError, FormatError: as `compile_network`, but for too many cores.
    """
    target = _restricted(load_target(options.target), options)
    say("quantize")
    integer, errors = quantize(network, QuantizeOptions(options.weight_bits, options.layer_bits))
    check_models(integer, target)
    check_parameters(integer, target)
    check_size(integer, target)
    rates = rates or Rates.uniform(integer)
    drafter = Drafter(integer, target, say)
    laid = drafter.laid(drafter.strips(rates))
    demands = core_demands(integer, target, laid)
    check_bounds(integer, target, laid, demands)
    bounds = core_bounds(demands)
    draft = drafter.best(rates, cores_proven(bounds))
    return Plan(integer, errors, target, draft.orders, draft.laid, bounds, draft.cores)


def _restricted(target: Target, options: CompileOptions) -> Target:
    """The target without what the options forbid."""
    stack = {f.name: getattr(target.stack, f.name) or getattr(options, f.name) for f in fields(StackLimits)}
    return with_memory_rule(replace(target, stack=StackLimits(**stack)), options.memory_rule)


def _summary(plan: Plan) -> dict[str, Any]:
    """The JSON-ready numbers of `compile --json`, except the seconds."""
    network, target = plan.network, plan.target
    table = [{use.limit: use for use in uses(core.load, plan.board)} for core in plan.cores]
    census = layer_census(network, plan.board, plan.cores)
    least = cores_proven(plan.bounds)
    chip, slot = chips_and_slots(plan.cores, target)
    return {
        "schema": SCHEMA,
        "target": target.name,
        "memory_rule": target.memory_rule,
        "cores": len(plan.cores),
        "cores_available": target.total_cores,
        "chips": int(chip[-1]) + 1,
        "cores_per_chip": target.cores_per_chip,
        "cores_per_router": target.cores_per_router,
        "mesh": list(target.mesh),
        "cores_lower_bound": cores_lower_bound(plan.bounds),
        "cores_proven": least,
        "optimal": len(plan.cores) == least,
        "bounds": plan.bounds,
        "bounds_assume": dict(ASSUMPTIONS),
        "forbidden": [name for name, forbidden in vars(target.stack).items() if forbidden],
        "populations": [_population(network, target, i, plan.cores) | row for i, row in enumerate(census)],
        "limits": [_limit(name, table) for name in table[0]],
        "core_table": [
            {
                "core": k,
                "chip": int(chip[k]),
                "slot": int(slot[k]),
                "populations": [network.populations[piece.population].name for piece in core.pieces],
                "neurons": [piece.neurons for piece in core.pieces],
                **{name: use.used for name, use in row.items()},
                "max": {name: use.maximum for name, use in row.items()},
            }
            for k, (core, row) in enumerate(zip(plan.cores, table, strict=True))
        ],
    }


def _population(network: Network, target: Target, index: int, plan: tuple[CorePlan, ...]) -> dict[str, Any]:
    population = network.populations[index]
    mine = [(core, piece) for core in plan for piece in core.pieces if piece.population == index]
    bindings = [piece.binding for _, piece in mine if piece.binding]
    padded = target.stack.whole_projection_padding
    shapes = {p.name: p.shape or () for p in network.populations}
    return {
        "name": population.name,
        "neurons": population.neurons,
        "shape": list(population.shape or ()),
        "synapses": sum(
            synapse_count(p.synapse, shapes[p.source]) for p in network.projections if p.target == population.name
        ),
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
