"""Long runs: their state saved now and then, gone on from, and kept when they are stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from neurodeploy.cli.interrupt import Interrupt
from neurodeploy.cli.shared import command_line

if TYPE_CHECKING:
    from neurodeploy.runtime.probe_file import ProbeFile
    from neurodeploy.runtime.run import Run
    from neurodeploy.runtime.session import Input, Session
    from neurodeploy.runtime.snapshot_file import Saved
    from neurodeploy.runtime.stream import Stream


class Keeper:
    """Saves the state of a run now and then, and at its end.

    Args:
        path: the `.nds` file; None: nothing is saved.
        every: about how many steps apart; None: only at the end.
        overwrite: whether the first one may replace another file.
    """

    def __init__(self, path: Path | None, every: int | None, overwrite: bool) -> None:
        from neurodeploy.errors import FormatError, OptionError
        from neurodeploy.runtime.snapshot_file import SUFFIX

        if every is not None and (path is None or every < 1):
            problem = f"is {every}" if path else "has no file to write to"
            raise OptionError("--snapshot-every", problem, "give at least 1 step, and --snapshot FILE.nds")
        if path is not None and path.suffix != SUFFIX:
            raise FormatError(str(path), f"does not end in {SUFFIX}", f"name it {path.with_suffix(SUFFIX).name}")
        if path is not None and path.exists() and not overwrite:
            raise FormatError(str(path), "exists already", "choose another name or pass --force")
        self.path = path
        self.every = every
        self._written = overwrite
        self._step = -1

    def look(self, stream: Stream) -> None:
        """Save if another `every` steps have gone by."""
        if self.every and stream.step // self.every > max(self._step, 0) // self.every:
            self.save(stream)

    def begin(self, stream: Stream) -> None:
        """From where the steps are counted."""
        self._step = stream.step

    def save(self, stream: Stream) -> None:
        """Save the state."""
        if self.path is not None:
            stream.save(self.path, overwrite=self._written, command=command_line())
            stream.flush()
            self._written, self._step = True, stream.step

    def end(self, stream: Stream, stop: Interrupt) -> None:
        """Save the state in which the run ends.

        Raises:
            OptionError: it ends because it was stopped.
        """
        from neurodeploy.errors import OptionError

        self.save(stream)
        if stop.asked():
            problem = f"was stopped; all steps before {stream.step} have been run"
            raise OptionError("run", problem, f"go on with --resume {self.path}" if self.path else "start it again")


def run_kept(
    session: Session,
    item: Input,
    saved: Saved | None,
    keeper: Keeper,
    file: ProbeFile | None,
    stop: Interrupt,
    progress: Callable[[float], None],
) -> Run:
    """Run one recording whose state is saved or gone on from.

    Args:
        session: the program, loaded.
        item: the recording, from its step 0; what lies before the saved state has been run.
        saved: the state to go on from.
        keeper: saves the state.
        file: where what is probed goes.
        stop: asked whether to give up.
        progress: told now and then which part of the recording has been run since.

    Raises:
        OptionError: it was stopped by a signal.
        NeurodeployError: what a run raises.
    """
    from neurodeploy.errors import OptionError

    stream, given, steps = session.opened(item, saved)
    keeper.begin(stream)
    progress(stream.step / steps)

    def told(part: float) -> None:
        progress(part)
        keeper.look(stream)

    if file is not None:
        stream.record(file, file=given.file, label=given.label)
    try:
        run = session.run_stream(stream, given, steps, told, keep=file is None, stopped=stop.asked)
    except OptionError:
        if stop.asked():
            keeper.end(stream, stop)
        raise
    keeper.save(stream)
    return run
