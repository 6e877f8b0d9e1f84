"""What lies on the desk of a page's reader before the first block."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest

import neurodeploy as nd
from examples.digits_tssl import write_images
from neurodeploy.models.datasets.digits import Digit, load_images, write_digits
from neurodeploy.models.datasets.saccades import Sensor, record
from neurodeploy.models.datasets.tables import Table, iris, write_table
from neurodeploy.models.forward_prop.file import save_forward
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.simulate import simulate
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.spikes.files import write_recording
from neurodeploy.spikes.latency import Latency
from tests.docs.materials import recording, recordings, small_network, trained_folder
from tests.support.digits import write_few_digits

#: Written by the page on conversion in words.
SRM_YAML = """\
simulation: {Ts: 1.0, tSample: 80}
neuron: {type: SRMALPHA, theta: 10, tauSr: 4, tauRef: 1, scaleRef: 1, tauRho: 1, scaleRho: 1}
"""
#: A program that prints events as a camera would, as text or as records of 16 bytes.
CAMERA = f"""\
#!{sys.executable}
import sys
import numpy as np
draw = np.random.default_rng(0)
rows = [(int(step), int(neuron), 1) for step in range(60) for neuron in draw.integers(0, 128, 4)]
if "--binary" in sys.argv:
    sys.stdout.buffer.write(np.array(rows, [("step", "<i8"), ("neuron", "<i4"), ("payload", "<i4")]).tobytes())
else:
    print(*(f"{{step}} {{neuron}}" for step, neuron, _ in rows), sep="\\n")
"""


@dataclass(frozen=True)
class Desk:
    """Where a page is tried.

    Args:
        folder: empty, the current one.
        names: of the page's Python blocks.
        environment: to set variables in.
        request: to ask for fixtures.
    """

    folder: Path
    names: dict[str, Any]
    environment: pytest.MonkeyPatch
    request: pytest.FixtureRequest


def _program(desk: Desk, name: str, steps: int | None = 40) -> None:
    nd.save(nd.compile(small_network(steps)), desk.folder / name)


def _digits(desk: Desk, count: int) -> None:
    for file in (CHECKPOINT, YAML):
        copy(file, desk.folder)
    write_few_digits(desk.folder / "recordings", count)


def _readme(desk: Desk) -> None:
    trained_folder(desk.folder / "trained", "34x34x2-512-10")
    recordings(desk.folder / "recordings", 34, count=3)


def _accuracy(desk: Desk) -> None:
    _digits(desk, 12)
    network = nd.load(desk.folder / CHECKPOINT.name, yaml=desk.folder / YAML.name)
    assert isinstance(network, nd.Network)
    program = nd.compile(network)
    nd.save(program, desk.folder / "digits.ndp")
    desk.names.update(network=network, program=program)


def _conversion(desk: Desk) -> None:
    """An SRM network that was never trained; the digits are labelled as it answers, so that it is right."""
    from neurodeploy.models.formats.notation import parse_architecture
    from neurodeploy.models.slayer.spiking import Extras, build_network
    from neurodeploy.models.slayer.srm import SrmNeuron

    (desk.folder / "neuron.yaml").write_text(SRM_YAML, encoding="utf-8")
    neuron = SrmNeuron(threshold=10, synapse=4, refractory=1, depth=10)
    model = build_network(parse_architecture("16x16x2-16-10"), neuron, steps=80, extras=Extras(gain=4))
    shown = record(load_images()[0][:24], Sensor())
    answers = model.output_counts(shown).argmax(axis=1).tolist()
    write_digits(
        desk.folder / "recordings", [Digit(i, *pair) for i, pair in enumerate(zip(shown, answers, strict=True))]
    )
    desk.names.update(model=model, recordings=shown)


def _gesture(desk: Desk) -> None:
    """A program for whole recordings and one of them, `recordings/1.bs2`."""
    _program(desk, "gesture.ndp", None)
    (desk.folder / "recordings").mkdir()
    (desk.folder / "recordings" / "labels.csv").write_text("file,label\n1.bs2,2\n", encoding="utf-8")
    write_recording(desk.folder / "recordings" / "1.bs2", recording(8, 60, 1))


def _formats(desk: Desk) -> None:
    network = small_network()
    for name in ("network.onnx", "network.c"):
        nd.convert(network, desk.folder / name)
    (desk.folder / "recordings").mkdir()
    draw = np.random.default_rng(0)
    desk.names.update(raster=draw.random((300, 128)) < 0.05, x=draw.random((2, 8, 8)), low=0.0, high=1.0)


def _latency(desk: Desk) -> None:
    """A random network in continuous time, and a table that is labelled as it answers."""
    draw, latency = np.random.default_rng(13), Latency((0.0, 0.0), (1.0, 1.0), 0.15, 2.0, complement=True, bias_ms=0.9)
    weights = (draw.normal(1.5, 0.8, (5, 20)), draw.normal(0.2, 1.0, (20, 3)))
    network = ForwardNetwork(weights, 0.999, 1.0, horizon_ms=2.0)
    save_forward(network, latency, desk.folder / "yin_yang.npz")
    features = draw.uniform(size=(8, 2))
    answers = simulate(network, latency.times(features)).output.first_times().argmin(axis=1)
    rows = [f"{float(a)!r},{float(b)!r},{label}" for (a, b), label in zip(features, answers, strict=True)]
    (desk.folder / "yin_yang.csv").write_text("\n".join(["a,b,label", *rows]), encoding="utf-8")


def _forward_propagation(desk: Desk) -> None:
    """Every fifth flower, ten of each kind: the page's block trains for as many epochs as the recipe says."""
    table = iris()
    write_table(Table(table.features[::5], table.labels[::5], names=table.names), desk.folder / "iris.csv")


def _lava(desk: Desk) -> None:
    desk.request.getfixturevalue("lava")
    _program(desk, "p.ndp", 20)
    recordings(desk.folder / "recordings", count=1, steps=20)


def _nir(desk: Desk) -> None:
    nd.save(small_network(), desk.folder / "net.ndn")
    nd.convert(small_network(), desk.folder / "net.nir")


def _quantization(desk: Desk) -> None:
    trained_folder(desk.folder / "trained")
    recordings(desk.folder / "recordings")


def _reports(desk: Desk) -> None:
    """Two programs for a few digits, the run of the one in 3 bits, and a sweep."""
    _accuracy(desk)
    network, program = desk.names["network"], nd.compile(desk.names["network"], weight_bits=3)
    runs = nd.run(program, desk.folder / "recordings", split="test")
    assert isinstance(runs, list)
    nd.save(nd.record(program, runs), desk.folder / "3bit.ndr")
    points = nd.sweep(network, desk.folder / "recordings", (8, 3), split="test")
    (desk.folder / "sweep.json").write_text(json.dumps(points.as_dict()), encoding="utf-8")


def _slayer(desk: Desk) -> None:
    import torch

    rasters = torch.rand(1, 300, 2, 34, 34, generator=torch.Generator().manual_seed(0)) < 0.005
    desk.names.update(rasters=rasters.byte(), labels=torch.arange(1))


def _streams(desk: Desk) -> None:
    _program(desk, "gesture.ndp", None)
    recordings(desk.folder / "recordings", steps=220)
    write_recording(desk.folder / "long.bs2", recording(8, 120, 0))
    _camera(desk)
    draw = np.random.default_rng(0)
    desk.names["program"] = nd.load(desk.folder / "gesture.ndp")
    desk.names["frames"] = [draw.random((20, 2, 8, 8)) < 0.03 for _ in range(3)]


def _training(desk: Desk) -> None:
    recordings(desk.folder / "nmnist", 34, count=3, steps=60)


def _tssl(desk: Desk) -> None:
    write_images(desk.folder / "images", 20)


def _own_chip(desk: Desk) -> None:
    nd.save(small_network(), desk.folder / "net.ndn")
    recordings(desk.folder / "recordings")


def _own_format(desk: Desk) -> None:
    """Put the page's package, which it will write, on the path, with the metadata that pip would write."""
    package = desk.folder / "onelayer"
    metadata = package / "onelayer-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: onelayer\nVersion: 1\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[neurodeploy.formats]\nonelayer = onelayer:FORMAT\n", encoding="utf-8")
    desk.environment.syspath_prepend(str(package))
    desk.environment.delitem(sys.modules, "onelayer", raising=False)
    np.savetxt(desk.folder / "table.csv", np.full((3, 4), 20), fmt="%d", delimiter=",")


def _continuous(desk: Desk) -> None:
    nd.save(small_network(None), desk.folder / "net.ndn")
    _program(desk, "net.ndp", None)
    write_recording(desk.folder / "long.bs2", recording(8, 120, 0))
    _camera(desk)


def _camera(desk: Desk) -> None:
    (desk.folder / "camera").write_text(CAMERA, encoding="utf-8")
    (desk.folder / "camera").chmod(0o755)


def _verify(desk: Desk) -> None:
    _digits(desk, 4)
    network = nd.load(desk.folder / CHECKPOINT.name, yaml=desk.folder / YAML.name)
    assert isinstance(network, nd.Network)
    nd.save(nd.compile(network), desk.folder / "program.ndp")
    nd.save(nd.compile(network, weight_bits=3), desk.folder / "3bits.ndp")


PREPARATIONS: dict[str, Callable[[Desk], None]] = {
    "README.md": _readme,
    "docs/accuracy.md": _accuracy,
    "docs/command-line.md": _own_chip,
    "docs/conversion.md": _conversion,
    "docs/formats.md": _formats,
    "docs/howto/calibrate.md": _quantization,
    "docs/howto/continuous.md": _continuous,
    "docs/howto/divergence.md": _verify,
    "docs/howto/own-chip.md": _own_chip,
    "docs/howto/own-format.md": _own_format,
    "docs/howto/sweep.md": _quantization,
    "docs/forward_propagation.md": _forward_propagation,
    "docs/latency.md": _latency,
    "docs/lava.md": _lava,
    "docs/nir.md": _nir,
    "docs/plots.md": _gesture,
    "docs/quantization.md": _quantization,
    "docs/replay.md": _gesture,
    "docs/reports.md": _reports,
    "docs/slayer.md": _slayer,
    "docs/streams.md": _streams,
    "docs/training.md": _training,
    "docs/tssl.md": _tssl,
    "docs/verify.md": _verify,
}
