"""Training of networks in continuous time by exact gradients: Adam, batch by batch, with checkpoints."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from neurodeploy.errors import DataError, FormatError, OptionError
from neurodeploy.files import read_bytes, write_atomic
from neurodeploy.models.forward_prop.gradient import gradient
from neurodeploy.models.forward_prop.losses import FirstSpikeLoss, first_to_fire
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.recipe import Recipe
from neurodeploy.models.forward_prop.simulate import Run, simulate
from neurodeploy.models.forward_prop.spikes import FloatArray, IntArray, single_spikes
from neurodeploy.models.updates import Update

KIND = "neurodeploy.forward_training/1"
MAX_CHECKPOINT_BYTES = 2**30
#: Recordings that are run at once where nothing is learned.
PIECE = 500


@dataclass(frozen=True)
class ForwardUpdate(Update):
    """One batch; right is a recording whose label fired first.

    Args:
        dropped: spikes about to vanish, which were not differentiated through.
        woken: silent neurons whose weights were raised.
    """

    dropped: int
    woken: int


def initial_weights(sizes: tuple[int, ...], recipe: Recipe, seed: int) -> list[FloatArray]:
    """Normal weights of a feed-forward network, those of the last layer by the recipe's numbers for outputs."""
    rng = np.random.default_rng(seed)
    spread = [(recipe.hidden_mean, recipe.hidden_std)] * (len(sizes) - 2) + [(recipe.output_mean, recipe.output_std)]
    pairs = zip(sizes[:-1], sizes[1:], spread, strict=True)
    return [rng.normal(mean, std, (inputs, neurons)) for inputs, neurons, (mean, std) in pairs]


def initial_recurrent(sizes: tuple[int, ...], recipe: Recipe, seed: int) -> list[FloatArray]:
    """Normal weights from each hidden layer to itself, of mean 0; none where the recipe has no recurrent weights."""
    if recipe.recurrent_std is None:
        return []
    rng = np.random.default_rng([seed, 1])
    return [rng.normal(0.0, recipe.recurrent_std, (size, size)) for size in sizes[1:-1]]


class ForwardTrainer:
    """A training that can be left at any update and gone on with, with the same bits for any number of threads.

    Args:
        sizes: inputs, then neurons of each layer.
        times: the inputs' spike times in ms, shape (recordings, inputs).
        labels: int64, shape (recordings,).
        recipe: how.
        seed: of weights and of the order of recordings.
        threads: of simulation and gradient.

    Attributes:
        dropped, woken: what the updates of this object came to, summed.

    Raises:
        DataError: no recordings, or times or labels that do not fit the network.
    """

    def __init__(
        self, sizes: tuple[int, ...], times: FloatArray, labels: IntArray, recipe: Recipe, seed: int, threads: int = 1
    ) -> None:
        self.recipe, self.seed, self.threads = recipe, seed, threads
        self.times, self.labels = np.ascontiguousarray(times, np.float64), np.asarray(labels, np.int64)
        if not len(self.labels) or self.times.shape != (len(self.labels), sizes[0]):
            problem = f"are {self.times.shape} spike times and {len(self.labels)} labels"
            raise DataError("training data", problem, f"give {sizes[0]} times and a label per recording, at least one")
        if self.labels.min() < 0 or self.labels.max() >= sizes[-1]:
            problem = f"has labels {self.labels.min()} … {self.labels.max()}, the network {sizes[-1]} outputs"
            raise DataError("training data", problem, "end the network with an output per class")
        single_spikes(self.times)
        self.loss = FirstSpikeLoss(recipe.tau0, recipe.tau1, recipe.gamma)
        self.weights = initial_weights(sizes, recipe, seed)
        self.recurrent = initial_recurrent(sizes, recipe, seed)
        self.mean = [np.zeros_like(weight) for weight in self.trained]
        self.square = [np.zeros_like(weight) for weight in self.trained]
        self.batches = -(-len(self.labels) // recipe.batch_size)
        self.updates = self.batches * recipe.epochs
        self.done = self.dropped = self.woken = 0

    def network(self) -> ForwardNetwork:
        """As trained so far."""
        return made(self.weights, self.recipe, self.recurrent)

    @property
    def trained(self) -> list[FloatArray]:
        """All matrices that are trained: those from layer to layer, then the recurrent ones."""
        return [*self.weights, *self.recurrent]

    @property
    def learning_rate(self) -> float:
        """Of the next update."""
        recipe = self.recipe
        left = (1 + np.cos(np.pi * self.done / self.updates)) / 2
        return float(recipe.learning_rate * (recipe.final_rate + (1 - recipe.final_rate) * left))

    def run(self) -> Iterator[ForwardUpdate]:
        """Train on from where this training is, one update each time the iterator is advanced."""
        while self.done < self.updates:
            yield self.update()

    def update(self) -> ForwardUpdate:
        """Train on the next batch."""
        epoch, batch = divmod(self.done, self.batches)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.labels))
        chosen = order[batch * self.recipe.batch_size : (batch + 1) * self.recipe.batch_size]
        labels = self.labels[chosen]
        run = simulate(self.network(), self.times[chosen], threads=self.threads)
        value = self.loss(run, labels)
        by_times = [None] * (len(run.layers) - 1) + [value.by_times / len(chosen)]
        found = gradient(run, by_times, min_slope=self.recipe.min_slope, threads=self.threads)
        self._adam((*found.weights, *found.recurrent[: len(self.recurrent)]))
        woken = self._wake(run, labels)
        self.done += 1
        correct = int(np.sum(value.predicted == labels))
        self.dropped, self.woken = self.dropped + found.dropped, self.woken + woken
        counts = (len(chosen), value.loss, correct, found.dropped, woken)
        return ForwardUpdate(epoch + 1, batch + 1, self.batches, *counts)

    def _adam(self, gradients: tuple[FloatArray, ...]) -> None:
        recipe, step = self.recipe, self.done + 1
        rate = self.learning_rate * np.sqrt(1 - recipe.beta2**step) / (1 - recipe.beta1**step)
        epsilon = recipe.epsilon * np.sqrt(1 - recipe.beta2**step)
        for weight, mean, square, slope in zip(self.trained, self.mean, self.square, gradients, strict=True):
            mean[:] += (1 - recipe.beta1) * (slope - mean)
            square[:] += (1 - recipe.beta2) * (slope * slope - square)
            weight[:] -= rate * mean / (np.sqrt(square) + epsilon)

    def _wake(self, run: Run, labels: IntArray) -> int:
        """Raise the weights into silent neurons; how many there were."""
        if not self.recipe.wake:
            return 0
        woken = 0
        for index, spikes in enumerate(run.spikes):
            silent = spikes.counts() == 0
            if index < len(run.layers) - 1:
                chosen = silent.all(axis=0)
            else:
                own = labels[:, None] == np.arange(silent.shape[1])
                chosen = (silent & own).sum(axis=0) > self.recipe.wake_share * own.sum(axis=0)
            self.weights[index][:, chosen] += self.recipe.wake * self.recipe.threshold
            woken += int(chosen.sum())
        return woken

    def predicted(self, times: FloatArray) -> IntArray:
        """The output that fires first, −1 where none does; shape (recordings,)."""
        return predict(self.network(), times, self.threads)

    def _about(self) -> str:
        data = sha256(self.times.tobytes() + self.labels.tobytes()).hexdigest()
        return json.dumps({"kind": KIND, "seed": self.seed, "data": data, **asdict(self.recipe)}, sort_keys=True)

    def save(self, path: Path) -> None:
        """Write a checkpoint, complete or not at all: weights, Adam's means, and how far the training is.

        Raises:
            FormatError: the system refuses to write.
        """
        arrays = {"about": np.array(self._about()), "done": np.array(self.done)}
        for name, values in (("weight", self.trained), ("mean", self.mean), ("square", self.square)):
            arrays |= {f"{name}_{k}": value for k, value in enumerate(values)}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_atomic(path, buffer.getvalue(), overwrite=True)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of the same training.

        Raises:
            FormatError: missing, damaged, or no checkpoint.
            OptionError: a checkpoint of a training with other options, data or layers.
        """
        remedy = "start the training anew, or give another checkpoint"
        try:
            with np.load(io.BytesIO(read_bytes(path, MAX_CHECKPOINT_BYTES)), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            about, done = str(arrays["about"]), int(arrays["done"])
            saved = [[arrays[f"{name}_{k}"] for k in range(len(self.trained))] for name in ("weight", "mean", "square")]
            kind = json.loads(about)["kind"]
        except (ValueError, KeyError, TypeError, EOFError, BadZipFile, OSError) as error:
            raise FormatError(str(path), "is no checkpoint of a training, or a damaged one", remedy) from error
        if kind != KIND or not 0 <= done <= self.updates:
            raise FormatError(str(path), "is no checkpoint of such a training", remedy)
        fit = all(v.shape == w.shape for part in saved for v, w in zip(part, self.trained, strict=True))
        if about != self._about() or not fit:
            remedy = "resume with the same options and data, or start anew"
            raise OptionError(str(path), "is of a training with other options, data or layers", remedy)
        trained, self.mean, self.square = ([np.array(v, np.float64) for v in part] for part in saved)
        self.weights, self.recurrent = trained[: len(self.weights)], trained[len(self.weights) :]
        self.done = done


def made(weights: list[FloatArray], recipe: Recipe, recurrent: Sequence[FloatArray] = ()) -> ForwardNetwork:
    """A network of a recipe's neurons; recurrent weights of all hidden layers, or none."""
    return ForwardNetwork(
        tuple(weights),
        recipe.synapse_rate,
        recipe.membrane_rate,
        recipe.threshold,
        recipe.horizon_ms,
        recipe.refractory_ms,
        (*recurrent, None) if recurrent else None,
    )


def predict(network: ForwardNetwork, times: FloatArray, threads: int = 1) -> IntArray:
    """The output that fires first in each recording, −1 where none does; times as of `simulate`."""
    pieces = [times[first : first + PIECE] for first in range(0, len(times), PIECE)]
    found = [first_to_fire(simulate(network, piece, threads=threads)) for piece in pieces]
    return np.concatenate([*found, np.zeros(0, np.int64)])
