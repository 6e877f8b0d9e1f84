"""Training, as one call: a network from labelled recordings, with checkpoints it goes on from and a log to plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import DataError, MissingPackageError, OptionError
from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import accuracy
from neurodeploy.training_session import Paths, Session, correct_answers

if TYPE_CHECKING:
    from neurodeploy.models.datasets.labelled import Labelled
    from neurodeploy.models.slayer.fire import Neuron
    from neurodeploy.models.slayer.plan import TrainingPlan

    Split = tuple[Sequence[Labelled], Sequence[Labelled]]

METHODS = ("slayer",)
REST = "rest"
MAX_SEED = 2**62
#: Recordings, from all over the data, whose last event tells how long a run must be, where nobody says.
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
        steps: length of a recording; None: that of the yaml, else of the longest of a hundred recordings.
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
    paths = Paths(Path(output), None if log is None else Path(log), resume, overwrite)
    given = {"timestep_ms": timestep_ms, "steps": steps}
    if isinstance(data, tuple):
        training, test = data
    else:
        training, test = _parts(Path(data), split, test_split, test_share, limit, plan.get("seed", 0))
    settings = _plan(arch, training, neuron, augment, {k: v for k, v in given.items() if v is not None} | plan)
    session = Session(settings, paths, training, test, checkpoint_every, test_every, stopped)
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
    right = {"correct": correct_answers(counts, test), "total": len(test)}
    seconds = monotonic() - begun
    rates = accuracy(right)
    return Trained(paths.output, yaml, paths.log, len(training), len(test), rates, counts, session.loss, seconds)


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
        ends = [item.read().time_us.max(initial=0) for item in training[:: -(-len(training) // LOOKED_AT)]]
        values["steps"] = int(np.rint(max(ends) / 1000 / values["timestep_ms"])) + 1
    return TrainingPlan(arch=arch, augment=Distortion.parse(augment), **values)


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
