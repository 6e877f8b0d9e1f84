"""`.net` files that this package writes, run by lava-dl's own netx: `make netx`, outside of `make test`.

lava-dl 0.6.0, its last release, wants Python 3.10 and torch < 2.4, so it lives in an environment of its own, beside
Lava's. netx has no pooling, ignores the delays of convolutions, and turns the delays that leave a dense layer into
delays of what enters it, which only without a bias is the same: the networks are drawn accordingly, and their
thresholds calibrated once these parts are gone.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy import api
from neurodeploy.emulator.reference import Reference
from neurodeploy.network import ConvTranspose2d, Network, Population, SumPool2d
from neurodeploy.runtime.lava_environment import environment_folder, find_python
from neurodeploy.spikes.events import Events
from tests.property.calibration import calibrated
from tests.property.net_networks import net_case
from tests.property.networks import Case

NETWORKS = 24
#: Of these so many have to fire at the end, and in so many of those a delay leaves a layer.
FIRING, DELAYED = 20, 8
#: Three layers of the longest delay pass.
STEPS = 200
REQUIREMENT = "lava-dl==0.6.0"


def environment() -> Path:
    """The interpreter that has lava-dl, installed on first use."""
    folder = environment_folder().with_name("netx-0.6")
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        subprocess.run([find_python(), "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", REQUIREMENT], check=True)
        ready.touch()
    return python


def suited(case: Case) -> Case | None:
    """The case without what netx does not do, None when nothing is left."""
    network = case.network
    if any(isinstance(p.synapse, SumPool2d | ConvTranspose2d) for p in network.projections):
        return None
    populations = tuple(_suited(population) for population in network.populations)
    events = Events(case.events.step, case.events.neuron)
    plain = Network(populations, network.projections, steps=STEPS)
    random = np.random.default_rng([case.seed, 5])
    return replace(case, network=calibrated(plain, _hopped(events), STEPS, random), events=events)


def _suited(population: Population) -> Population:
    planes = len(population.shape or ()) == 3
    return replace(population, axonal_delay=0) if planes or population.bias is not None else population


def expected(case: Case) -> NDArray[np.int64]:
    """The last layer's spikes as they arrive at netx's end, its delay after they were emitted.

    In netx the input takes a hop as well, and biases do not wait for it.
    """
    spikes = Reference(case.network).advance(_hopped(case.events), STEPS).spikes[-1]
    arrival = spikes.step + case.network.output.delays()[spikes.neuron]
    raster = np.zeros((STEPS, case.network.output.neurons), np.int64)
    raster[arrival[arrival < STEPS], spikes.neuron[arrival < STEPS]] = 1
    return raster


def _hopped(events: Events) -> Events:
    """The input one step later, without what then comes too late."""
    return Events(events.step + 1, events.neuron).between(0, int(np.sum(events.step < STEPS - 1)))


def store(case: Case, folder: Path) -> None:
    """The network as a `.net` file, and its input."""
    api.convert(case.network, folder / f"{case.seed}.net")
    raster = np.zeros((STEPS, case.network.input.neurons), np.int64)
    raster[case.events.step, case.events.neuron] = 1
    np.savez(folder / f"{case.seed}.npz", raster=raster, shape=np.array(case.network.input.shape))


def main() -> int:
    """Print one line per network; the exit code says whether all agree and enough of them fired."""
    drawn = (suited(net_case(seed, plain=True, steps=STEPS)) for seed in range(1000))
    cases = [case for case, _ in zip(filter(None, drawn), range(NETWORKS), strict=False)]
    different, fired, delayed = 0, 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in cases:
            store(case, folder)
        subprocess.run([environment(), Path(__file__).with_name("worker.py"), folder], check=True)
        for case in cases:
            ours, theirs = expected(case), np.load(folder / f"{case.seed}.out.npy")
            wrong = int(np.count_nonzero(ours != theirs))
            layers = "-".join(type(p.synapse).__name__ for p in case.network.projections)
            delays = [int(p.delays().max()) for p in case.network.populations[1:]]
            sys.stdout.write(f"network {case.seed}: {layers}, delays {delays}, {ours.sum()} spikes, {wrong} differ\n")
            different += wrong > 0
            fired += bool(ours.any())
            delayed += bool(ours.any()) and max(delays) > 0
    sys.stdout.write(f"{len(cases)} networks, {fired} fired, {delayed} of them with delays, {different} differ\n")
    return 0 if different == 0 and fired >= FIRING and delayed >= DELAYED else 1


if __name__ == "__main__":
    sys.exit(main())
