"""Training with TSSL-BP from labelled recordings to a `.ndn`, with the checkpoints and the log of every training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from math import prod
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import OptionError
from neurodeploy.network.file import save_network
from neurodeploy.precision import IntArray
from neurodeploy.provenance import provenance
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
    from neurodeploy.models.datasets.labelled import Labelled
    from neurodeploy.models.tssl.network import TsslNetwork
    from neurodeploy.models.tssl.neuron import TsslNeuron
    from neurodeploy.models.tssl.plan import TsslPlan

PHASE = "spikes"
#: Fields of the neuron that are options of their own.
NEURON = ("tau_membrane", "tau_synapse", "threshold", "bound", "window", "sigmoid", "leak")


def train_tssl(
    arch: str,
    data: str | Path | tuple[Sequence[Labelled], Sequence[Labelled]],
    output: str | Path,
    *,
    split: str = "train",
    test_split: str = "test",
    test_share: float | None = None,
    limit: int | None = None,
    neuron: TsslNeuron | None = None,
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
    command: Sequence[str] = ("nd.train",),
    **plan: Any,
) -> Trained:
    """Train a network with TSSL-BP and write it as `.ndn`: float weights, ready for quantize and compile.

    Args:
        arch: layers in SLAYER's notation: dense layers, convolutions and pools.
        data: folder of a data set, or the recordings to train and to test on.
        output: the `.ndn` to write.
        split: the part to train on.
        test_split: the part to test on; "rest": all that is not trained on.
        test_share: parts the recordings anew, this share of each class for testing, by the seed.
        limit: only the first so many recordings to train on.
        neuron: of all layers; None: that of Table 1.
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
        command: the command line, for the file's provenance.
        **plan: the fields of `neurodeploy.models.tssl.plan.TsslPlan` and, one by one, of its `TsslNeuron`.

    Raises:
        OptionError: a value outside its range, an option that TSSL-BP does not have, or the training was stopped.
        NetworkError, FormatError, DataError: layers, files or recordings that cannot be used.
        MissingPackageError: torch cannot be imported.
    """
    need_torch("training")
    begun = monotonic()
    check_numbers(checkpoint_every, test_every, plan.get("seed", 0))
    where = None if log is None else Path(log)
    paths = TrainingPaths(Path(output), where, resume, overwrite, ".ndn", ())
    settings = _plan(arch, neuron, augment, plan)
    if isinstance(data, tuple):
        training, test = data
    else:
        training, test = parted(Path(data), split, test_split, test_share, limit, settings.seed)
    table = TrainingLog(where, resume)
    with torch_threads(threads):
        network = settings.network()
        check_labels(prod(network.layer(network.names[-1]).shape), training, test)
        paths.clear()
        trainer = _trainer(settings, network, training)
        checkpoint = paths.checkpoint(PHASE)
        if resume and checkpoint.exists():
            trainer.resume(checkpoint)

        def look(epoch: int) -> float | None:
            asked = test_every and epoch % test_every == 0 and len(test)
            return correct(_counts(network, test, settings), test) / len(test) if asked else None

        phase = Phase(PHASE, trainer, checkpoint, table, checkpoint_every, look, stopped)
        if started is not None:
            started(phase.left, phase.name)
        for text in phase.run():
            if progress is not None:
                progress(text)
        counts = _counts(network, test, settings)
    _write(network, paths, command)
    right = {"correct": correct(counts, test), "total": len(test)}
    seconds = monotonic() - begun
    return Trained(paths.output, None, where, len(training), len(test), accuracy(right), counts, phase.loss, seconds)


def _plan(arch: str, neuron: TsslNeuron | None, augment: str, given: dict[str, Any]) -> TsslPlan:
    from neurodeploy.models.datasets.distort import Distortion
    from neurodeploy.models.tssl.neuron import TsslNeuron
    from neurodeploy.models.tssl.plan import TsslPlan

    known = {field.name for field in fields(TsslPlan)} | set(NEURON)
    for name in given:
        if name not in known:
            raise OptionError(name.replace("_", " "), "is nothing that the method tssl has", "leave it out")
    if neuron is not None and not isinstance(neuron, TsslNeuron):
        raise OptionError("neuron", "is none of the method tssl", "give a TsslNeuron, or its time constants")
    values = {name: value for name, value in given.items() if name in NEURON}
    others = {name: value for name, value in given.items() if name not in NEURON}
    cell = replace(neuron or TsslNeuron(), **values)
    return TsslPlan(arch=arch, neuron=cell, augment=Distortion.parse(augment), **others)


def _trainer(plan: TsslPlan, network: TsslNetwork, training: Sequence[Labelled]) -> Any:
    from neurodeploy.models.datasets.events import EventData
    from neurodeploy.models.slayer.train import Trainer

    data = EventData(training, network, plan.augment, plan.seed + 1)
    return Trainer(network, data, plan.criterion(), plan.options())


def _counts(network: TsslNetwork, items: Sequence[Labelled], plan: TsslPlan) -> IntArray:
    """Output spikes of recordings, shape (recordings, outputs)."""
    piece = plan.piece or plan.batch_size
    parts = [items[first : first + piece] for first in range(0, len(items), piece)]
    counts = [network.output_counts([item.read() for item in part], piece) for part in parts]
    return np.concatenate([*counts, network.output_counts([])])


def _write(network: TsslNetwork, paths: TrainingPaths, command: Sequence[str]) -> None:
    from neurodeploy.models.tssl.to_chip import to_chip

    made = provenance(command)
    save_network(to_chip(network), paths.output, provenance=made, overwrite=paths.overwrite or paths.resume)
