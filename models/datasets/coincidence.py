"""A task that needs axonal delays: classes differ in nothing but the order in which two groups of inputs spike.

Each of `groups` inputs spikes once a recording. A class is a pattern of lags between them, the same set of lags in
another order, laid at a random time into a recording and jittered; rates and numbers of spikes tell nothing. A neuron
whose membrane forgets within a few steps sees the inputs of a class together only if its axons make up for the lags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neurodeploy.errors import OptionError
from neurodeploy.models.slayer.sparse import Spikes, event_spikes
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events


@dataclass(frozen=True)
class Coincidence:
    """The task.

    Args:
        inputs: number of inputs, one class for each cyclic order of their lags, 2 … 64.
        spacing: steps between two neighbouring lags, at least 1.
        jitter: every spike comes up to so many steps early or late, 0 … below `spacing`.
        steps: length of a recording; the lags, the jitter and room for delays must fit.
        train, test: recordings of each split.
        seed: of the recordings.

    Raises:
        OptionError: values outside their ranges, or that do not fit into a recording.
    """

    inputs: int = 4
    spacing: int = 10
    jitter: int = 1
    steps: int = 120
    train: int = 200
    test: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.inputs <= 64 or self.spacing < 1 or not 0 <= self.jitter < self.spacing:
            problem = f"has {self.inputs} inputs, a spacing of {self.spacing} and a jitter of {self.jitter} steps"
            raise OptionError("coincidence task", problem, "choose 2 … 64 inputs and a jitter below the spacing")
        if self.room < 1:
            problem = f"has {self.steps} steps, too few for lags of {self.longest}, their jitter and delays as long"
            raise OptionError("coincidence task", problem, "choose longer recordings or a smaller spacing")

    @property
    def longest(self) -> int:
        """The longest lag in steps."""
        return (self.inputs - 1) * self.spacing

    @property
    def room(self) -> int:
        """Number of steps at which a pattern may begin: it, delays as long as its lags and 10 steps follow."""
        return self.steps - 2 * self.longest - 2 * self.jitter - 10

    def lags(self) -> IntArray:
        """Steps by which each input is late, by class, shape (classes, inputs)."""
        order: IntArray = np.add.outer(np.arange(self.inputs), np.arange(self.inputs)) % self.inputs
        return order * self.spacing

    def split(self, name: str) -> LaggedSpikes:
        """The recordings of `train` or `test`, classes in equal numbers, fixed by the seed.

        Raises:
            OptionError: another name.
        """
        if name not in ("train", "test"):
            raise OptionError("split", f"{name!r} is unknown", "choose train or test")
        random = np.random.default_rng([self.seed, name == "test"])
        count = self.train if name == "train" else self.test
        labels = np.arange(count) % self.inputs
        begin = random.integers(0, self.room, (count, 1)) + self.jitter
        late = random.integers(-self.jitter, self.jitter + 1, (count, self.inputs))
        return LaggedSpikes(begin + self.lags()[labels] + late, labels, self.steps)


@dataclass(frozen=True, eq=False)
class LaggedSpikes:
    """Recordings with one spike of each input, as data to train on.

    Args:
        step: of each input's spike, shape (recordings, inputs).
        labels: classes, shape (recordings,).
        steps: length of a recording.
    """

    step: IntArray
    labels: IntArray
    steps: int

    def __len__(self) -> int:
        return len(self.labels)

    def events(self, index: int) -> Events:
        """One recording as events."""
        return Events(self.step[index], np.arange(self.step.shape[1]))

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Spikes, Tensor]:
        """Input spikes of some recordings and their labels."""
        batch = [self.events(index) for index in indices]
        spikes = event_spikes(batch, (self.step.shape[1],), self.steps)
        return spikes, torch.from_numpy(self.labels[list(indices)])
