"""Runs side by side: pairing by file, layers, labels; and the stages of one program."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import DataError, OptionError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.reporting.over_time import answers
from neurodeploy.runtime.record import RunRecord
from neurodeploy.spikes.files import write_recording
from neurodeploy.spikes.recording import Recording
from tests.unit.records import outputs, record, run_object, sample


def labelled(*rows: tuple[str, int | None, int | None]) -> RunRecord:
    """A record of recordings with these files, labels and predictions."""
    samples = [sample(i, file=f, label=lab, prediction=p) for i, (f, lab, p) in enumerate(rows)]
    known = [s for s in samples if s["label"] is not None]
    right = {"correct": sum(s["prediction"] == s["label"] for s in known), "total": len(known)}
    run = run_object(samples=samples, accuracy=right if known else None)
    return record(run=run, raster=None, outputs=outputs(samples))


def test_common_recordings_by_name() -> None:
    """In another order, some missing: what both have is compared, the label of one holds for both."""
    first = labelled(("a", 0, 0), ("b", 1, 1), ("c", 2, 2), ("only", 3, 3))
    second = labelled(("c", None, 4), ("a", 0, None), ("b", 1, 1), ("x", 0, 0), ("y", 0, 0))
    found = nd.compare([first, second])
    assert found.recordings == 3
    assert [(run.left_out, run.silent) for run in found.runs] == [(1, 0), (2, 1)]
    assert [run.accuracy and run.accuracy["correct"] for run in found.runs] == [3, 1]
    (pair,) = found.pairs
    assert (pair.pairing.same, pair.pairing.only_first, pair.pairing.only_second) == (1, 2, 0)
    assert [(c["file"], c["label"], c["predictions"]) for c in pair.changed] == [("a", 0, [0, None]), ("c", 2, [2, 4])]
    assert pair.pairing.p_value == 0.5


def test_spikes_are_those_of_the_common_recordings() -> None:
    first, second = labelled(("a", 0, 0), ("b", 1, 1)), labelled(("b", 1, 1), ("a", 0, 0), ("c", 0, 0))
    assert second.outputs is not None
    second.outputs.layer_spikes[:] = [[10] * 8, [20] * 8, [99] * 8]
    assert [p["spikes"] for p in nd.compare([first, second]).runs[1].populations] == [15.0] * 8


def test_energy_is_the_mean_of_the_common_recordings() -> None:
    def with_energy(*joules: tuple[str, float]) -> RunRecord:
        rows = [
            sample(i, file=file, predictions=[{"constants": name, "joules": j} for name in ("one", "two")[: 1 + i]])
            for i, (file, j) in enumerate(joules)
        ]
        return record(run=run_object(samples=rows, accuracy=None), raster=None)

    first, second = with_energy(("a", 1.0), ("b", 2.0), ("c", 6.0)), with_energy(("a", 5.0), ("b", 7.0))
    assert [run.joules for run in nd.compare([first, second]).runs] == [{"one": 1.5}, {"one": 6.0}]


def test_layers_are_of_common_recordings_only() -> None:
    """Two runs show 1.bs2, which the third does not have."""
    samples = [sample(i) for i in range(1, 5)]
    third = record(run=run_object(samples=samples, accuracy=None), raster=None)
    found = nd.compare([record(), record(), third])
    assert found.recordings == 4
    assert found.pairs[0].layers == ()
    assert nd.compare([record(), record()]).pairs[0].layers


def test_nothing_in_common() -> None:
    found = nd.compare([labelled(("a", 0, 0)), labelled(("b", 0, 0))])
    assert (found.recordings, found.runs, found.pairs) == (0, (), ())


def test_recordings_without_names_are_told_apart() -> None:
    first = labelled(("(no file)", 0, 0), ("(no file)", 1, 1))
    second = labelled(("(no file)", 0, 0), ("(no file)", 1, 2))
    (pair,) = nd.compare([first, second]).pairs
    assert pair.pairing.changed == (1,)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(OptionError, match="two or more"):
        nd.compare([labelled(("a", 0, 0))])
    with pytest.raises(DataError, match="a: is labelled 0 in one run and 1 in another"):
        nd.compare([labelled(("a", 0, 0)), labelled(("a", 1, 0))])


def test_pairs_of_three_and_layers_of_the_shown_recording() -> None:
    found = nd.compare([record(outputs=outputs()), record(), record()])
    assert [pair.runs for pair in found.pairs] == [("run 1", "run 2"), ("run 1", "run 3"), ("run 2", "run 3")]
    assert found.pairs[0].output is None
    assert found.pairs[0].layers_of == "1.bs2"
    assert all(layer.share == 1 for pair in found.pairs for layer in pair.layers)
    assert found.pairs[0].layers[0].name == "pool1"
    assert found.pairs[0].first_difference is None


@pytest.fixture(scope="module")
def float_network() -> Network:
    """2x4x4 - 12 - 3 with weights between the whole numbers, so that few bits change them."""
    draw = np.random.default_rng(3)
    neuron = CubaLif(1024, 128, 60)
    return Network(
        (Population("input", shape=(2, 4, 4)), Population("fc1", neuron), Population("fc2", neuron)),
        (
            Projection("input", "fc1", Dense(draw.normal(2, 8, (12, 32)))),
            Projection("fc1", "fc2", Dense(draw.normal(6, 12, (3, 12)))),
        ),
        steps=50,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve recordings with labels."""
    path, draw = tmp_path_factory.mktemp("recordings"), np.random.default_rng(5)
    rows = ["file,label"]
    for number in range(12):
        x, y, polarity = (draw.integers(0, high, 200).astype(np.int32) for high in (4, 4, 2))
        write_recording(path / f"{number}.bs2", Recording(draw.integers(0, 50_000, 200), x, y, polarity))
        rows.append(f"{number}.bs2,{number % 3}")
    (path / "labels.csv").write_text("\n".join(rows))
    return path


@pytest.mark.parametrize("readout", ["count", "first"])
def test_last_answer_is_the_prediction(float_network: Network, folder: Path, tmp_path: Path, readout: str) -> None:
    """What a record holds of every recording gives the predictions of the runs, also when read from its file."""
    program = nd.compile(float_network)
    runs = nd.run(program, folder, readout=readout)
    assert isinstance(runs, list)
    nd.save(nd.record(program, runs), tmp_path / "r.ndr")
    found = nd.compare([tmp_path / "r.ndr", nd.record(program, runs)])
    assert found.pairs[0].pairing.same == 12
    assert found.pairs[0].output is not None
    assert found.pairs[0].output.equal == sum(int(run.output_counts.sum()) for run in runs) > 0
    outputs_ = nd.record(program, runs).outputs
    assert outputs_ is not None
    last = answers(outputs_)[:, -1]
    assert last.tolist() == [-1 if run.prediction is None else run.prediction for run in runs]
    told = found.runs[0].over_time
    assert told is not None
    assert found.runs[0].accuracy is not None
    assert told["correct"][-1] == found.runs[0].accuracy["correct"]


def test_stages_of_a_quantized_network(float_network: Network, folder: Path) -> None:
    program = nd.compile(float_network, weight_bits=2)
    parts: list[float] = []
    found = nd.stages(program, folder, ("torch", "emulator", "reference"), progress=parts.append)
    assert sum(parts) == pytest.approx(3 * 12)
    assert [run.name for run in found.runs] == ["torch", "emulator", "reference"]
    lossy, _, exact = found.pairs
    assert lossy.first_difference is not None
    assert lossy.first_difference["population"] == "fc1"
    assert lossy.first_difference["quantized"]["changed"] > 0
    assert lossy.first_difference["recording"] == "0.bs2"
    assert lossy.first_difference["likely_cause"] == "weight"
    assert all(0 < (layer.share or 0) < 1 for layer in lossy.layers)
    assert exact.first_difference is None
    assert all(layer.share == 1 for layer in exact.layers)
    by_hand = _spikes(nd.run(program, folder, "torch")), _spikes(nd.run(program, folder))
    for layer, one, other in zip(lossy.layers, *by_hand, strict=True):
        assert (layer.first, layer.second, layer.equal) == (len(one), len(other), len(one & other))


def _spikes(runs: object) -> list[set[tuple[int, ...]]]:
    assert isinstance(runs, list)
    return [
        {(i, *place) for i, run in enumerate(runs) for place in np.argwhere(run[f"{name}.spikes"]).tolist()}
        for name in ("fc1", "fc2")
    ]


@pytest.mark.parametrize("backends", [(), ("emulator",), ("emulator", "emulator")])
def test_stages_need_two(float_network: Network, folder: Path, backends: Sequence[str]) -> None:
    with pytest.raises(OptionError, match="two or more different"):
        nd.stages(nd.compile(float_network), folder, backends)


@pytest.mark.parametrize("searching", [True, False])
def test_search_for_cycles_goes_on_as_before(searching: bool) -> None:
    """Also after a comparison that failed."""
    before = gc.isenabled()
    (gc.enable if searching else gc.disable)()
    try:
        nd.compare([record(), record()])
        with pytest.raises(OptionError):
            nd.compare([record()])
        assert gc.isenabled() == searching
    finally:
        (gc.enable if before else gc.disable)()
