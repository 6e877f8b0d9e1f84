"""What the user can say about a file that is read or written, beside its path."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path

from neurodeploy.errors import OptionError

#: How bits are computed; see docs/semantics.md.
PROFILES = ("loihi", "lava-0.10")


@dataclass(frozen=True)
class ReadOptions:
    """Options of readers; each uses those that its format needs.

    Attributes:
        arch: the layers in SLAYER's notation, like `128x128x2-4a-16c5z-2a-512-11`.
        yaml: the yaml of the training.
        reset_interval: steps between resets, where the format does not hold them.
        reset_offset: step of the first reset of the input, 0 unless given.
        sidecar: `.toml` file beside a checkpoint that does not hold everything.
        image: `.npy` file of what the neurons of the input see, real numbers.
        input_bias: `.npy` file of what the neurons of the input receive in every step, whole numbers.
        calibrate: typical inputs of a network of rates, `.npy`, (samples, C, H, W) or (samples, inputs).
        percentile: of the activations on them that a neuron's highest rate stands for.
        dt: length of a step in milliseconds.
        time_unit: of the file's time constants, "s" or "ms".
        discretisation: of continuous neurons, "euler" or "exponential".
    """

    arch: str | None = None
    yaml: Path | str | None = None
    reset_interval: int | None = None
    reset_offset: int | None = None
    sidecar: Path | str | None = None
    image: Path | str | None = None
    input_bias: Path | str | None = None
    calibrate: Path | str | None = None
    percentile: float = 99.9
    dt: float | None = None
    time_unit: str | None = None
    discretisation: str | None = None


@dataclass(frozen=True)
class WriteOptions:
    """Options of writers; each uses those that its format needs.

    Attributes:
        profile: bits that an export computes, "loihi" or "lava-0.10".
        traces: whether an ONNX model gives u and v of every step, beside the spikes and the last state.
    """

    profile: str = "loihi"
    traces: bool = False


def given(options: ReadOptions | WriteOptions) -> tuple[str, ...]:
    """Names of the options that differ from their defaults."""
    return tuple(f.name for f in fields(options) if getattr(options, f.name) != f.default)


def check_options(options: ReadOptions | WriteOptions, heeded: Collection[str], what: str) -> None:
    """Raise OptionError for an option that was given and is not among those that `what` heeds."""
    for name in given(options):
        if name not in heeded:
            raise OptionError(name.replace("_", "-"), f"means nothing for {what}", "leave it out")
