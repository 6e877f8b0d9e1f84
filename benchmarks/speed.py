"""The emulator's speed on two published networks, beside Lava, torch and what the machine could do at most.

Usage: python -m benchmarks.speed [CONFORMANCE_FOLDER]

All numbers come from one run, turns taken between what is compared; each is the median of five rounds with the best
behind it, ratios are medians of each round's ratio. Only stepping is timed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

import neurodeploy as nd
from benchmarks.timing import GESTURE, NMNIST, ROUNDS, conformance_folder, ratio
from neurodeploy.compiler.program import Program
from neurodeploy.emulator.engine import Emulator, Image, chosen_instructions, load
from neurodeploy.errors import NeurodeployError
from neurodeploy.runtime.run import RunOptions
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.events import Events

#: Steps that the slow backends run.
FEW = 20


class Bounds:
    """The fixed loops of bounds.c, compiled into a folder that lasts as long as they do."""

    def __init__(self, folder: str) -> None:
        source = Path(__file__).with_name("bounds.c")
        self._binary = str(Path(folder) / "bounds")
        command = ["cc", "-O3", "-march=native", "-mprefer-vector-width=512", "-o", self._binary, str(source), "-lm"]
        subprocess.run(command, check=True)

    def rate(self, *asked: str, processes: int = 1) -> float:
        """Rows of 512 weights or neuron updates a second, of all processes run at a time together."""
        started = [subprocess.Popen([self._binary, *asked], stdout=subprocess.PIPE) for _ in range(processes)]
        return sum(float(process.communicate()[0]) for process in started)

    def neurons(self, processes: int = 1) -> float:
        """Updates a second of 16,384 neurons."""
        return self.rate("neurons", "16384", processes=processes)

    def seconds(self, work: Work) -> float:
        """What the loops need now for that much."""
        return work.updates / self.neurons() + work.synaptic_ops / 512 / self.rate("rows", work.table)


@dataclass(frozen=True)
class Work:
    """Active updates, synaptic operations, and the size in bytes of the table of weights that they go through."""

    updates: float
    synaptic_ops: float
    table: str

    @classmethod
    def of(cls, program: Program, events: Events, steps: int) -> Work:
        """What a recording asks for."""
        run = Session(program, "emulator", RunOptions(steps=steps)).run(events)
        size = sum(p.synapse.weight.size for p in program.network.projections)
        return cls(float(np.sum(run.counters.active)), run.synaptic_ops, "1000000" if size < 1.5e6 else "16000000")


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


def measure(title: str, program: Program, batch: list[Events], steps: int, copies: int, bounds: Bounds) -> None:
    """Print the table of one network; two threads share so many copies of all recordings, the longest first."""
    image = load(program)
    longest_first = sorted(batch * copies, key=len, reverse=True)
    work = Work.of(program, batch[0], steps)
    taken = rounds(
        {
            "recording 1": lambda: stepping(image, batch[:1], steps),
            "bound of recording 1": lambda: bounds.seconds(work),
            "silence": lambda: stepping(image, [Events.none()], steps),
            "batch, 1 thread": lambda: stepping(image, longest_first, steps),
            "batch, 2 threads": lambda: stepping(image, longest_first, steps, 2),
            "fixed loop, 1 process": lambda: 1 / bounds.neurons(),
            "fixed loop, 2 processes": lambda: 1 / bounds.neurons(2),
        }
    )
    print(f"\n{title}: {steps} steps, a batch of {len(longest_first)} recordings")
    for name, seconds in list(taken.items())[:5]:
        print(f"  {name:24} {1e3 * statistics.median(seconds):9.2f} ms  (best {1e3 * min(seconds):.2f})")
    print(f"  {'recordings a second':24} {len(longest_first) / statistics.median(taken['batch, 1 thread']):9.0f}")
    for name, alone, together in (
        ("two threads", "batch, 1 thread", "batch, 2 threads"),
        ("two fixed loops at once", "fixed loop, 1 process", "fixed loop, 2 processes"),
    ):
        print(f"  {name:24} {ratio(taken[alone], taken[together]):9.2f} times one")
    print(f"  {'a silent step':24} {ratio(taken['silence'], taken['recording 1']):9.4f} of an active one")
    above = ratio(taken["recording 1"], taken["bound of recording 1"])
    print(f"  {'recording 1':24} {above:9.2f} times the bound")
    for backend in ("lava", "torch"):
        step = seconds_per_step(program, backend, batch[0])
        one = statistics.median(taken["recording 1"]) / steps
        text = "not installed" if step is None else f"{step / one:9.0f} times the emulator"
        print(f"  {backend + ', per step':24} {text}")


def main() -> None:
    """Print the tables."""
    folder = conformance_folder(sys.argv[1:])
    load_now = f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    print(f"instructions {chosen_instructions()}; {load_now}")
    with tempfile.TemporaryDirectory() as temporary:
        bounds = Bounds(temporary)
        a, b = (bounds.rate("rows", size) for size in ("1000000", "16000000"))
        print(f"rows of 512 weights a second: {a:.3g} from 1 MB, {b:.3g} from 16 MB")
        print(f"neuron updates a second: {bounds.neurons():.3g}")
        for case, count, copies in ((GESTURE, 5, 4), (NMNIST, 100, 2)):
            network = case.network(folder)
            batch = case.recordings(folder, network, count)
            measure(case.title, nd.compile(network), batch, case.steps, copies, bounds)


if __name__ == "__main__":
    main()
