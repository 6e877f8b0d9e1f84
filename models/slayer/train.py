"""Training by gradient descent, as an iterator of what happened, with checkpoints it can go on from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from neurodeploy.errors import FormatError, OptionError
from neurodeploy.models.slayer.checkpoint import read_checkpoint, write_checkpoint

#: Gradients carry the factor 1/θ once per layer, some 10^-7 in all; Adam's usual 10^-8 would damp them.
ADAM_EPSILON = 1e-12
OPTIMIZERS = ("adam", "nadam", "sgd")
SCHEDULES = ("cosine", "constant")


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    Args:
        epochs: passes over the data.
        batch_size: recordings per update.
        learning_rate: first step of the optimizer in units of weight.
        seed: of the order of recordings.
        optimizer: adam, nadam or sgd.
        schedule: cosine, the learning rate falls to 0 along half a cosine, or constant.
        delay_rate: learning rate of the delays in milliseconds, on the same schedule; None: as that of the weights.
        piece: recordings that are run at once; their gradients add up to the batch's. Small pieces take less memory
            and, for large networks, less time. None: the whole batch.
        about: whatever else a training is made of, as text; checkpoints of a training with another are refused.

    Raises:
        OptionError: a value outside its range.
    """

    epochs: int
    batch_size: int = 32
    learning_rate: float = 0.1
    seed: int = 0
    optimizer: str = "adam"
    schedule: str = "cosine"
    delay_rate: float | None = None
    piece: int | None = None
    about: str = ""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate", "piece", "delay_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise OptionError("training", f"{name} {value} is not above 0", f"choose a larger {name}")
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in known:
                problem = f"{name} {getattr(self, name)!r} is unknown"
                raise OptionError("training", problem, f"choose from {', '.join(known)}")


@dataclass(frozen=True)
class Update:
    """One batch.

    Args:
        epoch: from 1.
        batch, batches: number of this one in its epoch from 1, and of all in an epoch.
        recordings: in this batch.
        loss: summed over the recordings, before the update.
        correct: recordings whose label is the output that spiked most, silent ones not; 0 where there are no labels.
    """

    epoch: int
    batch: int
    batches: int
    recordings: int
    loss: float
    correct: int


@dataclass(frozen=True)
class Epoch:
    """What one pass over the data came to.

    Args:
        number: from 1.
        loss: mean per recording.
        accuracy: share of recordings whose true class spiked most, while the weights were changing.
    """

    number: int
    loss: float
    accuracy: float


class Data(Protocol):
    """Recordings to train on."""

    def __len__(self) -> int:
        """Their number."""
        ...

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Any, Tensor]:
        """Input of the model for some of them, and what the loss compares with; `epoch` may seed augmentation."""
        ...


class Loss(Protocol):
    """A loss, summed over recordings."""

    def __call__(self, spikes: Tensor, desired: Tensor, /) -> Tensor:
        """From output spikes (steps, recordings, outputs) and what was desired, recording by recording."""
        ...


@dataclass(frozen=True)
class Rasters:
    """Input as one table of rasters.

    Args:
        rasters: uint8, shape (recordings, steps, …).
        desired: what the loss compares with, recording by recording.
    """

    rasters: Tensor
    desired: Tensor

    def __len__(self) -> int:
        return len(self.rasters)

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Tensor, Tensor]:
        """Rasters (steps, recordings, …) and what is desired."""
        chosen = torch.as_tensor(indices)
        return self.rasters[chosen].transpose(0, 1).float(), self.desired[chosen]


class Trainer:
    """A training that can be left at any update and gone on with.

    Args:
        model: trained in place.
        data: what to train on.
        loss: what to make small.
        options: how.
        generators: of the model's own random numbers, as those of dropout; they are part of checkpoints.
    """

    def __init__(
        self,
        model: nn.Module,
        data: Data,
        loss: Loss,
        options: TrainingOptions,
        generators: Sequence[torch.Generator] = (),
    ) -> None:
        self.model, self.data, self.loss, self.options = model, data, loss, options
        self.optimizer = _optimizer(model, options)
        self.order = torch.Generator().manual_seed(options.seed)
        self.generators = (self.order, *generators)
        self.batches = -(-len(data) // options.batch_size)
        self.schedule = _schedule(self.optimizer, options, self.updates)
        self.done = 0
        self._shuffle()

    def _shuffle(self) -> None:
        """Draw the order of an epoch."""
        self.indices = torch.randperm(len(self.data), generator=self.order)

    @property
    def updates(self) -> int:
        """Updates in all."""
        return self.options.epochs * self.batches

    @property
    def learning_rate(self) -> float:
        """Of the next update."""
        return float(self.optimizer.param_groups[0]["lr"])

    def run(self) -> Iterator[Update]:
        """Train on from where this training is, one update each time the iterator is advanced."""
        while self.done < self.updates:
            yield self.update()

    def update(self) -> Update:
        """Train on the next batch."""
        epoch, batch = divmod(self.done, self.batches)
        if self.done and not batch:
            self._shuffle()
        first = batch * self.options.batch_size
        indices = self.indices[first : first + self.options.batch_size].tolist()
        self.optimizer.zero_grad()
        loss, correct = 0.0, 0
        piece = self.options.piece or len(indices)
        for start in range(0, len(indices), piece):
            spikes, desired = self.data.batch(indices[start : start + piece], epoch + 1)
            out = self.model(spikes)
            value = self.loss(out, desired)
            torch.autograd.backward(value)
            loss += value.item()
            correct += _correct(out, desired)
        self.optimizer.step()
        self.schedule.step()
        clamp(self.model)
        self.done += 1
        return Update(epoch + 1, batch + 1, self.batches, len(indices), loss, correct)

    def save(self, path: Path) -> None:
        """Write a checkpoint, complete or not at all: weights, optimizer, random numbers and position.

        Raises:
            FormatError: the system refuses to write.
        """
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generators": [generator.get_state() for generator in self.generators],
            "indices": self.indices,
            "done": self.done,
            "options": vars(self.options),
            "recordings": len(self.data),
        }
        write_checkpoint(path, state)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of the same training.

        Raises:
            FormatError: missing, damaged, or no checkpoint.
            OptionError: a checkpoint of a training with other options, data or layers.
        """
        state = read_checkpoint(path)
        others = _others(state, vars(self.options) | {"recordings": len(self.data)})
        if others:
            raise OptionError(str(path), f"is of {others}", "resume with the same options and data, or start anew")
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.schedule.load_state_dict(state["schedule"])
            for generator, saved in zip(self.generators, state["generators"], strict=True):
                generator.set_state(saved)
        except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
            problem = f"is of another network ({(str(error).splitlines() or ['damaged'])[0]})"
            raise OptionError(str(path), problem, "resume with the same network") from error
        indices, everyone = state["indices"], list(range(len(self.data)))
        ordered = indices.dtype == torch.int64 and sorted(indices.tolist()) == everyone
        if not ordered or not 0 <= state["done"] <= self.updates:
            raise FormatError(str(path), "has no valid place to go on from", "start the training anew")
        self.indices, self.done = indices, state["done"]


def train(model: nn.Module, rasters: Tensor, labels: Tensor, loss: Loss, options: TrainingOptions) -> Iterator[Epoch]:
    """Train `model` in place, one epoch each time the iterator is advanced.

    Args:
        model: the network; its weights stay in the range of the chip.
        rasters: input spikes, uint8, shape (recordings, steps, inputs).
        labels: classes, int64, shape (recordings,).
        loss: what to make small.
        options: how.
    """
    yield from epochs(Trainer(model, Rasters(rasters, labels), loss, options).run())


def epochs(updates: Iterator[Update]) -> Iterator[Epoch]:
    """Sum updates up by epoch; the first may be one that was resumed, and then tells of the rest of it."""
    loss, correct, recordings = 0.0, 0, 0
    for update in updates:
        loss += update.loss
        correct += update.correct
        recordings += update.recordings
        if update.batch == update.batches:
            yield Epoch(update.epoch, loss / recordings, correct / recordings)
            loss, correct, recordings = 0.0, 0, 0


def clamp(model: nn.Module) -> None:
    """Put a model's weights back into their range, where it has one."""
    limit = getattr(model, "clamp_weights", None)
    if limit is not None:
        limit()


def _others(state: dict[str, Any], own: dict[str, Any]) -> str:
    """What a checkpoint was trained with that is different now; empty if nothing is."""
    saved = state["options"] | {"recordings": state["recordings"]}
    wrong = [f"{name} {saved.get(name)}, not {value}" for name, value in own.items() if saved.get(name) != value]
    named = [text for text in wrong if not text.startswith("about ")]
    return ", ".join(named) or ("a training with another network, neuron, length or distortion" if wrong else "")


def _correct(out: Tensor, desired: Tensor) -> int:
    if desired.ndim != 1 or desired.is_floating_point():
        return 0
    counts = out.detach().sum(0).flatten(1)
    return int(((counts.argmax(1) == desired) & counts.any(1)).sum())


def _optimizer(model: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    delays = [value for name, value in model.named_parameters() if name.endswith("delay")]
    others = [value for name, value in model.named_parameters() if not name.endswith("delay")]
    rate = options.learning_rate
    groups: list[dict[str, Any]] = [{"params": others, "lr": rate}]
    if delays:
        groups.append({"params": delays, "lr": options.delay_rate or rate})
    if options.optimizer == "sgd":
        return torch.optim.SGD(groups)
    kind = torch.optim.Adam if options.optimizer == "adam" else torch.optim.NAdam
    return kind(groups, eps=ADAM_EPSILON)


def _schedule(
    optimizer: torch.optim.Optimizer, options: TrainingOptions, updates: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if options.schedule == "constant":
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
