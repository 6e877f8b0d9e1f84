"""The JSON objects of the command line that a record keeps, as schemas."""

from __future__ import annotations

from neurodeploy.runtime.schema import COUNT, FLAG, INTEGER, LABEL, NUMBER, OBJECT, TEXT, Later, Nullable

#: Names of the schemas, as they stand in the objects.
RUN_SCHEMA = "neurodeploy.run/1"
COMPILE_SCHEMA = "neurodeploy.compile/1"

#: Kinds of work of a core, each a list of totals over all recordings, one per core.
CORE_WORK = ("synaptic_ops", "words", "packets_in", "packets_out", "spikes")

#: Of the read-out `first`: how early the class of the label fired, and how early the first of the others.
FIRST_SPIKES = {
    "silent": COUNT,
    "ties": COUNT,
    "edges_ms": [NUMBER],
    "classes": [{"label": Nullable(COUNT), "recordings": COUNT, "label_first": [COUNT], "others_first": [COUNT]}],
}

#: `run --json`; null: a backend that does not count, or nothing to tell.
RUN = {
    "schema": TEXT,
    "backend": TEXT,
    "program_sha256": TEXT,
    "samples": [
        {
            "file": TEXT,
            "label": Nullable(LABEL),
            "steps": COUNT,
            "events_dropped": COUNT,
            "prediction": Nullable(COUNT),
            "output_counts": [COUNT],
            "predictions": Later([{"constants": TEXT, "joules": NUMBER}]),
            "first_steps": Later(Nullable([Nullable(COUNT)])),
            "tie": Later(Nullable(FLAG)),
        }
    ],
    "accuracy": Nullable({"correct": COUNT, "total": COUNT}),
    "populations": [
        {
            "name": TEXT,
            "neurons": COUNT,
            "spikes": COUNT,
            "current_wraps": Nullable(COUNT),
            "voltage_clips": Nullable(COUNT),
            "accumulator_overflows": Nullable(COUNT),
        }
    ],
    "events": {
        "synaptic_ops": COUNT,
        "neuron_updates": {"active": Nullable(COUNT), "idle": Nullable(COUNT)},
        "packets": COUNT,
        "hops": COUNT,
    },
    "core_work": Later(Nullable({name: [COUNT] for name in CORE_WORK})),
    "seconds": {"load": NUMBER, "run": NUMBER},
    "steps_per_second": Nullable(NUMBER),
    "provenance": OBJECT,
    "first_spikes": Later(Nullable(FIRST_SPIKES)),
}

#: What a set of constants makes of events; see `neurodeploy.compiler.prediction.Prediction.as_dict`.
PREDICTION = {
    "constants": TEXT,
    "source": TEXT,
    "steps": COUNT,
    "joules": {"total": NUMBER, "dynamic": NUMBER, "static": NUMBER, "per_step": NUMBER},
    "seconds": {"total": NUMBER, "barrier": NUMBER, "work": NUMBER, "per_step": NUMBER, "longest_step": NUMBER},
    "neuron_bound_steps": NUMBER,
    "events": [{"name": TEXT, "count": NUMBER, "joules": NUMBER}],
    "chip_crossings": Later({"count": NUMBER, "per_step": NUMBER}),
    "layers": [{"name": TEXT, "synapses": NUMBER, "neurons": NUMBER, "packets": NUMBER, "joules": NUMBER}],
    "core_maxima": [{"name": TEXT, "most": NUMBER, "core": COUNT, "busiest": NUMBER}],
    "static_source": TEXT,
    "notes": [TEXT],
}

#: `compile --json`, with the use of every limit by every core.
COMPILE = {
    "schema": TEXT,
    "target": TEXT,
    "memory_rule": TEXT,
    "cores": COUNT,
    "cores_available": COUNT,
    "chips": COUNT,
    "cores_lower_bound": COUNT,
    "bounds": OBJECT,
    "populations": [
        {
            "name": TEXT,
            "neurons": COUNT,
            "synapses": COUNT,
            "synapse_bits": COUNT,
            "cores": COUNT,
            "binding_limit": Nullable(TEXT),
        }
    ],
    "limits": [{"name": TEXT, "max": COUNT, "used_max": COUNT}],
    "core_table": [{"core": COUNT, "chip": COUNT, "populations": [TEXT]}],
}

#: What the pre-flight report needs beside `COMPILE`; programs of older versions say none of it.
PREFLIGHT = {
    "cores_per_chip": COUNT,
    "cores_per_router": COUNT,
    "mesh": [COUNT],
    "optimal": FLAG,
    "bounds": {
        "compartments": COUNT,
        "input_axons": COUNT,
        "output_slots": COUNT,
        "synapse_memory_any": COUNT,
        "synapse_memory_uniform": COUNT,
    },
    "bounds_assume": OBJECT,
    "forbidden": [TEXT],
    "populations": [
        {
            "cores_alone": COUNT,
            "fills": {
                "compartments": NUMBER,
                "synapse_memory": NUMBER,
                "input_axons": NUMBER,
                "output_slots": NUMBER,
            },
            "weight_bits": [{"bits": COUNT, "synapses": COUNT}],
        }
    ],
    "limits": [{"unit": TEXT}],
    "core_table": [{"slot": COUNT, "neurons": [COUNT]}],
}

#: A change that `neurodeploy.compiler.advice` tried, of the list `advice`.
CHANGE = {
    "text": TEXT,
    "option": TEXT,
    "cores": COUNT,
    "exact": FLAG,
    "effect": TEXT,
    "packets": Later(Nullable(NUMBER)),
    "joules": Later(Nullable(NUMBER)),
}

#: The fields of `network.quantized.LayerError`.
QUANTIZATION = [
    {
        "projection": TEXT,
        "target": TEXT,
        "bits": COUNT,
        "sign_mode": TEXT,
        "exponent": INTEGER,
        "weights": COUNT,
        "changed": COUNT,
        "clipped": COUNT,
        "rms": NUMBER,
        "worst": NUMBER,
        "channels": Later(Nullable(COUNT)),
        "scale": Later(NUMBER),
        "threshold_scale": Later(NUMBER),
        "disagreement": Later(Nullable(NUMBER)),
    }
]

#: The raster of one recording; its spikes are arrays.
RASTER = {
    "file": TEXT,
    "label": Nullable(LABEL),
    "prediction": Nullable(COUNT),
    "steps": COUNT,
    "timestep_ms": NUMBER,
    "populations": [{"name": TEXT, "shape": [COUNT]}],
}

#: The outputs of all recordings; their spikes are arrays.
OUTPUTS = {"neurons": COUNT, "classes": COUNT, "readout": TEXT, "timestep_ms": NUMBER}

#: The meta data of an `.ndr` file.
RECORD = {
    "run": OBJECT,
    "compile": OBJECT,
    "quantization": QUANTIZATION,
    "raster": Nullable(RASTER),
    "outputs": Later(Nullable(OUTPUTS)),
}
