"""Snapshots as files, `.nds`: the state between two steps, what had been counted, and whose state it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.arrays import Arrays
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.program_file import program_bytes
from neurodeploy.container import checksum, read_container, write_container
from neurodeploy.emulator.simulation import PROFILES, Options
from neurodeploy.emulator.snapshot import TOTALS, Snapshot, check_snapshot
from neurodeploy.errors import FormatError, OptionError
from neurodeploy.precision import IntArray
from neurodeploy.runtime.schema import COUNT, FLAG, OBJECT, TEXT, Nullable, check
from neurodeploy.runtime.sums import HORIZON, Sums
from neurodeploy.spikes.events import MAX_STEP

SUFFIX = ".nds"
_AGAIN = "take the snapshot again"
_META = {
    "program_sha256": TEXT,
    "profile": TEXT,
    "drop_first_step": FLAG,
    "step": COUNT,
    "populations": [TEXT],
    "first_output": Nullable([COUNT]),
    "synaptic_ops": COUNT,
    "packets": COUNT,
    "hops": COUNT,
    "provenance": OBJECT,
}
_COLUMNS = ("u", "v", "r", "s", "departure", "neuron", "payload")


class Owner:
    """Whose state it is: a program, and how its bits are computed.

    Args:
        program: compiled.
        options: profile and treatment of step 0.
        sha256: of the program's file, if it is known; otherwise of the file that it would be saved as.
    """

    def __init__(self, program: Program, options: Options, sha256: str | None = None) -> None:
        self.network = program.network
        self.options = options
        self._program = program
        self._sha256 = sha256

    @cached_property
    def program_sha256(self) -> str:
        """SHA-256 of the program's file, in hexadecimal."""
        return self._sha256 or checksum(program_bytes(self._program))


@dataclass(frozen=True, eq=False)
class Saved:
    """What a snapshot file holds.

    Attributes:
        snapshot: the state.
        sums: what had been counted.
        program_sha256, options: whose state it is.
        populations: their names, in network order.
    """

    snapshot: Snapshot
    sums: Sums
    program_sha256: str
    options: Options
    populations: tuple[str, ...]

    def check(self, owner: Owner) -> None:
        """Whether `owner` can go on from here.

        Raises:
            OptionError: the state of another program, or of another profile or treatment of step 0.
            FormatError: a state that the network cannot have.
        """
        if self.program_sha256 != owner.program_sha256:
            problem = f"was taken of program {self.program_sha256[:12]}…, not of {owner.program_sha256[:12]}…"
            raise OptionError("snapshot", problem, "give the program file it was taken of")
        if self.options.profile != owner.options.profile:
            problem = f"was taken with profile {self.options.profile}, not {owner.options.profile}"
            raise OptionError("snapshot", problem, f"use --profile {self.options.profile}")
        if self.options.drop_first_step != owner.options.drop_first_step:
            problem = f"was taken {'with' if self.options.drop_first_step else 'without'} --drop-first-step"
            raise OptionError("snapshot", problem, "run in the same way")
        check_snapshot(self.snapshot, owner.network, self.options.profile)
        outputs = owner.network.output.neurons
        if self.sums.output_counts.shape != (outputs,):
            problem = f"counts {len(self.sums.output_counts)} outputs of {outputs}"
            raise FormatError("snapshot", problem, _AGAIN)
        if self.sums.first_output is not None and self.sums.first_output[1] >= outputs:
            raise FormatError("snapshot", f"names output neuron {self.sums.first_output[1]} of {outputs}", _AGAIN)


def save_snapshot(saved: Saved, path: Path, provenance: Mapping[str, Any], *, overwrite: bool = False) -> None:
    """Write a snapshot, all of it or nothing.

    Raises:
        FormatError: another suffix, the file exists and `overwrite` is false, or it cannot be written.
    """
    if path.suffix != SUFFIX:
        raise FormatError(str(path), f"does not end in {SUFFIX}", f"name it {path.with_suffix(SUFFIX).name}")
    snapshot, sums = saved.snapshot, saved.sums
    meta = {
        "program_sha256": saved.program_sha256,
        "profile": saved.options.profile,
        "drop_first_step": saved.options.drop_first_step,
        "step": snapshot.step,
        "populations": list(saved.populations),
        "first_output": None if sums.first_output is None else list(sums.first_output),
        "synaptic_ops": sums.synaptic_ops,
        "packets": sums.packets,
        "hops": sums.hops,
        "provenance": dict(provenance),
    }
    arrays = {name: getattr(snapshot, name) for name in _COLUMNS}
    arrays |= {"totals": snapshot.totals, "output_counts": sums.output_counts, "due": sums.due}
    write_container(path, "snapshot", meta, arrays, overwrite=overwrite)


def load_snapshot(path: Path) -> Saved:
    """Read a snapshot; `Saved.check` says whether it suits a program.

    Raises:
        FormatError: no undamaged snapshot, or one whose content contradicts itself.
    """
    where = str(path)
    meta, arrays = read_container(path, "snapshot")
    check(meta, _META, where)
    if meta["step"] > MAX_STEP:
        raise FormatError(f"{where}.step", f"{meta['step']} is outside 0 … 2^53", _AGAIN)
    if meta["profile"] not in PROFILES:
        raise FormatError(f"{where}.profile", f"{meta['profile']!r} is unknown", "update neurodeploy")
    first = meta["first_output"]
    if first is not None and len(first) != 2:
        raise FormatError(f"{where}.first_output", f"has {len(first)} numbers instead of 2", _AGAIN)
    columns = {name: _counts(arrays, name, None) for name in _COLUMNS}
    totals = arrays.integers("totals", len(meta["populations"]), TOTALS).astype(np.int64)
    sums = Sums(
        output_counts=_counts(arrays, "output_counts", None),
        first_output=None if first is None else (first[0], first[1]),
        synaptic_ops=meta["synaptic_ops"],
        packets=meta["packets"],
        hops=meta["hops"],
        due=_counts(arrays, "due", HORIZON),
    )
    if min(sums.output_counts.min(initial=0), sums.due.min()) < 0:
        raise FormatError(where, "has negative counts", _AGAIN)
    options = Options(meta["profile"], meta["drop_first_step"])
    snapshot = Snapshot(meta["step"], **columns, totals=totals)
    return Saved(snapshot, sums, meta["program_sha256"], options, tuple(meta["populations"]))


def _counts(arrays: Arrays, name: str, length: int | None) -> IntArray:
    return arrays.integers(name, length).astype(np.int64)
