"""The JSON object of `run --json`, and the record that reports are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from neurodeploy.compiler.prediction import Prediction, summed
from neurodeploy.compiler.prediction.predict import WORK
from neurodeploy.compiler.program import Program
from neurodeploy.precision import IntArray
from neurodeploy.runtime.contracts import RUN_SCHEMA
from neurodeploy.runtime.first_spikes import first_spikes, first_steps, is_tie
from neurodeploy.runtime.outputs import outputs_of
from neurodeploy.runtime.record import LayerSpikes, Raster, RunRecord
from neurodeploy.runtime.run import Run

NO_FILE = "(no file)"


def run_summary(
    runs: Sequence[Run],
    backend: str,
    program_sha256: str,
    load_seconds: float,
    provenance: dict[str, Any],
    threads: int = 1,
) -> dict[str, Any]:
    """The object of `run --json`, schema `neurodeploy.run/1`.

    Args:
        runs: at least one, all of the same network.
        backend: that ran them.
        program_sha256: of the program's file.
        load_seconds: time to load program and backend.
        provenance: versions, command and options.
        threads: that ran side by side; `seconds.run` is stepping time divided by them.
    """
    seconds = sum(run.seconds for run in runs) / max(min(threads, len(runs)), 1)
    labelled = [run for run in runs if run.label is not None]
    totals = {name: _total(runs, name) for name in _COUNTERS}
    predictions = [summed(same) for same in zip(*(run.predictions for run in runs), strict=True)]
    return {
        "schema": RUN_SCHEMA,
        "backend": backend,
        "program_sha256": program_sha256,
        "samples": [_sample(run) for run in runs],
        "accuracy": {"correct": sum(r.prediction == r.label for r in labelled), "total": len(labelled)}
        if labelled
        else None,
        "populations": [
            {"name": p.name, "neurons": p.neurons, **{name: _whole(totals[name], i) for name in _COUNTERS[:4]}}
            for i, p in enumerate(runs[0].network.populations)
        ],
        "events": {
            "synaptic_ops": sum(run.synaptic_ops for run in runs),
            "neuron_updates": {name: _whole(totals[name], None) for name in _COUNTERS[4:]},
            "packets": sum(run.packets for run in runs),
            "hops": sum(run.hops for run in runs),
        },
        "predictions": [prediction.as_dict() for prediction in predictions],
        "core_work": core_work(predictions),
        "seconds": {"load": load_seconds, "run": seconds},
        "steps_per_second": sum(run.steps for run in runs) / seconds if seconds > 0 else None,
        "provenance": provenance,
    } | ({"first_spikes": first_spikes(runs)} if runs[0].readout == "first" else {})


def core_work(predictions: Sequence[Prediction]) -> dict[str, list[int]] | None:
    """What every core did over all recordings, (cores,) by kind of work.

    Args:
        predictions: of the same events by any constants, which count the same.

    Returns:
        `synaptic_ops`, `words` of synapse memory read, `packets_in`, `packets_out`, `spikes` of its neurons; None
        where nothing was counted by core.
    """
    if not predictions:
        return None
    totals = predictions[0].core_total[1:]  # the first row counts updates, the same in every step
    return {name: np.rint(row).astype(np.int64).tolist() for name, row in zip(WORK, totals, strict=True)}


def run_record(program: Program, summary: dict[str, Any], runs: Sequence[Run]) -> RunRecord:
    """What the runs leave for reports: their summary, the program's numbers, spikes and probes of the first recording,
    output spikes of all.
    """
    quantization = tuple(asdict(error) for error in program.quantization)
    return RunRecord(summary, program.summary, quantization, run_raster(runs[0]), runs[0].traces, outputs_of(runs))


def run_raster(run: Run) -> Raster:
    """Every spike of a run whose spikes were kept."""
    return Raster(
        file=run.file or NO_FILE,
        label=run.label,
        prediction=run.prediction,
        steps=run.steps,
        timestep_ms=run.network.timestep_ms,
        populations=tuple(
            LayerSpikes(p.name, p.shape or (), s.step, s.neuron, s.payload)
            for p, s in zip(run.network.populations, run.spikes, strict=True)
        ),
    )


_COUNTERS = ("spikes", "current_wraps", "voltage_clips", "accumulator_overflows", "active", "idle")


def _total(runs: Sequence[Run], name: str) -> IntArray | None:
    """Sum over runs, (populations,); None where the backend does not count."""
    if name != "spikes" and not all(run.counters.counted for run in runs):
        return None
    total: IntArray = np.sum([getattr(run.counters, name) for run in runs], axis=0)
    return total


def _whole(counts: IntArray | None, population: int | None) -> int | None:
    """One population's number, or the sum of all."""
    return None if counts is None else int(counts.sum() if population is None else counts[population])


def _sample(run: Run) -> dict[str, Any]:
    return {
        "file": run.file or NO_FILE,
        "label": run.label,
        "steps": run.steps,
        "events_dropped": run.events_dropped,
        "prediction": run.prediction,
        "output_counts": run.output_counts.tolist(),
        "predictions": [
            {"constants": p.constants, "joules": p.joules, "dynamic_joules": p.dynamic_joules, "seconds": p.seconds}
            for p in run.predictions
        ],
    } | ({"first_steps": first_steps(run), "tie": is_tie(run)} if run.readout == "first" else {})
