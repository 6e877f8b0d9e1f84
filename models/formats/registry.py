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
from neurodeploy.extras import install_remedy
from neurodeploy.files import is_folder
from neurodeploy.models.formats.options import ReadOptions, WriteOptions, check_options

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
        options: the fields of `ReadOptions` and `WriteOptions` that mean something for it; None: all.
        extra: the optional dependency of this package that it needs, "" without.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    reader: str = ""
    writer: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    options: tuple[str, ...] | None = field(default=None, kw_only=True)
    extra: str = field(default="", kw_only=True)

    def check(self, options: ReadOptions | WriteOptions) -> None:
        """Raise OptionError for an option that was given and means nothing for this format."""
        if self.options is not None:
            check_options(options, self.options, f"format {self.name}")


_HERE = "neurodeploy.models.formats"
_NET_OPTIONS = ("reset_interval", "reset_offset", "image", "input_bias")

BUILT_IN = (
    Format(
        "slayer",
        "folder of SLAYER-Loihi parameters",
        (),
        reader=f"{_HERE}.slayer_folder:read_folder",
        reads=(
            "weights as .txt or .npy, one file per layer",
            "the yaml of the training",
            "dense, conv, pool, transposed conv and unpool layers",
        ),
        options=("arch", "yaml"),
    ),
    Format(
        "pt",
        "torch checkpoint",
        (".pt",),
        reader=f"{_HERE}.slayer_pt:read_pt",
        reads=(
            "slayerPytorch networks, hand-written or auto: dense, conv, pool, transposed conv and unpool layers, "
            "axonal delays; LOIHI neurons, and SRMALPHA as CUBA neurons with the same response",
            "lava-dl networks of CUBA blocks, with a sidecar: conv, convT, pool, unpool, dense, flatten blocks, "
            "axonal delays",
        ),
        options=("arch", "yaml", "sidecar", *_NET_OPTIONS),
        extra="torch",
    ),
    Format(
        "net",
        "lava-dl netx file",
        (".net",),
        reader=f"{_HERE}.net_reader:read_net",
        reads=(
            "input, dense, recurrent dense, conv, convT, pool, unpool, flatten and average layers",
            "CUBA and LOIHI, ALIF, SDNN, RF_PHASE and RF_IZHIKEVICH neurons",
            "biases, axonal delays, weight exponents",
        ),
        writer=f"{_HERE}.net_writer:write_net",
        writes=(
            "chains of dense, recurrent dense, conv, convT, pool and unpool layers of integer weights",
            "all of these neurons",
        ),
        options=_NET_OPTIONS,
    ),
    Format(
        "onnx",
        "ONNX model",
        (".onnx",),
        reader=f"{_HERE}.onnx_read:read_onnx",
        writer=f"{_HERE}.onnx_write:write_onnx",
        reads=(
            "models written here",
            "feed-forward networks as rate-coded ones: Gemm, MatMul, Conv, ConvTranspose, AveragePool, Flatten, Relu, "
            "BatchNormalization, with calibration data",
        ),
        writes=("integer networks as a Scan of integer operators: all neurons, synapses, delays, resets",),
        options=("calibrate", "percentile", "profile", "traces"),
        extra="onnx",
    ),
    Format(
        "c",
        "C99 source and header",
        (".c",),
        writer=f"{_HERE}.c_write:write_c",
        writes=("integer networks as constants and a step function: all neurons, synapses, delays, resets",),
        options=("profile",),
    ),
    Format(
        "npz",
        "network in continuous time",
        (".npz",),
        reader=f"{_HERE}.forward:read_forward",
        reads=(
            "networks trained with exact gradients of their firing times: dense and recurrent layers",
            "the latency coding of their input; with --timestep-ms",
        ),
        options=("dt",),
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
        options=("dt", "time_unit", "discretisation"),
    ),
)


def formats() -> tuple[Format, ...]:
    """All formats that can be used, our own first; see `broken_formats` for the others."""
    return _found()[0]


def broken_formats() -> tuple[str, ...]:
    """What is wrong with formats of other packages that cannot be used, a phrase each."""
    return _found()[1]


def _found() -> tuple[tuple[Format, ...], tuple[str, ...]]:
    known, broken = {item.name: item for item in BUILT_IN}, []
    for point in entry_points(group=ENTRY_POINTS):
        try:
            item = point.load()
        except Exception as error:  # another package's code: it must not take ours down with it
            broken.append(f"format {point.name} cannot be loaded ({error})")
            continue
        if not isinstance(item, Format):
            broken.append(f"entry point {point.name} leads to no Format")
        elif item.name in known:
            broken.append(f"entry point {point.name} names the format {item.name}, which exists")
        else:
            known[item.name] = item
    return tuple(known.values()), tuple(broken)


def format_of(path: Path, name: str | None, action: str) -> Format:
    """The format of a file.

    Args:
        path: the file or folder; it need not exist when a name is given or it is to be written.
        name: given by the user; None: by the suffix, or a folder.
        action: "reader" or "writer": what the format must have.

    Raises:
        FormatError: nothing of that name or suffix, or a folder that cannot be reached.
    """
    usable, broken = _found()
    able = [item for item in usable if getattr(item, action)]
    if name is not None:
        found = [item for item in able if item.name == name]
        subject, remedy = f"format {name}", f"choose {' or '.join(item.name for item in able)}"
    else:
        folder = action == "reader" and is_folder(path)
        found = [item for item in able if (not item.suffixes if folder else path.suffix.lower() in item.suffixes)]
        subject, remedy = str(path), f"give {' or '.join(_wanted(item) for item in able)}"
    if not found:
        problem = "; ".join([f"is of a format that no {action} knows", *broken])
        raise FormatError(subject, problem, remedy)
    return found[0]


def load_function(item: Format, action: str) -> Any:
    """The reader or writer of a format, imported now.

    Raises:
        MissingPackageError: a package that it needs is not installed.
        FormatError: another package names a function that it does not have.
    """
    module, _, function = getattr(item, action).partition(":")
    try:
        return getattr(import_module(module), function)
    except AttributeError as error:
        problem = f"has no {action} {module}:{function} ({error})"
        raise FormatError(f"format {item.name}", problem, "repair its package") from error
    except (ImportError, OSError) as error:  # OSError: a shared library that cannot be loaded
        problem = f"is needed for the format {item.name} and cannot be imported ({error})"
        remedy = install_remedy(item.extra) if item.extra else "install it"
        raise MissingPackageError(getattr(error, "name", None) or item.extra or module, problem, remedy) from error


def _wanted(item: Format) -> str:
    return " or ".join(f"a {suffix}" for suffix in item.suffixes) or "a folder"
