"""Build the wheel, install it into an empty environment, and use it from another folder: what a user of pip gets."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: A network compiled and verified in both emulators, without torch.
USE = """
import numpy as np
import neurodeploy as nd
from neurodeploy.models.slayer import _loops
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection

neuron = CubaLif(1024, 128, 10)
weight = np.random.default_rng(0).integers(-20, 60, (5, 8)) * 2
populations = (Population("input", shape=(8,)), Population("fc1", neuron))
network = Network(populations, (Projection("input", "fc1", Dense(weight)),))
program = nd.compile(network)
raster = np.random.default_rng(1).random((50, 8)) < 0.3
assert nd.verify(program, raster).equal
nd.save(program, "p.ndp")
assert nd.run(nd.load("p.ndp"), raster)["fc1.spikes"].sum() > 0
assert _loops.nonzero(np.eye(3, dtype=np.float32), threads=1)[1].tolist() == [0, 1, 2]
"""


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command; a failure ends this program with its exit code."""
    finished = subprocess.run(command, cwd=cwd, check=False)
    if finished.returncode:
        sys.exit(finished.returncode)


def main() -> None:
    """Build, install, use."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--disable-pip-version-check", "-w", folder, ROOT)
        (wheel,) = folder.glob("*.whl")
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        constraints = ("-c", str(ROOT / "constraints.txt"))
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *constraints, wheel)
        run(python, "-W", "error", "-c", USE, cwd=folder)
        run(folder / "env" / "bin" / "neurodeploy", "verify", "p.ndp", "--random", "0.2", cwd=folder)


main()
