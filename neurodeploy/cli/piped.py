"""`neurodeploy run --stream`: events from standard input, spikes or classes to standard output as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from neurodeploy.cli.interrupt import Interrupt, StoppedError
from neurodeploy.cli.keeper import Keeper

if TYPE_CHECKING:
    from neurodeploy.runtime.probe_file import ProbeFile
    from neurodeploy.runtime.run import Run
    from neurodeploy.runtime.session import Session
    from neurodeploy.runtime.snapshot_file import Saved
    from neurodeploy.runtime.stream import Part
    from neurodeploy.runtime.windows import Windows
    from neurodeploy.spikes.events import Events

#: Most bytes taken from the pipe at once.
BLOCK = 1 << 16
SOURCE = "standard input"


def run_pipe(
    session: Session,
    form: str,
    window: int | None,
    saved: Saved | None,
    keeper: Keeper,
    file: ProbeFile | None,
    stop: Interrupt,
    silent: bool,
) -> Run:
    """Run what comes through standard input.

    Args:
        session: the program, loaded.
        form: "text" or "binary".
        window: classes of so many steps are written instead of spikes.
        saved: the state to go on from.
        keeper: saves the state.
        file: where what is probed goes.
        stop: asked whether to give up.
        silent: write nothing to standard output.

    Raises:
        OptionError: it was stopped by a signal.
        NeurodeployError: input that is none, or what a run raises.
    """
    from neurodeploy.errors import DataError
    from neurodeploy.runtime.run import result
    from neurodeploy.runtime.windows import Windows
    from neurodeploy.spikes.pipe import check_form

    check_form(form)
    readout = session.options.readout
    windows = Windows(window, readout) if window is not None else None
    stream = session.stream(session.options.steps, saved)
    keeper.begin(stream)
    if file is not None:
        stream.record(file, file=SOURCE)
    marks = [mark for mark in (window, keeper.every) if mark]
    try:
        for part in stream.run(_source(stop, form), session.options.steps, marks, stop.asked):
            if not silent:
                _write(_shown(part, windows, form))
            keeper.look(stream)
    except DataError:  # no step is half done then
        keeper.save(stream)
        raise
    if windows is not None and not silent:
        _write(_lines(windows))
    keeper.end(stream, stop)
    return result(stream, readout)


def _source(stop: Interrupt, form: str) -> Iterator[tuple[Events, int]]:
    from neurodeploy.spikes.pipe import read_events

    pipe = sys.stdin.buffer
    take = getattr(pipe, "read1", pipe.read)  # what is there already, instead of a full block
    try:
        yield from read_events(lambda: stop.wait(lambda: bytes(take(BLOCK))), form)
    except StoppedError:
        return


def _shown(part: Part, windows: Windows | None, form: str) -> bytes:
    from neurodeploy.spikes.pipe import written

    if windows is None:
        spikes = part.spikes[-1]
        return written(spikes.step, spikes.neuron, spikes.payload, form)
    return b"".join(_line(window.end, window.prediction, window.spikes) for window in windows.add(part))


def _lines(windows: Windows) -> bytes:
    return b"".join(_line(window.end, window.prediction, window.spikes) for window in windows.rest())


def _line(end: int, prediction: int | None, spikes: int) -> bytes:
    return f"{end} {'-' if prediction is None else prediction} {spikes}\n".encode()


def _write(data: bytes) -> None:
    from neurodeploy.errors import FormatError

    if not data:
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise FormatError("standard output", problem, "send it where there is room") from error
