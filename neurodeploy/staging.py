"""`stages`: what is lost on the way to the chip: one program in several backends, the float network among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import combinations
from typing import Any

import numpy as np

from neurodeploy import api
from neurodeploy.comparison import Comparison, compared
from neurodeploy.compiler import Program
from neurodeploy.errors import OptionError
from neurodeploy.precision import IntArray
from neurodeploy.provenance import provenance
from neurodeploy.reporting.side_by_side import PairView
from neurodeploy.runtime.agreement import agreements, spike_counts
from neurodeploy.runtime.batches import run_in_batches
from neurodeploy.runtime.compare import Verifier
from neurodeploy.runtime.run import Run, RunOptions
from neurodeploy.runtime.session import Input, Session
from neurodeploy.runtime.summary import run_record, run_summary

#: The float network, and the chip's arithmetic.
STAGES = ("torch", "emulator")


class _Pair:
    """Spikes of two stages, counted as the recordings pass; of populations that the host does not drive."""

    def __init__(self, first: int, second: int, from_population: int, populations: int) -> None:
        self._stages, self._from = (first, second), from_population
        self.counts: IntArray = np.zeros((populations - from_population, 3), np.int64)
        self.apart: int | None = None

    def look(self, number: int, runs: Sequence[Run]) -> None:
        """Count one recording, and note the first one in which the stages part."""
        counts = spike_counts(*(runs[i].spikes[self._from :] for i in self._stages))
        self.counts += counts
        if self.apart is None and (counts[:, :2] > counts[:, 2:]).any():
            self.apart = number


def stages(
    program: Program,
    data: api.Data,
    backends: Sequence[str] = STAGES,
    *,
    threads: int = 1,
    split: str | None = None,
    limit: int | None = None,
    progress: Callable[[float], None] = lambda part: None,
    command: Sequence[str] = ("nd.stages",),
    **options: Any,
) -> Comparison:
    """Run a program in several backends and put them side by side, spike by spike over all recordings.

    Args:
        program: compiled; backend "torch" runs the float network it came from.
        data: recordings, as `run` takes them.
        backends: two or more different names.
        threads: recordings run side by side.
        split: only the recordings of this split of the folder.
        limit: only so many.
        progress: told now and then which part of a recording has been run in one backend since.
        command: for the provenance.
        **options: the fields of `RunOptions`.

    Returns:
        Runs named after their backends; layers are compared over all recordings, and of the first recording in which
        two of them part, the first difference of u, v or spikes comes with its likely cause and, under `quantized`, how
        many of the population's weights quantization changed, and its factors of weights and thresholds. Where that of
        weights is not 1, u and v are in other units than the float network's and not compared with it.

    Raises:
        OptionError: fewer than two different backends.
        NeurodeployError: what cannot be read or run.
    """
    if len(backends) < 2 or len(set(backends)) < len(backends):
        raise OptionError("backends", f"{', '.join(backends) or 'none'} given", "name two or more different ones")
    chosen = RunOptions(**options)
    items, network = api.inputs(data, split, limit), program.network
    sessions = [Session(program, name, chosen) for name in backends]
    skipped = int(network.input.neuron is None)
    numbers = list(combinations(range(len(backends)), 2))
    pairs = [_Pair(a, b, skipped, len(network.populations)) for a, b in numbers]

    def look(number: int, runs: Sequence[Run]) -> None:
        for pair in pairs:
            pair.look(number, runs)

    runs = run_in_batches(sessions, items, look, threads, progress)
    made, sha256 = provenance(command), api.program_checksum(program)
    records = {}
    for name, session, mine in zip(backends, sessions, runs, strict=True):
        summary = run_summary(mine, name, sha256, session.load_seconds, made, threads)
        records[name] = run_record(program, summary, mine)
    comparison = compared(records)
    names = [population.name for population in network.populations[skipped:]]
    views = [
        replace(
            view,
            layers=agreements(names, pair.counts),
            layers_of=None,
            first_difference=None if pair.apart is None else _explained(program, view, items[pair.apart], chosen),
        )
        for view, pair in zip(comparison.pairs, pairs, strict=True)
    ]
    return replace(comparison, pairs=tuple(views))


def _explained(program: Program, view: PairView, item: Input, options: RunOptions) -> dict[str, Any] | None:
    """The first difference of u, v or spikes in one recording, and why."""
    verifier = Verifier(program, view.runs, replace(options, probes=()))
    verifier.compare(item)
    first = verifier.result().first_difference
    if first is None:
        return None
    rows = [row for row in program.quantization if row.target == first.population]
    factors = (rows[0].scale, rows[0].threshold_scale) if rows else (1.0, 1.0)
    quantized: dict[str, Any] = {
        "changed": sum(row.changed for row in rows),
        "weights": sum(row.weights for row in rows),
        "scale": factors[0],
        "threshold_scale": factors[1],
    }
    found = {key: value for key, value in asdict(first).items() if key != "backends"}
    # the float network and the program differ in weights, and in thresholds where these were moved; no diagnosis
    # guesses weights between whole numbers, or states in other units
    others = first.variable == "u" or (first.variable == "spikes" and factors[0] == factors[1] != 1.0)
    if first.likely_cause == "unknown" and others and quantized["changed"] and STAGES[0] in view.runs:
        found["likely_cause"] = "weight"
    return found | {"values": list(first.values), "quantized": quantized}
