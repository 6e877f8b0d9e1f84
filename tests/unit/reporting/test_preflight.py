"""What fits where, from the summary of any file, and the map of the chip it draws."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from neurodeploy.cli.chip_map import WIDTH, chip_map
from neurodeploy.cli.preflight import preflight_text, program_text
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.errors import FormatError
from neurodeploy.reporting import render, report_json
from neurodeploy.reporting.chips import core_data, drawn_chips
from neurodeploy.reporting.preflight import Change, Core, Layer, Preflight
from tests.unit.compiler.test_compile import chain
from tests.unit.records import compile_object, record
from tests.unit.reporting.test_html import Page, assert_self_contained


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    """Of three layers on a few cores, two of which share one."""
    return compile_network(chain(256, 600, 20, 5)).summary


def report_of(summary: dict[str, Any]) -> Preflight:
    report = Preflight.of(summary)
    assert report is not None
    return report


def test_numbers_are_the_summarys(summary: dict[str, Any]) -> None:
    report = report_of(summary)
    assert [(layer.name, layer.cores) for layer in report.layers] == [
        (row["name"], row["cores"]) for row in summary["populations"]
    ]
    assert report.layers[1].fullest == "synapse_memory"
    assert report.layers[1].span == "8"
    memory = next(limit for limit in report.limits if limit.name == "synapse_memory")
    shares = [row["synapse_memory"] / 16384 for row in summary["core_table"]]
    assert memory.mean == pytest.approx(sum(shares) / len(shares))
    assert set(memory.demands) == {"synapse_memory_proven", "synapse_memory_any", "synapse_memory_uniform"}
    assert [sum(core.neurons.values()) for core in report.core_table] == [
        row["compartments"] for row in summary["core_table"]
    ]


def test_optimal_is_said_where_it_is_proven(summary: dict[str, Any]) -> None:
    assert "Optimal" not in preflight_text(replace(report_of(summary), optimal=False, least=1))
    proven = compile_network(chain(1, 2000)).summary
    text = preflight_text(report_of(proven))
    assert "Optimal: no mapping takes fewer (compartments)." in text
    assert "1 cores have room for 976 neurons less than there are." not in text
    assert "1 core has room for 976 neurons less than there are." in text


def test_older_programs_have_none() -> None:
    assert Preflight.of(compile_object()) is None
    assert program_text(compile_object())[0].startswith("An older version")
    assert report_json(record())["resources"]["preflight"] is None
    (rows,) = drawn_chips(compile_object())
    assert [place.number for place in rows.places] == list(range(50))


@pytest.mark.parametrize(
    "damage",
    [
        lambda s: s.update(mesh=[8]),
        lambda s: s.update(mesh=[1, 1]),
        lambda s: s.update(optimal="yes"),
        lambda s: s["core_table"][0].update(slot=128),
        lambda s: s["core_table"][0].update(chip=10**9),
        lambda s: s["core_table"][0].pop("neurons"),
        lambda s: s["populations"][1].pop("fills"),
        lambda s: s["populations"][1]["fills"].update(input_axons=float("nan")),
        lambda s: s["limits"][0].update(max=0),
        lambda s: s["bounds"].pop("compartments"),
        lambda s: s.update(advice=[{"text": "x"}]),
        lambda s: s.update(traffic={}),
    ],
)
def test_nonsense_is_refused(summary: dict[str, Any], damage: Any) -> None:
    changed = copy.deepcopy(summary)
    damage(changed)
    with pytest.raises(FormatError):
        program_text(changed)


def test_texts_from_files_cannot_steer_a_terminal(summary: dict[str, Any]) -> None:
    changed = copy.deepcopy(summary)
    changed["populations"][1]["name"] = "fc\x1b[2J"
    changed["core_table"][0]["populations"][0] = "fc\x1b[2J"
    changed["advice"] = [{"text": "\x1b]0;x\x07", "option": "", "cores": 1, "exact": True, "effect": "\r"}]
    assert not any(c in preflight_text(report_of(changed)) for c in "\x1b\x07\r")


def with_cores(report: Preflight, cores: list[Core], layers: int = 3) -> Preflight:
    blank = report.layers[1]
    named = tuple(replace(blank, name=f"layer{i}") for i in range(layers))
    return replace(report, core_table=tuple(cores), cores=len(cores), layers=named)


def test_every_core_stands_where_it_sits(summary: dict[str, Any]) -> None:
    """Router = column · 4 + row, two cores beside and two below: core 37 is the second of router (2, 1)."""
    report = with_cores(report_of(summary), [Core(0, 37, {"layer1": 5, "layer0": 2}, "compartments", 0.5)])
    lines = chip_map(report).plain.splitlines()
    assert lines[0] == "chip 0: 8 x 4 routers of 4 cores"
    upper = lines[4]  # the first line of the second row of routers
    assert upper.index("ba▅") == 2 + 2 * 9 + 4
    assert sum(line.count("·") for line in lines[1:-2]) == 127
    assert max(map(len, lines)) <= WIDTH


def test_more_layers_than_letters(summary: dict[str, Any]) -> None:
    held = {f"layer{i}": 9 - i for i in range(5)}
    report = with_cores(report_of(summary), [Core(0, 0, held, "compartments", 1.0)], layers=60)
    text = chip_map(report).plain
    assert "a+█" in text
    assert "+ more layers" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "36 more layers" in preflight_text(report)


def test_boards_get_a_line_per_chip(summary: dict[str, Any]) -> None:
    """4,096 cores on 32 chips."""
    cores = [Core(k // 128, k % 128, {f"layer{k % 5}": 9}, "compartments", 0.25) for k in range(4096)]
    text = chip_map(with_cores(report_of(summary), cores, 5)).plain
    assert len(text.splitlines()) == 32
    assert text.splitlines()[31].startswith("chip 31     128 cores,  25% of their tightest limit  layer")
    assert max(map(len, text.splitlines())) <= WIDTH


def test_text_is_thin(summary: dict[str, Any]) -> None:
    layer = Layer("a-long-name", 10**7, 10**9, {1: 1, 8: 1}, 4096, 4096, {"synapse_memory": 4000.0}, "threshold_rows")
    change = Change("3-bit weights in fc1", "--weight-bits fc1=3", 4, False, "6% of its weights change, by 34% (rms)")
    report = replace(report_of(summary), layers=(layer,), advice=(change,), forbidden=("one_layer_per_core",))
    assert max(map(len, preflight_text(report).splitlines())) <= WIDTH


def test_page_draws_the_chip(summary: dict[str, Any]) -> None:
    advice = [{"text": "<b>x</b>", "option": "--weight-bits fc1=3", "cores": 1, "exact": False, "effect": "e"}]
    page = Page(render(record(compile=summary | {"advice": advice})))
    assert_self_contained(page)
    assert "What one change would save" in page.text
    assert "<b>x</b>" in page.text
    said = [value for name, value in page.attributes if name == "aria-label" and value and value.startswith("core ")]
    assert len(said) == summary["cores"]
    assert page.attributes.count(("class", "free")) == 128 - summary["cores"]
    summary = copy.deepcopy(summary)
    for number, row in enumerate(summary["core_table"]):
        row["slot"] = 37 * (number + 1) % 128  # all over the chip
    (chip,) = drawn_chips(summary)
    assert len(chip.places) == 128
    assert sorted(p.number for p in chip.places if p.number is not None) == list(range(summary["cores"]))
    for place in chip.places:
        slot = next((row["slot"] for row in summary["core_table"] if row["core"] == place.number), None)
        if slot is not None:  # four cores to a router, routers numbered down the columns, four of them
            column, row = divmod(slot // 4, 4)
            assert (place.x, place.y) == (82 * column + 37 * (slot % 2), 82 * row + 37 * (slot % 4 // 2))


def test_boards_are_listed_on_the_page() -> None:
    """Of chips too large to draw the cores in use are drawn in rows."""
    summary = compile_network(chain(4, 20), CompileOptions()).summary
    (rows,) = drawn_chips(summary | {"mesh": [64, 64]})
    assert len(rows.places) == summary["cores"]
    assert "free" not in dict(Page(render(record(compile=summary | {"mesh": [64, 64]}))).attributes).values()


def test_what_a_core_holds_and_did(summary: dict[str, Any]) -> None:
    cores = summary["cores"]
    work = {"packets_in": list(range(cores)), "spikes": [7] * (cores + 1)}  # the second is of another program
    told = core_data(report_json(record(compile=summary)), summary, work)
    keys = [measure["key"] for measure in told["measures"]]
    assert keys == [*(limit["name"] for limit in summary["limits"]), "packets_in"]
    for number, (core, row) in enumerate(zip(told["cores"], summary["core_table"], strict=True)):
        assert core["layers"] == list(zip(row["populations"], row["neurons"], strict=True))
        assert core["used"][keys.index("synapse_memory")] == row["synapse_memory"]
        assert core["of"][keys.index("synapse_memory")] == row["max"]["synapse_memory"]
        assert (core["used"][-1], core["of"][-1]) == (number, cores - 1)
