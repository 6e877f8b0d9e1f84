"""`replay`: a recording and what a program makes of it, as a page, a film, or an object that shows itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy import api
from neurodeploy.compiler import Program
from neurodeploy.errors import OptionError
from neurodeploy.replays.film import Pace
from neurodeploy.replays.page import replay_fragment
from neurodeploy.replays.recording import one_recording
from neurodeploy.replays.replay import Replay, Showing
from neurodeploy.replays.sources import Source, known_source
from neurodeploy.replays.watched import Watched
from neurodeploy.replays.writing import check_replay, write_replay
from neurodeploy.runtime.record import RunRecord, load_record
from neurodeploy.runtime.run import RunOptions
from neurodeploy.runtime.session import Session
from neurodeploy.runtime.summary import run_raster

if TYPE_CHECKING:
    from markupsafe import Markup


def replay(
    program: Program,
    data: api.Data,
    output: str | Path | None = None,
    *,
    backend: str = "emulator",
    layer: str | None = None,
    membrane: str | None = None,
    speed: float = 0.1,
    fps: int = 25,
    names: tuple[str, ...] | None = None,
    credit: str | None = None,
    overwrite: bool = False,
    ran: Callable[[float], None] = lambda part: None,
    drawn: Callable[[float], None] = lambda part: None,
    **options: Any,
) -> Replay:
    """Run one recording from zero state and show it: events, spikes of the classes, a raster, a voltage.

    >>> nd.replay(program, "recordings/1.bs2", "1.gif", membrane="fc2:3")

    Args:
        program: compiled.
        data: one recording, as `run` takes it; a file's label comes from the `labels.csv` beside it.
        output: `.html`, `.gif`, `.mp4` or `.webm`; None: nothing is written.
        backend: see `run`.
        layer: population whose spikes are drawn; None: the output.
        membrane: neuron whose voltage is drawn, `POPULATION:NEURON`.
        speed: shown time per time of the recording; 0.1 is ten times slower.
        fps: pictures per second of a film.
        names: of the classes; None: what the recording's folder tells, see `neurodeploy.replays.sources`.
        credit: line that the licence of the data asks for; None: what the folder tells.
        overwrite: whether `output` may be replaced.
        ran: told now and then which part of the recording has been run since.
        drawn: told now and then which part of a film has been drawn since.
        **options: the fields of `RunOptions`, for example steps=300.

    Raises:
        FormatError: a recording that cannot be read, or a file that cannot be written.
        OptionError: an unknown layer, neuron or suffix, a speed or fps out of range, or too many pictures.
        MissingPackageError: a `.mp4` or `.webm` without PyAV.
        NeurodeployError: what cannot be run.
    """
    target, pace = None if output is None else Path(output), Pace(speed, fps)
    if target is not None:
        check_replay(target, overwrite)
    made = replayed(program, data, backend, layer, membrane, names, credit, ran, **options)
    if target is not None:
        write_replay(made, target, pace, overwrite=overwrite, progress=drawn)
    return made


def replayed(
    program: Program,
    data: api.Data,
    backend: str = "emulator",
    layer: str | None = None,
    membrane: str | None = None,
    names: tuple[str, ...] | None = None,
    credit: str | None = None,
    progress: Callable[[float], None] = lambda part: None,
    **options: Any,
) -> Replay:
    """The replay alone; see `replay`."""
    network = program.network
    watched = None if membrane is None else Watched.parse(membrane, network)
    if layer is not None:
        network.population(layer)
    probes = () if watched is None else (watched.probe,)
    item, source = one_recording(data)
    run = Session(program, backend, RunOptions(probes=probes, **options)).run(item, progress)
    classes = network.classes or network.output.neurons
    known = source.names if len(source.names) == classes else ()
    showing = Showing(
        layer, names=known if names is None else names, credit=source.credit if credit is None else credit
    )
    return Replay(
        run_raster(run), network.classes, run.readout, showing, None if watched is None else watched.membrane(run)
    )


def recorded(record: RunRecord, showing: Showing | None = None) -> Replay:
    """The replay of the recording that a record holds whole, without running anything; for its report.

    Args:
        record: as `neurodeploy run -o` writes it.
        showing: what is shown of it; None: with what the folder that the run's command names tells by its name.

    Raises:
        OptionError: a record without the spikes of any recording.
    """
    if record.raster is None:
        raise OptionError("record", "holds the spikes of no recording", "run it again with -o RUN.ndr")
    outputs = record.outputs
    classes, readout = (None, "count") if outputs is None else (outputs.classes, outputs.readout)
    if showing is None:
        source = _source_of(record)
        fitting = len(source.names) == (classes or record.raster.populations[-1].neurons)
        showing = Showing(names=source.names if fitting else (), credit=source.credit)
    return Replay(record.raster, classes, readout, showing)


def _source_of(record: RunRecord) -> Source:
    """What the path behind `--data` tells by its names; no file that a record names is opened."""
    words = record.run["provenance"].get("command")
    texts = [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
    places = [after for word, after in pairwise(texts) if word == "--data"]
    return known_source(Path(places[-1])) if places else Source()


def recorded_fragment(path: str | Path, speed: float = 0.1) -> Markup:
    """The replay of the recording that a `.ndr` file holds whole, as HTML for its report; see `replay_fragment`.

    Raises:
        FormatError: a missing or damaged file.
        OptionError: a record without the spikes of any recording.
    """
    from markupsafe import Markup

    return Markup(replay_fragment(recorded(load_record(Path(path))), speed))  # noqa: S704 - escaped where it is made
