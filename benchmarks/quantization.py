"""Accuracy at 8 … 1 bits: one exponent per layer, exponents by output channel, and both searched on recordings.

Usage: python -m benchmarks.quantization FOLDER [CONFORMANCE_FOLDER] [BITS,…]

FOLDER holds the demo's recordings of digits (`neurodeploy demo` makes them, in demo/recordings); with the conformance
data the N-MNIST network is measured too. Accuracy is counted on the recordings with split `test`, the search sees
the first 50 (N-MNIST 25) with split `train`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import numpy as np

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.compiler.flat import flat_program
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.network import LayerError, Network
from neurodeploy.runtime.run import RunOptions, default_steps
from neurodeploy.runtime.session import stimulus
from neurodeploy.spikes.samples import find_samples


def main() -> None:
    """Print a row for each number of bits."""
    digits = Path(sys.argv[1])
    bits = [int(word) for word in sys.argv[3].split(",")] if len(sys.argv) > 3 else list(range(8, 0, -1))
    measure("digits 512-128-10", api.read(CHECKPOINT, yaml=YAML).network, digits, 50, bits)
    if len(sys.argv) > 2 and sys.argv[2]:
        folder = Path(sys.argv[2])
        network = api.read(folder / "slayer_loihi" / "nmnist_mlp", "34x34x2-512-10").network
        measure("N-MNIST 2312-512-10", network, folder / "datasets" / "nmnist", 25, bits)


def measure(title: str, network: Network, data: Path, seen: int, levels: list[int]) -> None:
    """One network: right answers, and in brackets cores or the seconds of the search."""
    print(f"{title}, `test` of {data.name}, search on {seen}", flush=True)
    print("bits   per layer          per channel        searched            searched, per channel", flush=True)
    for bits in levels:
        found, errors = nd.quantize(network, bits)
        if not any(error.changed for error in errors):
            print(f"{bits:4d}   {accuracy(found, data)} exact", flush=True)
            continue
        cells = [_counted(found, data), _counted(nd.quantize(network, bits, per_channel=True)[0], data)]
        for per_channel in (False, True):
            started = perf_counter()
            found, errors = nd.quantize(
                network, bits, per_channel=per_channel, calibrate=data, split="train", limit=seen
            )
            seconds = perf_counter() - started
            cells.append(f"{accuracy(found, data)} ({seconds:.0f} s{_scales(errors)})")
        print(f"{bits:4d}   " + "  ".join(f"{cell:18s}" for cell in cells), flush=True)


def _counted(network: Network, data: Path) -> str:
    return f"{accuracy(network, data)} ({nd.compile(network).summary['cores']} cores)"


def accuracy(network: Network, data: Path) -> str:
    """Right answers of how many held-out recordings; the bits do not depend on the mapping."""
    image, samples, right = load(flat_program(network)), find_samples(data, "test"), 0
    for sample in samples:
        given = stimulus(sample, network, "or")
        steps = default_steps(network, given.events, RunOptions())
        neuron = Emulator(image).advance(given.events.within(steps)[0], steps).spikes[-1].neuron
        counts = np.bincount(neuron, minlength=network.output.neurons)
        right += bool(counts.any()) and int(np.argmax(counts)) == sample.label
    return f"{right}/{len(samples)}"


def _scales(errors: tuple[LayerError, ...]) -> str:
    """Scale and threshold of each layer, where anything was changed."""
    chosen = {e.target: f"{e.scale:.2f}/{e.threshold_scale:.2f}" for e in errors}
    return "" if set(chosen.values()) == {"1.00/1.00"} else f", {' '.join(chosen.values())}"


if __name__ == "__main__":
    main()
