"""Every number of a run beside the first: the table of all runs, the panel of many, and units of predictions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neurodeploy.cli.compare_text import comparison_text
from neurodeploy.reporting.columns import Metric, metrics
from neurodeploy.reporting.comparison import Comparison, compared
from neurodeploy.reporting.many import panel_data, table_data
from neurodeploy.reporting.prediction import quantity
from neurodeploy.reporting.run_panels import run_panels
from neurodeploy.reporting.text import Names, counted
from tests.unit.records import outputs, raster, record, run_object, sample


def told() -> tuple[Comparison, tuple[Metric, ...]]:
    """Five recordings; the second run is silent in the first and mistakes the second, and lacks a spike of fc1."""
    joules = ({"constants": "ours", "joules": 2e-3}, {"constants": "theirs", "joules": 3e-6})
    first = [sample(k) | {"predictions": list(joules)} for k in range(5)]
    second = [dict(row) for row in first]
    second[0] |= {"output_counts": [0] * 11, "prediction": None}
    counts = list(second[1]["output_counts"])
    counts[1], counts[3] = counts[3], counts[1]
    second[1] |= {"output_counts": counts, "prediction": 3}
    second[2]["predictions"] = [{"constants": "ours", "joules": 4e-3}]
    whole = raster()
    fc1 = whole.populations[6]
    lacking = replace(fc1, step=fc1.step[1:], neuron=fc1.neuron[1:])
    apart = replace(whole, populations=(*whole.populations[:6], lacking, whole.populations[7]))
    runs = (
        record(run=run_object(samples=first), outputs=outputs(first)),
        record(
            run=run_object(samples=second, accuracy={"correct": 3, "total": 5}, backend="reference"),
            outputs=outputs(second),
            raster=apart,
        ),
    )
    found = compared(dict(zip(("a", "b"), runs, strict=True)))
    return found, metrics(found.runs, found.with_first)


def test_every_number_of_the_table() -> None:
    _, found = told()
    texts = {metric.title: metric.texts for metric in found}
    assert texts["backend"] == ("emulator", "reference")
    assert texts["cores"] == ("50", "50")
    assert texts["accuracy"] == ("100 %", "60 %")
    assert texts["95 % interval"] == ("56.6 % to 100 %", "23.1 % to 88.2 %")
    assert texts["same answers as the first"] == ("–", "60 %")
    assert texts["right in the first alone"] == ("–", "2")
    assert texts["right in this alone"] == ("–", "0")
    assert texts["p, exact sign test"] == ("–", "0.5")
    assert texts["silent recordings"] == ("0", "1")
    assert texts["energy, ours"] == ("2 mJ", "2.4 mJ")
    assert texts["energy, theirs"] == ("3 µJ", "–")  # a recording was not predicted by that set
    assert "recordings left out" not in texts


def test_numbers_to_sort_by() -> None:
    _, found = told()
    columns = dict(zip([metric.title for metric in found], table_data(found), strict=True))
    assert columns["accuracy"]["values"] == [1.0, 0.6]
    assert columns["right in the first alone"]["values"] == [None, 2]
    assert columns["backend"] == {"texts": ("emulator", "reference"), "values": None}


def test_spread_of_a_number() -> None:
    metric = Metric("n", (1, 2, None, 3, 4), ("1", "2", "–", "3", "4"))
    assert metric.statistics() == ("1", "1.75", "2.5", "3.25", "4", "2.5", "1.118")
    assert Metric("n", (1, None), ("1", "–")).statistics() is None


def test_a_run_of_many_in_sentences() -> None:
    comparison, _ = told()
    (panel,) = run_panels(comparison)
    said, fc1 = panel_data(panel, Names()), raster().populations[6]
    assert said["title"] == "b: 3 of 5 answers equal"
    backend, rights, apart, changed = said["lines"]
    assert backend.startswith("Backend reference, target loihi1, program ")
    assert rights == ("Right in both 3, in the first alone 2, in this alone 0, in neither 0; exact sign test p = 0.5.")
    assert apart == (
        f"First apart in 1.bs2: spikes of fc1, neuron {fc1.neuron[0]:,}, step {fc1.step[0]:,}: "
        "1 in the first run, 0 in this."
    )
    names = [row["file"] for row in comparison.records["a"].run["samples"]]
    assert changed == (
        f"2 recordings are answered otherwise: {names[0]} (label 0): 0 → silent; {names[1]} (label 1): 1 → 3."
    )
    rows = {row[0]: row[1:] for row in said["layers"]}
    assert rows["fc1"] == ["5,121", "5,120", "5,120", "99.98 %"]  # what is listed twice has spiked once
    assert said["caption"] == "Equal spikes of 1.bs2, layer by layer: in both over in either"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0 J"), (1.5, "1.5 J"), (2.5e-3, "2.5 mJ"), (9.99e-4, "999 µJ"), (3e-13, "0.3 pJ")]
)
def test_units_of_predictions(value: float, text: str) -> None:
    assert quantity(value, "J") == text


def test_counted() -> None:
    assert [counted(n, "core") for n in (0, 1, 2, 1000)] == ["0 cores", "1 core", "2 cores", "1,000 cores"]


def uncounted(*counted: bool) -> Comparison:
    """Of runs that are equal but for whether their backend tells active updates from idle ones."""
    rows = [sample(k) | {"predictions": [{"constants": "ours", "joules": 2e-3}]} for k in range(5)]
    runs = []
    for own in counted:
        told = run_object(samples=rows)
        if not own:
            told["events"] = {**told["events"], "neuron_updates": {"active": None, "idle": None}}
        runs.append(record(run=told))
    return compared({str(i): each for i, each in enumerate(runs)})


def energies(*counted: bool) -> dict[str, Metric]:
    """Rows of energy by their titles."""
    found = uncounted(*counted)
    return {each.title: each for each in metrics(found.runs, found.with_first) if each.title.startswith("energy")}


def test_an_energy_without_counted_updates_is_told_apart() -> None:
    mixed = energies(True, False, True)["energy, ours"]
    assert mixed.texts == ("2 mJ", "2 mJ, every update as active", "2 mJ")
    assert [value is None for value in mixed.values] == [False, True, False]  # neither sorted nor summed up
    alike = energies(False, False)["energy, ours, every update as active"]
    assert alike.texts == ("2 mJ", "2 mJ")
    assert None not in alike.values
    assert energies(True, True)["energy, ours"].texts == ("2 mJ", "2 mJ")


def test_the_terminal_marks_an_energy_without_counted_updates() -> None:
    told = comparison_text(uncounted(True, False).as_dict())
    assert "2 mJ *" in told
    assert "* every update as active" in told
    assert "*" not in comparison_text(uncounted(True, True).as_dict())
