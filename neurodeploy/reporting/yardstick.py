"""Spikes and answers of one network, to hold the same network in other number formats against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy.emulator.simulation import Spikes
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.reporting.pairing import Pairing
from neurodeploy.runtime.agreement import LayerAgreement, agreements, spike_counts
from neurodeploy.runtime.run import Run

#: Spikes that are held for comparison, 16 bytes each; of recordings beyond that none are compared.
MAX_SPIKES = 2**25


class Yardstick:
    """Spikes and answers of the baseline, to hold points against."""

    def __init__(self, network: Network, room: int = MAX_SPIKES) -> None:
        self._from = int(network.input.neuron is None)  # the host's events are the same in all
        self._names = [p.name for p in network.populations[self._from :]]
        self._spikes: list[tuple[Spikes, ...]] = []
        self._room = room
        self._answers: list[int | None] = []

    def keep(self, number: int, runs: Sequence[Run]) -> None:
        """Hold a recording's spikes while there is room."""
        spikes = runs[0].spikes[self._from :]
        self._room -= sum(len(s.step) for s in spikes)
        if self._room >= 0 and len(self._spikes) == number:
            self._spikes.append(spikes)

    def answered(self, runs: Sequence[Run]) -> None:
        """Hold the answers."""
        self._answers = [run.prediction for run in runs]

    def counts(self, number: int, runs: Sequence[Run]) -> IntArray:
        """Equal spikes of a recording, (populations, 3)."""
        if number >= len(self._spikes):
            return np.zeros((len(self._names), 3), np.int64)
        return spike_counts(self._spikes[number], runs[0].spikes[self._from :])

    def layers(self, counts: IntArray) -> tuple[LayerAgreement, ...]:
        """Sums of counts, by population."""
        return agreements(self._names, counts)

    @property
    def compared(self) -> int:
        """Recordings whose spikes are held."""
        return len(self._spikes)

    def pairing(self, runs: Sequence[Run]) -> dict[str, Any]:
        """Answers against the baseline's."""
        found = Pairing.of(self._answers, [run.prediction for run in runs], [run.label for run in runs])
        return {
            "same": found.same,
            "only_baseline": found.only_first,
            "only_this": found.only_second,
            "p_value": found.p_value,
        }
