"""Objectives: fewest cores, or more of them with less work on each where that makes a step shorter or cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.prediction import load_constants, predicted
from neurodeploy.compiler.prediction.counting import expected_counts
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.work import Work
from neurodeploy.errors import OptionError

OBJECTIVES = ("cores", "latency", "energy")
#: The constants that latency and energy are predicted by.
CONSTANTS = "davies2018"
#: Cores that objectives other than cores are tried with, relative to the fewest.
SPREADS = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


def check_objective(objective: str) -> None:
    """Raises OptionError for an objective that is not there."""
    if objective not in OBJECTIVES:
        raise OptionError(f"objective {objective}", "is unknown", f"choose from {', '.join(OBJECTIVES)}")


@dataclass(frozen=True, eq=False)
class Choice:
    """A mapping that was looked at.

    Attributes:
        work: of its average step.
        nanoseconds, picojoules: of that step, as predicted by `CONSTANTS`.
    """

    work: Work
    nanoseconds: float
    picojoules: float

    @classmethod
    def of(cls, program: Program, work: Work, rates: Rates) -> Choice:
        """A placed program and what a step of it costs."""
        costs = predicted(expected_counts(program, rates), load_constants(CONSTANTS))
        return cls(work, costs.seconds / costs.steps * 1e9, costs.joules / costs.steps * 1e12)

    def rank(self, objective: str) -> tuple[float, ...]:
        """What is to be small for "latency" or "energy", the most important first."""
        first = self.nanoseconds if objective == "latency" else self.picojoules
        return first, self.work.cores, self.work.hops

    def as_dict(self) -> dict[str, Any]:
        """The row of the trade, JSON-ready: numbers per step."""
        return {
            "cores": self.work.cores,
            "packets": round(self.work.packets, 3),
            "hops": round(self.work.hops, 3),
            "busiest_core": _busiest(self.work),
            "nanoseconds": round(self.nanoseconds, 1),
            "picojoules": round(self.picojoules, 1),
        }


def traffic_summary(work: Work, rates: Rates, seed: int) -> dict[str, Any]:
    """What `compile --json` says of packets and links, JSON-ready: numbers per step, host's input left out."""
    busiest = np.percentile(work.links, (50, 90, 99)) if len(work.links) else np.zeros(3)
    return {
        "rates": "measured" if rates.recordings else "uniform",
        "recordings": rates.recordings,
        "spikes_per_neuron": round(float(rates.spikes.mean()) / rates.steps, 6),
        "seed": seed,
        "packets": round(work.packets, 3),
        "hops": round(work.hops, 3),
        "busiest_core": _busiest(work),
        "hops_east_west": round(work.hops_east_west, 3),
        "hops_north_south": round(work.hops_north_south, 3),
        "chip_crossings": round(work.crossings, 3),
        "links": {
            "count": len(work.links),
            "used": int(np.count_nonzero(work.links)),
            "max": round(float(work.links.max(initial=0.0)), 3),
            **{f"p{q}": round(float(value), 3) for q, value in zip((50, 90, 99), busiest, strict=True)},
        },
    }


def _busiest(work: Work) -> dict[str, Any]:
    """Most synaptic operations and most neurons that a core has; not always the same core."""
    return {
        "synaptic_ops": round(float(work.synaptic_ops.max(initial=0.0)), 3),
        "neurons": int(work.neurons.max(initial=0)),
    }


def objective_summary(objective: str, choices: Sequence[Choice], chosen: int) -> dict[str, Any]:
    """What `compile --json` says of the objective: every mapping that was looked at, JSON-ready; none for "cores"."""
    return {
        "name": objective,
        "constants": CONSTANTS if choices else None,
        "choices": [choice.as_dict() | {"chosen": i == chosen} for i, choice in enumerate(choices)],
    }
