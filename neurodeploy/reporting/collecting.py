"""A pause of Python's search for cycles, for work that builds many objects and no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Objects without cycles go as ever; the samples of a thousand runs are a million objects, and searching them again
    and again takes a third of the time of comparing them. Nested pauses end with the outermost.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()
