"""A browser for the page: the system's Chromium, one for all tests of a process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

Open = Callable[[Path], Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window; its absence is a failure in CI and a skip elsewhere."""
    program = os.environ.get("NEURODEPLOY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        message = "no chromium on the PATH: make browser, or set NEURODEPLOY_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Opens a file, waits for its script, and in the end insists that nothing was asked for and nothing went wrong."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    found: list[str] = []

    def go(path: Path) -> Page:
        page = context.new_page()
        page.on("console", lambda message: found.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: found.append(f"error: {error}"))
        page.on("dialog", lambda dialog: found.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: request.url == path.as_uri() or found.append(f"request: {request.url}"))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        return page

    yield go
    context.close()
    assert found == []
