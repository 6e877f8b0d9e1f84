"""Time and memory to compile, store, load and step convolutional networks of three sizes on a board of 32 chips.

Usage: python -m benchmarks.scale [--rounds N] [SCALE …]

Scale 1 is a million neurons and a hundred million synapses. Each round of each size has a process of its own for
compiling and another one for loading and stepping, whose peaks of memory are those of the whole process, Python and
numpy included. Each number is the median of the rounds, five unless said: that takes about ten minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time

TARGET = "loihi1-32"
SCALES = (0.01, 0.1, 1.0)
ROUNDS = 5
#: Steps until all layers fire, then stretches that are timed and their steps; input neurons that fire in a step.
WARM, STRETCHES, STEPS, ACTIVITY = 40, 5, 20, 0.01

Row = dict[str, float]


def peak() -> float:
    """Most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compiling(scale: float, path: Path) -> Row:
    """Compile and store one size."""
    from benchmarks.networks import deep
    from benchmarks.timing import calibration
    from neurodeploy.compiler import CompileOptions, compile_network
    from neurodeploy.compiler.program_file import save_program
    from neurodeploy.network.connections import synapse_count

    network, loop = deep(scale), calibration()
    synapses = sum(synapse_count(p.synapse, network.population(p.source).shape or ()) for p in network.projections)
    started, used = perf_counter(), process_time()
    program = compile_network(network, CompileOptions(TARGET))
    seconds, used = perf_counter() - started, process_time() - used
    save_program(program, path)
    return {
        "neurons": sum(p.neurons for p in network.populations[1:]),
        "synapses": synapses,
        "cores": len(program.cores),
        "chips": program.summary["chips"],
        "compile s": seconds,
        "processor s": used,
        "loop s": statistics.mean([loop, calibration()]),
        "peak MB": peak(),
        "file MB": path.stat().st_size / 2**20,
    }


def running(path: Path) -> Row:
    """Load a program and step it."""
    from benchmarks.networks import random_events
    from neurodeploy.compiler.program_file import load_program
    from neurodeploy.emulator.engine import Emulator, load

    started = perf_counter()
    image = load(load_program(path)[0])
    loaded = perf_counter() - started
    emulator, events = Emulator(image), random_events(image.network, ACTIVITY, WARM + STRETCHES * STEPS)
    seconds, fired, first = [], 0, 0
    for steps in (WARM, *[STEPS] * STRETCHES):
        stretch = events.within(first + steps)[0]
        stretch = stretch.between(len(events.within(first)[0]), len(stretch))
        started = perf_counter()
        chunk = emulator.advance(stretch, steps)
        seconds.append(perf_counter() - started)
        first, fired = first + steps, sum(len(spikes.step) for spikes in chunk.spikes)
    return {
        "load s": loaded,
        "spikes/step": fired / STEPS,
        "steps/s": STEPS / statistics.median(seconds[1:]),
        "peak MB of that": peak(),
    }


def measured(*arguments: str) -> Row:
    """What a process of this file prints."""
    command = [sys.executable, "-m", "benchmarks.scale", *arguments]
    result: Row = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return result


def medians(scale: float, rounds: int) -> Row:
    """The medians of all rounds of one size."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            path = Path(folder) / f"{number}.ndp"
            rows.append(measured("--compile", str(scale), str(path)) | measured("--run", str(path)))
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def main() -> None:
    """Print a column per size, and how compiling grows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("scales", type=float, nargs="*", metavar="SCALE", default=SCALES)
    options = parser.parse_args()
    columns = [medians(scale, options.rounds) for scale in options.scales]
    print(f"Scale: {TARGET}, medians of {options.rounds}")
    for name in columns[0]:
        cells = (f"{row[name]:>15,.{0 if row[name] >= 100 or row[name] % 1 == 0 else 2}f}" for row in columns)
        print(f"{name:<16}" + "".join(cells))
    for small, large in pairwise(columns):
        grows = math.log(large["neurons"] / small["neurons"])
        slopes = [math.log(large[name] / small[name]) / grows for name in ("processor s", "load s")]
        print(
            f"{small['neurons']:,.0f} to {large['neurons']:,.0f} neurons: "
            f"slope of compiling {slopes[0]:.2f}, of loading {slopes[1]:.2f}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compile"]:
        print(json.dumps(compiling(float(sys.argv[2]), Path(sys.argv[3]))))
    elif sys.argv[1:2] == ["--run"]:
        print(json.dumps(running(Path(sys.argv[2]))))
    else:
        main()
