"""The numbers of a report, worked out by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from neurodeploy.reporting import report_json
from tests.unit.records import compile_object, layer_errors, record, run_object, sample


def kinds(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(f["level"], f["kind"], f["subject"]) for f in report["findings"]]


def with_population(position: int, **changes: Any) -> dict[str, Any]:
    run = run_object()
    run["populations"][position] |= changes
    return run


def test_report_of_a_good_run() -> None:
    report = report_json(record(quantization=()))
    assert report["schema"] == "neurodeploy.report/1"
    assert (report["verdict"], report["findings"]) == ("good", [])
    assert (report["recordings"], report["steps"]) == (5, 5 * 1450)
    assert report["accuracy"]["share"] == 1
    assert report["confusion"]["counts"][2] == [0, 0, 1, 0, 0, 0]
    assert [s["correct"] for s in report["samples"]] == [True] * 5
    assert report["events"]["dropped"] == 0
    assert report["events"]["neuron_updates"] == {"active": 61_000_000, "idle": 173_000_000}
    assert report["provenance"]["seed"] is None
    assert json.loads(json.dumps(report)) == report


def test_rates_are_per_neuron_and_step() -> None:
    report = report_json(record())
    fc2 = report["populations"][-1]
    assert (fc2["name"], fc2["spikes"], fc2["neurons"]) == ("fc2", 2450, 11)
    assert fc2["rate"] == pytest.approx(2450 / (11 * 7250))
    assert fc2["flag"] is None


@pytest.mark.parametrize(
    ("spikes", "flag"), [(0, "silent"), (1, None), (512 * 7250 // 2, None), (512 * 7250 // 2 + 1, "saturated")]
)
def test_silent_and_saturated_layers(spikes: int, flag: str | None) -> None:
    report = report_json(record(run=with_population(6, spikes=spikes), quantization=()))
    assert report["populations"][6]["flag"] == flag
    assert kinds(report) == ([] if flag is None else [("warning", flag, "fc1")])
    assert report["verdict"] == ("good" if flag is None else "warning")


def test_counters_are_told_by_their_weight() -> None:
    run = with_population(4, current_wraps=1, voltage_clips=2, accumulator_overflows=3)
    report = report_json(record(run=run, quantization=()))
    assert report["verdict"] == "problem"
    assert kinds(report) == [
        ("problem", "outside_confirmed_range", "conv2"),
        ("warning", "current_wraps", "conv2"),
        ("note", "voltage_clips", "conv2"),
    ]
    texts = [f["text"] for f in report["findings"]]
    assert "2^21 3 times, outside the range that recordings confirm" in texts[0]
    assert "wrapped once" in texts[1]
    assert "2 times" in texts[2]


def test_notes_alone_do_not_spoil_the_verdict() -> None:
    report = report_json(record(run=with_population(4, voltage_clips=2), quantization=()))
    assert len(report["findings"]) == 1
    assert report["verdict"] == "good"


def test_dropped_events_and_silent_recordings() -> None:
    samples = [sample(0, events_dropped=2), sample(1, prediction=None), sample(2, label=0, events_dropped=1239)]
    run = run_object(samples=samples, accuracy={"correct": 1, "total": 3})
    report = report_json(record(run=run, quantization=()))
    assert report["events"]["dropped"] == 1241
    assert [f["text"] for f in report["findings"]] == [
        "1,241 events past the last step dropped",
        "1 of 3 without an output spike",
    ]
    assert [s["correct"] for s in report["samples"]] == [True, False, False]
    assert report["confusion"] == {
        "labels": [0, 1],
        "predictions": [0, 1, 2, None],
        "counts": [[1, 0, 1, 0], [0, 0, 0, 1]],
    }


def test_clipped_weights_are_named() -> None:
    report = report_json(record())
    assert report["quantization"] == list(layer_errors())
    assert kinds(report) == [("warning", "clipped_weights", "conv1->pool2")]
    assert report["findings"][0]["text"] == "2 of 3,000 weights beyond the range of 8 bits were clipped"


def test_every_core_against_every_limit() -> None:
    limits = [
        {"name": "compartments", "max": 1024, "used_max": 1000},
        {"name": "input_axons", "max": 4096, "used_max": 1024},
    ]
    rows = [
        {"core": 0, "chip": 0, "populations": ["a"], "compartments": 1000, "input_axons": 1024},
        {
            "core": 1,
            "chip": 0,
            "populations": ["b"],
            "compartments": 128,
            "input_axons": 1024,
            "max": {"compartments": 512, "input_axons": 4096},
        },
    ]
    report = report_json(record(compile=compile_object(limits=limits, core_table=rows), quantization=()))
    first, second = report["resources"]["core_table"]
    assert first["use"]["compartments"] == {"used": 1000, "max": 1024, "share": 1000 / 1024}
    assert first["tightest"] == "compartments"
    assert second["use"]["compartments"] == {"used": 128, "max": 512, "share": 0.25}
    assert report["resources"]["limits"][1] == limits[1] | {"share": 0.25}
    assert report["verdict"] == "good"
    rows[1]["compartments"] = 513
    broken = report_json(record(compile=compile_object(limits=limits, core_table=rows), quantization=()))
    assert kinds(broken) == [("problem", "does_not_fit", "core 1")]
    assert broken["findings"][0]["text"] == "uses 513 of 512 compartments"
    assert broken["verdict"] == "problem"


def test_raster_says_what_is_drawn() -> None:
    drawn = report_json(record())["raster"]
    assert (drawn["file"], drawn["steps"], drawn["timestep_ms"]) == ("1.bs2", 1450, 1.0)
    assert drawn["populations"][-1] == {"name": "fc2", "neurons": 11, "spikes": 490, "neurons_that_fired": 11}
    assert report_json(record(raster=None))["raster"] is None


def test_nothing_run_at_all() -> None:
    run = run_object(samples=[], accuracy=None, steps_per_second=None)
    report = report_json(record(run=run, raster=None, quantization=()))
    assert report["accuracy"] is None
    assert report["confusion"] is None
    assert {row["rate"] for row in report["populations"]} == {None}
    assert report["findings"] == []
