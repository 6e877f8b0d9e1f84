"""Use an installed neurodeploy from a folder that is not its own, without torch: a program by itself, also for wheels
of other systems (see `test-command` in pyproject.toml)."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.metadata import metadata, requires
from pathlib import Path

import numpy as np

import neurodeploy as nd
from neurodeploy.models.slayer import _loops
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection


def main() -> None:
    """Compile, verify, run, report, convert; and see that nothing is missing."""
    assert Path.cwd() not in Path(nd.__file__).parents, "this is the checkout, not what was installed"
    assert Path(nd.__file__).with_name("py.typed").is_file()
    assert CHECKPOINT.is_file()
    assert YAML.is_file()
    assert metadata("neurodeploy-snn")["License-Expression"] == "Apache-2.0"
    assert not any("torch" in line and "extra" not in line for line in requires("neurodeploy-snn") or ())
    draw, neuron = np.random.default_rng(0), CubaLif(1024, 128, 10)
    populations = (Population("input", shape=(8,)), Population("fc1", neuron))
    network = Network(populations, (Projection("input", "fc1", Dense(draw.integers(-20, 60, (5, 8)) * 2)),))
    program = nd.compile(network)
    raster = draw.random((50, 8)) < 0.3
    assert nd.verify(program, raster).equal
    nd.save(program, "p.ndp")
    loaded = nd.load("p.ndp")
    assert isinstance(loaded, nd.Program)
    run = nd.run(loaded, raster)
    assert isinstance(run, nd.Run)
    assert run["fc1.spikes"].sum() > 0
    nd.report(nd.record(program, [run]), "p.html")
    for name in ("n.net", "n.nir", "n.c"):
        nd.convert(network, name)
    read = nd.load("n.net")
    assert isinstance(read, Network)
    assert nd.verify(nd.compile(read, target="loihi2"), raster).equal
    assert _loops.nonzero(np.eye(3, dtype=np.float32), threads=1)[1].tolist() == [0, 1, 2]


if __name__ == "__main__":
    sys.path = [entry for entry in sys.path if entry != str(Path.cwd())]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        main()
        os.chdir(Path(folder).parent)
