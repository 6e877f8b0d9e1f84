"""What every writer of a foreign format returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Written:
    """Files to be stored together.

    Args:
        files: content by suffix, the main file first.
        notes: sentences for the user: what was chosen, and what the format cannot hold.
    """

    files: Mapping[str, bytes]
    notes: tuple[str, ...]
