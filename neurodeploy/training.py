"""Training, as one call: a network from labelled recordings, with checkpoints it goes on from and a log to plot."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import DataError, FormatError, MissingPackageError, OptionError
from neurodeploy.files import check_output, read_bytes, write_atomic
from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import accuracy

if TYPE_CHECKING:
    from neurodeploy.models.datasets.labelled import Labelled
    from neurodeploy.models.slayer.fire import Neuron
    from neurodeploy.models.slayer.plan import TrainingPlan
    from neurodeploy.models.slayer.spiking import SpikingNetwork
    from neurodeploy.models.slayer.train import Trainer

    Split = tuple[Sequence[Labelled], Sequence[Labelled]]

METHODS = ("slayer",)
PHASES = ("rates", "spikes")
REST = "rest"
COLUMNS = ("phase", "epoch", "loss", "training_accuracy", "test_accuracy", "seconds", "learning_rate")
MAX_SEED = 2**62
MAX_LOG_BYTES = 2**26
#: Recordings whose last event tells how long a run must be, where nobody says.
LOOKED_AT = 100


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Args:
        network: the checkpoint, for `load` and `neurodeploy compile`.
        yaml: neuron, length of a step and layers, beside it.
        log: the table of epochs; None: not asked for.
        training, test: number of recordings of each.
        accuracy: on the test recordings: correct, total, share, interval_95; None without any.
        counts: output spikes of every test recording, shape (recordings, outputs).
        loss: mean per recording in the last epoch; None where nothing was left to train.
        seconds: wall time of this call.
    """

    network: Path
    yaml: Path
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
            "yaml": str(self.yaml),
            "log": None if self.log is None else str(self.log),
            "training_recordings": self.training,
            "test_recordings": self.test,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "seconds": self.seconds,
        }


def train(
    arch: str,
    data: str | Path | Split,
    output: str | Path,
    *,
    method: str = "slayer",
    split: str = "train",
    test_split: str = "test",
    test_share: float | None = None,
    limit: int | None = None,
    neuron: str | Path | Neuron | None = None,
    steps: int | None = None,
    timestep_ms: float | None = None,
    augment: str = "",
    resume: bool = False,
    checkpoint_every: float = 60.0,
    log: str | Path | None = None,
    test_every: int = 1,
    threads: int = 1,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
    started: Callable[[int, str], None] | None = None,
    stopped: Callable[[], bool] | None = None,
    **plan: Any,
) -> Trained:
    """Train a network on labelled recordings; it is then ready for `neurodeploy compile`.

    Args:
        arch: layers in SLAYER's notation, for example 34x34x2-512-10.
        data: folder of a data set (`neurodeploy.models.datasets.layouts`), or the recordings to train and to test on.
        output: the checkpoint to write; a yaml is written beside it.
        method: slayer.
        split: the part to train on.
        test_split: the part to test on; "rest": all that is not trained on.
        test_share: parts the recordings anew, this share of each class for testing, by the seed.
        limit: only the first so many recordings to train on.
        neuron: of all layers, or a slayerPytorch yaml of it, of the length of a step and of the steps; None: SLAYER's
            usual LOIHI neuron.
        steps: length of a recording; None: that of the yaml, else the longest of the first recordings.
        timestep_ms: length of a step; None: that of the yaml, else 1.
        augment: distortions of the training data, as `shift,drop=0.2`.
        resume: go on from the last checkpoint, if there is one; the result is the same bits (same threads).
        checkpoint_every: seconds between checkpoints; one is also written after every epoch.
        log: a .csv with a line per epoch.
        test_every: epochs between looks at the test recordings, which training learns nothing from; 0: the end only.
        threads: of torch.
        overwrite: whether files may be replaced.
        progress: told after every update how it goes.
        started: told how many updates are to be done, and which phase begins.
        stopped: asked after every update whether to write a checkpoint and give up.
        **plan: the fields of `neurodeploy.models.slayer.plan.TrainingPlan`: epochs, rate_epochs, batch_size,
            learning_rate, seed, delays, dropout, loss, weight_bits, gain, piece, windows.

    Raises:
        OptionError: a value outside its range, or the training was stopped.
        FormatError, DataError: files or recordings that cannot be used.
        MissingPackageError: torch cannot be imported.
    """
    if method not in METHODS:
        raise OptionError("method", f"{method!r} is unknown", f"choose from {', '.join(METHODS)}")
    _need_torch()
    begun = monotonic()
    _check_numbers(checkpoint_every, test_every, plan.get("seed", 0))
    paths = _Paths(Path(output), None if log is None else Path(log), resume, overwrite)
    given = {"timestep_ms": timestep_ms, "steps": steps}
    if isinstance(data, tuple):
        training, test = data
    else:
        training, test = _parts(Path(data), split, test_split, test_share, limit, plan.get("seed", 0))
    settings = _plan(arch, training, neuron, augment, {k: v for k, v in given.items() if v is not None} | plan)
    session = _Session(settings, paths, training, test, checkpoint_every, test_every, stopped)
    paths.clear()
    with _threads(threads):
        for phase, updates in session.phases():
            if started is not None:
                started(updates, phase)
            for text in session.run(phase):
                if progress is not None:
                    progress(text)
        counts = session.counts()
        yaml = session.write()
    right = {"correct": _correct(counts, test), "total": len(test)}
    seconds = monotonic() - begun
    rates = accuracy(right)
    return Trained(paths.output, yaml, paths.log, len(training), len(test), rates, counts, session.loss, seconds)


@dataclass(frozen=True)
class _Paths:
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


class _Session:
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
        paths: _Paths,
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
        self.rows = _rows(paths.log) if paths.log is not None and paths.resume else []
        self.loss: float | None = None
        self._trainers: dict[str, Callable[[], Trainer]] = {"rates": self._by_rates, "spikes": self._by_spikes}
        self._current: Trainer | None = None

    def _check_labels(self) -> None:
        outputs = self.network.layer(self.network.names[-1]).shape
        for item in (*self.training, *self.test):
            if item.label >= int(np.prod(outputs)):
                problem = f"is of class {item.label}, the network has {int(np.prod(outputs))} outputs"
                raise DataError(item.name, problem, "end --arch with as many neurons as there are classes")

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
        share = _correct(self.counts(), self.test) / len(self.test) if look else None
        values = (phase, epoch.number, epoch.loss, epoch.accuracy, share, seconds, trainer.learning_rate)
        self.rows.append(dict(zip(COLUMNS, values, strict=True)))
        if self.paths.log is not None:
            _write_rows(self.paths.log, self.rows)

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


def _need_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        remedy = 'install it with `pip install "neurodeploy-snn[torch]"`'
        raise MissingPackageError("training", f"needs torch ({error})", remedy) from error


def _check_numbers(checkpoint_every: float, test_every: int, seed: int) -> None:
    if not 0 <= seed <= MAX_SEED:
        raise OptionError("seed", f"{seed} is outside 0 … {MAX_SEED}", "choose for example 0")
    if not checkpoint_every > 0:
        raise OptionError("checkpoints", f"every {checkpoint_every} s", "choose more than 0 seconds")
    if test_every < 0:
        raise OptionError("tests", f"every {test_every} epochs", "choose at least 1, or 0 for the end only")


def _parts(
    path: Path, split: str, test_split: str, share: float | None, limit: int | None, seed: int
) -> tuple[tuple[Labelled, ...], tuple[Labelled, ...]]:
    """The recordings to train and to test on."""
    from neurodeploy.models.datasets.labelled import divided, of_split
    from neurodeploy.models.datasets.layouts import find_labelled

    if limit is not None and limit < 1:
        raise OptionError("limit", f"{limit} is less than 1", "ask for at least one recording")
    items = find_labelled(path)
    if share is not None:
        items, split, test_split = divided(items, share, seed), "train", "test"
    training = of_split(items, split, str(path))[:limit]
    if test_split != REST:
        return training, of_split(items, test_split, str(path))
    names = {item.name for item in training}
    rest = tuple(item for item in items if item.name not in names)
    if not rest:
        remedy = "train on fewer with --limit, or give a share for testing"
        raise DataError(str(path), f"has no recordings besides the {len(training)} to train on", remedy)
    return training, rest


def _plan(
    arch: str, training: Sequence[Labelled], neuron: str | Path | Neuron | None, augment: str, given: dict[str, Any]
) -> TrainingPlan:
    from neurodeploy.models.datasets.distort import Distortion
    from neurodeploy.models.slayer.plan import TrainingPlan, read_neuron

    values: dict[str, Any] = {"timestep_ms": 1.0}
    if isinstance(neuron, str | Path):
        kind, timestep, steps = read_neuron(Path(neuron))
        values |= {"neuron": kind, "timestep_ms": timestep} | ({"steps": steps} if steps else {})
    elif neuron is not None:
        values["neuron"] = neuron
    values |= given
    if "steps" not in values:
        ends = [item.read().time_us.max(initial=0) for item in training[:LOOKED_AT]]
        values["steps"] = int(np.rint(max(ends) / 1000 / values["timestep_ms"])) + 1
    return TrainingPlan(arch=arch, augment=Distortion.parse(augment), **values)


def _correct(counts: IntArray, items: Sequence[Labelled]) -> int:
    """Recordings whose class spiked most; silence is wrong."""
    labels = np.array([item.label for item in items], np.int64)
    return int(np.sum((counts.argmax(axis=1) == labels) & counts.any(axis=1)))


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


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Torch with so many threads; the order of float sums, and so the result, depends on their number."""
    import torch

    if not 1 <= count <= 1024:
        raise OptionError("threads", f"{count} is outside 1 … 1024", "choose the number of cores")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
