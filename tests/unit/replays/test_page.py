"""The page: what it holds, and that nothing from a file gets out of its text."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurodeploy.errors import FormatError
from neurodeploy.replays.packing import escaped, replay_json, varints
from neurodeploy.replays.page import pace_in_words, replay_fragment, replay_page
from neurodeploy.replays.replay import Showing
from neurodeploy.replays.sources import source_of
from neurodeploy.replays.text import plain
from tests.support.replays import made

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "'\"&<!--",
    "\u2028\u2029\u202e\x00\ud800 {{ 7 * 7 }} {% raw %}",
    "ﷺ手🖐" * 3000,
]


class _Tags(HTMLParser):
    """The elements of a page with their attributes, and the text of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))


def _tags(page: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = _Tags()
    parser.feed(page)
    parser.close()
    return parser.tags


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
@example(HOSTILE[0], HOSTILE[1])
@example(HOSTILE[1], HOSTILE[4])
@example(HOSTILE[2], HOSTILE[3])
@example(HOSTILE[3], HOSTILE[2])
def test_texts_from_files_are_harmless(one: str, other: str) -> None:
    """Whatever they hold, the page has the same elements; and it can be written as UTF-8."""
    names = (one, other, "b", "c")
    page = replay_page(made(file=one, label=f"x{other}", showing=Showing(names=names, credit=f"c{other}")))
    usual = replay_page(made(file="f", label="x", showing=Showing(names=("a", "d", "b", "c"), credit="c")))
    assert _tags(page) == _tags(usual)
    assert page.encode("utf-8")
    assert len(page) - len(usual) < 12 * 1000 * 4


def test_the_page_asks_nothing_of_anyone() -> None:
    page = replay_page(made())
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)


def test_a_fragment_is_one_section_without_ids() -> None:
    fragment = replay_fragment(made())
    tags = _tags(fragment)
    assert tags[0][0] == "section"
    assert [tag for tag, _ in tags].count("section") == 1
    assert fragment.rstrip().endswith("</section>")
    assert not any("id" in attributes for _, attributes in tags)
    assert "data-alone" not in dict(tags)["section"]


def test_a_hundred_thousand_events_are_small() -> None:
    replay = made((2, 128, 128), steps=1450, timestep_ms=1.0, count=300_000)
    assert replay.input.step.size == 300_000
    assert len(replay_page(replay)) < 2_000_000


def test_packed_spikes_come_back() -> None:
    replay = made((2, 20, 20), count=400)
    data = json.loads(replay_json(replay))["input"]
    assert data["width"] == 2
    steps, value, shift = [], 0, 0
    for byte in b64decode(data["delta"]):
        value += (byte & 127) << shift
        shift += 7
        if byte < 128:
            steps.append(value)
            value, shift = 0, 0
    np.testing.assert_array_equal(np.cumsum(steps), replay.input.step)
    np.testing.assert_array_equal(np.frombuffer(b64decode(data["neuron"]), "<u2"), replay.input.neuron)


def test_varints() -> None:
    assert varints(np.array([0, 1, 127, 128, 300, 2**31])) == bytes([0, 1, 127, 128, 1, 172, 2, 128, 128, 128, 128, 8])


@given(st.text())
def test_escaped_json_is_json_without_markup(text: str) -> None:
    written = escaped({"text": text})
    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written) == {"text": text}


def test_plain_names() -> None:
    assert plain("a\n b\t\u202ec\x07") == "a b c\N{REPLACEMENT CHARACTER}"
    assert plain("x" * 10_000) == f"{'x' * 120}… (10,000 characters)"


def test_speeds_in_words() -> None:
    assert [pace_in_words(speed) for speed in (1, 0.1, 0.05, 2)] == [
        "real time",
        "10× slower",
        "20× slower",
        "2× faster",
    ]


def test_sources(tmp_path: Path) -> None:
    folder = tmp_path / "DVS_Gesture" / "test"
    folder.mkdir(parents=True)
    assert source_of(folder / "1.bs2").names[3] == "right arm clockwise"
    assert "CC BY 4.0" in source_of(folder / "1.bs2").credit
    assert "Orchard" in source_of(tmp_path / "n-mnist" / "1.bs2").credit
    assert source_of(tmp_path / "other" / "1.bs2").credit == ""
    (tmp_path / "DVS_Gesture" / "labels.csv").write_text("file,label\n")
    (tmp_path / "DVS_Gesture" / "CREDIT.txt").write_text("by us,\nCC0\n")
    (folder / "classes.txt").write_text("one\ntwo\n")
    assert source_of(folder / "1.bs2").credit == "by us, CC0"
    assert source_of(folder / "1.bs2").names == ("one", "two")
    (folder / "classes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="is no text"):
        source_of(folder / "1.bs2")
