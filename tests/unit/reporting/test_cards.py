"""The summary and the warnings on top of a comparison are those of all runs, not of the first."""

from __future__ import annotations

from neurodeploy.reporting.cards import cards, remarks
from neurodeploy.reporting.columns import metrics
from neurodeploy.reporting.comparison import Comparison, compared
from neurodeploy.reporting.summary import findings_of, report_json
from neurodeploy.reporting.text import Names
from neurodeploy.reporting.verdicts import Verdict, headline, verdicts
from neurodeploy.runtime.record import RunRecord
from tests.unit.records import record, run_object, sample


def run(dropped: int = 0, speed: float = 1000.0, silent: bool = False) -> RunRecord:
    told = run_object(samples=[sample(i, events_dropped=dropped * (i == 0)) for i in range(5)])
    if silent:
        told["populations"][6]["spikes"] = 0
    return record(run=told | {"steps_per_second": speed}, quantization=())


def on_top(*runs: RunRecord) -> tuple[Comparison, tuple[Verdict, ...], list[dict[str, str]]]:
    found, names = compared({f"run {i}": each for i, each in enumerate(runs)}), Names()
    first = report_json(runs[0])
    return found, cards(first, found, names), remarks(first, found, names)


def test_what_only_another_run_has_stands_on_top() -> None:
    found, (layers, events, speed), told = on_top(run(), run(7, 20.0, silent=True), run(9, 3000.0), run(7))
    assert (layers.answer, layers.unit, layers.tone) == ("1", "of 4 runs", "warning")
    assert layers.behind == "have such layers: run 1"
    assert (events.answer, events.tone) == ("0 … 9", "warning")
    assert events.behind.endswith("most in run 2")
    assert speed.answer == "20 … 3,000"
    assert speed.behind.endswith("slowest run 1, fastest run 2")
    assert [(each["kind"], each["where"]) for each in told] == [
        ("silent", "in run 1"),
        ("dropped_events", "in run 1, run 3; with other numbers in 1 other run"),
    ]
    texts = {metric.title: metric.texts for metric in metrics(found.runs, found.with_first)}
    assert texts["events dropped"] == ("0", "7", "9", "7")
    assert texts["problems and warnings"] == ("0", "2", "1", "1")
    assert texts["steps a recording"] == ("1,450",) * 4
    assert texts["steps simulated a second"] == ("1,000", "20", "3,000", "1,000")


def test_what_all_runs_share_is_said_once() -> None:
    _, (_, events, speed), told = on_top(*(run(3) for _ in range(6)))
    assert (events.answer, events.unit) == ("3", "in each run")
    assert [each["where"] for each in told] == ["in all 6 runs"]
    assert (speed.answer, speed.behind) == ("1,000", "steps a second, in each run")
    *_, some = on_top(run(), *(run(3) for _ in range(6)))
    assert some[0]["where"] == "in run 1, run 2, run 3 and 3 more"


def test_a_run_alone() -> None:
    report = report_json(run(3, silent=True))
    layers, events, speed = cards(report, None, Names())
    assert (layers.answer, layers.unit, layers.behind) == ("1", "of 8 layers", "fc1 silent")
    assert (events.answer, speed.answer) == ("3", "1,000")
    assert [each["where"] for each in remarks(report, None, Names())] == ["", ""]
    assert findings_of(run(3, silent=True)) == report["findings"]


def test_another_run_that_is_not_to_be_trusted_comes_before_all() -> None:
    told = run_object()
    told["populations"][6]["accumulator_overflows"] = 2
    found, _, remarked = on_top(run(), record(run=told))
    assert headline(report_json(run()), found) == ("1 of 2 runs not to be trusted", "problem")
    assert remarked[0]["level"] == "problem"


def test_cores_of_all_runs() -> None:
    small = run()
    fewer = record(run=small.run, compile={**small.compile, "cores": 7}, quantization=())
    found = compared({"a": small, "b": fewer})
    fits = verdicts(report_json(small), found)[0]
    assert (fits.question, fits.answer, fits.unit) == ("Fits", "7 … 50", "of 128 cores")
