"""Replays as files: which suffix is what, and nothing half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from neurodeploy.errors import OptionError
from neurodeploy.files import check_output, write_atomic
from neurodeploy.replays.film import FILMS, Pace, film
from neurodeploy.replays.page import replay_page
from neurodeploy.replays.replay import Replay

PAGES = (".html", ".htm")


def usual_name(program: Path, recording: Path) -> Path:
    """The page beside a program that is named after it and the recording, `gesture-1.html`, `iris-table-7.html`."""
    row = recording.suffix.rpartition(":")
    return program.with_name(f"{program.stem}-{recording.stem}{f'-{row[2]}' if row[1] else ''}.html")


def check_replay(path: Path, overwrite: bool = False) -> None:
    """Refuse before a run what `write_replay` would refuse behind it.

    Raises:
        OptionError: a suffix of nothing that is written.
        MissingPackageError: a film that needs PyAV, and it is not there.
        FormatError: the file exists, or its folder cannot be written to.
    """
    suffix = path.suffix.lower()
    if suffix in FILMS:
        FILMS[suffix].check()
    elif suffix not in PAGES:
        known = ", ".join((PAGES[0], *FILMS))
        raise OptionError(str(path), f"ends in {suffix or 'nothing'}", f"choose {known}")
    check_output(path, overwrite)


def write_replay(
    replay: Replay,
    path: Path,
    pace: Pace,
    *,
    overwrite: bool = False,
    progress: Callable[[float], None] = lambda part: None,
) -> None:
    """Write a replay as the page or film that the suffix says, whole or not at all; see `replay`."""
    check_replay(path, overwrite)
    suffix = path.suffix.lower()
    content = film(replay, suffix, pace, progress) if suffix in FILMS else replay_page(replay, pace.speed).encode()
    write_atomic(path, content, overwrite)
