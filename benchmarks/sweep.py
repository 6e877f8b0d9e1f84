"""The emulator over size, spikes in, spikes out and fan-in: time per step, how it grows, on one thread and two.

Usage: python -m benchmarks.sweep [--plot FILE.svg] [size|input|output|fan-in …]

One convolution to 8 channels over 2, random input, on one core without limits. Each number is the median of five
rounds; only stepping is timed. Of each sweep: the slope in double logarithms, and the straight line a + b · x that fits
best relative to the times, with how far the times lie from it.
"""

from __future__ import annotations

import argparse
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.networks import flat_program, random_events, wide
from benchmarks.timing import machine, rounds
from neurodeploy.emulator.engine import Emulator, Image, load
from neurodeploy.spikes.events import Events

FloatArray = NDArray[np.float64]
#: Where they are not swept: neurons, kernel (fan-in 2 · kernel²), activity, and a threshold that no neuron reaches.
NEURONS, KERNEL, ACTIVITY, SILENT = 65_536, 5, 0.01, 100_000
#: One at which about two neurons in a hundred fire in a step.
FIRING = 800
SIZES = (1024, 4096, 16_384, 65_536, 262_144, 1_048_576)
KERNELS = (1, 2, 3, 5, 9, 15, 21)
ACTIVITIES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
THRESHOLDS = (3200, 2500, 1600, 800, 400, 200, 100)
#: Neuron updates of a run at least, so that short ones can be timed; and steps.
UPDATES, STEPS = 30_000_000, 30
#: Steps before those that are timed, in which neurons leave rest.
WARM = 50


@dataclass(frozen=True)
class Point:
    """One network and input: what was asked per step, and microseconds a step of one run, and of two on two threads."""

    neurons: int
    fan_in: int
    spikes: float
    fired: float
    ops: float
    one: float
    two: float


@dataclass(frozen=True)
class Sweep:
    """Points over one quantity x, which `label` names."""

    label: str
    x: list[float]
    points: list[Point]

    @property
    def slope(self) -> float:
        """Of log time over log x, least squares."""
        return float(np.polyfit(np.log(self.x), np.log([p.one for p in self.points]), 1)[0])

    def line(self) -> tuple[float, float, float]:
        """a, b and the largest deviation of the times from a + b · x, relative to them; a is no less than 0."""
        x, time = np.array(self.x), np.array([p.one for p in self.points])
        columns = np.column_stack([1 / time, x / time])
        a, b = np.linalg.lstsq(columns, np.ones(len(x)), rcond=None)[0]
        if a < 0:
            a, b = 0.0, float(np.sum(x / time) / np.sum((x / time) ** 2))
        return float(a), float(b), float(np.max(np.abs((a + b * x) / time - 1)))


def stepping(image: Image, events: list[Events], steps: int) -> float:
    """Microseconds a step of runs side by side, each on a thread of its own, behind WARM steps."""
    ready = Barrier(len(events), action=lambda: started.append(perf_counter()))
    started: list[float] = []

    def run(own: Events) -> float:
        emulator, (first, rest) = Emulator(image), parted(own)
        emulator.advance(first, WARM)
        ready.wait()
        emulator.advance(rest, steps)
        return perf_counter()

    with ThreadPoolExecutor(len(events)) as pool:
        return 1e6 * (max(pool.map(run, events)) - started[0]) / steps


def parted(events: Events) -> tuple[Events, Events]:
    """The first WARM steps and the others."""
    cut = int(np.searchsorted(events.step, WARM))
    return events.between(0, cut), events.between(cut, len(events))


def point(neurons: int, kernel: int, activity: float, threshold: int) -> Point:
    """Measure one."""
    network = wide(neurons, kernel, threshold)
    image = load(flat_program(network))
    neurons = network.output.neurons
    steps = max(UPDATES // neurons, STEPS)
    events = [random_events(network, activity, WARM + steps, seed) for seed in (0, 1)]
    fired = Emulator(image).advance(events[0], WARM + steps).spikes[1]
    taken = rounds(lambda: stepping(image, events[:1], steps), lambda: stepping(image, events, steps))
    one, two = (statistics.median(column) for column in taken)
    spikes = np.count_nonzero(events[0].step >= WARM) / steps
    fan_out = neurons * 2 * kernel**2 / network.input.neurons
    return Point(
        neurons, 2 * kernel**2, spikes, np.count_nonzero(fired.step >= WARM) / steps, spikes * fan_out, one, two
    )


#: What is swept: title, label of the axis, quantity, what one of it is called, and the points.
SWEEPS = {
    "size": ("Size", "neurons", "neurons", "neuron", [(n, KERNEL, ACTIVITY, FIRING) for n in SIZES]),
    "input": (
        "Input",
        "input spikes a step",
        "spikes",
        "input spike",
        [(NEURONS, KERNEL, activity, SILENT) for activity in ACTIVITIES],
    ),
    "output": (
        "Output",
        "output spikes a step",
        "fired",
        "output spike",
        [(NEURONS, KERNEL, ACTIVITY, threshold) for threshold in THRESHOLDS],
    ),
    "fan-in": ("Fan-in", "fan-in", "fan_in", "synapse per neuron", [(NEURONS, k, ACTIVITY, SILENT) for k in KERNELS]),
}


def swept(name: str) -> Sweep:
    """Print a table and return its points."""
    title, label, quantity, unit, asked = SWEEPS[name]
    print(f"\n{title}")
    print("  neurons fan-in   spikes in     out  synaptic ops   us/step  two on two threads")
    points = []
    for values in asked:
        points.append(p := point(*values))
        print(
            f"{p.neurons:9,} {p.fan_in:6} {p.spikes:11,.1f} {p.fired:7,.1f} {p.ops:13,.0f} {p.one:9,.1f}"
            f" {p.two:9,.1f} ({2 * p.one / p.two:.2f} times)",
            flush=True,
        )
    sweep = Sweep(label, [float(getattr(p, quantity)) for p in points], points)
    a, b, off = sweep.line()
    print(f"slope {sweep.slope:.2f}; {a:.2f} us + {1e3 * b:.3g} ns per {unit}, within {100 * off:.0f} %")
    return sweep


def plotted(path: Path, sweeps: list[Sweep]) -> None:
    """The sweeps, both axes logarithmic, with the straight line that fits."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "sweep", "svg.fonttype": "none"})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(sweeps), sharey=True, figsize=(3 * len(sweeps), 3), layout="constrained")
    axes = np.atleast_1d(axes)
    for axis, sweep in zip(axes, sweeps, strict=True):
        a, b, _ = sweep.line()
        x = np.geomspace(min(sweep.x), max(sweep.x), 50)
        axis.loglog(sweep.x, [p.one for p in sweep.points], "o", markersize=4, label="one run, one thread")
        axis.loglog(sweep.x, [p.two / 2 for p in sweep.points], "x", markersize=4, label="two on two threads, half")
        axis.loglog(x, a + b * x, "-", color="grey", linewidth=1, label="a + b · x")
        axis.set_xlabel(sweep.label)
        axis.minorticks_off()
        axis.grid(visible=True, which="major", linewidth=0.3)
    axes[0].set_ylabel("µs a step")
    axes[0].legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print the tables, and draw them where asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    parser.add_argument("sweeps", nargs="*", metavar="SWEEP", help=f"of {', '.join(SWEEPS)}; all")
    options = parser.parse_args()
    print(machine())
    sweeps = [swept(name) for name in options.sweeps or SWEEPS]
    if options.plot:
        plotted(options.plot, sweeps)


if __name__ == "__main__":
    main()
