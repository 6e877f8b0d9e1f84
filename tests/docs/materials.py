"""What the pages take for granted: small networks and recordings under the names they use."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.spikes.files import write_recording
from neurodeploy.spikes.recording import Recording

YAML = """\
simulation: {{Ts: 1.0, tSample: {steps}}}
neuron: {{type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1024, refDelay: 1, wgtExp: 0, tauRho: 1, scaleRho: 1}}
layer:
{layers}"""


def trained_folder(folder: Path, arch: str = "8x8x2-16-4", steps: int = 40) -> None:
    """A folder of SLAYER-Loihi parameters: random whole weights of a perceptron, and its yaml."""
    folder.mkdir()
    first, *widths = arch.split("-")
    before, draw = int(np.prod([int(n) for n in first.split("x")])), np.random.default_rng(1)
    for number, width in enumerate(map(int, widths), 1):
        np.save(folder / f"fc{number}.npy", 2 * draw.integers(-20, 40, (width, before)))
        before = width
    layers = "".join(f"  - {{dim: {word}}}\n" for word in arch.split("-"))
    (folder / "network.yaml").write_text(YAML.format(steps=steps, layers=layers), encoding="utf-8")


def recordings(folder: Path, side: int = 8, count: int = 6, classes: int = 4, steps: int = 40) -> None:
    """Labelled recordings of a square camera: random events, every third recording held out."""
    folder.mkdir()
    rows = ["file,label,split"]
    for number in range(count):
        name, label = f"{number:04}.bs2", number % classes
        write_recording(folder / name, recording(side, steps, number))
        rows.append(f"{name},{label},{'test' if number % 3 == 2 else 'train'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def recording(side: int, steps: int, seed: int) -> Recording:
    """Random events, four per step."""
    draw = np.random.default_rng(seed)
    x, y, polarity = (draw.integers(0, high, 4 * steps).astype(np.int32) for high in (side, side, 2))
    return Recording(np.sort(draw.integers(0, 1000 * steps, 4 * steps)), x, y, polarity)


def small_network(steps: int | None = 40) -> Network:
    """2x8x8 - 16 - 4 with whole weights."""
    draw = np.random.default_rng(3)
    neuron = CubaLif(1024, 128, 80)
    return Network(
        (Population("input", shape=(2, 8, 8)), Population("fc1", neuron), Population("fc2", neuron)),
        (
            Projection("input", "fc1", Dense(2 * draw.integers(-20, 40, (16, 128)))),
            Projection("fc1", "fc2", Dense(2 * draw.integers(-20, 40, (4, 16)))),
        ),
        steps=steps,
    )
