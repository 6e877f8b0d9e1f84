"""The page: well formed, self-contained, and harmless whatever the names in it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import FormatError, OptionError
from neurodeploy.reporting import render, report_json, write_report
from neurodeploy.reporting.comparison import compared
from neurodeploy.reporting.text import Names, visible
from tests.unit.records import compile_object, layer_errors, outputs, raster, record, run_object, sample

VOID = {"meta", "br", "link", "img", "input"}
EVIL = """<script>alert("1")</script>'"&ü漢字\u202e\udcff"""


class Page(HTMLParser):
    """Collects text and attributes, and insists that every element is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def assert_self_contained(page: Page) -> None:
    """Nothing is asked for, and the only scripts are the page's own, by its policy."""
    assert not {"img", "iframe", "object", "embed", "form", "a", "base"} & set(page.elements)
    assert page.elements.count("script") == 3  # the data, and two scripts
    policy = next(value for name, value in page.attributes if value and value.startswith("default-src"))
    assert "default-src 'none'; script-src 'sha256-" in policy
    assert not {"unsafe-eval", "http:", "https:", "*"} & set(re.split("[ ;]+", policy))
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name.endswith(("href", "src")):
            assert (value or "").startswith(("#", "data:image/png;base64,")) or value == "data:,"
        if not name.startswith("xmlns"):
            assert "//" not in (value or "").removeprefix("data:") or (value or "").startswith("data:image/png")
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    style = "".join(page.words)
    assert "@import" not in style
    assert "url(" not in style.replace("url(#", "")


def test_page_of_the_gesture_network() -> None:
    html = render(record())
    page = Page(html)
    assert_self_contained(page)
    assert set(re.findall(r"[\w:]{0,20}=\"https?://", html)) <= {'xmlns="http://', 'xmlns:xlink="http://'}
    assert len(re.findall("https?://", html)) == 2
    assert len(html) < 1_000_000
    for words in (
        "Works, with warnings",
        "50 of 128 cores",
        "100 % 5 of 5 right; 95 % interval 56.6 % to 100 %",
        "conv1->pool2 : 2 of 3,000 weights beyond the range of 8 bits were clipped",
        "8 bits, mixed , exponent -1",
        "synaptic operations 161,203,400",
        "No mapping gets by with fewer than 41 cores",
        "neurodeploy run g.ndp",
        "48,000 spikes",
        "time in ms",
    ):
        assert words in page.text
    assert page.elements.count("svg") == 2  # the raster and the chip
    assert html == render(record())


def test_page_shows_every_core_with_its_share() -> None:
    html = render(record())
    for core in report_json(record())["resources"]["core_table"]:
        use = core["use"]["synapse_memory"]
        assert f'style="--s:{100 * use["share"]:.1f}">{use["used"]:,}</span>' in html
    assert html.count('class="core') == 50
    assert "core 49: fc2, " in html


def hostile() -> dict[str, Any]:
    long = "x" * 10_000
    samples = [sample(k, file=EVIL, label=EVIL) for k in range(3)] + [sample(4, file=long, label=long)]
    run = run_object(
        samples=samples,
        accuracy={"correct": 0, "total": 4},
        backend=EVIL,
        program_sha256=EVIL,
        provenance={EVIL: EVIL, long: [EVIL, {"a": long}]},
    )
    for row in run["populations"]:
        row["name"] = EVIL
    compiled = compile_object(target=EVIL, memory_rule=EVIL)
    for row in compiled["populations"]:
        row |= {"name": EVIL, "binding_limit": EVIL}
    for row in compiled["core_table"]:
        row["populations"] = [EVIL, long]
    quantization = tuple(row | {"projection": EVIL, "sign_mode": EVIL} for row in layer_errors())
    return {"run": run, "compile": compiled, "quantization": quantization, "raster": raster(file=EVIL, label=long)}


def test_names_are_shown_harmlessly(tmp_path: Path) -> None:
    write_report(record(**hostile()), tmp_path / "r.html")
    html = (tmp_path / "r.html").read_text("utf-8")
    page = Page(html)
    assert_self_contained(page)
    assert "<script>alert" not in html
    assert '<script>alert("1")</script>\'"&ü漢字⟨U+202E⟩⟨U+DCFF⟩' in page.text
    assert not {"\u202e", "\udcff"} & set(html)
    assert "x" * 60 + "… (10,000 characters)" in page.text
    assert html.count("x" * 10_000) == 3  # in full at the end, alone and in two longer texts
    assert json.loads((tmp_path / "r.json").read_text())["samples"][3]["label"] == "x" * 10_000
    assert json.loads((tmp_path / "r.json").read_text())["backend"] == EVIL


def test_only_long_names_are_cut() -> None:
    samples = [sample(0, file="y" * 60), sample(1, file="z" * 61)]
    page = Page(render(record(run=run_object(samples=samples, accuracy=None), raster=None)))
    assert f" {'y' * 60} 0" in page.text
    assert f" {'z' * 60}… (61 characters) 1" in page.text


def test_json_beside_the_page_says_the_same(tmp_path: Path) -> None:
    one = record(raster=None)
    write_report(one, tmp_path / "r.html")
    assert json.loads((tmp_path / "r.json").read_text()) == report_json(one)
    assert (tmp_path / "r.html").read_text("utf-8") == render(one)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.html", "r.json"]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    for taken in ("r.html", "r.json"):
        folder = tmp_path / taken
        folder.mkdir()
        (folder / taken).write_text("precious")
        with pytest.raises(FormatError, match=f"{taken}: exists already"):
            write_report(record(raster=None), folder / "r.html")
        assert [p.name for p in folder.iterdir()] == [taken]
        assert (folder / taken).read_text() == "precious"
        write_report(record(raster=None), folder / "r.html", overwrite=True)
        assert (folder / taken).read_text() != "precious"


def test_page_needs_another_name_than_its_json(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is the name of the report's JSON"):
        write_report(record(), tmp_path / "r.json")


def test_page_without_labels_raster_or_quantization() -> None:
    run = run_object(samples=[sample(0, label=None, prediction=None)], accuracy=None, steps_per_second=None)
    page = Page(render(record(run=run, raster=None, quantization=())))
    assert "no labels were given" in page.text
    assert "Nothing was quantized" in page.text
    assert "Confusion matrix" not in page.text
    assert ("id", "raster") not in page.attributes


def test_page_of_nothing() -> None:
    compiled = compile_object(core_table=[], limits=[], populations=[], bounds={})
    run = run_object(samples=[], accuracy=None, populations=[])
    page = Page(render(record(run=run, compile=compiled, raster=None, quantization=())))
    assert "All good" in page.text


def test_long_lists_are_cut_with_a_remark() -> None:
    wrong = [sample(k % 5, prediction=None) for k in range(3)]
    samples = [sample(k % 5, file=f"right{k}") for k in range(300)] + wrong
    many = [{"label": k, "prediction": k} for k in range(100)]
    run = run_object(samples=samples + [sample(0, **m) for m in many], accuracy={"correct": 400, "total": 403})
    page = Page(render(record(run=run, raster=None)))
    assert "100 of 403 recordings, the mistaken ones first; all are in the JSON" in page.text
    assert page.text.count("right") < 120
    assert page.text.index("silent 211 at most") < page.text.index("right0")
    assert "The confusion matrix of 100 labels is in the JSON." in page.text


def test_one_thing_is_no_plural() -> None:
    compiled = compile_object(cores=1, cores_lower_bound=1, core_table=compile_object()["core_table"][:1])
    run = run_object(samples=[sample(0, steps=1)], accuracy={"correct": 1, "total": 1})
    page = Page(render(record(run=run, compile=compiled, raster=None)))
    for words in (
        "1 recording , 1 step on",
        "1 chip, at least 1 core needed",
        "1 core of 128 on 1 chip of",
        "(1 row)",
    ):
        assert words.replace(" ,", ",") in page.text
    assert not re.search(r"\b1 (cores|chips|rows|recordings|steps|spikes|layers)\b", page.text)


def test_columns_tell_of_each_run() -> None:
    """Numbers of each run stand in its own column, and a run without labels borrows those of the others."""
    other = run_object(
        samples=[sample(k, label=None) for k in range(5)], accuracy=None, provenance={"command": ["nd", "run", "a b"]}
    )
    other["events"] = {**other["events"], "packets": 777_777}
    pages = compared({"a": record(raster=None), "b": record(run=other, raster=None)})
    html = render(pages)
    cells = re.split('<div class="of" data-run="[01]">', html)[1:]
    first, second = cells[::2], cells[1::2]
    assert len(first) == len(second) == 5  # recordings, layers, chip, work, provenance
    assert "777,777" in second[3]
    assert "777,777" not in "".join(first)
    assert "by the labels of other runs" in second[0]
    assert second[0].count('class="hit strong"') == 5
    assert "nd run &#39;a b&#39;" in second[4]
    assert 'class="differs"' in second[4]


def test_page_draws_accuracy_over_time() -> None:
    written = record(outputs=outputs(), raster=None)
    told, page = report_json(written), render(written)
    assert told["over_time"]["correct"][-1] == 5
    assert told["latency"]["right_from"]["recordings"] == 5
    assert "Answers over time" in " ".join(Page(page).words)
    (line,) = re.findall(r'<polyline class="run" data-run="0" points="([^"]*)"', page)
    points = [tuple(map(float, pair.split(","))) for pair in line.split()]
    assert len(points) == len(told["over_time"]["steps"])
    assert points[-1] == (632.0, 8.0)  # all right at the last step, top right
    assert points == sorted(points, key=lambda point: point[0])
    older = render(record(raster=None))
    assert "Answers over time" not in older
    unlabelled = run_object(samples=[sample(0, label=None)], accuracy=None)
    assert 'id="curve"' not in render(record(run=unlabelled, raster=None, outputs=outputs(unlabelled["samples"])))


@settings(derandomize=True, deadline=None, max_examples=8)
@given(
    name=st.text(min_size=1, max_size=90),
    other=st.text(st.sampled_from("<>\"'&/{}`=-!\u2028\u2029\u202e\x00\n]"), max_size=40),
)
def test_any_label_stays_in_its_place(name: str, other: str) -> None:
    samples = [sample(0, file=name, label=other), sample(1, file=other, label=name)]
    run = run_object(samples=samples, accuracy={"correct": 0, "total": 2}, backend=other, provenance={name: other})
    compiled = compile_object()
    compiled["core_table"][0]["populations"] = [other, name]
    one = record(run=run, compile=compiled, raster=None)
    html = render(compared({name: one, f"{other}2": one}))
    page = Page(html)
    assert_self_contained(page)
    assert " ".join(visible(name[:60]).split()) in page.text
    data = html[html.index('id="data">') + 10 :]
    inside = data[: data.index("</script>")]
    assert not set("<>&\u2028\u2029") & set(inside)
    assert json.loads(inside)["views"][0]["cores"]["cores"][0]["layers"][0][0] == Names().short(other)
