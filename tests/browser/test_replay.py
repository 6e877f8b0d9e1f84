"""The replay in Chromium: what it shows at a moment is what `Replay.frame` says of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import neurodeploy as nd
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.replaying import recorded_fragment
from neurodeploy.replays.page import replay_fragment, replay_page
from neurodeploy.replays.replay import Replay, Showing
from neurodeploy.runtime.run import Run
from tests.support.replays import made

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.conftest import Open

FRAME = """time => {
  const now = document.querySelector(".nd-replay").replay.frame(time);
  return {...now, ...Object.fromEntries(["on", "off", "onLight", "offLight"].map(k => [k, Array.from(now[k])]))};
}"""
SHOWN = """() => {
  const text = name => document.querySelector(name).textContent;
  return {
    time: text(".nd-time"), numbers: [...document.querySelectorAll(".nd-number")].map(n => n.textContent),
    winner: [...document.querySelectorAll(".nd-name")].findIndex(n => n.classList.contains("nd-wins")),
    seen: text(".nd-seen"), fired: text(".nd-fired"), slider: +document.querySelector(".nd-slider").value,
    play: document.querySelector(".nd-play").getAttribute("aria-label"),
  };
}"""
SEEK = 'time => { const r = document.querySelector(".nd-replay").replay; r.pause(); r.seek(time); }'
WAITED_S = 30.0


def until(page: Page, condition: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until what is shown meets a condition."""
    end = monotonic() + WAITED_S
    while not condition(page.evaluate(SHOWN)):
        assert monotonic() < end, page.evaluate(SHOWN)
        page.wait_for_timeout(20)


@pytest.fixture
def loaded(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Open a page's text; in the end, nothing was said on the console and nothing asked of a network."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def call(html: str, **settings: Any) -> Page:
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(html, "utf-8")
        context = browser.new_context(viewport={"width": 1100, "height": 1000}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append("dialog"))
        page.on("request", lambda request: wrong.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        return page

    yield call
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize(
    "replay",
    [
        made(),
        made((40,), outputs=30, classes=15, timestep_ms=0.1, showing=Showing(layer="fc1", window_ms=1.5)),
        made((1, 5, 4), readout="first", label=None),
        made((2, 24, 130), steps=300, timestep_ms=1.0, count=9000),
    ],
    ids=["polarity", "row", "first", "large"],
)
def test_the_script_says_what_python_says(loaded: Any, replay: Replay) -> None:
    page = loaded(replay_page(replay))
    for moment in np.linspace(-1, replay.end_ms + 1, 7):
        ours, theirs = replay.frame(float(moment)), page.evaluate(FRAME, float(moment))
        assert (theirs["steps"], theirs["winner"]) == (ours.steps, ours.winner)
        assert theirs["counts"] == ours.counts.tolist()
        assert (theirs["seen"], theirs["shown"]) == (len(ours.seen_step), len(ours.raster_step))
        assert theirs["on"] == ours.on.ravel().tolist()
        assert theirs["off"] == ours.off.ravel().tolist()
        np.testing.assert_allclose(theirs["onLight"], ours.on_light.ravel(), atol=1e-9)
        np.testing.assert_allclose(theirs["offLight"], ours.off_light.ravel(), atol=1e-9)


def test_what_is_read_and_painted(loaded: Any) -> None:
    replay = made()
    page = loaded(replay_page(replay), reduced_motion="reduce")
    for moment in (0, 37, 60, 100):
        page.evaluate(SEEK, moment)
        frame, shown = replay.frame(moment), page.evaluate(SHOWN)
        assert shown["time"] == f"{2 * frame.steps} / 100 ms"
        assert shown["numbers"] == [str(count) for count in frame.counts]
        assert shown["winner"] == (-1 if frame.winner is None else frame.winner)
        assert (shown["seen"], shown["fired"]) == (
            f"{len(frame.seen_step)} events",
            f"{len(frame.raster_step)} spikes",
        )
        on, off = (plane > 0 for plane in (frame.on, frame.off))
        with Image.open(io.BytesIO(page.locator(".nd-events canvas").screenshot())) as picture:
            pixels = np.asarray(picture.convert("RGB"), int)
        rows, columns = ((np.arange(n) + 0.5) * size / n for n, size in zip((6, 8), pixels.shape, strict=False))
        colors = pixels[rows.astype(int)[:, None], columns.astype(int)]
        redder = colors[..., 0] - colors[..., 2]
        assert (redder[on & ~off] > 20).all()
        assert (redder[off & ~on] < -20).all()
        assert (colors[~on & ~off] == (246, 247, 249)).all()


def test_play_pause_keys_slider_and_speed(loaded: Any) -> None:
    page = loaded(replay_page(made(steps=500), speed=0.1), reduced_motion="reduce")
    assert page.evaluate(SHOWN)["time"] == "1000 / 1000 ms"  # reduced motion: nothing moves by itself
    assert page.evaluate(SHOWN)["play"] == "Play"
    page.keyboard.press("Home")
    assert page.evaluate(SHOWN)["slider"] == 0
    page.keyboard.press("ArrowRight")
    assert page.evaluate(SHOWN)["slider"] == 5
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate(SHOWN)["slider"] == 55
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(SHOWN)["slider"] == 50
    page.keyboard.press(" ")
    until(page, lambda shown: shown["slider"] > 52)
    assert page.evaluate(SHOWN)["play"] == "Pause"
    page.click(".nd-play")
    assert page.evaluate(SHOWN)["play"] == "Play"
    page.locator(".nd-slider").fill("200")
    assert page.evaluate(SHOWN)["time"] == "400 / 1000 ms"
    page.select_option(".nd-speed", label="real time")
    page.click(".nd-play")
    until(page, lambda shown: shown["play"] == "Play")
    assert page.evaluate(SHOWN)["time"] == "1000 / 1000 ms"


def test_a_page_of_its_own_starts_by_itself(loaded: Any) -> None:
    page = loaded(replay_page(made(steps=5000)))
    until(page, lambda shown: shown["slider"] > 3)
    assert page.evaluate(SHOWN)["play"] == "Pause"


def test_two_fragments_in_one_page(loaded: Any) -> None:
    first, second = made(), made(outputs=7, label=None)
    page = loaded(f"<!doctype html><meta charset=utf-8>{replay_fragment(first)}{replay_fragment(second)}")
    sections = page.locator(".nd-replay")
    assert sections.count() == 2
    sections.nth(1).focus()
    page.keyboard.press("Home")
    values = [section.locator(".nd-slider").input_value() for section in sections.all()]
    assert values == ["50", "0"]
    assert sections.nth(1).locator(".nd-number").count() == 7


def test_hostile_names_do_nothing(loaded: Any) -> None:
    evil = "</script><script>console.log('evil')</script><img src=x onerror=console.log(1)>'\"\u2028"
    replay = made(file=evil, label=evil, showing=Showing(names=(evil, "手" * 10_000, "", "d"), credit=evil))
    page = loaded(replay_page(replay))
    page.evaluate(SEEK, 100)
    assert page.locator("img").count() == 0
    assert page.locator("h2").inner_text().startswith("</script><script>")
    assert page.locator(".nd-name").first.inner_text().startswith("</script>")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_scheme_of_the_system_is_followed(loaded: Any, scheme: str) -> None:
    page = loaded(replay_page(made()), color_scheme=scheme)
    color = page.evaluate('getComputedStyle(document.querySelector(".nd-replay")).backgroundColor')
    assert color == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 29)"}[scheme]


def test_narrow_screens(loaded: Any) -> None:
    page = loaded(replay_page(made()))
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_in_the_report_of_a_run(opened: Open, tmp_path: Path) -> None:
    """The page's policy lets the replay's script run, and the two do not meet."""
    network = Network(
        (Population("input", shape=(2, 4, 4)), Population("fc", CubaLif(1024, 128, 20))),
        (Projection("input", "fc", Dense(2 * np.random.default_rng(3).integers(-10, 60, (3, 32)))),),
        steps=50,
    )
    program = nd.compile(network)
    run = nd.run(program, np.random.default_rng(1).random((50, 2, 4, 4)) < 0.05)
    assert isinstance(run, Run)
    nd.save(nd.record(program, [run]), tmp_path / "r.ndr")
    nd.report(tmp_path / "r.ndr", tmp_path / "r.html", replay=recorded_fragment(tmp_path / "r.ndr"))
    page = opened(tmp_path / "r.html")
    page.evaluate(SEEK, 50)
    shown = page.evaluate(SHOWN)
    assert shown["numbers"] == [str(count) for count in run.output_counts]
    assert shown["winner"] == run.prediction
    page.evaluate(SEEK, 20)
    assert page.evaluate(SHOWN)["time"] == "20 / 50 ms"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
