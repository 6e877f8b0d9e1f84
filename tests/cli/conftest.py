"""A small compiled program, and the command line to call on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import neurodeploy as nd
from neurodeploy.cli.main import cli
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.spikes.files import write_recording
from neurodeploy.spikes.recording import Recording

Invoke = Callable[..., Result]


@pytest.fixture
def invoke() -> Invoke:
    """Call `neurodeploy` with these words; anything but the package's own errors is raised."""

    def call(*words: object) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)

    return call


@pytest.fixture(scope="session")
def network() -> Network:
    """2x4x4 - 6 - 3 with whole weights."""
    draw = np.random.default_rng(3)
    neuron = CubaLif(1024, 128, 20)
    return Network(
        (Population("input", shape=(2, 4, 4)), Population("fc1", neuron), Population("fc2", neuron)),
        (
            Projection("input", "fc1", Dense(2 * draw.integers(-10, 60, (6, 32)))),
            Projection("fc1", "fc2", Dense(2 * draw.integers(-10, 60, (3, 6)))),
        ),
        steps=50,
    )


@pytest.fixture(scope="session")
def program_path(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network, compiled to a file."""
    path = tmp_path_factory.mktemp("program") / "small.ndp"
    nd.save(nd.compile(network), path)
    return path


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings with labels; some events lie after step 50."""
    folder = tmp_path_factory.mktemp("recordings")
    draw = np.random.default_rng(5)
    for name in ("1.bs2", "2.bs2", "10.bs2"):
        x, y, polarity = (draw.integers(0, high, 300).astype(np.int32) for high in (4, 4, 2))
        write_recording(folder / name, Recording(draw.integers(0, 60_000, 300), x, y, polarity))
    (folder / "labels.csv").write_text("file,label,split\n1.bs2,0,train\n2.bs2,1,test\n10.bs2,2,test\n")
    return folder
