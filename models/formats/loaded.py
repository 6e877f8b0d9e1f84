"""What every reader of a foreign format returns."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.network import Network, Quantized


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network read from a foreign file.

    Args:
        network: float or integer.
        notes: sentences for the user: what was understood, assumed or chosen.
        format: name of the format.
        quantized: the network with where it came from, if it was quantized and the file tells.
    """

    network: Network
    notes: tuple[str, ...]
    format: str
    quantized: Quantized | None = None
