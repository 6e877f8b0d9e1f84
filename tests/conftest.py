"""Fixtures for every test: where the conformance data lies, and Lava's environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neurodeploy.runtime.lava_environment import SETUP, Environment, installed

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "conformance"


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
