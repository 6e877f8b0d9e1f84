"""The report as one JSON object; the HTML page shows the same and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from operator import itemgetter
from typing import Any

import numpy as np

from neurodeploy.reporting.accuracy import accuracy, confusion, is_correct
from neurodeploy.reporting.findings import Finding, findings, verdict
from neurodeploy.reporting.over_time import latency, over_time
from neurodeploy.reporting.preflight import Preflight
from neurodeploy.runtime.record import RunRecord

SCHEMA = "neurodeploy.report/1"
#: Mean spikes per neuron and step above which a population counts as saturated: more than every other step, averaged
#: over all its neurons, leaves no room for a code by rate.
SATURATED_RATE = 0.5


def report_json(record: RunRecord) -> dict[str, Any]:
    """Everything a report says.

    Args:
        record: of a run.

    Returns:
        A JSON object: `schema`; `verdict` ("good", "warning", "problem") with the `findings` behind it; `accuracy`
        with its 95 % interval, `confusion`; `over_time` and `latency`, see `reporting.over_time`, null where output
        spikes were not kept; `samples`, each with `correct`; `populations` with their mean `rate` in
        spikes per neuron and step and a `flag` ("silent", "saturated", null); `quantization`; `events` with `dropped`;
        `predictions` of energy and time, one per set of constants;
        `resources` with every core's use of every limit, and `preflight`: what fits where, see `Preflight`, null where
        an older version compiled the program; `raster` (which recording is drawn); speed and provenance.

    """
    run = record.run
    steps = sum(sample["steps"] for sample in run["samples"])
    labels = [sample["label"] for sample in run["samples"]]
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "target": record.compile["target"],
        "backend": run["backend"],
        "program_sha256": run["program_sha256"],
        "recordings": len(run["samples"]),
        "steps": steps,
        "accuracy": accuracy(run["accuracy"]),
        "confusion": confusion(run["samples"]),
        "over_time": None if record.outputs is None else over_time(record.outputs, labels),
        "latency": None if record.outputs is None else latency(record.outputs, labels),
        "samples": [{**sample, "correct": is_correct(sample)} for sample in run["samples"]],
        "populations": [_population(row, steps) for row in run["populations"]],
        "quantization": [dict(row) for row in record.quantization],
        "events": {"dropped": sum(s["events_dropped"] for s in run["samples"]), **run["events"]},
        "predictions": run.get("predictions", []),
        "resources": _resources(record.compile),
        "raster": _drawn(record),
        "seconds": {**run["seconds"], "compile": record.compile.get("seconds")},
        "steps_per_second": run["steps_per_second"],
        "provenance": run["provenance"],
    }
    found = findings(report)
    return {"schema": SCHEMA, "verdict": verdict(found), "findings": found, **report}


def findings_of(record: RunRecord) -> list[Finding]:
    """The findings of `report_json` without the rest of it, which of a thousand runs nobody waits for."""
    samples, steps = record.run["samples"], sum(map(itemgetter("steps"), record.run["samples"]))
    return findings(
        {
            "steps": steps,
            "samples": samples,
            "populations": [_population(row, steps) for row in record.run["populations"]],
            "quantization": record.quantization,
            "events": {"dropped": sum(map(itemgetter("events_dropped"), samples))},
            "resources": {"core_table": _core_table(record.compile)},
        }
    )


def _population(row: Mapping[str, Any], steps: int) -> dict[str, Any]:
    chances = row["neurons"] * steps
    rate = row["spikes"] / chances if chances else None
    flag = None
    if rate is not None:
        flag = "silent" if row["spikes"] == 0 else "saturated" if rate > SATURATED_RATE else None
    return {**row, "rate": rate, "flag": flag}


def _core_table(compiled: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every core and its use of every limit."""
    limits = {limit["name"]: limit["max"] for limit in compiled["limits"]}
    table = []
    for row in compiled["core_table"]:
        use = {name: _use(row[name], row.get("max", limits)[name]) for name in limits}
        tightest = max(use, key=lambda name: use[name]["share"], default=None)
        table.append(
            {
                "core": row["core"],
                "chip": row["chip"],
                "populations": row["populations"],
                "use": use,
                "tightest": tightest,
            }
        )
    return table


def _resources(compiled: Mapping[str, Any]) -> dict[str, Any]:
    preflight = Preflight.of(compiled, "compile")
    keys = ("target", "memory_rule", "cores", "cores_available", "chips", "cores_lower_bound", "bounds", "populations")
    return {
        **{key: compiled[key] for key in keys},
        "limits": [{**limit, "share": limit["used_max"] / limit["max"]} for limit in compiled["limits"]],
        "core_table": _core_table(compiled),
        "preflight": None if preflight is None else _without_cores(preflight),
    }


def _without_cores(preflight: Preflight) -> dict[str, Any]:
    """All but the cores, which stand in the table already."""
    return {name: value for name, value in asdict(replace(preflight, core_table=())).items() if name != "core_table"}


def _use(used: int, maximum: int) -> dict[str, Any]:
    return {"used": used, "max": maximum, "share": used / maximum}


def _drawn(record: RunRecord) -> dict[str, Any] | None:
    raster = record.raster
    if raster is None:
        return None
    return {
        "file": raster.file,
        "label": raster.label,
        "prediction": raster.prediction,
        "steps": raster.steps,
        "timestep_ms": raster.timestep_ms,
        "populations": [
            {
                "name": layer.name,
                "neurons": layer.neurons,
                "spikes": int(layer.step.size),
                "neurons_that_fired": int(np.unique(layer.neuron).size),
            }
            for layer in raster.populations
        ],
    }
