"""The same recordings through several sessions, a few at a time, so that all spikes can be looked at and none kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from neurodeploy.runtime.run import Run
from neurodeploy.runtime.session import Input, Session

#: Recordings whose spikes are held at a time.
BATCH = 64


def run_in_batches(
    sessions: Sequence[Session],
    items: Sequence[Input],
    look: Callable[[int, Sequence[Run]], None],
    threads: int = 1,
    progress: Callable[[float], None] = lambda part: None,
) -> list[list[Run]]:
    """Run recordings in every session.

    Args:
        sessions: one or more.
        items: the recordings.
        look: shown the number of each recording and its run in every session, with all spikes, in order.
        threads: recordings run side by side.
        progress: told now and then, from any thread, which part of a recording has been run since.

    Returns:
        The runs by session; only the first recording's hold more spikes than the output's.
    """
    kept: list[list[Run]] = [[] for _ in sessions]
    for low in range(0, len(items), BATCH):
        batch = items[low : low + BATCH]
        runs = [session.run_all(batch, threads, progress=progress) for session in sessions]
        for number, same in enumerate(zip(*runs, strict=True), low):
            look(number, same)
            for mine, run in zip(kept, same, strict=True):
                mine.append(replace(run, spikes=()) if number else run)
    return kept
