"""Valid files of every kind that is read: what damage starts from."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.models.formats import ReadOptions, read_network
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.runtime.record import load_record
from neurodeploy.spikes.binary import LAYOUTS
from neurodeploy.spikes.files import SPIKE_SUFFIXES, read_recording
from neurodeploy.spikes.samples import find_samples

YAML = b"""simulation: {Ts: 1.0, tSample: 20}
neuron: {type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1024, refDelay: 1, wgtExp: 0, tauRho: 1, scaleRho: 1}
layer:
  - {dim: 4x4x2}
  - {dim: 2c3z}
  - {dim: 3}
"""


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
    """

    name: str
    read: Callable[[Path], object]
    seeds: Callable[[Path], list[Files]]
    child: bool = False


def kinds() -> tuple[Kind, ...]:
    """Every kind."""
    return (
        Kind("program", nd.load, _program),
        Kind("network", nd.load, _network),
        Kind("record", load_record, _record),
        Kind("SLAYER folder", _foreign, _slayer_folder),
        Kind("checkpoint", _checkpoint, _checkpoints),
        *(Kind(f"spikes {suffix}", read_recording, partial(_spikes, suffix)) for suffix in SPIKE_SUFFIXES),
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
    return result


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
