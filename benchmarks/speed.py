"""The emulator's speed on two published networks, beside Lava, torch and what the machine could do at most.

Usage: python benchmarks/speed.py [CONFORMANCE_FOLDER]

All numbers come from one run, turns taken between what is compared; each is the median of five rounds with the best
behind it. Only stepping is timed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np

import neurodeploy as nd
from neurodeploy.compiler.program import Program
from neurodeploy.emulator.engine import Emulator, Image, chosen_instructions, load
from neurodeploy.errors import NeurodeployError
from neurodeploy.network import Network
from neurodeploy.runtime.run import RunOptions
from neurodeploy.runtime.session import Session, stimulus
from neurodeploy.spikes.events import Events
from neurodeploy.spikes.samples import find_samples

GESTURE = "128x128x2-4a-16c5z-2a-32c3z-2a-512-11"
NMNIST = "34x34x2-512-10"
ROUNDS = 5
#: Steps that the slow backends run.
FEW = 20


def bound_rates() -> tuple[float, float, float]:
    """Rows of 512 weights a second from 1 MB and from 16 MB, and neuron updates a second: see bounds.c."""
    source = Path(__file__).with_name("bounds.c")
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / "bounds"
        command = ["cc", "-O3", "-march=native", "-mprefer-vector-width=512", "-o", str(binary), str(source), "-lm"]
        subprocess.run(command, check=True)
        asked = (("rows", "1000000"), ("rows", "16000000"), ("neurons", "16384"))
        a, b, c = (float(subprocess.run([binary, *args], check=True, capture_output=True).stdout) for args in asked)
    return a, b, c


def recordings(program: Program, files: list[Path], steps: int) -> list[Events]:
    """The events of some files within so many steps."""
    samples = [find_samples(file)[0] for file in files]
    return [stimulus(s, program.network, "or").events.within(steps)[0] for s in samples]


def stepping(image: Image, batch: list[Events], steps: int, threads: int = 1) -> float:
    """Seconds to run a batch over threads, each recording from zero state."""
    emulators = [Emulator(image) for _ in batch]

    def one(index: int) -> None:
        emulators[index].advance(batch[index], steps)

    started = perf_counter()
    if threads == 1:
        for i in range(len(batch)):
            one(i)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(len(batch))))
    return perf_counter() - started


def seconds_per_step(program: Program, backend: str, events: Events) -> float | None:
    """Of a slow backend, from the difference of two short runs; None where it is not installed."""
    try:
        session = Session(program, backend, RunOptions(steps=FEW))
        return session.run(events.within(FEW)[0]).seconds / FEW
    except NeurodeployError:
        return None


def rounds(calls: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Seconds of each call, turns taken."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            taken[name].append(call())
    return taken


def measure(title: str, program: Program, files: list[Path], steps: int, rates: tuple[float, float, float]) -> None:
    """Print the table of one network."""
    image, batch = load(program), recordings(program, files, steps)
    silent = [Events.none()]
    taken = rounds(
        {
            "recording 1": lambda: stepping(image, batch[:1], steps),
            "silence": lambda: stepping(image, silent, steps),
            "batch, 1 thread": lambda: stepping(image, batch, steps),
            "batch, 2 threads": lambda: stepping(image, batch, steps, 2),
        }
    )
    print(f"\n{title}: {steps} steps, {len(batch)} recordings")
    for name, seconds in taken.items():
        print(f"  {name:24} {1e3 * statistics.median(seconds):9.2f} ms  (best {1e3 * min(seconds):.2f})")
    median = {name: statistics.median(seconds) for name, seconds in taken.items()}
    print(f"  {'recordings a second':24} {len(batch) / median['batch, 1 thread']:9.0f}")
    print(f"  {'two threads':24} {median['batch, 1 thread'] / median['batch, 2 threads']:9.2f} times one")
    print(f"  {'a silent step':24} {median['silence'] / median['recording 1']:9.4f} of an active one")
    bound = lower_bound(program, batch[0], steps, rates)
    print(f"  {'bound':24} {1e3 * bound:9.2f} ms: the emulator takes {median['recording 1'] / bound:.2f} times that")
    for backend in ("lava", "torch"):
        step = seconds_per_step(program, backend, batch[0])
        text = "not installed" if step is None else f"{step / (median['recording 1'] / steps):9.0f} times the emulator"
        print(f"  {backend + ', per step':24} {text}")


def lower_bound(program: Program, events: Events, steps: int, rates: tuple[float, float, float]) -> float:
    """Seconds that the fixed loops would need for the same active updates and synaptic operations."""
    run = Session(program, "emulator", RunOptions(steps=steps)).run(events)
    bytes_of_weights = sum(p.synapse.weight.size for p in program.network.projections)
    rows = rates[0] if bytes_of_weights < 2**20 + 2**19 else rates[1]
    return float(np.sum(run.counters.active)) / rates[2] + run.synaptic_ops / 512 / rows


def main() -> None:
    """Print the tables."""
    default = os.environ.get("NEURODEPLOY_CONFORMANCE", Path(__file__).resolve().parents[2] / "shared" / "conformance")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else default)
    rates = bound_rates()
    print(
        f"instructions {chosen_instructions()}; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    )
    print(f"rows of 512 weights a second: {rates[0]:.3g} from 1 MB, {rates[1]:.3g} from 16 MB")
    print(f"neuron updates a second: {rates[2]:.3g}")
    for title, arch, network, data, count, steps in (
        ("DVS Gesture", GESTURE, "dvs_gesture_cnn", "dvs_gesture", 5, 1450),
        ("N-MNIST", NMNIST, "nmnist_mlp", "nmnist", 100, 300),
    ):
        source = nd.load(folder / "slayer_loihi" / network, arch=arch)
        assert isinstance(source, Network)
        files = sorted((folder / "datasets" / data).glob("*.bs2"))[:count]
        measure(title, nd.compile(source), files, steps, rates)


main()
