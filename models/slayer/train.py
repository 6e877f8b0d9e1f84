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
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.updates import Epoch, Update, epochs

#: Gradients carry the factor 1/θ once per layer, some 10^-7 in all; Adam's usual 10^-8 would damp them.
ADAM_EPSILON = 1e-12


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
