"""The three answers on top of a page: fits, equal, accuracy kept."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest

from neurodeploy.reporting.comparison import Comparison, compared
from neurodeploy.reporting.summary import report_json
from neurodeploy.reporting.verdicts import Verdict, headline, verdicts
from neurodeploy.runtime.record import RunRecord
from tests.unit.records import outputs, record, run_object, sample


def run(wrong: int, of: int = 12) -> RunRecord:
    """A run whose first recordings are taken for the class after theirs."""
    rows = []
    for i in range(of):
        row = sample(i, file=f"{i}.bs2", label=i % 5)
        counts = [0] * len(row["output_counts"])
        counts[(i + (i < wrong)) % 5] = 3
        rows.append(row | {"output_counts": counts, "prediction": (i + (i < wrong)) % 5})
    told = run_object(samples=rows, accuracy={"correct": of - wrong, "total": of})
    return record(run=told, outputs=outputs(rows))


def told(*runs: RunRecord) -> tuple[Comparison, tuple[Verdict, ...]]:
    found = compared({f"run {i}": each for i, each in enumerate(runs)})
    return found, verdicts(report_json(runs[0]), found)


def test_equal_runs() -> None:
    found, (fits, equal, kept) = told(run(2), run(2))
    assert (fits.question, fits.answer, fits.tone) == ("Fits", "50", "good")
    assert (equal.answer, equal.tone) == ("yes", "good")
    assert (kept.answer, kept.tone) == ("yes", "good")
    assert headline(report_json(run(2)), found) == ("Equal, spike by spike", "good")


@pytest.mark.parametrize(
    ("wrong", "answer", "tone"),
    [
        (3, "likely", "warning"),
        (5, "likely", "warning"),
        (6, "no", "problem"),
    ],  # p = 1/4, 2/32, 2/64 … of the sign test
)
def test_a_run_that_loses_some(wrong: int, answer: str, tone: str) -> None:
    found, (_, equal, kept) = told(run(0), run(wrong))
    assert (equal.answer, equal.tone) == ("no", "warning")
    assert equal.behind.startswith(f"{12 - wrong} of 12 recordings")
    assert (kept.answer, kept.tone) == (answer, tone)
    assert f"{wrong} recordings lost at most" in kept.behind
    assert headline(report_json(run(0)), found) == ("The runs differ", "warning")


def test_a_run_that_wins_some() -> None:
    _, (_, equal, kept) = told(run(6), run(0), run(6))
    assert (equal.answer, equal.unit) == ("1", "of 2 runs")
    assert (kept.answer, kept.tone) == ("yes", "good")


def test_other_run_that_does_not_fit() -> None:
    small = deepcopy(run(0))
    small.compile["limits"][0]["used_max"] = small.compile["limits"][0]["max"] + 1
    _, (fits, _, _) = told(run(0), small)
    assert (fits.question, fits.answer, fits.unit, fits.tone) == ("Does not fit", "1", "of 2 runs", "problem")


def test_untrusted_first_run_is_told_before_all() -> None:
    found, _ = told(run(0), run(0))
    assert headline(report_json(run(0)) | {"verdict": "problem"}, found)[1] == "problem"


def test_one_run_alone() -> None:
    report = report_json(replace(run(3), outputs=None))
    fits, equal, accuracy = verdicts(report, None)
    assert (fits.question, equal.answer, accuracy.answer) == ("Fits", "–", "75 %")
    assert headline(report, None) == ("Works, with warnings", "warning")
