"""The emulator beside a kernel written by hand for one network, DVS Gesture: recordings 1 to 5, output spikes compared.

Usage: python -m benchmarks.gesture_kernel [CONFORMANCE_FOLDER]

Turns taken; each number is the median of five rounds with the best behind it, ratios are medians of each round's ratio.
"""

from __future__ import annotations

import ctypes
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

import neurodeploy as nd
from benchmarks.timing import GESTURE, conformance_folder, machine, ratio, rounds, stepping
from neurodeploy.emulator.engine import Emulator, chosen_instructions, load
from neurodeploy.network import Conv2d, Dense, Network, SumPool2d
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events

RECORDINGS = 5
#: As in gesture_kernel.c.
LAYERS, OUT, CLASSES, POOL_WEIGHT, TAME = 7, 16, 11, 28, 2**10


class Kernel:
    """gesture_kernel.c, compiled into a folder that lasts as long as it does, with the weights of a network."""

    def __init__(self, folder: str, network: Network) -> None:
        source, binary = Path(__file__).with_suffix(".c"), str(Path(folder) / "gesture_kernel.so")
        command = ["cc", "-O3", "-march=native", "-mprefer-vector-width=512", "-shared", "-fPIC", "-o", binary]
        subprocess.run([*command, str(source)], check=True)
        self._core = ctypes.CDLL(binary)
        self._weights = packed(network)
        for name in ("gesture_weight_bytes", "gesture_state_bytes"):
            getattr(self._core, name).restype = ctypes.c_int64
        assert self._core.gesture_weight_bytes() == len(self._weights)
        self._state = np.zeros(self._core.gesture_state_bytes() // 8 + 8, np.int64)

    def run(self, events: Events) -> tuple[float, IntArray, IntArray]:
        """Seconds of a recording from zero state, spikes of each layer, and of each class in each step."""
        spikes, output = np.zeros(LAYERS, np.int64), np.zeros((GESTURE.steps, OUT), np.int32)
        step, neuron = (np.ascontiguousarray(column, np.int64) for column in (events.step, events.neuron))
        started = perf_counter()
        self._core.gesture_run(
            self._weights,
            ctypes.c_void_p(-(-self._state.ctypes.data // 64) * 64),
            ctypes.c_int64(GESTURE.steps),
            ctypes.c_int64(len(step)),
            *(ctypes.c_void_p(a.ctypes.data) for a in (step, neuron, spikes, output)),
        )
        return perf_counter() - started, spikes, output[:, :CLASSES].astype(np.int64)


def packed(network: Network) -> bytes:
    """The kernel's weights in its layout; sums fit its 16 bits, and planes are as tame as it takes for granted."""
    parts: dict[str, bytes] = {}
    for projection in network.projections:
        synapse = projection.synapse
        weight = np.asarray(synapse.weight)
        name = projection.target
        if isinstance(synapse, Conv2d):
            assert np.abs(weight).sum(axis=(1, 2, 3)).max() < TAME
            parts[name] = weight[:, :, ::-1, ::-1].transpose(1, 2, 3, 0).astype(np.int16).tobytes()
        elif isinstance(synapse, SumPool2d):
            assert weight.size * POOL_WEIGHT < TAME
            assert np.all(weight == POOL_WEIGHT)
        elif isinstance(synapse, Dense):
            assert np.abs(weight).sum(axis=1).max() < 2**15
            kind = np.int8 if name == "fc1" else np.int16
            assert np.array_equal(weight.astype(kind), weight)
            rows = weight.T
            if name == "fc1":
                channels, *plane = network.population(projection.source).shape or ()
                rows = rows.reshape(channels, *plane, -1).transpose(1, 2, 0, 3)
            else:
                rows = np.pad(rows, ((0, 0), (0, OUT - rows.shape[1])))
            parts[name] = rows.astype(kind).tobytes()
    return parts["conv1"] + parts["conv2"] + parts["fc2"] + parts["fc1"]


def main() -> None:
    """Print the table."""
    folder = conformance_folder(sys.argv[1:])
    network = GESTURE.network(folder)
    image = load(nd.compile(network))
    recordings = GESTURE.recordings(folder, network, RECORDINGS)
    print(f"{GESTURE.title}, {GESTURE.steps:,} steps; instructions {chosen_instructions()}; {machine()}")
    with tempfile.TemporaryDirectory() as temporary:
        kernel = Kernel(temporary, network)
        for number, events in enumerate(recordings, 1):
            found = Emulator(image).advance(events, GESTURE.steps).spikes
            _, spikes, output = kernel.run(events)
            if [len(s.step) for s in found[1:]] != spikes.tolist():
                raise AssertionError(f"recording {number}: the layers fire {spikes} times by hand")
            if not np.array_equal(np.argwhere(output), np.column_stack([found[-1].step, found[-1].neuron])):
                raise AssertionError(f"recording {number}: the output fires differently by hand")
        calls = [
            call
            for events in recordings
            for call in (
                lambda events=events: stepping(image, events, GESTURE.steps),
                lambda events=events: kernel.run(events)[0],
            )
        ]
        taken = rounds(*calls)
    print("recording   input spikes   emulator (best)   by hand (best)   ratio")
    for number, (events, mine, its) in enumerate(zip(recordings, taken[::2], taken[1::2], strict=True), 1):
        cells = [f"{1e3 * statistics.median(x):6.1f} ({1e3 * min(x):.1f}) ms" for x in (mine, its)]
        print(f"{number:9} {len(events):14,}   {cells[0]:>15}   {cells[1]:>14}   {ratio(mine, its):5.2f}")
    mine, its = ([sum(turn) for turn in zip(*columns, strict=True)] for columns in (taken[::2], taken[1::2]))
    print(f"all five: the emulator takes {ratio(mine, its):.2f} times as long; spikes equal")


if __name__ == "__main__":
    main()
