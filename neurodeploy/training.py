"""Training, as one call: a network from labelled recordings, with checkpoints it goes on from and a log to plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import OptionError
from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import accuracy
from neurodeploy.training_data import need_torch, parted, torch_threads
from neurodeploy.training_session import (
    Phase,
    Trained,
    TrainingLog,
    TrainingPaths,
    check_labels,
    check_numbers,
    correct,
)

if TYPE_CHECKING:
    from neurodeploy.models.datasets.distort import Distortion
    from neurodeploy.models.datasets.labelled import Labelled
    from neurodeploy.models.slayer.fire import Neuron
    from neurodeploy.models.slayer.plan import TrainingPlan
    from neurodeploy.models.slayer.spiking import SpikingNetwork
    from neurodeploy.models.slayer.train import Trainer

    Split = tuple[Sequence[Labelled], Sequence[Labelled]]

#: What each method's network is called by the command unless said.
OUTPUTS = {"slayer": "net.pt", "tssl": "net.ndn", "fp": "net.npz"}
METHODS = tuple(OUTPUTS)
#: Recordings, from all over the data, whose last event tells how long a run must be, where nobody says.
LOOKED_AT = 100


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
    neuron: Any = None,
    steps: int | None = None,
    timestep_ms: float | None = None,
    augment: str = "",
    rate_augment: str | None = None,
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
        output: the checkpoint to write, with a yaml beside it; a `.ndn` by the method tssl, a `.npz` by fp.
        method: slayer, tssl (`neurodeploy.training_tssl`) or fp (`neurodeploy.training_fp`).
        split: the part to train on.
        test_split: the part to test on; "rest": all that is not trained on.
        test_share: parts the recordings anew, this share of each class for testing, by the seed.
        limit: only the first so many recordings to train on.
        neuron: of all layers, or a slayerPytorch yaml of it, of the length of a step and of the steps; None: SLAYER's
            usual LOIHI neuron.
        steps: length of a recording; None: that of the yaml, else of the longest of a hundred recordings.
        timestep_ms: length of a step; None: that of the yaml, else 1.
        augment: distortions of the training data, as `shift,drop=0.2`.
        rate_augment: the same of the phase by rates; None: as `augment`.
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
            learning_rate, seed, delays, dropout, loss, weight_bits, gain, piece, windows. Other methods have plans, and
            defaults, of their own.

    Raises:
        OptionError: a value outside its range, or the training was stopped.
        FormatError, DataError: files or recordings that cannot be used.
        MissingPackageError: torch cannot be imported.
    """
    if method not in METHODS:
        raise OptionError("method", f"{method!r} is unknown", f"choose from {', '.join(METHODS)}")
    if method != "slayer":
        common = {
            "split": split, "test_split": test_split, "test_share": test_share, "limit": limit, "neuron": neuron,
            "resume": resume, "checkpoint_every": checkpoint_every, "log": log, "test_every": test_every,
            "threads": threads, "overwrite": overwrite, "progress": progress, "started": started, "stopped": stopped,
        }  # fmt: skip
        own = {"steps": steps, "timestep_ms": timestep_ms, "augment": augment or None, "rate_augment": rate_augment}
        asked = {name: value for name, value in own.items() if value is not None}
        trained: Trained = _by(method)(arch, data, output, **common, **asked, **plan)
        return trained
    need_torch("training")
    begun = monotonic()
    check_numbers(checkpoint_every, test_every, plan.get("seed", 0))
    paths = TrainingPaths(Path(output), None if log is None else Path(log), resume, overwrite)
    given = {"timestep_ms": timestep_ms, "steps": steps}
    if isinstance(data, tuple):
        training, test = data
    else:
        training, test = parted(Path(data), split, test_split, test_share, limit, plan.get("seed", 0))
    distortions = (augment, augment if rate_augment is None else rate_augment)
    settings = _plan(arch, training, neuron, distortions, {k: v for k, v in given.items() if v is not None} | plan)
    session = _Session(settings, paths, training, test, checkpoint_every, test_every, stopped)
    paths.clear()
    with torch_threads(threads):
        for phase in session.phases():
            if started is not None:
                started(phase.left, phase.name)
            for text in phase.run():
                if progress is not None:
                    progress(text)
        counts = session.counts()
        yaml = session.write()
    right = {"correct": correct(counts, test), "total": len(test)}
    seconds = monotonic() - begun
    rates = accuracy(right)
    return Trained(paths.output, yaml, paths.log, len(training), len(test), rates, counts, session.loss, seconds)


def _by(method: str) -> Callable[..., Any]:
    """What trains with another method than SLAYER."""
    if method == "tssl":
        from neurodeploy.training_tssl import train_tssl

        return train_tssl
    from neurodeploy.training_fp import train_fp

    return train_fp


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
        paths: TrainingPaths,
        training: Sequence[Labelled],
        test: Sequence[Labelled],
        every: float,
        test_every: int,
        stopped: Callable[[], bool] | None,
    ) -> None:
        self.plan, self.paths, self.training, self.test = plan, paths, training, test
        self.every, self.test_every, self.stopped = every, test_every, stopped
        self.network: SpikingNetwork = plan.network()
        outputs = int(np.prod(self.network.layer(self.network.names[-1]).shape))
        check_labels(outputs, training, test)
        self.log = TrainingLog(paths.log, paths.resume)
        self.loss: float | None = None
        self._trainers: dict[str, Callable[[], Trainer]] = {"rates": self._by_rates, "spikes": self._by_spikes}

    def phases(self) -> Iterator[Phase]:
        """The phases, each to be run before the next is asked for."""
        behind = self.paths.resume and self.paths.checkpoint("spikes").exists()
        names = ["rates"] * (self.plan.rate_epochs > 0 and not behind) + ["spikes"]
        for name in names:
            trainer, path = self._trainers[name](), self.paths.checkpoint(name)
            if self.paths.resume and path.exists():
                trainer.resume(path)
            phase = Phase(name, trainer, path, self.log, self.every, partial(self._look, name), self.stopped)
            yield phase
            self.loss = phase.loss
            self._end(name, trainer)

    def _end(self, phase: str, trainer: Trainer) -> None:
        from neurodeploy.models.slayer.rates import RateNetwork

        if phase == "rates":
            assert isinstance(trainer.model, RateNetwork)
            trainer.model.fold_into(self.network)
            self._by_spikes().save(self.paths.checkpoint("spikes"))
            self.paths.checkpoint("rates").unlink(missing_ok=True)

    def _look(self, phase: str, epoch: int) -> float | None:
        """Share of the test recordings that is right after an epoch, where it is asked for."""
        if not (self.test_every and epoch % self.test_every == 0 and phase == "spikes" and self.test):
            return None
        return correct(self.counts(), self.test) / len(self.test)

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

        data = self._data(self.plan.seed, self.plan.augment if (by := self.plan.rate_augment) is None else by)
        first = [item.read() for item in self.training[:64]]
        model = RateNetwork(self.network, first, self.plan.windows)
        return Trainer(model, RateData(data, self.plan.windows), RateLoss(), self.plan.options(rates=True))

    def _by_spikes(self) -> Trainer:
        from neurodeploy.models.slayer.train import Trainer

        data, generators = self._data(self.plan.seed + 1, self.plan.augment), (self.network.generator,)
        return Trainer(self.network, data, self.plan.criterion(), self.plan.options(), generators)

    def _data(self, seed: int, distortion: Distortion) -> Any:
        from neurodeploy.models.datasets.events import EventData

        return EventData(self.training, self.network, distortion, seed)


def _plan(
    arch: str,
    training: Sequence[Labelled],
    neuron: str | Path | Neuron | None,
    distortions: tuple[str, str],
    given: dict[str, Any],
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
    augment, by_rates = map(Distortion.parse, distortions)
    return TrainingPlan(arch=arch, augment=augment, rate_augment=by_rates, **values)
