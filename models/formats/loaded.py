"""What every reader of a foreign format returns."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.network import Network


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network read from a foreign file.

    Args:
        network: float or integer.
        notes: sentences for the user: what was understood, assumed or chosen.
        format: name of the format.
    """

    network: Network
    notes: tuple[str, ...]
    format: str
