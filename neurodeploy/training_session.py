"""A training at work: phase after phase, with checkpoints it can be left at and gone on from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import DataError, FormatError, OptionError
from neurodeploy.files import check_output
from neurodeploy.precision import IntArray
from neurodeploy.training_log import COLUMNS, read_rows, write_rows

if TYPE_CHECKING:
    from neurodeploy.models.datasets.labelled import Labelled
    from neurodeploy.models.slayer.plan import TrainingPlan
    from neurodeploy.models.slayer.spiking import SpikingNetwork
    from neurodeploy.models.slayer.train import Trainer

PHASES = ("rates", "spikes")


@dataclass(frozen=True)
class Paths:
    """Files of a training.

    Raises:
        FormatError: one is there that would be lost.
    """

    output: Path
    log: Path | None
    resume: bool
    overwrite: bool

    def __post_init__(self) -> None:
        if self.output.suffix != ".pt":
            remedy = f"name it {self.output.with_suffix('.pt').name}"
            raise FormatError(str(self.output), "does not end in .pt", remedy)
        logs = [] if self.log is None else [self.log]
        for path in (self.output, *logs):
            check_output(path, overwrite=True)  # what exists is looked at below
        checkpoints = [self.checkpoint(phase) for phase in PHASES]
        begun = self.resume and any(path.exists() for path in checkpoints)
        taken = [self.output, self.output.with_suffix(".yaml")]
        taken += [] if self.resume else [*checkpoints, *logs]  # killed in its first epoch it has left a log alone
        for path in [] if self.overwrite or begun else taken:
            if path.exists():
                remedy = "choose another name, pass --force"
                remedy += " to train anew" if self.resume else ", or --resume to go on with a training"
                problem = "exists already" + (", without a checkpoint to go on from" if self.resume else "")
                raise FormatError(str(path), problem, remedy)

    def clear(self) -> None:
        """Remove the checkpoints of a training that is begun anew: a later `resume` would take them for its own."""
        for phase in () if self.resume else PHASES:
            self.checkpoint(phase).unlink(missing_ok=True)

    def checkpoint(self, phase: str) -> Path:
        """Where a phase is saved."""
        return self.output.with_suffix(f".{phase}.training")


class Session:
    """A training, phase after phase: perhaps by rates, then with spikes.

    Args:
        plan: what is trained.
        paths: where it goes.
        training, test: recordings.
        every: seconds between checkpoints.
        test_every: epochs between looks at the test recordings.
        stopped: asked after every update whether to give up.
    """

    def __init__(
        self,
        plan: TrainingPlan,
        paths: Paths,
        training: Sequence[Labelled],
        test: Sequence[Labelled],
        every: float,
        test_every: int,
        stopped: Callable[[], bool] | None,
    ) -> None:
        self.plan, self.paths, self.training, self.test = plan, paths, training, test
        self.every, self.test_every, self.stopped = every, test_every, stopped
        self.network: SpikingNetwork = plan.network()
        self._check_labels()
        self.rows = read_rows(paths.log) if paths.log is not None and paths.resume else []
        self.loss: float | None = None
        self._trainers: dict[str, Callable[[], Trainer]] = {"rates": self._by_rates, "spikes": self._by_spikes}
        self._current: Trainer | None = None

    def _check_labels(self) -> None:
        outputs = int(np.prod(self.network.layer(self.network.names[-1]).shape))
        for item in (*self.training, *self.test):
            if item.label >= outputs:
                problem = f"is of class {item.label}, the network has {outputs} outputs"
                raise DataError(item.name, problem, "end --arch with as many neurons as there are classes")
        if outputs > 1 and len({item.label for item in self.training}) < 2:
            # the first recordings of a data set with a folder for each class
            problem = f"has {len(self.training)} recordings, all of one class"
            raise DataError("training data", problem, "train on more of them, or --test-share to part them by class")

    def phases(self) -> Iterator[tuple[str, int]]:
        """Name and number of updates of each phase, to be run before the next is asked for."""
        behind = self.paths.resume and self.paths.checkpoint("spikes").exists()
        names = ["rates"] * (self.plan.rate_epochs > 0 and not behind) + ["spikes"]
        for name in names:
            self._current = self._trainers[name]()
            path = self.paths.checkpoint(name)
            if self.paths.resume and path.exists():
                self._current.resume(path)
            yield name, self._current.updates - self._current.done

    def run(self, phase: str) -> Iterator[str]:
        """Train to the end of a phase; after every update, how it goes.

        Raises:
            OptionError: it was stopped.
        """
        from neurodeploy.models.slayer.train import epochs

        trainer = self._current
        assert trainer is not None
        self._begin(phase, trainer)
        saved, clock = monotonic(), monotonic() - (self.rows[-1]["seconds"] if self.rows else 0.0)
        done: list[Any] = []
        for update in trainer.run():
            done.append(update)
            last = update.batch == update.batches
            if last:
                (epoch,) = epochs(iter(done))
                done = []
                self.loss = epoch.loss
                self._note(phase, epoch, trainer, monotonic() - clock)
            if last or monotonic() - saved >= self.every:
                trainer.save(self.paths.checkpoint(phase))
                saved = monotonic()
            yield self._state(update.epoch, trainer)
            if self.stopped is not None and self.stopped() and trainer.done < trainer.updates:
                self._stop(phase, trainer, update.epoch)
        self._end(phase, trainer)

    def _state(self, epoch: int, trainer: Trainer) -> str:
        text = f"epoch {epoch} of {trainer.options.epochs}"
        last = self.rows[-1] if self.rows else None
        return text if last is None else f"{text}, {last['training_accuracy']:.1%} right in the last"

    def _begin(self, phase: str, trainer: Trainer) -> None:
        """Forget what the log tells of what is now done again."""
        finished = trainer.done // trainer.batches
        before = [row for row in self.rows if row["phase"] == "rates" and phase == "spikes"]
        self.rows = before + [row for row in self.rows if row["phase"] == phase and row["epoch"] <= finished]

    def _stop(self, phase: str, trainer: Trainer, epoch: int) -> None:
        path = self.paths.checkpoint(phase)
        trainer.save(path)
        problem = f"was stopped in epoch {epoch}, after {trainer.done} of {trainer.updates} updates; {path} is written"
        raise OptionError("training", problem, "go on with the same command and --resume")

    def _end(self, phase: str, trainer: Trainer) -> None:
        from neurodeploy.models.slayer.rates import RateNetwork

        if phase == "rates":
            assert isinstance(trainer.model, RateNetwork)
            trainer.model.fold_into(self.network)
            self._by_spikes().save(self.paths.checkpoint("spikes"))
            self.paths.checkpoint("rates").unlink(missing_ok=True)

    def _note(self, phase: str, epoch: Any, trainer: Trainer, seconds: float) -> None:
        """Add a line to the log."""
        look = self.test_every and epoch.number % self.test_every == 0 and phase == "spikes" and self.test
        share = correct_answers(self.counts(), self.test) / len(self.test) if look else None
        values = (phase, epoch.number, epoch.loss, epoch.accuracy, share, seconds, trainer.learning_rate)
        self.rows.append(dict(zip(COLUMNS, values, strict=True)))
        if self.paths.log is not None:
            write_rows(self.paths.log, self.rows)

    def counts(self) -> IntArray:
        """Output spikes of the test recordings."""
        piece = self.plan.piece or self.plan.batch_size
        parts = [self.test[first : first + piece] for first in range(0, len(self.test), piece)]
        counts = [self.network.output_counts([item.read() for item in part], piece) for part in parts]
        return np.concatenate([*counts, self.network.output_counts([])])

    def write(self) -> Path:
        """Write the network; its yaml."""
        from neurodeploy.models.slayer.plan import write_network

        return write_network(self.paths.output, self.plan, self.network, self.paths.overwrite or self.paths.resume)

    def _by_rates(self) -> Trainer:
        from neurodeploy.models.datasets.events import RateData
        from neurodeploy.models.slayer.rates import RateLoss, RateNetwork
        from neurodeploy.models.slayer.train import Trainer

        data = self._data(self.plan.seed)
        first = [data.recording(index, 0) for index in range(min(64, len(data)))]
        model = RateNetwork(self.network, first, self.plan.windows)
        return Trainer(model, RateData(data, self.plan.windows), RateLoss(), self.plan.options(rates=True))

    def _by_spikes(self) -> Trainer:
        from neurodeploy.models.slayer.train import Trainer

        data, generators = self._data(self.plan.seed + 1), (self.network.generator,)
        return Trainer(self.network, data, self.plan.criterion(), self.plan.options(), generators)

    def _data(self, seed: int) -> Any:
        from neurodeploy.models.datasets.events import EventData

        return EventData(self.training, self.network, self.plan.augment, seed)


def correct_answers(counts: IntArray, items: Sequence[Labelled]) -> int:
    """Recordings whose class spiked most; silence is wrong."""
    labels = np.array([item.label for item in items], np.int64)
    return int(np.sum((counts.argmax(axis=1) == labels) & counts.any(axis=1)))
