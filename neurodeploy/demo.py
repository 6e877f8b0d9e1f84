"""The main job on shipped data: digits to events, checkpoint to program, run, verify, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from neurodeploy import api
from neurodeploy.compiler.program_file import load_program
from neurodeploy.models.datasets.digits import record_digits, write_digits
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.provenance import provenance
from neurodeploy.reports import report as write_page
from neurodeploy.runtime.compare import Verifier
from neurodeploy.runtime.session import Session
from neurodeploy.runtime.summary import run_record, run_summary

SCHEMA = "neurodeploy.demo/1"
#: Recordings on which all three backends are compared; the tests compare all of them.
VERIFIED = 100
BACKENDS = ("emulator", "reference", "torch")


class Listener(Protocol):
    """Who is told how the demo goes on."""

    def note(self, text: str) -> None:
        """A message."""

    def progress(self, label: str, total: int | None) -> AbstractContextManager[Callable[..., None]]:
        """A bar, and the function that advances it."""


def run_demo(
    folder: Path, limit: int | None, force: bool, command: Sequence[str], listener: Listener
) -> dict[str, Any]:
    """Do it all, and leave recordings, program, run and report in a folder.

    Args:
        folder: made if it is not there.
        limit: only so many of the 898 held-out recordings.
        force: whether files of an earlier demo may be replaced.
        command: for provenance.
        listener: told about every stage.

    Returns:
        JSON-ready: accuracy, cores, whether the backends agreed, and the paths of all files.

    Raises:
        FormatError: files that exist without `force`, or cannot be written.
        MissingPackageError: scikit-learn or torch.
    """
    started = perf_counter()
    recordings, program_path = folder / "recordings", folder / "digits.ndp"
    listener.note("1  handwritten digits (scikit-learn) seen by an event sensor in three saccades")
    write_digits(recordings, record_digits(), force)
    listener.note(f"   {recordings}: 1,797 recordings and labels.csv")
    listener.note(f"2  the checkpoint {CHECKPOINT.name}, trained with SLAYER, quantized and mapped to a Loihi chip")
    program = api.compile(api.read(CHECKPOINT, yaml=YAML).network, command=command)
    api.save(program, program_path, overwrite=force)
    listener.note(f"   {program_path}: {program.summary['cores']} of {program.summary['cores_available']} cores")
    listener.note("3  the held-out recordings on the emulator of the chip")
    summary, record_path = _run(program_path, recordings, limit, folder / "digits.ndr", force, command, listener)
    correct, total = summary["accuracy"]["correct"], summary["accuracy"]["total"]
    listener.note(f"   {record_path}: {correct} of {total} right, {100 * correct / total:.2f} %")
    listener.note(f"4  {', '.join(BACKENDS)}: the same bits?")
    equal = [_verify(program_path, recordings, limit, other, listener) for other in BACKENDS[1:]]
    report = folder / "report.html"
    write_page(record_path, report, overwrite=force)
    return {
        "schema": SCHEMA,
        "accuracy": summary["accuracy"],
        "cores": program.summary["cores"],
        "equal": all(equal),
        "program": str(program_path),
        "run": str(record_path),
        "report": str(report),
        "seconds": perf_counter() - started,
    }


def _run(
    program_path: Path,
    recordings: Path,
    limit: int | None,
    record_path: Path,
    force: bool,
    command: Sequence[str],
    listener: Listener,
) -> tuple[dict[str, Any], Path]:
    program, sha256 = load_program(program_path)
    items = api.inputs(recordings, "test", limit)
    session = Session(program, BACKENDS[0])
    with listener.progress("running", len(items)) as advance:
        runs = session.run_all(items, keep_spikes=lambda index: index == 0, progress=advance)
    made = provenance(command, {"program": sha256})
    summary = run_summary(runs, BACKENDS[0], sha256, session.load_seconds, made)
    api.save(run_record(program, summary, runs), record_path, overwrite=force)
    return summary, record_path


def _verify(program_path: Path, recordings: Path, limit: int | None, other: str, listener: Listener) -> bool:
    verifier = Verifier(load_program(program_path)[0], (BACKENDS[0], other))
    items = api.inputs(recordings, "test", min(limit or VERIFIED, VERIFIED))
    with listener.progress(f"comparing with {other}", len(items)) as advance:
        for item in items:
            verifier.compare(item, advance)
    result = verifier.result()
    verdict = "equal" if result.equal else "DIFFERENT"
    listener.note(
        f"   {BACKENDS[0]} and {other} {verdict}: {result.spikes_compared:,} spikes, {result.states_compared:,} states"
    )
    return result.equal
