"""Training by exact gradients of firing times, as one call: from a table to a network in continuous time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import DataError, OptionError
from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import accuracy
from neurodeploy.training_session import Phase, TrainingLog, TrainingPaths, check_numbers

if TYPE_CHECKING:
    from neurodeploy.models.datasets.tables import Table
    from neurodeploy.models.forward_prop.recipe import Recipe
    from neurodeploy.spikes.latency import Latency

#: The phase's name in the log and in the checkpoint's.
PHASE = "spikes"
REST = "rest"


@dataclass(frozen=True)
class TrainedForward:
    """What a training came to.

    Args:
        network: the .npz with the network and the coding of its input.
        log: the table of epochs; None: not asked for.
        training, test: number of samples of each.
        accuracy: on the test samples: correct, total, share, interval_95; None without any.
        predicted: which output fired first for every test sample, −1 where none did; shape (samples,).
        loss: mean per sample in the last epoch; None where nothing was left to train.
        dropped: spikes about to vanish that were not differentiated through, in this call.
        woken: how often the weights into a silent neuron were raised, in this call.
        seconds: wall time of this call.
    """

    network: Path
    log: Path | None
    training: int
    test: int
    accuracy: dict[str, Any] | None
    predicted: IntArray
    loss: float | None
    dropped: int
    woken: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON, without the predictions."""
        return {
            "schema": "neurodeploy.training/1",
            "network": str(self.network),
            "yaml": None,
            "log": None if self.log is None else str(self.log),
            "training_recordings": self.training,
            "test_recordings": self.test,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "dropped_spikes": self.dropped,
            "woken_neurons": self.woken,
            "seconds": self.seconds,
        }


def train_fp(
    arch: str,
    data: str | Path | Table,
    output: str | Path,
    *,
    split: str = "train",
    test_split: str = "test",
    test_share: float | None = None,
    limit: int | None = None,
    neuron: str | Path | Recipe | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    resume: bool = False,
    checkpoint_every: float = 60.0,
    log: str | Path | None = None,
    test_every: int = 1,
    threads: int = 1,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
    started: Callable[[int, str], None] | None = None,
    stopped: Callable[[], bool] | None = None,
    **recipe: Any,
) -> TrainedForward:
    """Train a network in continuous time on a table of features, coded as latencies in the range the table has.

    Args:
        arch: inputs, then neurons of each layer, for example 5-150-3; as many inputs as the coding has.
        data: a .csv (`neurodeploy.models.datasets.tables.read_table`), or the table.
        output: the .npz to write.
        split: the part to train on, where the table is parted.
        test_split: the part to test on; "rest": all that is not trained on.
        test_share: parts the samples anew, this share of each class for testing, by the seed.
        limit: only the first so many samples to train on.
        neuron: a `Recipe`, or the name of one, as text or as the path it is to the command: xor, iris, iris-paper,
            yin-yang, yin-yang-paper; None: yin-yang.
        epochs: passes over the data; None: the recipe's.
        batch_size: samples per update; None: the recipe's.
        learning_rate: None: the recipe's.
        seed: of weights, order and parts.
        resume: go on from the last checkpoint, if there is one; the result is the same bits, for any threads.
        checkpoint_every: seconds between checkpoints; one is also written after every epoch.
        log: a .csv with a line per epoch.
        test_every: epochs between looks at the test samples, which training learns nothing from; 0: the end only.
        threads: batches are shared among them.
        overwrite: whether files may be replaced.
        progress: told after every update how it goes.
        started: told how many updates are to be done, and which phase begins.
        stopped: asked after every update whether to write a checkpoint and give up.
        **recipe: other fields of `neurodeploy.models.forward_prop.recipe.Recipe`.

    Raises:
        OptionError: a value outside its range, or the training was stopped.
        FormatError, DataError: files or samples that cannot be used.
    """
    from neurodeploy.models.forward_prop.file import save_forward
    from neurodeploy.models.forward_prop.train import ForwardTrainer

    begun = monotonic()
    check_numbers(checkpoint_every, test_every, seed)
    if threads < 1:
        raise OptionError("threads", f"{threads} is less than 1", "choose at least one")
    paths = TrainingPaths(Path(output), None if log is None else Path(log), resume, overwrite, ".npz", ())
    given = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    how = _recipe(neuron, {name: value for name, value in given.items() if value is not None} | recipe)
    table = _table(data)
    training, test = _parts(table, split, test_split, test_share, limit, seed)
    if len(np.unique(table.labels[training])) < 2:
        remedy = "train on more of them, or give a test share to part them by class"
        raise DataError("training data", f"has {len(training)} samples, all of one class", remedy)
    latency = _latency(table, how)
    sizes, times = _sizes(arch, latency), latency.times(table.features)
    trainer = ForwardTrainer(sizes, times[training], table.labels[training], how, seed, threads)
    lines = TrainingLog(paths.log, resume)
    checkpoint = paths.checkpoint(PHASE)
    paths.clear()
    if resume and checkpoint.exists():
        trainer.resume(checkpoint)

    def look(epoch: int) -> float | None:
        asked = test_every and epoch % test_every == 0 and len(test)
        return float(np.mean(trainer.predicted(times[test]) == table.labels[test])) if asked else None

    phase = Phase(PHASE, trainer, checkpoint, lines, checkpoint_every, look, stopped)
    if started is not None:
        started(phase.left, phase.name)
    for text in phase.run():
        if progress is not None:
            progress(text)
    save_forward(trainer.network(), latency, paths.output, overwrite=overwrite or resume)
    predicted = trainer.predicted(times[test])
    right = {"correct": int(np.sum(predicted == table.labels[test])), "total": len(test)}
    return TrainedForward(
        paths.output,
        paths.log,
        len(training),
        len(test),
        accuracy(right),
        predicted,
        phase.loss,
        trainer.dropped,
        trainer.woken,
        monotonic() - begun,
    )


def _recipe(neuron: str | Path | Recipe | None, given: dict[str, Any]) -> Recipe:
    from neurodeploy.models.forward_prop.recipe import RECIPES, Recipe

    if isinstance(neuron, Recipe):
        base = neuron
    else:
        name = "yin-yang" if neuron is None else str(neuron)
        if name not in RECIPES:
            raise OptionError("recipe", f"{name!r} is unknown", f"choose from {', '.join(RECIPES)}")
        base = RECIPES[name]
    for option in given:
        if option not in vars(base):
            raise OptionError(option.replace("_", " "), "is nothing that the method fp has", "leave it out")
    return replace(base, **given)


def _table(data: str | Path | Table) -> Table:
    from neurodeploy.models.datasets.tables import read_table

    return read_table(Path(data)) if isinstance(data, str | Path) else data


def _latency(table: Table, how: Recipe) -> Latency:
    from neurodeploy.spikes.latency import Latency

    low, high = table.features.min(axis=0), table.features.max(axis=0)
    ends = (tuple(map(float, low)), tuple(map(float, high)))
    return Latency(*ends, how.early_ms, how.late_ms, how.largest_first, how.complement, how.bias_ms)


def _sizes(arch: str, latency: Latency) -> tuple[int, ...]:
    parts = arch.split("-")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() and 0 < int(part) <= 2**20 for part in parts):
        raise OptionError("arch", f"{arch!r} is no list of sizes", "give for example 5-150-3")
    sizes = tuple(int(part) for part in parts)
    if sizes[0] != latency.inputs:
        problem = f"{arch} has {sizes[0]} inputs, the coding of {len(latency.low)} features has {latency.inputs}"
        raise OptionError("arch", problem, f"begin with {latency.inputs}")
    return sizes


def _parts(
    table: Table, split: str, test_split: str, share: float | None, limit: int | None, seed: int
) -> tuple[IntArray, IntArray]:
    """Indices of the samples to train and to test on."""
    from neurodeploy.models.datasets.tables import divided

    if limit is not None and limit < 1:
        raise OptionError("limit", f"{limit} is less than 1", "ask for at least one sample")
    everyone = np.arange(len(table.labels))
    if share is not None:
        training, test = divided(table.labels, share, seed)
        return training[:limit], test
    if table.split is None:
        for name, value, usual in (("split", split, {"train"}), ("test split", test_split, {"test", REST})):
            if value not in usual:
                remedy = "give the table a column split, or part it with a test share"
                raise OptionError(name, f"{value[:40]!r} is asked for, and the table has no splits", remedy)
        return everyone[:limit], everyone[:0] if limit is None or test_split != REST else everyone[limit:]
    training = everyone[table.split == split][:limit]
    if not len(training):
        known = ", ".join(sorted(set(table.split.tolist())))
        raise DataError("table", f"has no samples of split {split!r}", f"choose from {known}")
    test = np.setdiff1d(everyone, training) if test_split == REST else everyone[table.split == test_split]
    return training, test
