"""Valid files of every kind that is read: what damage starts from."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.models.formats import ReadOptions, read_network, written_network
from neurodeploy.models.formats.slayer_alpha import sampled_alpha
from neurodeploy.network import (
    Alif,
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    Network,
    Neuron,
    Population,
    Projection,
    ResonateFire,
    SigmaDelta,
    Synapse,
)
from neurodeploy.runtime.record import load_record
from neurodeploy.spikes.binary import LAYOUTS
from neurodeploy.spikes.files import SPIKE_SUFFIXES, read_recording
from neurodeploy.spikes.pipe import read_events, written
from neurodeploy.spikes.samples import find_samples
from tests.fuzz.hdf5 import damaged_container, damaged_hdf5
from tests.fuzz.mutate import mutated
from tests.property.networks import random_case
from tests.support.onnx_models import Layer, chain, floats, small_convolutional_model

YAML = b"""simulation: {Ts: 1.0, tSample: 20}
neuron: {type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1024, refDelay: 1, wgtExp: 0, tauRho: 1, scaleRho: 1}
layer:
  - {dim: 4x4x2}
  - {dim: 2c3z}
  - {dim: 3}
"""
ALPHA_YAML = (
    b"simulation: {Ts: 1.0}\nneuron: {type: SRMALPHA, theta: 10, tauSr: 3, tauRef: 1, scaleRef: 2, tauRho: 1}\n"
)


#: Content by file name; more than one file is a folder.
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        name: for messages.
        read: what reads the file or folder.
        seeds: makes valid ones, in a folder that it may write to.
        child: whether a process of its own parses it.
        damage: what is done to one of the files: content, the other seeds, a generator.
    """

    name: str
    read: Callable[[Path], object]
    seeds: Callable[[Path], list[Files]]
    child: bool = False
    damage: Callable[[bytes, list[bytes], np.random.Generator], bytes] = mutated


def kinds() -> tuple[Kind, ...]:
    """Every kind."""
    return (
        Kind("program", nd.load, _program),
        Kind("network", nd.load, _network),
        Kind("record", load_record, _record),
        Kind("snapshot", _resumed, _snapshot, damage=damaged_container),
        Kind("piped text", partial(_piped, "text"), partial(_pipe, "text")),
        Kind("piped records", partial(_piped, "binary"), partial(_pipe, "binary")),
        Kind("SLAYER folder", _foreign, _slayer_folder),
        Kind("checkpoint", _checkpoint, _checkpoints),
        *(Kind(f"spikes {suffix}", read_recording, partial(_spikes, suffix)) for suffix in SPIKE_SUFFIXES),
        Kind("spiking ONNX", read_network, _spiking_onnx),
        Kind("ONNX network of rates", _rates, _rate_onnx),
        Kind("net", read_network, _net_files, child=True, damage=damaged_hdf5),
        Kind("NIR", _nir, _nir_files, child=True, damage=damaged_hdf5),
        Kind("labels", lambda path: find_samples(path, "test"), _labelled),
    )


def _program(folder: Path) -> list[Files]:
    nd.save(nd.compile(small_network()), folder / "p.ndp")
    return [{"f.ndp": (folder / "p.ndp").read_bytes()}]


def _network(folder: Path) -> list[Files]:
    nd.save(small_network(), folder / "n.ndn")
    return [{"f.ndn": (folder / "n.ndn").read_bytes()}]


def _record(folder: Path) -> list[Files]:
    program = nd.compile(small_network())
    run = nd.run(program, np.eye(32, dtype=int)[:20], probes=["fc1.u"])
    assert isinstance(run, nd.Run)
    nd.save(api.record(program, [run]), folder / "r.ndr")
    return [{"f.ndr": (folder / "r.ndr").read_bytes()}]


def _snapshot(folder: Path) -> list[Files]:
    """In the middle of a run, with spikes on their way."""
    with nd.stream(nd.compile(small_network())) as live:
        live.advance(np.eye(32, dtype=int)[:20])
        live.save(folder / "s.nds", overwrite=True)
    return [{"f.nds": (folder / "s.nds").read_bytes()}]


def _resumed(path: Path) -> object:
    """A state that is accepted can be run."""
    return nd.stream(_resumable(), resume=path).advance(None, 3)


@cache
def _resumable() -> nd.Program:
    return nd.compile(small_network())


def _pipe(form: str, folder: Path) -> list[Files]:
    del folder
    step, neuron = np.arange(60) // 4, np.arange(60) % 32
    return [{"f": written(step, neuron, payload, form)} for payload in (None, step - 7)]


def _piped(form: str, path: Path) -> object:
    data = path.read_bytes()
    blocks = iter([data[i : i + 100] for i in range(0, len(data), 100)])
    return list(read_events(lambda: next(blocks, b""), form))


def small_network() -> Network:
    """Two dense layers on 32 inputs."""
    draw = np.random.default_rng(0)
    neuron = CubaLif(1024, 128, 20)
    populations = (Population("input", shape=(32,)), Population("fc1", neuron), Population("fc2", neuron))
    projections = (
        Projection("input", "fc1", Dense(2 * draw.integers(-5, 30, (6, 32)))),
        Projection("fc1", "fc2", Dense(2 * draw.integers(-5, 30, (4, 6)))),
    )
    return Network(populations, projections, steps=20)


def _nir(path: Path) -> object:
    return read_network(path, ReadOptions(dt=1.0, time_unit="s"))


def _net_files(folder: Path) -> list[Files]:
    """A convolution and a dense layer as written here, and sigma-delta and resonating neurons behind an input."""
    del folder
    kernel = Conv2d(2 * np.arange(36).reshape(2, 2, 3, 3), padding=(1, 1))
    neuron = CubaLif(1024, 128, 20)
    layers = (
        Population("input", shape=(2, 4, 4)),
        Population("conv1", neuron, axonal_delay=3),
        Population("fc1", neuron),
    )
    joined = (Projection("input", "conv1", kernel), Projection("conv1", "fc1", Dense(np.ones((3, 32), int) * 2)))
    resonator = ResonateFire(100, 4000, 20, izhikevich=False)
    chains = [
        Network(layers, joined, steps=20),
        _decoder(),
        _chain(SigmaDelta(10)),
        _chain(Alif(1024, 128, 20, 100, 100, 5)),
        _chain(resonator),
    ]
    return [{"f.net": written_network(network, "f.net").files[".net"]} for network in chains]


def _decoder() -> Network:
    """A transposed convolution with output padding, and an unpooling."""
    neuron = CubaLif(1024, 128, 20)
    populations = (Population("input", shape=(2, 3, 4)), Population("up", neuron), Population("twice", neuron))
    kernel = ConvTranspose2d(2 * np.arange(36).reshape(2, 2, 3, 3), (2, 2), (1, 1), (1, 1))
    unpool = ConvTranspose2d.unpooling(np.full((2, 2), 28), 2, (2, 2))
    return Network(populations, (Projection("input", "up", kernel), Projection("up", "twice", unpool)), steps=20)


def _chain(neuron: Neuron) -> Network:
    draw = np.random.default_rng(1)
    populations = (Population("input", shape=(6,)), Population("fc1", neuron), Population("fc2", neuron))
    weights = [2 * draw.integers(-9, 9, shape) for shape in ((4, 6), (3, 4))]
    names = (("input", "fc1"), ("fc1", "fc2"))
    return Network(populations, tuple(Projection(*n, Dense(w)) for n, w in zip(names, weights, strict=True)))


def _nir_files(folder: Path) -> list[Files]:
    del folder
    return [{"f.nir": written_network(network, "f.nir").files[".nir"]} for network in (small_network(), _looped())]


def _looped() -> Network:
    """A convolution, and a population that feeds itself."""
    kernel = Conv2d(2 * np.arange(36).reshape(2, 2, 3, 3), padding=(1, 1))
    neuron = CubaLif(1024, 128, 20)
    populations = (Population("input", shape=(2, 4, 4)), Population("a", neuron), Population("b", neuron))
    weights: tuple[Synapse, ...] = (kernel, Dense(np.ones((3, 32), int) * 2), Dense(np.ones((3, 3), int) * 2))
    names = (("input", "a"), ("a", "b"), ("b", "b"))
    return Network(populations, tuple(Projection(*n, w) for n, w in zip(names, weights, strict=True)), steps=20)


def _foreign(path: Path) -> object:
    return read_network(path, ReadOptions(arch="4x4x2-2c3z-3"))


def _checkpoint(path: Path) -> object:
    return read_network(path / "f.pt", ReadOptions(arch="4x4x2-2c3z-3", yaml=path / "f.yaml"))


def _slayer_folder(folder: Path) -> list[Files]:
    conv, dense = np.arange(36) % 7 * 2 - 6, np.arange(96) % 5 * 2
    np.save(folder / "fc1.npy", dense)
    text = "\n".join(map(str, conv)).encode()
    return [{"network.yaml": YAML, "conv1.txt": text, "fc1.npy": (folder / "fc1.npy").read_bytes()}]


def _checkpoints(folder: Path) -> list[Files]:
    import torch

    state = {
        "conv1.weight": torch.ones(2, 2, 3, 3, 1),
        "fc1.weight": torch.ones(3, 2, 4, 4, 1),
        "delay1.delay": torch.ones(2, 1, 1),
    }
    result: list[Files] = []
    for modern in (True, False):
        torch.save(state, folder / "c.pt", _use_new_zipfile_serialization=modern)
        result.append({"f.pt": (folder / "c.pt").read_bytes(), "f.yaml": YAML})
    kernels = {
        "slayer.srmKernel": torch.from_numpy(sampled_alpha(3.0)),
        "slayer.refKernel": torch.from_numpy(-20 * sampled_alpha(1.0)),
    }
    torch.save(state | kernels, folder / "c.pt")
    result.append({"f.pt": (folder / "c.pt").read_bytes(), "f.yaml": ALPHA_YAML})
    return result


def _spiking_onnx(folder: Path) -> list[Files]:
    delayed = random_case(5, 2, 20).network
    return [{"f.onnx": written_network(n, folder / "f.onnx").files[".onnx"]} for n in (small_network(), delayed)]


def _rate_onnx(folder: Path) -> list[Files]:
    np.save(folder / "c.npy", np.random.default_rng(3).random((5, 2, 6, 6)))
    calibration = (folder / "c.npy").read_bytes()
    up: Layer = ("ConvTranspose", {"W": floats(1, 2, 2, 2, 2)}, {"strides": [2, 2], "output_padding": [1, 0]})
    models = (small_convolutional_model(), chain([up, ("Relu", {}, {})], [2, 6, 6]))
    return [{"f.onnx": model.SerializeToString(), "c.npy": calibration} for model in models]


def _rates(path: Path) -> object:
    return read_network(path / "f.onnx", ReadOptions(calibrate=path / "c.npy"))


def _spikes(suffix: str, folder: Path) -> list[Files]:
    draw = np.random.default_rng(2)
    if suffix == ".npy":
        np.save(folder / "s.npy", draw.integers(0, 9, (12, 4)))
        return [{"f.npy": (folder / "s.npy").read_bytes()}]
    if suffix == ".bsn":
        return [{"f.bsn": b"".join(struct.pack(">HBHBHH", n, 0, 10 * n, 0, 10 * n + 5, 3) for n in range(12))}]
    return [{f"f{suffix}": draw.bytes(12 * LAYOUTS[suffix].record_bytes)}]


def _labelled(folder: Path) -> list[Files]:
    del folder
    return [{"labels.csv": b"file,label,split\na.bs2,1,test\nb.bs2,0,train\n", "a.bs2": b"", "b.bs2": b""}]
