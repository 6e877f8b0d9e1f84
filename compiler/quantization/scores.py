"""How far a candidate's spikes are from the float network's, as calibration tells the search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from neurodeploy.network import Network


@dataclass(frozen=True)
class Scores:
    """What calibration recordings say of a network, measured against the same network before quantization.

    Attributes:
        populations: share of the spikes of each population behind the input that only one of the two networks has, in
            that very step, 0 (all alike) … 1 (none in common).
        output: share of the output's spike counts, neuron by neuron and recording by recording, that differ, 0 … 1.
    """

    populations: Mapping[str, float]
    output: float

    @property
    def loss(self) -> float:
        """What a search makes least: the output's difference and the mean of the populations', 0 … 2."""
        return self.output + sum(self.populations.values()) / max(len(self.populations), 1)


#: Runs a quantized network on the calibration recordings.
Evaluate = Callable[[Network], Scores]
