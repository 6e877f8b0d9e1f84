"""The formats that can be read and written: a table of our own, and what other packages add through entry points.

A package adds one with an entry point in the group `neurodeploy.formats` that leads to a `Format`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from neurodeploy.errors import FormatError, MissingPackageError
from neurodeploy.files import is_folder

ENTRY_POINTS = "neurodeploy.formats"


@dataclass(frozen=True)
class Format:
    """One foreign format.

    Args:
        name: as `--from` and `--to` take it.
        title: what it is, in a few words.
        suffixes: how its files end, in lower case; empty: a folder.
        reader: "module:function", called with the path and `ReadOptions`, returning `Loaded`; "" without.
        writer: "module:function", called with the network, the name without suffix and `WriteOptions`, returning
            `Written`; "" without.
        reads, writes: what is covered, a phrase each.
        extra: the optional dependency of this package that it needs, "" without.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    reader: str = ""
    writer: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    extra: str = field(default="", kw_only=True)


_HERE = "neurodeploy.models.formats"

BUILT_IN = (
    Format(
        "slayer",
        "folder of SLAYER-Loihi parameters",
        (),
        reader=f"{_HERE}.slayer_folder:read_folder",
        reads=("weights as .txt or .npy, one file per layer", "the yaml of the training", "dense, conv, pool layers"),
    ),
    Format(
        "pt",
        "torch checkpoint",
        (".pt",),
        reader=f"{_HERE}.slayer_pt:read_pt",
        reads=(
            "slayerPytorch networks, hand-written or auto: dense, conv, pool layers, axonal delays; LOIHI neurons, and "
            "SRMALPHA as CUBA neurons with the same response",
            "lava-dl networks of CUBA blocks, with a sidecar: conv, pool, dense, flatten blocks, axonal delays",
        ),
        extra="torch",
    ),
    Format(
        "net",
        "lava-dl netx file",
        (".net",),
        reader=f"{_HERE}.net_reader:read_net",
        reads=(
            "input, dense, recurrent dense, conv, pool, flatten and average layers",
            "CUBA and LOIHI, ALIF, SDNN, RF_PHASE and RF_IZHIKEVICH neurons",
            "biases, axonal delays, weight exponents",
        ),
        writer=f"{_HERE}.net_writer:write_net",
        writes=("chains of dense, recurrent dense, conv and pool layers of integer weights", "all of these neurons"),
    ),
    Format(
        "onnx",
        "ONNX model",
        (".onnx",),
        reader=f"{_HERE}.onnx_read:read_onnx",
        writer=f"{_HERE}.onnx_write:write_onnx",
        reads=(
            "models written here",
            "feed-forward networks as rate-coded ones: Gemm, MatMul, Conv, AveragePool, Flatten, Relu, "
            "BatchNormalization, with calibration data",
        ),
        writes=("integer networks as a Scan of integer operators: all neurons, synapses, delays, resets",),
        extra="onnx",
    ),
    Format(
        "c",
        "C99 source and header",
        (".c",),
        writer=f"{_HERE}.c_write:write_c",
        writes=("integer networks as constants and a step function: all neurons, synapses, delays, resets",),
    ),
    Format(
        "nir",
        "NIR graph",
        (".nir",),
        reader=f"{_HERE}.nir.reader:read_nir",
        writer=f"{_HERE}.nir.writer:write_nir",
        reads=(
            "NIR 0.2 … 1.0.8: CubaLIF, LIF, IF, LI, CubaLI, I, Threshold, Affine, Linear, Conv1d, Conv2d, SumPool2d, "
            "AvgPool2d, Scale, Flatten, Delay, nested graphs, recurrence",
            "with --dt, --time-unit and --discretisation",
        ),
        writes=("networks of CUBA LIF neurons; input neurons and a bias per step are refused",),
    ),
)


def formats() -> tuple[Format, ...]:
    """All known formats, our own first.

    Raises:
        FormatError: an entry point that leads to no format, or to a second one of the same name.
    """
    known = {item.name: item for item in BUILT_IN}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            item = point.load()
        except (ImportError, AttributeError) as error:
            raise FormatError(f"format {point.name}", f"cannot be loaded ({error})", "repair its package") from error
        if not isinstance(item, Format) or item.name in known:
            problem = "names a format that exists" if isinstance(item, Format) else "leads to no Format"
            raise FormatError(f"entry point {point.name}", problem, "repair or remove its package")
        known[item.name] = item
    return tuple(known.values())


def format_of(path: Path, name: str | None, action: str) -> Format:
    """The format of a file.

    Args:
        path: the file or folder; it need not exist when a name is given or it is to be written.
        name: given by the user; None: by the suffix, or a folder.
        action: "reader" or "writer": what the format must have.

    Raises:
        FormatError: nothing of that name or suffix, or a folder that cannot be reached.
    """
    able = [item for item in formats() if getattr(item, action)]
    if name is not None:
        found = [item for item in able if item.name == name]
        subject, remedy = f"format {name}", f"choose {' or '.join(item.name for item in able)}"
    else:
        folder = action == "reader" and is_folder(path)
        found = [item for item in able if (not item.suffixes if folder else path.suffix.lower() in item.suffixes)]
        subject, remedy = str(path), f"give {' or '.join(_wanted(item) for item in able)}"
    if not found:
        raise FormatError(subject, f"is of a format that no {action} knows", remedy)
    return found[0]


def load_function(item: Format, action: str) -> Any:
    """The reader or writer of a format, imported now.

    Raises:
        MissingPackageError: a package that it needs is not installed.
    """
    module, function = getattr(item, action).split(":")
    try:
        return getattr(import_module(module), function)
    except (ImportError, OSError) as error:  # OSError: a shared library that cannot be loaded
        problem = f"is needed for the format {item.name} and cannot be imported ({error})"
        remedy = f"pip install 'neurodeploy-snn[{item.extra}]'" if item.extra else "install it"
        raise MissingPackageError(getattr(error, "name", None) or item.extra or module, problem, remedy) from error


def _wanted(item: Format) -> str:
    return " or ".join(f"a {suffix}" for suffix in item.suffixes) or "a folder"
