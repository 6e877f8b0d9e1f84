"""What a reader does with the page: choose a core, move a slider, switch the compared run, sort a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from playwright.sync_api import Page, expect

from neurodeploy.compiler import compile_network
from neurodeploy.reporting import write_report
from neurodeploy.reporting.comparison import compared
from neurodeploy.runtime.record import RunRecord
from tests.unit.compiler.test_compile import chain
from tests.unit.records import outputs, raster, record, run_object, sample
from tests.unit.reporting.test_html import EVIL, hostile

Open = Callable[[Path], Page]
#: Where the chip of the first run is drawn.
FIRST = '#chip .of[data-run="0"]'


def run(wrong: int = 0, **changes: Any) -> RunRecord:
    """A run in which the first recordings are mistaken for the class after theirs; three layers on a few cores."""
    rows = []
    for i in range(5):
        row = sample(i)
        if i < wrong:
            counts = list(row["output_counts"])
            counts[i + 1], counts[i] = counts[i], counts[i + 1]
            row |= {"output_counts": counts, "prediction": i + 1}
        rows.append(row)
    compiled = compile_network(chain(256, 600, 20, 5)).summary
    cores = compiled["cores"]
    work = {name: [100 * k for k in range(cores)] for name in ("synaptic_ops", "words", "packets_out", "spikes")}
    told = run_object(
        samples=rows,
        accuracy={"correct": 5 - wrong, "total": 5},
        core_work=work | {"packets_in": [7 * (cores - k) for k in range(cores)]},
    )
    return record(run=told, compile=compiled, outputs=outputs(rows), **changes)


def without_a_spike() -> RunRecord:
    """A run whose fc1 lacks its first spike of the drawn recording."""
    whole = raster()
    fc1 = whole.populations[6]
    lacking = replace(fc1, step=fc1.step[1:], neuron=fc1.neuron[1:])
    return run(1, raster=replace(whole, populations=(*whole.populations[:6], lacking, whole.populations[7])))


@pytest.fixture(scope="module")
def compared_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    records = {"first": run(), "lacks one": without_a_spike(), "two wrong": run(2)}
    write_report(
        compared(records), path, replay=Markup("<p id=theirs></p><script>theirs.textContent='it ran'</script>")
    )
    assert path.stat().st_size < 10_000_000
    return path


def test_choose_a_core(compared_page: Path, opened: Open) -> None:
    page, compiled = opened(compared_page), run().compile
    chosen = page.locator("#core")
    expect(chosen).to_contain_text("No core is chosen")
    for row in compiled["core_table"]:
        page.locator(f'{FIRST} .core[data-core="{row["core"]}"]').click()
        expect(chosen.locator("h4")).to_have_text(f"Core {row['core']} on chip 0, place {row['slot']}")
        for name, neurons in zip(row["populations"], row["neurons"], strict=True):
            expect(chosen.locator("table").first).to_contain_text(f"{name}{neurons:,}")
        expect(chosen).to_contain_text(f"{row['synapse_memory']:,} of {row['max']['synapse_memory']:,}")
        expect(chosen).to_contain_text(f"packets received{7 * (compiled['cores'] - row['core']):,}")
    assert page.locator('.core[aria-pressed="true"]').count() == 1
    shown = page.locator(".told:visible")  # beside it the chip of the compared run, of which no core was chosen
    expect(shown).to_have_count(2)
    expect(shown.nth(1)).to_contain_text("No core is chosen")
    page.locator('#chip .of[data-run="1"] .core[data-core="0"]').click()
    expect(shown.nth(1).locator("h4")).to_contain_text("Core 0 on chip 0")


def test_choose_a_core_by_keys(compared_page: Path, opened: Open) -> None:
    page = opened(compared_page)
    page.locator("#measure").focus()
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.dataset.core")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.dataset.core")
    assert first != second
    page.keyboard.press("Enter")
    expect(page.locator("#core h4")).to_contain_text(f"Core {second} ")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.core") == first


def test_colour_the_cores(compared_page: Path, opened: Open) -> None:
    page, table = opened(compared_page), run().compile["core_table"]
    for option, shares in (
        ("synapse memory", [row["synapse_memory"] / row["max"]["synapse_memory"] for row in table]),
        ("packets received", [(len(table) - k) / len(table) for k in range(len(table))]),
    ):
        page.locator("#measure").select_option(label=option)
        for row, share in zip(table, shares, strict=True):
            core = page.locator(f'{FIRST} .core[data-core="{row["core"]}"]')
            assert core.text_content() == str(int(100 * share + 0.5))
            assert core.evaluate("e => e.style.getPropertyValue('--v')") == f"{share:.3f}"
            assert f" % of {option}" in str(core.get_attribute("aria-label"))
        other = page.locator('#chip .of[data-run="1"] .measure option:checked')  # chips side by side alike
        assert other.text_content() == option


def slide(page: Page, name: str, position: int) -> None:
    page.locator(name).evaluate(f"e => {{ e.value = {position}; e.dispatchEvent(new Event('input')); }}")


def test_move_through_time(compared_page: Path, opened: Open) -> None:
    page, told = opened(compared_page), compared({"a": run(), "b": without_a_spike()})
    curves = [view.over_time for view in told.runs]
    assert all(curves)
    text = page.locator("#curve-text")
    expect(text).to_have_text("After step 1,450: first: 100.00 % (5 of 5); lacks one: 80.00 % (4 of 5)")
    for position in (0, 17, 255):
        slide(page, "#curve-step", position)
        right = [curve["correct"][position] for curve in curves if curve]
        step = told.runs[0].over_time["steps"][position] if told.runs[0].over_time else None
        expect(text).to_have_text(
            f"After step {step:,}: first: {20 * right[0]:.2f} % ({right[0]} of 5); "
            f"lacks one: {20 * right[1]:.2f} % ({right[1]} of 5)"
        )
    page.locator("#curve-step").focus()
    page.keyboard.press("ArrowLeft")
    expect(text).not_to_contain_text("1,450")


def test_move_through_the_recording(compared_page: Path, opened: Open) -> None:
    page, drawn = opened(compared_page), raster()
    assert run().raster is not None
    text, end = page.locator("#raster-text"), 479
    for position in (40, 300, end):
        slide(page, "#raster-step", position)
        step = round((position + 1) * drawn.steps / 480)
        counts = np.bincount(drawn.populations[-1].neuron[drawn.populations[-1].step < step], minlength=11)
        expect(text).to_contain_text(f"Until {step:,} ms (step {step:,}):")
        if counts.any():
            expect(text).to_contain_text(f"class {counts.argmax()} leads with {counts.max()} of {counts.sum()}")
        for layer in drawn.populations[:-1]:
            expect(text).to_contain_text(f"{layer.name} {(layer.step < step).sum():,},")
    cursor = page.locator("#raster svg > line.cursor")
    axis = page.locator("#raster svg")
    place = (cursor.bounding_box() or {"x": 0.0})["x"]
    box = axis.bounding_box()
    assert box is not None
    assert place == pytest.approx(box["x"] + 0.85 * box["width"], abs=2)  # at the end of the axis


def test_switch_the_compared_run(compared_page: Path, opened: Open) -> None:
    page = opened(compared_page)
    shown = page.locator(".pair:visible")
    expect(shown).to_have_count(1)
    first = raster().populations[6]
    apart = f"spikes of fc1, neuron {first.neuron[0]:,}, step {first.step[0]:,}: 1 in the first run, 0 in this"
    expect(shown).to_contain_text("lacks one: 4 of 5 answers equal")
    expect(shown).to_contain_text(f"First apart in 1.bs2: {apart}")
    expect(shown.locator(".raster svg").first).to_contain_text(f"first apart: step {first.step[0]:,}")
    page.locator("#after").click()
    expect(shown).to_contain_text("two wrong: 3 of 5 answers equal")
    expect(shown).not_to_contain_text("First apart")
    expect(page.locator("#curve-text")).to_contain_text("two wrong: 60.00 % (3 of 5)")
    expect(page.locator("#after")).to_be_disabled()
    page.locator("#switch").select_option(label="lacks one")
    expect(shown).to_contain_text("lacks one")
    expect(page.locator("h1")).to_have_text("The runs differ")
    expect(page.locator("#theirs")).to_have_text("it ran")  # a fragment's own script, and no other


def test_sections_follow_the_choice(compared_page: Path, opened: Open) -> None:
    """Beside the first run every section tells of the chosen one, and only of that."""
    page = opened(compared_page)
    for name, right, lacking in (("lacks one", 4, 1), ("two wrong", 3, 0)):
        page.locator("#switch").select_option(label=name)
        for section in ("recordings", "spikes", "layers", "chip", "work", "provenance"):
            heads = page.locator(f"#{section} .whose:visible")
            expect(heads).to_have_text(["first run: first", name])
        cells = page.locator("#recordings .of:visible")
        expect(cells.nth(0).locator("td.right")).to_have_count(5)
        expect(cells.nth(1).locator("td.right")).to_have_count(right)
        fc1 = raster().populations[6].step.size
        until = page.locator("#spikes output:visible")
        expect(until.nth(0)).to_contain_text(f"fc1 {fc1:,}")
        expect(until.nth(1)).to_contain_text(f"fc1 {fc1 - lacking:,}")


def test_provenance_that_differs_is_marked(tmp_path: Path, opened: Open) -> None:
    told = run(raster=None)
    changed = replace(told, run={**told.run, "provenance": {**told.run["provenance"], "seed": 7}})
    write_report(compared({"a": told, "b": changed, "c": told}), tmp_path / "page.html")
    page = opened(tmp_path / "page.html")
    expect(page.locator("#provenance tr.differs:visible")).to_have_count(1)
    expect(page.locator("#provenance tr.differs:visible")).to_contain_text("seed7")
    page.locator("#after").click()
    expect(page.locator("#provenance tr.differs:visible")).to_have_count(0)
    others = json.loads((tmp_path / "page.json").read_text())["others"]
    assert [(each["name"], each["provenance"].get("seed")) for each in others] == [("b", 7), ("c", None)]


def test_table_of_many_runs(tmp_path: Path, opened: Open) -> None:
    plain = [run(wrong) for wrong in (0, 1, 2)]
    write_report(compared({f"run {i}": replace(plain[i % 3], raster=None) for i in range(130)}), tmp_path / "page.html")
    page = opened(tmp_path / "page.html")
    rows, pager = page.locator("#table tbody tr"), page.locator("#page")
    expect(pager).to_have_text("1 to 50 of 130")
    page.locator("#forth").click()
    page.locator("#forth").click()
    expect(pager).to_have_text("101 to 130 of 130")
    expect(rows).to_have_count(30)
    heading = page.locator("#table th", has_text="accuracy")
    heading.locator("button").click()
    expect(rows.first).to_contain_text("60 %")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.locator("button").click()
    expect(rows.first).to_contain_text("100 %")
    page.locator("#find").fill("run 12")
    expect(pager).to_have_text("1 to 11 of 11")
    page.locator("#table tr", has_text="run 122").click()
    expect(page.locator(".pair:visible")).to_contain_text("run 122: 3 of 5 answers equal")
    page.locator("#find").fill("run 7")
    page.locator("#table tr", has_text="run 77").click()
    page.locator("#find").fill("run 122")
    expect(page.locator("#table tr[aria-current]")).to_have_count(0)  # what was paged away is forgotten
    page.locator("#switch").select_option(label="run 2")  # one of those that are told in full
    expect(page.locator("#recordings .whose:visible")).to_have_text(["first run: run 0", "run 2"])
    page.locator("#switch").select_option(label="run 3")
    expect(page.locator("#recordings .whose:visible")).to_have_text(["first run: run 0"])
    expect(page.locator(".part")).to_contain_text("the first 3 of 130 runs are told in full")
    page.locator("#find").fill("nobody")
    expect(pager).to_have_text("no run has that name")


def test_hostile_names_do_nothing(tmp_path: Path, opened: Open) -> None:
    one = record(**hostile(), outputs=None)
    plain = replace(one, raster=None)
    write_report(
        compared({EVIL: one, "x" * 10_000: one, "<img src=x onerror=alert(1)>": plain}), tmp_path / "page.html"
    )
    page = opened(tmp_path / "page.html")
    expect(page.locator("h1")).to_be_visible()
    page.locator(".core").first.click()
    expect(page.locator("#core")).to_contain_text('<script>alert("1")</script>')
    page.locator("#after").click()
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1200


@pytest.mark.parametrize("width", [320, 380])
def test_small_screens(compared_page: Path, opened: Open, width: int) -> None:
    """A phone, and 400 % zoom of a desktop: nothing but tables and figures scrolls sideways."""
    page = opened(compared_page)
    page.set_viewport_size({"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_rows_of_the_error_table_stay_whole(compared_page: Path, opened: Open) -> None:
    """On a laptop's screen, with two runs beside each other."""
    page = opened(compared_page)
    page.set_viewport_size({"width": 1280, "height": 800})
    rows = page.locator('#layers .of[data-run="0"] .errors tbody tr')
    assert rows.count() > 1
    assert max(row.bounding_box()["height"] for row in rows.all()) < 40  # type: ignore[index]
