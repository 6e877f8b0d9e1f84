"""The record of a run: what it leaves behind for reports and comparisons, and its file `.ndr`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.arrays import Arrays
from neurodeploy.container import read_container, write_container
from neurodeploy.errors import DataError, FormatError
from neurodeploy.network.network import MAX_NEURONS
from neurodeploy.precision import IntArray
from neurodeploy.runtime.contracts import COMPILE, COMPILE_SCHEMA, PREDICTION, QUANTIZATION, RECORD, RUN, RUN_SCHEMA
from neurodeploy.runtime.outputs import Outputs, check_samples, outputs_arrays, outputs_from, outputs_meta
from neurodeploy.runtime.schema import COUNT, TEXT, check


@dataclass(frozen=True, eq=False)
class LayerSpikes:
    """The spikes of one population in one recording.

    Args:
        name: of the population.
        shape: (neurons,) or (channels, height, width).
        step, neuron: one of each per spike, (spikes,).
        payload: of graded spikes, (spikes,); None: all 1.

    Raises:
        DataError: columns of unequal length, too many neurons, or a spike of none of them.

    """

    name: str
    shape: tuple[int, ...]
    step: IntArray
    neuron: IntArray
    payload: IntArray | None = None

    def __post_init__(self) -> None:
        if self.step.ndim != 1 or self.step.shape != self.neuron.shape:
            problem = f"has {self.step.size} steps for {self.neuron.size} neuron numbers"
            raise DataError(f"raster: {self.name}", problem, "give one of each per spike")
        if self.payload is not None and self.payload.shape != self.step.shape:
            problem = f"has {self.step.size} steps for {self.payload.size} payloads"
            raise DataError(f"raster: {self.name}", problem, "give one of each per spike")
        if not 0 <= self.neurons <= MAX_NEURONS:
            raise DataError(f"raster: {self.name}", f"has {self.neurons} neurons", f"give at most {MAX_NEURONS}")
        if self.step.size and not 0 <= self.neuron.min() <= self.neuron.max() < self.neurons:
            worst = self.neuron.min() if self.neuron.min() < 0 else self.neuron.max()
            problem = f"neuron {worst} is outside 0 … {self.neurons - 1}"
            raise DataError(f"raster: {self.name}", problem, "give neurons of that shape")

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return prod(self.shape)


@dataclass(frozen=True, eq=False)
class Raster:
    """Every spike of one recording.

    Args:
        file: name of the recording, as in the samples of the run.
        label: its class if known; prediction: the class that was read out, None when silent.
        steps: its length; timestep_ms: length of a step.
        populations: in network order, the input first.

    Raises:
        DataError: a spike outside the steps, or a time step that is no length.

    """

    file: str
    label: int | str | None
    prediction: int | None
    steps: int
    timestep_ms: float
    populations: tuple[LayerSpikes, ...]

    def __post_init__(self) -> None:
        if not 0 < self.timestep_ms < np.inf:
            raise DataError("raster", f"has a time step of {self.timestep_ms} ms", "give a positive length")
        for layer in self.populations:
            if layer.step.size and not 0 <= layer.step.min() <= layer.step.max() < self.steps:
                worst = layer.step.min() if layer.step.min() < 0 else layer.step.max()
                problem = f"step {worst} is outside 0 … {self.steps - 1}"
                raise DataError(f"raster: {layer.name}", problem, "give the spikes of one recording")


@dataclass(frozen=True, eq=False)
class RunRecord:
    """What a run leaves.

    Args:
        run: the object of `run --json`.
        compile: the object of `compile --json`, with `core_table`.
        quantization: one object per projection, the fields of `LayerError`.
        raster: the spikes of one recording, None when none was kept.
        traces: what was probed in that recording, by probe, (steps, neurons).
        outputs: the output spikes of all recordings; None where they were not kept, as by older versions.

    Raises:
        FormatError: an object that is not what its schema says.

    """

    run: Mapping[str, Any]
    compile: Mapping[str, Any]
    quantization: tuple[Mapping[str, Any], ...] = ()
    raster: Raster | None = None
    traces: Mapping[str, IntArray] = field(default_factory=dict)
    outputs: Outputs | None = None

    def __post_init__(self) -> None:
        _check_schema(self.run, RUN, RUN_SCHEMA, "run")
        _check_schema(self.compile, COMPILE, COMPILE_SCHEMA, "compile")
        check(list(self.quantization), QUANTIZATION, "quantization")
        for place, data in (("run", self.run), ("compile", self.compile)):  # older files have none
            check(data.get("predictions", []), [PREDICTION], f"{place}.predictions")
        check_cores(self.compile)
        accuracy = self.run["accuracy"]
        if accuracy is not None and not accuracy["correct"] <= accuracy["total"] <= len(self.run["samples"]):
            problem = f"counts {accuracy['correct']} of {accuracy['total']} for {len(self.run['samples'])} recordings"
            raise FormatError("run.accuracy", problem, "write the file again")
        if self.outputs is not None:
            check_samples(self.outputs, self.run["samples"])
            if not self.outputs.layer_spikes.shape[1] == len(self.run["populations"]) > 0:
                raise FormatError("outputs", "count spikes of other populations than the run", "write the file again")


def save_record(record: RunRecord, path: Path, *, overwrite: bool = False) -> None:
    """Write a record as `.ndr`, all of it or nothing.

    Args:
        record: what to write.
        path: the file.
        overwrite: whether it may replace another one.

    Raises:
        FormatError: the file exists already or cannot be written.

    """
    meta: dict[str, Any] = {
        "run": record.run,
        "compile": record.compile,
        "quantization": list(record.quantization),
        "raster": None,
        "traces": list(record.traces),
        "outputs": None if record.outputs is None else outputs_meta(record.outputs),
    }
    arrays: dict[str, IntArray] = {f"traces/{i}": trace for i, trace in enumerate(record.traces.values())}
    if record.outputs is not None:
        arrays |= outputs_arrays(record.outputs)
    if record.raster is not None:
        raster = record.raster
        meta["raster"] = {key: getattr(raster, key) for key in ("file", "label", "prediction", "steps", "timestep_ms")}
        meta["raster"]["populations"] = [{"name": p.name, "shape": list(p.shape)} for p in raster.populations]
        for position, layer in enumerate(raster.populations):
            arrays[f"raster/{position}/step"] = layer.step
            arrays[f"raster/{position}/neuron"] = layer.neuron
            if layer.payload is not None:
                arrays[f"raster/{position}/payload"] = layer.payload
    write_container(path, "run", meta, arrays, overwrite=overwrite)


def load_record(path: Path) -> RunRecord:
    """Read the record of a run.

    Raises:
        FormatError: no undamaged `.ndr`, or one whose content contradicts itself.

    """
    where = str(path)
    meta, arrays = read_container(path, "run")
    check(meta, RECORD, where)
    columns = None if meta["raster"] is None else _columns(meta["raster"], arrays)
    try:
        raster = None if columns is None else _raster(meta["raster"], columns)
        traces = _traces(meta, arrays)
        outputs = outputs_from(meta["outputs"], arrays) if meta.get("outputs") else None
        return RunRecord(meta["run"], meta["compile"], tuple(meta["quantization"]), raster, traces, outputs)
    except (DataError, FormatError) as error:
        raise FormatError(f"{where}: {error.subject}", error.problem, error.remedy) from error


def _traces(meta: dict[str, Any], arrays: Arrays) -> dict[str, IntArray]:
    """What was probed; records of before there were probes have none."""
    names = meta.get("traces", [])
    check(names, [TEXT], "traces")
    return {name: arrays.integers(f"traces/{i}", None, None).astype(np.int64) for i, name in enumerate(names)}


def _columns(data: dict[str, Any], arrays: Arrays) -> list[tuple[IntArray, IntArray, IntArray | None]]:
    """Steps, neurons and, if there are any, payloads of each population, (spikes,)."""

    def column(name: str) -> IntArray:
        return arrays.integers(name, None).astype(np.int64)

    places = [f"raster/{i}" for i in range(len(data["populations"]))]
    return [
        (column(f"{at}/step"), column(f"{at}/neuron"), column(f"{at}/payload") if f"{at}/payload" in arrays else None)
        for at in places
    ]


def _raster(data: dict[str, Any], columns: list[tuple[IntArray, IntArray, IntArray | None]]) -> Raster:
    layers = [
        LayerSpikes(layer["name"], tuple(layer["shape"]), *spikes)
        for layer, spikes in zip(data["populations"], columns, strict=True)
    ]
    return Raster(
        file=data["file"],
        label=data["label"],
        prediction=data["prediction"],
        steps=data["steps"],
        timestep_ms=float(data["timestep_ms"]),
        populations=tuple(layers),
    )


def _check_schema(data: Mapping[str, Any], schema: dict[str, Any], name: str, where: str) -> None:
    check(dict(data), {"schema": TEXT}, where)
    if data["schema"] != name:
        raise FormatError(f"{where}.schema", f"is {data['schema']!r}, not {name!r}", "update neurodeploy")
    check(dict(data), schema, where)


def check_cores(data: Mapping[str, Any], at: str = "compile") -> None:
    """Every core states its use of every limit; `max` says where a core's own limits are lower than the chip's.

    Args:
        data: the object of `compile --json`.
        at: where it stands, for messages.

    Raises:
        FormatError: a core that does not, or a limit of nothing.

    """
    limits = {limit["name"]: COUNT for limit in data["limits"]}
    _check_maxima({limit["name"]: limit["max"] for limit in data["limits"]}, f"{at}.limits")
    for position, row in enumerate(data["core_table"]):
        where = f"{at}.core_table[{position}]"
        check(row, limits, where)
        if "max" in row:
            check(row["max"], limits, f"{where}.max")
            _check_maxima(row["max"], f"{where}.max")


def _check_maxima(maxima: Mapping[str, int], where: str) -> None:
    for name, maximum in maxima.items():
        if maximum == 0:
            raise FormatError(f"{where}: {name}", "has a maximum of 0", "write the file again")
