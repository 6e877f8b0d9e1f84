"""A made-up record of the size of the gesture network: 50 cores, 5 recordings of 1,450 steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from neurodeploy.runtime.outputs import Outputs
from neurodeploy.runtime.record import LayerSpikes, Raster, RunRecord

LAYERS = (
    ("input", (2, 128, 128), 0, 48_000),
    ("pool1", (2, 32, 32), 2, 9_000),
    ("conv1", (16, 32, 32), 20, 61_000),
    ("pool2", (16, 16, 16), 5, 12_000),
    ("conv2", (32, 16, 16), 12, 21_000),
    ("pool3", (32, 8, 8), 2, 4_000),
    ("fc1", (512,), 8, 5_200),
    ("fc2", (11,), 1, 490),
)
STEPS = 1450
COUNTS = [211, 20, 37, 24, 45, 56, 9, 11, 14, 17, 46]
LIMITS = {
    "compartments": 1024,
    "synapse_memory": 16384,
    "input_axons": 4096,
    "output_slots": 4096,
    "words_per_axon": 256,
    "neuron_rows": 31,
    "threshold_rows": 8,
    "synapse_formats": 7,
}


def _neurons(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape))


def sample(position: int, **changes: Any) -> dict[str, Any]:
    """Recording `position`, recognised as its label."""
    counts = COUNTS[-position:] + COUNTS[:-position] if position else COUNTS
    row = {
        "file": f"{position + 1}.bs2",
        "label": position,
        "steps": STEPS,
        "events_dropped": 0,
        "prediction": position,
        "output_counts": counts,
    }
    return row | changes


def run_object(**changes: Any) -> dict[str, Any]:
    """What `run --json` gives."""
    row: dict[str, Any] = {
        "schema": "neurodeploy.run/1",
        "backend": "emulator",
        "program_sha256": "9f2c" * 16,
        "samples": [sample(i) for i in range(5)],
        "accuracy": {"correct": 5, "total": 5},
        "populations": [
            {
                "name": name,
                "neurons": _neurons(shape),
                "spikes": 5 * spikes,
                "current_wraps": 0,
                "voltage_clips": 0,
                "accumulator_overflows": 0,
            }
            for name, shape, _, spikes in LAYERS
        ],
        "events": {
            "synaptic_ops": 161_203_400,
            "neuron_updates": {"active": 61_000_000, "idle": 173_000_000},
            "packets": 812_345,
            "hops": 1_934_567,
        },
        "seconds": {"load": 0.041, "run": 0.93},
        "steps_per_second": 7795.7,
        "provenance": {"neurodeploy": "0.1.0", "python": "3.11.7", "command": "neurodeploy run g.ndp", "seed": None},
    }
    return row | changes


def compile_object(**changes: Any) -> dict[str, Any]:
    """What `compile --json` gives."""
    random = np.random.default_rng(7)
    table: list[dict[str, Any]] = []
    for name, shape, cores, _ in LAYERS:
        for _ in range(cores):
            row: dict[str, Any] = {"core": len(table), "chip": 0, "populations": [name]}
            row |= {limit: int(maximum * random.uniform(0.1, 1)) for limit, maximum in LIMITS.items()}
            table.append(row | {"compartments": -(-_neurons(shape) // cores), "neuron_rows": 1, "threshold_rows": 1})
    row = {
        "schema": "neurodeploy.compile/1",
        "target": "loihi1",
        "memory_rule": "conservative",
        "cores": len(table),
        "cores_available": 128,
        "chips": 1,
        "cores_lower_bound": 41,
        "bounds": {
            "compartments": 33,
            "input_axons": 41,
            "output_slots": 12,
            "synapse_memory_any": 38,
            "synapse_memory_uniform": 44,
        },
        "populations": [
            {
                "name": name,
                "neurons": _neurons(shape),
                "synapses": cores * 71_000,
                "synapse_bits": cores * 71_000 * 8,
                "cores": cores,
                "binding_limit": "synapse_memory" if cores else None,
            }
            for name, shape, cores, _ in LAYERS
        ],
        "limits": [
            {"name": limit, "max": maximum, "used_max": max(row[limit] for row in table)}
            for limit, maximum in LIMITS.items()
        ],
        "core_table": table,
        "seconds": 2.1,
    }
    return row | changes


def layer_errors() -> tuple[dict[str, Any], ...]:
    """One row per projection; the third lost something."""
    pairs = pairwise(LAYERS)
    return tuple(
        {
            "projection": f"{source[0]}->{target[0]}",
            "target": target[0],
            "bits": 8,
            "sign_mode": "mixed",
            "exponent": -1 if position == 2 else 0,
            "weights": 1000 * (position + 1),
            "changed": 12 if position == 2 else 0,
            "clipped": 2 if position == 2 else 0,
            "rms": 0.125 if position == 2 else 0.0,
            "worst": 1.5 if position == 2 else 0.0,
        }
        for position, (source, target) in enumerate(pairs)
    )


def raster(**changes: Any) -> Raster:
    """A hand that moves past the sensor, and layers that follow it."""
    random = np.random.default_rng(3)
    layers = []
    for depth, (name, shape, _, spikes) in enumerate(LAYERS):
        wave = random.normal(0.35 + 0.3 * (np.arange(spikes) % 2), 0.13, spikes)
        step = np.clip(wave * STEPS + depth, 0, STEPS - 1).astype(np.int64)
        if name == "fc2":
            neuron = random.permutation(np.repeat(np.arange(len(COUNTS)), COUNTS))
        else:
            plane = _neurons(shape[1:]) if len(shape) == 3 else shape[0]
            place = (0.5 + 0.3 * np.sin(step / 60) + random.normal(0, 0.08, spikes)) * plane
            channel = random.integers(0, shape[0] if len(shape) == 3 else 1, spikes)
            neuron = channel * plane + np.clip(place, 0, plane - 1).astype(np.int64)
        order = np.lexsort((neuron, step))
        layers.append(LayerSpikes(name, shape, step[order], neuron[order]))
    values: dict[str, Any] = {"file": "1.bs2", "label": 0, "prediction": 0, "steps": STEPS, "timestep_ms": 1.0}
    return Raster(**(values | {"populations": tuple(layers)} | changes))


def outputs(samples: Sequence[Mapping[str, Any]] | None = None) -> Outputs:
    """Output spikes that add up to the samples' counts, class after class, one per step and neuron."""
    samples = run_object()["samples"] if samples is None else samples
    rows = [
        (number, step, neuron)
        for number, row in enumerate(samples)
        for neuron, count in enumerate(row["output_counts"])
        for step in range(count)
    ]
    columns = np.array(sorted(rows), np.int64).reshape(-1, 3)
    return Outputs(
        neurons=len(COUNTS),
        classes=len(COUNTS),
        readout="count",
        timestep_ms=1.0,
        recording=columns[:, 0],
        step=columns[:, 1],
        neuron=columns[:, 2],
        steps=np.array([row["steps"] for row in samples], np.int64),
        layer_spikes=np.tile([spikes for *_, spikes in LAYERS], (len(samples), 1)),
    )


def record(**changes: Any) -> RunRecord:
    """The whole record, with parts replaced."""
    parts: dict[str, Any] = {
        "run": run_object(),
        "compile": compile_object(),
        "quantization": layer_errors(),
        "raster": raster(),
    }
    return RunRecord(**(parts | changes))
