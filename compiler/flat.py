"""A network without a mapping, as a program: what is run only to see what a network does."""

from __future__ import annotations

from dataclasses import replace

from neurodeploy.compiler.configuration import row_width
from neurodeploy.compiler.formats import choose_formats
from neurodeploy.compiler.laying import lay_out
from neurodeploy.compiler.layout import compartment_order
from neurodeploy.compiler.limits import Load
from neurodeploy.compiler.lower import lower_axons, lower_cores, lower_routes
from neurodeploy.compiler.partition import CorePlan
from neurodeploy.compiler.pieces import Cutter
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.target import load_target
from neurodeploy.compiler.viterbi import Costs
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


def flat_program(network: Network) -> Program:
    """All populations of a quantized network on one core without limits, each in its layout as a whole."""
    target, costs = load_target("loihi1"), Costs(10, True)
    orders: list[IntArray] = [compartment_order(p, network.into(p.name)) for p in network.populations]
    laid = [lay_out(network, p, orders[network.index(p.target)]) for p in network.projections]
    pieces = []
    for i, population in enumerate(network.populations[1:], 1):
        incoming = {
            j: (part, choose_formats(part, target, costs, 1))
            for j, part in enumerate(laid)
            if part.projection.target == population.name
        }
        cutter = Cutter(population, i, orders[i], incoming, target, costs, row_width(network))
        pieces.append(cutter.piece(0, population.neurons, 1))
    neurons, axons = sum(p.neurons for p in pieces), sum(p.axons for p in pieces)
    load = Load(neurons, max(p.delay_bits for p in pieces), axons, 0, False, 0, 0, 0, 0, 0, 0)
    plan = (CorePlan(tuple(pieces), load, (0,) * len(pieces)),)
    entries = lower_axons(network, plan, laid)
    cores = lower_cores(network, target, plan, orders)
    return Program(network, replace(target, name="unlimited"), cores, entries, lower_routes(network, entries))
