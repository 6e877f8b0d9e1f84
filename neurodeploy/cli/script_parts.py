"""What scripts of several commands have in common; each takes its options out of those that were given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurodeploy.cli.script import Script

Given = dict[str, Any]
_READING = (
    "form", "arch", "yaml", "reset_interval", "reset_offset", "sidecar", "image", "input_bias", "percentile", "dt",
    "time_unit", "discretisation",
)  # fmt: skip


def load(script: Script, given: Given, calibrates: bool = False) -> None:
    """A line that loads the network at `path`, with the options that say how it is read."""
    names = [*_READING, "calibrate"] if calibrates else _READING
    reading = {name: given.pop(name) for name in names if name in given}
    script.call("nd.load", given.pop("path"), to="network", **reading)


def read(script: Script, path: Path) -> None:
    """A network with where it came from, if its file tells."""
    script.imports("from neurodeploy import api")
    script.call("api.read", path, to="loaded")
    script.add("network = loaded.quantized or loaded.network")


def explain(script: Script, layers: Sequence[str]) -> None:
    """Lines that print how each of some layers is stored."""
    for layer in layers:
        script.imports("from neurodeploy import api")
        script.add(f"print(api.explain(program, {layer!r}))")


def output_of(given: Given, usual: str) -> Path:
    """The file that was asked for, or the one that the command takes."""
    path: Path = given.pop("output", Path(usual))
    return path


def overwriting(given: Given) -> Given:
    """`--force` in Python."""
    return {"overwrite": True} if given.pop("force", False) else {}


def bits_of(given: Given) -> Given:
    """What `weight_bits` and `layer_bits` of the command line are in Python."""
    every, layers = given.pop("weight_bits", (None, {}))
    layers = {**layers, **dict(given.pop("layer_bits", {}))}
    return ({} if every is None else {"weight_bits": every}) | ({"layer_bits": layers} if layers else {})


def names_in(text: str) -> list[str]:
    """What stands between commas."""
    return [name for name in text.split(",") if name]


def taken(given: Given) -> Given:
    """The options that are left, under their own names; `given` is then empty."""
    taken = dict(given)
    given.clear()
    return taken


def written(script: Script, file: Path, text: str, overwrite: bool) -> None:
    """A line that writes a text to a file, whole or not at all."""
    script.imports("from pathlib import Path")
    script.imports("from neurodeploy.files import write_atomic")
    script.add(f"write_atomic(Path({str(file)!r}), {text}, {overwrite})")
