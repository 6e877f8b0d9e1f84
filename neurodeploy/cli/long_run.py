"""Options of runs that are long: streams, states saved and gone on from, and probes that go to a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.cli.interrupt import Interrupt
from neurodeploy.cli.keeper import Keeper, run_kept
from neurodeploy.cli.piped import SOURCE, run_pipe
from neurodeploy.cli.shared import FILE
from neurodeploy.cli.verb import Console, options

if TYPE_CHECKING:
    from neurodeploy.runtime.probe_file import ProbeFile
    from neurodeploy.runtime.run import Run
    from neurodeploy.runtime.session import Input, Session

_OPTIONS = (
    click.option("--stream", metavar="text|binary", help="Events from standard input instead of --data."),
    click.option("--window", type=int, metavar="N", help="With --stream: a class for every N steps, no spikes."),
    click.option("--snapshot", type=FILE, help="Save the state at the end, or when stopped, in a .nds file."),
    click.option("--snapshot-every", type=int, metavar="N", help="... and about every N steps."),
    click.option("--resume", type=FILE, help="Go on from a .nds file of the same program and profile."),
)


@dataclass(frozen=True)
class LongRun:
    """The options of the same names."""

    stream: str | None
    window: int | None
    snapshot: Path | None
    snapshot_every: int | None
    resume: Path | None

    def check_output(self, output: Path | None) -> None:
        """Raises OptionError for a record where there is no whole recording to put into it, or a lonely window."""
        from neurodeploy.errors import OptionError

        if output is not None and not is_probe_file(output) and (self.stream or self.resume):
            problem = "would be a record, which holds a recording from its step 0"
            raise OptionError(f"-o {output}", problem, f"name {output.with_suffix('.h5').name} for what is probed")
        if self.window is not None and not self.stream:
            raise OptionError("--window", "is of streams", "add --stream text")

    def check_recordings(self, count: int) -> None:
        """Raises OptionError for the state of more than one recording."""
        from neurodeploy.errors import OptionError

        if (self.snapshot or self.resume) and count != 1:
            raise OptionError("--snapshot and --resume", f"are of one recording, not of {count}", "give one file")

    def run(
        self,
        session: Session,
        items: Sequence[Input],
        threads: int,
        keeper: Keeper,
        file: ProbeFile | None,
        console: Console,
    ) -> list[Run]:
        """Run what there is to run; a signal ends it between two stretches of steps.

        Raises:
            NeurodeployError: what a run raises.
        """
        from neurodeploy.runtime.run import with_sample
        from neurodeploy.runtime.snapshot_file import load_snapshot

        saved = load_snapshot(self.resume) if self.resume else None
        if self.stream:
            silent = console.as_json or console.quiet
            with Interrupt() as stop:
                run = run_pipe(session, self.stream, self.window, saved, keeper, file, stop, silent)
            return [with_sample(run, SOURCE, None)]
        with console.progress("running", len(items)) as advance, Interrupt() as stop:
            if self.snapshot or saved:
                return [run_kept(session, items[0], saved, keeper, file, stop, advance)]
            return session.run_all(items, threads, lambda i: i == 0 and file is None, advance, file, stop.asked)


def is_probe_file(path: Path) -> bool:
    """Whether a file is to hold what is probed, and no record."""
    from neurodeploy.runtime.probe_file import SUFFIXES

    return path.suffix in SUFFIXES


def long_run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """These options; the function gets them as one `LongRun`, `long`."""

    @wraps(function)
    def call(**values: Any) -> Any:
        long = LongRun(**{field.name: values.pop(field.name) for field in fields(LongRun)})
        return function(long=long, **values)

    return options(*_OPTIONS)(call)
