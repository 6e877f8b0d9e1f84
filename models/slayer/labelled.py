"""Labelled recordings as training data: spikes in lists, so that no raster of the input is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from neurodeploy.models.slayer.sparse import Spikes, event_spikes
from neurodeploy.network import Shape
from neurodeploy.spikes.events import Events


@dataclass(frozen=True, eq=False)
class LabelledEvents:
    """Recordings in steps, with their classes.

    Args:
        recordings: input spikes, neurons numbered C, H, W, all before step `steps`.
        labels: classes, int64, shape (recordings,).
        shape: of the input.
        steps: length of every run.
    """

    recordings: Sequence[Events]
    labels: Tensor
    shape: Shape
    steps: int

    def __len__(self) -> int:
        return len(self.recordings)

    def input(self, indices: Sequence[int]) -> Spikes:
        """The input spikes of some recordings."""
        return event_spikes([self.recordings[index] for index in indices], self.shape, self.steps)

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Spikes, Tensor]:
        """Input spikes and classes of some recordings."""
        return self.input(indices), self.labels[list(indices)]
