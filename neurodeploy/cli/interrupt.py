"""Ctrl-C, and the signal that batch systems send before they kill: the run ends between two stretches of steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StoppedError(Exception):
    """The wait for input was broken off."""


class Interrupt:
    """Notes the first signal for the run to see; the second one ends the program as usual."""

    def __init__(self) -> None:
        self._asked = False
        self._waiting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> bool:
        """Whether a signal has come."""
        return self._asked

    def wait(self, read: Callable[[], bytes]) -> bytes:
        """What `read` waits for.

        Raises:
            StoppedError: a signal came first.
        """
        self._waiting = True
        try:
            if self._asked:  # looked at after the flag is up: no signal is missed between the two
                raise StoppedError
            return read()
        finally:
            self._waiting = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self._asked = self._asked, True
        if self._waiting:
            raise StoppedError
        if again:
            raise KeyboardInterrupt
