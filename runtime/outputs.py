"""What the output did in every recording of a run, so that runs can be compared one by one and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.arrays import Arrays
from neurodeploy.errors import DataError, FormatError
from neurodeploy.network.network import MAX_NEURONS
from neurodeploy.precision import IntArray
from neurodeploy.runtime.run import READOUTS, Run

#: Spikes of all recordings together beyond which a record keeps none: they take 8 bytes each, a file holds 2^31.
MAX_KEPT_SPIKES = 2**27
#: Steps of a recording, as `RunOptions` has it.
MAX_STEPS = 2**31
#: Columns of a file's group `outputs` with their number of axes, in the order of the fields.
_COLUMNS = {"recording": 1, "step": 1, "neuron": 1, "steps": 1, "layer_spikes": 2}


@dataclass(frozen=True, eq=False)
class Outputs:
    """Output spikes of every recording, sorted by recording, step and neuron.

    Args:
        neurons: of the output population; classes: that consecutive ones are shared out to, a divisor of them.
        readout: how the prediction is made of them, see `RunOptions`.
        timestep_ms: length of a step.
        recording, step, neuron: of each spike, (spikes,).
        steps: length of each recording, (recordings,).
        layer_spikes: how often every population spiked, (recordings, populations).

    Raises:
        DataError: columns of unequal length, an unknown read-out, classes that do not divide the outputs, or a spike
            out of order or outside its recording's steps and the outputs.
    """

    neurons: int
    classes: int
    readout: str
    timestep_ms: float
    recording: IntArray
    step: IntArray
    neuron: IntArray
    steps: IntArray
    layer_spikes: IntArray

    def __post_init__(self) -> None:
        if not (1 <= self.neurons <= MAX_NEURONS and self.classes >= 1 and self.neurons % self.classes == 0):
            raise self._wrong(f"have {self.neurons} neurons for {self.classes} classes")
        if self.readout not in READOUTS or not 0 < self.timestep_ms < np.inf:
            raise self._wrong(f"have the read-out {self.readout!r} and steps of {self.timestep_ms} ms")
        if not self.recording.shape == self.step.shape == self.neuron.shape:
            raise self._wrong("have columns of unequal length")
        if len(self.layer_spikes) != len(self.steps) or (self.layer_spikes < 0).any() or (self.steps < 1).any():
            raise self._wrong(f"have {len(self.layer_spikes)} rows of counts for {len(self.steps)} recordings")
        if self.steps.max(initial=1) > MAX_STEPS:
            raise self._wrong(f"have a recording of {self.steps.max()} steps, more than {MAX_STEPS}")
        if not len(self.step):
            return
        if self.recording.min() < 0 or self.recording.max() >= len(self.steps):
            raise self._wrong(f"name a recording outside 0 … {len(self.steps) - 1}")
        if self.step.min() < 0 or (self.step >= self.steps[self.recording]).any():
            raise self._wrong("hold a spike outside the steps of its recording")
        if self.neuron.min() < 0 or self.neuron.max() >= self.neurons:
            raise self._wrong(f"hold a spike outside the neurons 0 … {self.neurons - 1}")
        self._check_order()

    def _check_order(self) -> None:
        """By recording, then step, then neuron, none twice."""
        rises = np.zeros(len(self.step) - 1, np.bool_)
        for column in (self.neuron, self.step, self.recording):
            change = np.diff(column)
            rises = (change > 0) | ((change == 0) & rises)
        if not rises.all():
            raise self._wrong("are not in the order of recordings, steps and neurons")

    @staticmethod
    def _wrong(problem: str) -> DataError:
        return DataError("outputs", problem, "write the record again")

    @property
    def recordings(self) -> int:
        """How many."""
        return len(self.steps)

    def counts(self) -> IntArray:
        """Spikes of every output neuron in every recording, (recordings, neurons)."""
        cells = np.bincount(self.recording * self.neurons + self.neuron, minlength=self.recordings * self.neurons)
        return cells.reshape(self.recordings, self.neurons)

    def only(self, chosen: IntArray) -> Outputs:
        """Those of the chosen recordings, in their order; (chosen,) positions, none twice."""
        place = np.full(self.recordings, -1)
        place[chosen] = np.arange(len(chosen))
        order = np.argsort(place[self.recording], kind="stable")
        kept = order[place[self.recording][order] >= 0]
        return Outputs(
            self.neurons,
            self.classes,
            self.readout,
            self.timestep_ms,
            place[self.recording[kept]],
            self.step[kept],
            self.neuron[kept],
            self.steps[chosen],
            self.layer_spikes[chosen],
        )


def outputs_of(runs: Sequence[Run]) -> Outputs | None:
    """What the output did in runs of one network.

    Args:
        runs: at least one.

    Returns:
        None where a run holds no output spikes from its step 0, or all together more than a record keeps.
    """
    found = [run.output_spikes for run in runs if run.output_spikes is not None and run.first == 0]
    lengths = [len(spikes.step) for spikes in found]
    if len(found) < len(runs) or sum(lengths) > MAX_KEPT_SPIKES:
        return None
    network = runs[0].network
    return Outputs(
        neurons=network.output.neurons,
        classes=network.classes or network.output.neurons,
        readout=runs[0].readout,
        timestep_ms=network.timestep_ms,
        recording=np.repeat(np.arange(len(runs)), lengths),
        step=np.concatenate([spikes.step for spikes in found]),
        neuron=np.concatenate([spikes.neuron for spikes in found]),
        steps=np.array([run.steps for run in runs], np.int64),
        layer_spikes=np.stack([run.counters.spikes for run in runs]).astype(np.int64),
    )


def outputs_meta(outputs: Outputs) -> dict[str, Any]:
    """The object `outputs` of a record's meta data."""
    return {name: getattr(outputs, name) for name in ("neurons", "classes", "readout", "timestep_ms")}


def outputs_arrays(outputs: Outputs) -> dict[str, IntArray]:
    """The arrays `outputs/…` of a record; spikes in 32 bits."""
    columns = {name: getattr(outputs, name) for name in _COLUMNS}
    return {
        f"outputs/{name}": column.astype(np.int32) if name in ("recording", "step", "neuron") else column
        for name, column in columns.items()
    }


def outputs_from(meta: dict[str, Any], arrays: Arrays) -> Outputs:
    """What a record holds of the outputs.

    Args:
        meta: the object `outputs` of its meta data, checked.
        arrays: of the file.

    Raises:
        DataError: see `Outputs`.
        FormatError: an array that is missing or of another shape.
    """
    columns = [arrays.integers(f"outputs/{name}", *[None] * axes).astype(np.int64) for name, axes in _COLUMNS.items()]
    return Outputs(meta["neurons"], meta["classes"], meta["readout"], float(meta["timestep_ms"]), *columns)


def check_samples(outputs: Outputs, samples: Sequence[Mapping[str, Any]]) -> None:
    """Whether the summary of a run tells of the same recordings, steps and output counts.

    Raises:
        FormatError: it does not.
    """
    same = len(samples) == outputs.recordings and [s["steps"] for s in samples] == outputs.steps.tolist()
    # sizes before the counts are laid out: a file claims the number of neurons
    same = same and all(len(sample["output_counts"]) == outputs.neurons for sample in samples)
    if not same or [sample["output_counts"] for sample in samples] != outputs.counts().tolist():
        raise FormatError("outputs", "differ from the samples of the run", "write the record again")
