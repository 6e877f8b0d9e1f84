"""Files of networks in continuous time: a `.npz` of plain numbers, the latency coding of their input beside them.

A zip, not packed, of `.npy` members, each a float64 array: `version` (1), `weights_1` … `weights_n`, `recurrent_k`
where layer k has recurrent weights, the scalars of `ForwardNetwork`, and the fields of `Latency` as `latency_…`
(`latency_bias_ms` only where there is a bias spike; flags as 0 and 1).
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from neurodeploy.errors import FormatError, NeurodeployError
from neurodeploy.files import parse_npy, read_bytes, write_atomic
from neurodeploy.models.forward_prop.network import FloatArray, ForwardNetwork
from neurodeploy.spikes.latency import Latency

VERSION = 1
MAX_FILE_BYTES = 2**30
#: Layers of a file, of which each has two members at most.
MAX_LAYERS = 1000
_SCALARS = ("synapse_rate", "membrane_rate", "threshold", "horizon_ms", "refractory_ms")
_LATENCY = "latency_"
_FLAGS = ("largest_first", "complement")


def save_forward(network: ForwardNetwork, latency: Latency, path: str | Path, overwrite: bool = False) -> None:
    """Write a network and the coding of its input; equal networks give equal bytes.

    Args:
        network: to be kept.
        latency: of its input; as many inputs as the network has.
        path: a `.npz` file, which appears complete or not at all.
        overwrite: whether an existing file may be replaced.

    Raises:
        FormatError: another suffix, a coding of another number of inputs, an existing file, or one that cannot be
            written.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise FormatError(str(path), "has no suffix of a network in continuous time", "name it .npz")
    _check_inputs(network, latency, str(path))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, value in _members(network, latency).items():
            member = io.BytesIO()
            np.save(member, value, allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())  # of 1980: no clock in the bytes
    write_atomic(path, stream.getvalue(), overwrite)


def load_forward(path: str | Path) -> tuple[ForwardNetwork, Latency]:
    """The network of a file and the coding of its input; nothing is unpickled.

    Raises:
        FormatError: no such file, or one that is damaged, of a newer version, or holds other members, shapes or values
            than `save_forward` writes.
    """
    path = Path(path)
    where = str(path)
    arrays = _arrays(read_bytes(path, MAX_FILE_BYTES), where)
    version = _scalar(arrays, "version", where)
    if version != VERSION:
        raise FormatError(where, f"has version {version:g}, this neurodeploy reads {VERSION}", "update neurodeploy")
    try:
        network, latency = _network(arrays, where), _latency(arrays, where)
    except FormatError:
        raise
    except NeurodeployError as error:
        raise FormatError(f"{where}: {error.subject}", error.problem, "save the network again") from error
    if arrays:
        raise FormatError(where, f"has a member {min(arrays)!r} that means nothing", "save the network again")
    _check_inputs(network, latency, where)
    return network, latency


def _members(network: ForwardNetwork, latency: Latency) -> dict[str, FloatArray]:
    members: dict[str, object] = {"version": VERSION}
    members |= {f"weights_{k}": weight for k, weight in enumerate(network.weights, start=1)}
    members |= {f"recurrent_{k}": own for k, own in enumerate(network.recurrent or (), start=1) if own is not None}
    members |= {name: getattr(network, name) for name in _SCALARS}
    members |= {_LATENCY + field.name: getattr(latency, field.name) for field in fields(Latency)}
    return {name: np.asarray(value, np.float64) for name, value in members.items() if value is not None}


def _network(arrays: dict[str, FloatArray], where: str) -> ForwardNetwork:
    layers = sum(name.startswith("weights_") for name in arrays)
    weights = tuple(_taken(arrays, f"weights_{k}", 2, where) for k in range(1, layers + 1))
    names = [f"recurrent_{k}" for k in range(1, layers + 1)]
    own = tuple(_taken(arrays, name, 2, where) if name in arrays else None for name in names)
    scalars = {name: _scalar(arrays, name, where) for name in _SCALARS}
    return ForwardNetwork(weights, **scalars, recurrent=own if any(o is not None for o in own) else None)


def _latency(arrays: dict[str, FloatArray], where: str) -> Latency:
    low, high = (tuple(_taken(arrays, _LATENCY + end, 1, where).tolist()) for end in ("low", "high"))
    early, late = (_scalar(arrays, f"{_LATENCY}{end}_ms", where) for end in ("early", "late"))
    flags = {name: _scalar(arrays, _LATENCY + name, where) for name in _FLAGS}
    for name, value in flags.items():
        if value not in (0, 1):
            raise FormatError(where, f"has {value:g} for {name}", "save the network again")
    bias = _scalar(arrays, f"{_LATENCY}bias_ms", where) if f"{_LATENCY}bias_ms" in arrays else None
    return Latency(low, high, early, late, **{name: value == 1 for name, value in flags.items()}, bias_ms=bias)


def _arrays(data: bytes, where: str) -> dict[str, FloatArray]:
    """The members by name without suffix; sizes are checked before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            members = file.infolist()
            size = sum(member.file_size for member in members)
            packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
            if packed or len(members) > 2 * MAX_LAYERS + 20 or size > len(data):
                problem = f"declares {len(members)} members of {size} bytes in a file of {len(data)}, or packs them"
                raise FormatError(where, problem, "save the network again")
            names = [member.filename.removesuffix(".npy") for member in members]
            if len(set(names)) < len(names):
                raise FormatError(where, "has two members of one name", "save the network again")
            return {
                name: parse_npy(file.read(member), f"{where}: {name}").astype(np.float64)
                for name, member in zip(names, members, strict=True)
            }
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FormatError(where, f"is no .npz of numbers ({error})", "save the network again") from error


def _taken(arrays: dict[str, FloatArray], name: str, axes: int, where: str) -> FloatArray:
    """A member, removed; raises FormatError where it is missing or has another number of axes."""
    if name not in arrays:
        raise FormatError(where, f"lacks {name}", "save the network again")
    array = arrays.pop(name)
    if array.ndim != axes:
        raise FormatError(where, f"has {name} of shape {array.shape}", f"give it {axes} axes")
    return array


def _scalar(arrays: dict[str, FloatArray], name: str, where: str) -> float:
    return float(_taken(arrays, name, 0, where))


def _check_inputs(network: ForwardNetwork, latency: Latency, where: str) -> None:
    if latency.inputs != network.sizes[0]:
        problem = f"codes {latency.inputs} inputs, the network has {network.sizes[0]}"
        raise FormatError(where, problem, "give the latency coding that it was trained with")
