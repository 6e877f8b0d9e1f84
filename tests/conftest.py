"""Fixtures for every test: where the conformance data lies, Lava's environment, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from neurodeploy.runtime.lava_environment import SETUP, Environment, installed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    Open = Callable[[Path], Page]

#: A test's `record_property(SUMMARY, text)` is printed behind the results, also when tests run in several processes.
SUMMARY = "summary"
REPOSITORY = Path(__file__).resolve().parents[1]
DEFAULT = REPOSITORY.parent / "shared" / "conformance"


@pytest.fixture(scope="session")
def conformance() -> Path:
    """The folder of real networks and recordings; its absence is a failure in CI and a skip elsewhere."""
    folder = Path(os.environ.get("NEURODEPLOY_CONFORMANCE", DEFAULT))
    if not folder.is_dir():
        message = f"no conformance data at {folder}: set NEURODEPLOY_CONFORMANCE"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def lava() -> Environment:
    """Lava's environment; its absence is a failure in CI and a skip elsewhere."""
    environment = installed()
    if environment is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"Lava is not set up: {SETUP}")
        pytest.skip(f"Lava is not set up: {SETUP}")
    return environment


@pytest.fixture(scope="session")
def nir_frameworks() -> Path:
    """Python with snnTorch, norse and sinabs; its absence is a failure in CI and a skip elsewhere."""
    python = Path(os.environ.get("NEURODEPLOY_NIR_PYTHON", REPOSITORY / ".venv-nir" / "bin" / "python"))
    if not python.exists():
        message = f"no {python}: make nir-frameworks"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return python


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window; its absence is a failure in CI and a skip elsewhere."""
    program = os.environ.get("NEURODEPLOY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        message = "no chromium on the PATH: make browser, or set NEURODEPLOY_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

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
        page.on("request", lambda request: found.extend([f"request: {request.url}"] * (request.url != path.as_uri())))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        return page

    yield go
    context.close()
    assert found == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, text in getattr(report, "user_properties", []):
                if name == SUMMARY:
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(str(text))
