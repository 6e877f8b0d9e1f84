"""Fixtures for every test: where the conformance data lies, and Lava's environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neurodeploy.runtime.lava_environment import SETUP, Environment, installed

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, text in getattr(report, "user_properties", []):
                if name == SUMMARY:
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(str(text))
