"""The report of the gesture network: five recordings, the emulator beside Lava, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import neurodeploy as nd
from neurodeploy.runtime.lava_environment import Environment
from tests.conformance.cases import program
from tests.conftest import SUMMARY

#: Of each recording; all 1,450 take Lava four minutes.
STEPS = 24


def test_gesture_beside_lava(
    tmp_path: Path,
    conformance: Path,
    lava: Environment,
    opened: Callable[[Path], Page],
    record_property: Callable[[str, object], None],
) -> None:
    gesture, recordings = program("gesture", conformance), conformance / "datasets/dvs_gesture"
    for backend in ("emulator", "lava"):
        runs = nd.run(gesture, recordings, backend, steps=STEPS)
        assert isinstance(runs, list)
        nd.save(nd.record(gesture, runs, backend), tmp_path / f"{backend}.ndr")
    output = tmp_path / "page.html"
    nd.report([tmp_path / "emulator.ndr", tmp_path / "lava.ndr"], output)
    assert output.stat().st_size < 10_000_000
    page = opened(output)
    expect(page.locator("h1")).to_have_text("Equal, spike by spike")
    expect(page.locator(".pair:visible")).to_contain_text("lava: 5 of 5 answers equal")
    page.locator(".core").nth(7).click()
    expect(page.locator("#core")).to_contain_text("What lives in it")
    ready = page.evaluate("performance.timing.domInteractive - performance.timing.navigationStart")
    record_property(SUMMARY, f"{output.stat().st_size / 1e6:.2f} MB, interactive after {ready} ms")
    with pytest.raises(nd.NeurodeployError, match="exists already"):
        nd.report(tmp_path / "emulator.ndr", output)
