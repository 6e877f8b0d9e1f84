"""Recordings as data to train on: distorted, binned and handed over as lists of spikes or as rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from neurodeploy.models.datasets.distort import Distortion
from neurodeploy.models.datasets.labelled import Labelled
from neurodeploy.models.datasets.warp import warped
from neurodeploy.models.slayer.rates import window_rates
from neurodeploy.models.slayer.sparse import Spikes, input_spikes
from neurodeploy.network import Shape
from neurodeploy.spikes.recording import Recording


class Input(Protocol):
    """What recordings become the input of."""

    @property
    def input_shape(self) -> Shape:
        """(C, H, W) or (neurons,)."""
        ...

    def input(self, recordings: Sequence[Recording]) -> Spikes:
        """The input spikes of recordings; raises DataError for an event outside the shape."""
        ...


@dataclass(frozen=True)
class BinnedInput:
    """An input by its shape and steps alone.

    Args:
        input_shape: (C, H, W) or (neurons,).
        steps: length of a run; later events are dropped.
        timestep_ms: length of a step.
    """

    input_shape: Shape
    steps: int
    timestep_ms: float

    def input(self, recordings: Sequence[Recording]) -> Spikes:
        """The input spikes of recordings; raises DataError for an event outside the shape."""
        return input_spikes(recordings, self.input_shape, self.steps, self.timestep_ms)


@dataclass(frozen=True, eq=False)
class EventData:
    """Labelled recordings as spikes of a network's input.

    Args:
        items: the recordings; each is read whenever it is needed.
        network: whose input they become.
        distortion: drawn anew for every recording and epoch.
        seed: of the distortions.
    """

    items: Sequence[Labelled]
    network: Input
    distortion: Distortion
    seed: int = 0

    def __len__(self) -> int:
        return len(self.items)

    def recording(self, index: int, epoch: int) -> Recording:
        """One recording as an epoch sees it: a function of seed, epoch and place, whatever was drawn before."""
        recording = self.items[index].read()
        if not self.distortion:
            return recording
        draw = np.random.default_rng([self.seed, epoch, index])
        return self.distortion.apply(recording, self.network.input_shape, draw)

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Spikes, Tensor]:
        """Input spikes of some recordings, and their labels."""
        spikes = self.network.input([self.recording(index, epoch) for index in indices])
        return spikes, torch.tensor([self.items[index].label for index in indices])


#: Rates that are kept rather than read again.
KEPT_BYTES = 2**28


class RateData:
    """Labelled recordings as rates in windows, for `neurodeploy.models.slayer.rates`.

    Args:
        data: the recordings. Planes are distorted as rates (`warp`), rows of neurons event by event.
        windows: per recording.
    """

    def __init__(self, data: EventData, windows: int) -> None:
        self.data, self.windows = data, windows
        self._planes = len(data.network.input_shape) == 3
        self._kept: dict[int, Tensor] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Tensor, Tensor]:
        """Rates (recordings, windows, …) and labels."""
        data = self.data
        labels = torch.tensor([data.items[index].label for index in indices])
        if data.distortion and not self._planes:
            return window_rates(data.batch(indices, epoch)[0], self.windows), labels
        rates = torch.stack([self._rates(index) for index in indices])
        if data.distortion:
            draws = [np.random.default_rng([data.seed, epoch, index]) for index in indices]
            rates = warped(rates, data.distortion, draws)
        return rates, labels

    def _rates(self, index: int) -> Tensor:
        """Of a recording as it is, kept while there is room."""
        if index in self._kept:
            return self._kept[index]
        rates = window_rates(self.data.network.input([self.data.items[index].read()]), self.windows)[0]
        self._bytes += rates.nbytes
        if self._bytes <= KEPT_BYTES:
            self._kept[index] = rates
        return rates
