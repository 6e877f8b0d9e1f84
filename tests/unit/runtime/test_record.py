"""The record of a run, and its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.container import VERSIONS, encode
from neurodeploy.errors import DataError, FormatError
from neurodeploy.precision import IntArray
from neurodeploy.runtime.record import LayerSpikes, Raster, RunRecord, load_record, save_record
from tests.unit.records import compile_object, layer_errors, outputs, raster, record, run_object, sample


def spikes(*pairs: tuple[int, int]) -> tuple[IntArray, IntArray]:
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def test_record_comes_back(tmp_path: Path) -> None:
    written = record()
    path = tmp_path / "r.ndr"
    save_record(written, path)
    read = load_record(path)
    assert read.run == written.run
    assert read.compile == written.compile
    assert read.quantization == written.quantization
    assert read.raster is not None
    assert written.raster is not None
    for field in ("file", "label", "prediction", "steps", "timestep_ms"):
        assert getattr(read.raster, field) == getattr(written.raster, field)
    for mine, theirs in zip(read.raster.populations, written.raster.populations, strict=True):
        assert (mine.name, mine.shape) == (theirs.name, theirs.shape)
        np.testing.assert_array_equal(mine.step, theirs.step)
        np.testing.assert_array_equal(mine.neuron, theirs.neuron)


def test_record_without_raster_labels_or_predictions(tmp_path: Path) -> None:
    run = run_object(samples=[sample(0, label=None, prediction=None, file="ü<script>")], accuracy=None)
    save_record(record(run=run, raster=None, quantization=()), tmp_path / "r.ndr")
    read = load_record(tmp_path / "r.ndr")
    assert read.raster is None
    assert read.run["samples"][0]["file"] == "ü<script>"


def test_names_that_are_no_unicode_and_numbers_beyond_floats(tmp_path: Path) -> None:
    """A file name that is no UTF-8 comes back; what is no number is refused where it stands."""
    odd = b"caf\xe9.bs2".decode(errors="surrogateescape")
    path = tmp_path / "r.ndr"
    save_record(record(run=run_object(samples=[sample(0, file=odd)], accuracy=None), raster=None), path)
    assert load_record(path).run["samples"][0]["file"] == odd
    meta = {"run": run_object(seconds={"load": 10**400, "run": 1}), "compile": compile_object(), "quantization": []}
    path.write_bytes(encode("run", meta | {"raster": None}, {}))
    with pytest.raises(FormatError, match=r"r.ndr: run.seconds.load: is 1000.*, not a number"):
        load_record(path)


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "r.ndr"
    path.write_text("precious")
    with pytest.raises(FormatError, match="exists already"):
        save_record(record(raster=None), path)
    assert path.read_text() == "precious"
    save_record(record(raster=None), path, overwrite=True)
    assert load_record(path).raster is None


def without(data: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in data.items() if k != key}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"run": run_object(schema="neurodeploy.run/2")}, r"run.schema: is 'neurodeploy.run/2', not"),
        ({"run": without(run_object(), "schema")}, r"run.schema: is missing"),
        ({"run": without(run_object(), "events")}, r"run.events: is missing"),
        ({"run": run_object(samples={})}, r"run.samples: is \{\}, not a list"),
        ({"run": run_object(samples=[sample(0, steps=-1)])}, r"run.samples\[0\].steps: is -1, not a whole number"),
        ({"run": run_object(samples=[sample(0, steps=True)])}, r"steps: is True"),
        ({"run": run_object(samples=[sample(0, label=1.5)])}, r"label: is 1.5, not a class number or a text"),
        (
            {"run": run_object(samples=[sample(0, output_counts=[2**63])])},
            r"output_counts\[0\]: is 9223372036854775808",
        ),
        ({"run": run_object(seconds={"load": float("nan"), "run": 1})}, r"seconds.load: is nan, not a number"),
        ({"run": run_object(samples=[sample(0, predictions=[{}])])}, r"predictions\[0\].constants: is missing"),
        ({"run": run_object(samples=[sample(0, predictions=3)])}, r"predictions: is 3, not a list"),
        ({"run": run_object(populations=[3])}, r"populations\[0\]: is 3, not an object"),
        ({"run": run_object(backend=7)}, r"run.backend: is 7, not a text"),
        ({"run": run_object(accuracy={"correct": 6, "total": 5})}, r"run.accuracy: counts 6 of 5 for 5 recordings"),
        ({"run": run_object(accuracy={"correct": 5, "total": 6})}, r"run.accuracy: counts 5 of 6 for 5 recordings"),
        ({"compile": compile_object(limits=[{"name": "axons", "max": 1, "used_max": 1}])}, r"core_table\[0\].axons"),
        ({"compile": compile_object(limits=[{"name": "core", "max": 0, "used_max": 0}])}, r"has a maximum of 0"),
        ({"quantization": (layer_errors()[0] | {"exponent": 0.5},)}, r"quantization\[0\].exponent: is 0.5"),
    ],
)
def test_contradictions_are_named(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        record(**parts)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: LayerSpikes("fc1", (4,), *spikes((0, 4))), r"raster: fc1: neuron 4 is outside 0 … 3"),
        (lambda: LayerSpikes("fc1", (4,), *spikes((0, 0), (1, -1))), r"neuron -1 is outside"),
        (lambda: LayerSpikes("fc1", (4,), spikes((0, 1))[0], spikes()[1]), r"has 1 steps for 0 neuron numbers"),
        (lambda: LayerSpikes("fc1", (2**14, 2**14, 2), *spikes()), r"has 536870912 neurons"),
        (lambda: raster(steps=700), r"raster: input: step \d+ is outside 0 … 699"),
        (lambda: raster(populations=(LayerSpikes("a", (4,), *spikes((-3, 1))),)), r"raster: a: step -3 is outside"),
        (lambda: raster(timestep_ms=0.0), r"time step of 0.0 ms"),
    ],
)
def test_spikes_outside_are_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        build()


def small_file(tmp_path: Path, meta: dict[str, Any], step: IntArray, neuron: IntArray) -> Path:
    path = tmp_path / "r.ndr"
    path.write_bytes(encode("run", meta, {"raster/0/step": step, "raster/0/neuron": neuron}))
    return path


def small_meta(**changes: Any) -> dict[str, Any]:
    layer = {"name": "fc1", "shape": [4]}
    drawn = {"file": "1.bs2", "label": 0, "prediction": 0, "steps": 9, "timestep_ms": 1, "populations": [layer]}
    return {"run": run_object(), "compile": compile_object(), "quantization": [], "raster": drawn | changes}


def test_file_that_contradicts_itself(tmp_path: Path) -> None:
    good = spikes((8, 3))
    read = load_record(small_file(tmp_path, small_meta(), *good))
    assert isinstance(read, RunRecord)
    assert isinstance(read.raster, Raster)
    assert read.raster.timestep_ms == 1.0
    for meta, columns, message in (
        (small_meta(steps=8), good, r"r.ndr: raster: fc1: step 8 is outside 0 … 7; "),
        (small_meta(), spikes((8, 4)), r"r.ndr: raster: fc1: neuron 4 is outside"),
        (small_meta(), (good[0] * 1.0, good[1]), r"r.ndr: raster/0/step: is float64"),
        (small_meta(populations=[{"name": "a", "shape": [4]}] * 2), good, r"r.ndr: raster/1/step: is missing"),
        (small_meta(populations=3), good, r"r.ndr.raster.populations: is 3, not a list"),
        ({}, good, r"r.ndr.run: is missing"),
        (small_meta() | {"run": {}}, good, r"r.ndr: run.schema: is missing"),
    ):
        with pytest.raises(FormatError, match=message):
            load_record(small_file(tmp_path, meta, *columns))


def test_outputs_come_back(tmp_path: Path) -> None:
    written = outputs()
    save_record(record(outputs=written), tmp_path / "r.ndr")
    read = load_record(tmp_path / "r.ndr").outputs
    assert read is not None
    for name in ("neurons", "classes", "readout", "timestep_ms"):
        assert getattr(read, name) == getattr(written, name)
    for name in ("recording", "step", "neuron", "steps", "layer_spikes"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


def test_outputs_are_those_of_the_samples() -> None:
    rows = run_object()["samples"]
    for changed in (
        rows[:4],
        [rows[0] | {"steps": 1449}, *rows[1:]],
        [rows[0] | {"output_counts": [*rows[0]["output_counts"][:-1], 45]}, *rows[1:]],
    ):
        with pytest.raises(FormatError, match="outputs: differ from the samples"):
            record(outputs=outputs(changed))
    with pytest.raises(FormatError, match="outputs: count spikes of other populations"):
        record(outputs=replace(outputs(), layer_spikes=np.zeros((5, 3), np.int64)))
    with pytest.raises(FormatError, match="outputs: count spikes of other populations"):
        record(run=run_object(populations=[]), outputs=replace(outputs(), layer_spikes=np.zeros((5, 0), np.int64)))


def file_with_outputs(tmp_path: Path, about: object = None, **columns: object) -> Path:
    found = outputs()
    meta = {"neurons": 11, "classes": 11, "readout": "count", "timestep_ms": 1.0} if about is None else about
    names = ("recording", "step", "neuron", "steps", "layer_spikes")
    arrays = {f"outputs/{name}": np.asarray(columns.get(name, getattr(found, name))) for name in names}
    parts = {"run": run_object(), "compile": compile_object(), "quantization": [], "raster": None, "outputs": meta}
    path = tmp_path / "r.ndr"
    path.write_bytes(encode("run", parts, arrays))
    return path


def test_file_of_wrong_outputs(tmp_path: Path) -> None:
    good = outputs()
    assert load_record(file_with_outputs(tmp_path)).outputs is not None
    huge = {"neurons": 2**28, "classes": 1, "readout": "count", "timestep_ms": 1.0}
    for changes, message in (
        ({"step": good.step * 1.0}, "r.ndr: outputs/step: is float64"),
        ({"step": good.step[1:]}, "r.ndr: outputs: have columns of unequal length"),
        ({"step": good.step[::-1]}, "r.ndr: outputs: are not in the order"),
        ({"recording": good.recording + 1}, r"r.ndr: outputs: name a recording outside 0 … 4"),
        ({"layer_spikes": good.layer_spikes[:, 0]}, "r.ndr: outputs/layer_spikes: is int64 of shape"),
        ({"about": huge}, "r.ndr: outputs: differ from the samples"),  # and no 10 GB of counts are laid out
        ({"about": {"neurons": 11}}, "r.ndr.outputs.classes: is missing"),
    ):
        with pytest.raises(FormatError, match=message):
            load_record(file_with_outputs(tmp_path, **changes))


def test_files_of_schema_version_1_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERSIONS, "run", 1)
    path = small_file(tmp_path, small_meta(), *spikes((8, 3)))
    assert path.read_bytes()[16] == 1
    monkeypatch.undo()
    assert VERSIONS["run"] == 2
    read = load_record(path)
    assert read.outputs is None
    assert read.raster is not None
