"""What every training has: its files, its log to plot, and phases of updates with checkpoints to go on from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import DataError, FormatError, OptionError
from neurodeploy.files import check_output, read_bytes, write_atomic
from neurodeploy.precision import IntArray
from neurodeploy.shown import Shown

if TYPE_CHECKING:
    from neurodeploy.models.datasets.labelled import Labelled
    from neurodeploy.models.updates import Epoch, Training, Update

COLUMNS = ("phase", "epoch", "loss", "training_accuracy", "test_accuracy", "seconds", "learning_rate")
MAX_LOG_BYTES = 2**26
PHASES = ("rates", "spikes", "fine-tuning")
MAX_SEED = 2**62


@dataclass(frozen=True)
class Trained(Shown, drawn_by="neurodeploy.plotting.answers"):
    """What a training came to.

    Args:
        network: the checkpoint, or the `.ndn`, for `load` and `neurodeploy compile`.
        yaml: of a checkpoint: neuron, length of a step and layers, beside it; None: a `.ndn`.
        log: the table of epochs; None: not asked for.
        training, test: number of recordings of each.
        accuracy: on the test recordings: correct, total, share, interval_95; None without any.
        counts: output spikes of every test recording, shape (recordings, outputs).
        loss: mean per recording in the last epoch; None where nothing was left to train.
        seconds: wall time of this call.
    """

    network: Path
    yaml: Path | None
    log: Path | None
    training: int
    test: int
    accuracy: dict[str, Any] | None
    counts: IntArray
    loss: float | None
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON, without the counts."""
        return {
            "schema": "neurodeploy.training/1",
            "network": str(self.network),
            "yaml": None if self.yaml is None else str(self.yaml),
            "log": None if self.log is None else str(self.log),
            "training_recordings": self.training,
            "test_recordings": self.test,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class TrainingPaths:
    """Files of a training.

    Args:
        output: what is written in the end.
        log: a .csv; None: none.
        resume: go on from the last checkpoint, if there is one.
        overwrite: whether files may be replaced.
        suffix: of the output.
        beside: suffixes of files written with it.

    Raises:
        FormatError: one is there that would be lost.
    """

    output: Path
    log: Path | None
    resume: bool
    overwrite: bool
    suffix: str = ".pt"
    beside: tuple[str, ...] = (".yaml",)

    def __post_init__(self) -> None:
        if self.output.suffix != self.suffix:
            remedy = f"name it {self.output.with_suffix(self.suffix).name}"
            raise FormatError(str(self.output), f"does not end in {self.suffix}", remedy)
        logs = [] if self.log is None else [self.log]
        for path in (self.output, *logs):
            check_output(path, overwrite=True)  # what exists is looked at below
        checkpoints = [self.checkpoint(phase) for phase in PHASES]
        begun = self.resume and any(path.exists() for path in checkpoints)
        taken = [self.output, *(self.output.with_suffix(suffix) for suffix in self.beside)]
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


class TrainingLog:
    """A line per epoch, written after each.

    Args:
        path: the .csv; None: kept in memory alone.
        resume: go on with the lines that are there.

    Raises:
        FormatError: a file that is no such log.
    """

    def __init__(self, path: Path | None, resume: bool) -> None:
        self.path = path
        self.rows = _rows(path) if path is not None and resume else []

    @property
    def seconds(self) -> float:
        """Of all calls together, until the last line."""
        return float(self.rows[-1]["seconds"]) if self.rows else 0.0

    def forget(self, phase: str, finished: int) -> None:
        """Keep of a phase's lines only those of finished epochs, and of later phases none; rates come before spikes."""
        before = [row for row in self.rows if row["phase"] == "rates" and phase == "spikes"]
        self.rows = before + [row for row in self.rows if row["phase"] == phase and row["epoch"] <= finished]

    def add(self, *values: object) -> None:
        """Add a line, values in the order of `COLUMNS`."""
        self.rows.append(dict(zip(COLUMNS, values, strict=True)))
        if self.path is not None:
            _write_rows(self.path, self.rows)


class Phase:
    """A trainer's way to its end, in a session of training.

    Args:
        name: one of `PHASES`.
        trainer: wherever it stands.
        checkpoint: the file it is saved to.
        log: of all phases.
        every: seconds between checkpoints.
        look: gives the accuracy on the test recordings after an epoch; None: not looked at.
        stopped: asked after every update whether to give up.

    Attributes:
        loss: mean per recording in the last epoch; None before its end.
    """

    def __init__(
        self,
        name: str,
        trainer: Training,
        checkpoint: Path,
        log: TrainingLog,
        every: float,
        look: Callable[[int], float | None],
        stopped: Callable[[], bool] | None,
    ) -> None:
        self.name, self.trainer, self.checkpoint, self.log = name, trainer, checkpoint, log
        self.every, self.look, self.stopped = every, look, stopped
        self.loss: float | None = None

    @property
    def left(self) -> int:
        """Updates that are left to do."""
        return self.trainer.updates - self.trainer.done

    def run(self) -> Iterator[str]:
        """Train to the end; after every update, how it goes.

        Raises:
            OptionError: it was stopped.
        """
        from neurodeploy.models.updates import epochs

        trainer = self.trainer
        self.log.forget(self.name, trainer.done // trainer.batches)
        saved, clock = monotonic(), monotonic() - self.log.seconds
        done: list[Update] = []
        for update in trainer.run():
            done.append(update)
            last = update.batch == update.batches
            if last:
                (epoch,) = epochs(iter(done))
                done = []
                self._note(epoch, monotonic() - clock)
            if last or monotonic() - saved >= self.every:
                trainer.save(self.checkpoint)
                saved = monotonic()
            yield self._state(update.epoch)
            if self.stopped is not None and self.stopped() and trainer.done < trainer.updates:
                self._stop(update.epoch)

    def _note(self, epoch: Epoch, seconds: float) -> None:
        self.loss = epoch.loss
        share = self.look(epoch.number)
        rate = self.trainer.learning_rate
        self.log.add(self.name, epoch.number, epoch.loss, epoch.accuracy, share, seconds, rate)

    def _state(self, epoch: int) -> str:
        text = f"epoch {epoch} of {self.trainer.updates // self.trainer.batches}"
        last = self.log.rows[-1] if self.log.rows else None
        return text if last is None else f"{text}, {last['training_accuracy']:.1%} right in the last"

    def _stop(self, epoch: int) -> None:
        self.trainer.save(self.checkpoint)
        done = f"after {self.trainer.done} of {self.trainer.updates} updates"
        problem = f"was stopped in epoch {epoch}, {done}; {self.checkpoint} is written"
        raise OptionError("training", problem, "go on with the same command and --resume")


def _rows(path: Path) -> list[dict[str, Any]]:
    """The lines of a log, which a resumed training goes on with; none where there is no file."""
    if not path.exists():
        return []
    try:
        text = read_bytes(path, MAX_LOG_BYTES).decode()
        return [_row(line) for line in csv.DictReader(io.StringIO(text))]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise FormatError(str(path), "is no log of a training", "give another --log") from error


def _row(line: dict[str, str]) -> dict[str, Any]:
    numbers = {name: float(line[name]) if line[name] else None for name in COLUMNS[2:]}
    return {"phase": line["phase"], "epoch": int(line["epoch"])} | numbers


def _write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    write_atomic(path, text.getvalue().encode(), overwrite=True)


def _cell(value: object) -> object:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value


def check_numbers(checkpoint_every: float, test_every: int, seed: int) -> None:
    """Raise OptionError for a seed, or a pace of checkpoints or of tests, outside its range."""
    if not 0 <= seed <= MAX_SEED:
        raise OptionError("seed", f"{seed} is outside 0 … {MAX_SEED}", "choose for example 0")
    if not checkpoint_every > 0:
        raise OptionError("checkpoints", f"every {checkpoint_every} s", "choose more than 0 seconds")
    if test_every < 0:
        raise OptionError("tests", f"every {test_every} epochs", "choose at least 1, or 0 for the end only")


def check_labels(outputs: int, training: Sequence[Labelled], test: Sequence[Labelled]) -> None:
    """Raise DataError for a class beyond the network's outputs, or where all recordings to train on have one class."""
    for item in (*training, *test):
        if item.label >= outputs:
            problem = f"is of class {item.label}, the network has {outputs} outputs"
            raise DataError(item.name, problem, "end --arch with as many neurons as there are classes")
    if outputs > 1 and len({item.label for item in training}) < 2:
        # the first recordings of a data set with a folder for each class
        problem = f"has {len(training)} recordings, all of one class"
        raise DataError("training data", problem, "train on more of them, or --test-share to part them by class")


def correct(counts: IntArray, items: Sequence[Labelled]) -> int:
    """Recordings whose class spiked most; silence is wrong."""
    labels = np.array([item.label for item in items], np.int64)
    return int(np.sum((counts.argmax(axis=1) == labels) & counts.any(axis=1)))
