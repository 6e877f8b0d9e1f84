"""`nd.fine_tune_files`: fine-tuning from recordings on disk to a `.ndn`, with checkpoints, a log, and what it won."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import DataError, OptionError
from neurodeploy.network import Network
from neurodeploy.network.codec import network_to_parts
from neurodeploy.network.file import save_network
from neurodeploy.precision import IntArray
from neurodeploy.provenance import provenance
from neurodeploy.reporting.answers import Answers, paired
from neurodeploy.spikes.events import Events, bin_recording
from neurodeploy.training_data import need_torch, parted, torch_threads
from neurodeploy.training_session import Phase, TrainingLog, TrainingPaths, check_numbers

if TYPE_CHECKING:
    from neurodeploy.models.datasets.labelled import Labelled
    from neurodeploy.models.slayer.chip_network import ChipNetwork
    from neurodeploy.models.slayer.fine_tuning import FineTuneOptions, FineTuning

PHASE = "fine-tuning"


@dataclass(frozen=True, eq=False)
class FineTuned:
    """What a fine-tuning came to.

    Attributes:
        output: the `.ndn`.
        network: what is in it, integers in the chip's formats.
        log: the table of epochs; None: not asked for.
        training: number of recordings.
        answers: to the test recordings: of the network as given, with rounded weights, and fine-tuned.
        loss: mean per recording in the last epoch; None where nothing was left to train.
        seconds: wall time of this call.
    """

    output: Path
    network: Network
    log: Path | None
    training: int
    answers: tuple[Answers, ...]
    loss: float | None
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the keys of `Trained.as_dict`, and the networks side by side."""
        return {
            "schema": "neurodeploy.training/1",
            "network": str(self.output),
            "yaml": None,
            "log": None if self.log is None else str(self.log),
            "training_recordings": self.training,
            "test_recordings": len(self.answers[-1].labels),
            "accuracy": self.answers[-1].as_dict()["accuracy"],
            "loss": self.loss,
            "seconds": self.seconds,
            **paired(self.answers),
        }


def fine_tune_files(
    network: Network,
    data: str | Path,
    output: str | Path,
    *,
    split: str = "train",
    test_split: str = "test",
    test_share: float | None = None,
    limit: int | None = None,
    steps: int | None = None,
    augment: str = "",
    resume: bool = False,
    checkpoint_every: float = 60.0,
    log: str | Path | None = None,
    test_every: int = 1,
    threads: int = 1,
    overwrite: bool = False,
    command: Sequence[str] = ("nd.fine_tune_files",),
    progress: Callable[[str], None] = lambda text: None,
    started: Callable[[int, str], None] = lambda updates, phase: None,
    stopped: Callable[[], bool] | None = None,
    **options: Any,
) -> FineTuned:
    """Train a network on with its weights on the chip's grid, as `fine_tune` does, and write it.

    Args:
        network: float or integer; CUBA LIF, dense layers, convolutions and pools, synapses leading forward.
        data: folder of a data set (`neurodeploy.models.datasets.layouts`).
        output: the `.ndn` to write.
        split: the part to train on.
        test_split: the part to test on; "rest": all that is not trained on.
        test_share: parts the recordings anew, this share of each class for testing, by the seed.
        limit: only the first so many recordings to train on.
        steps: length of every run; None: the network's, else that of the longest recording and the network's latency.
        augment: distortions of the training data, as `shift,drop=0.2`.
        resume: go on from the last checkpoint, if there is one; the result is the same bits (same threads).
        checkpoint_every: seconds between checkpoints; one is also written after every epoch.
        log: a .csv with a line per epoch.
        test_every: epochs between looks at the test recordings, which training learns nothing from; 0: the end only.
        threads: of torch.
        overwrite: whether files may be replaced.
        command: the command line, for the file's provenance.
        progress: told before every part of the preparation which it is, and after every update how it goes.
        started: told how many of these are to come, and what begins.
        stopped: asked after every update whether to write a checkpoint and give up.
        **options: the fields of `FineTuneOptions`: weight_bits, layer_bits, epochs, batch_size, learning_rate …

    Raises:
        OptionError: a value outside its range, or the training was stopped.
        FormatError, DataError: files or recordings that cannot be used.
        NetworkError: what training does not have, see `ChipNetwork`.
        MissingPackageError: torch cannot be imported.
    """
    need_torch("fine-tuning")
    begun = monotonic()
    check_numbers(checkpoint_every, test_every, options.get("seed", 0))
    where = None if log is None else Path(log)
    paths = TrainingPaths(Path(output), where, resume, overwrite, ".ndn", ())
    training, test = parted(Path(data), split, test_split, test_share, limit, options.get("seed", 0))
    if steps is not None and steps < 1:
        raise OptionError("steps", f"{steps} is less than 1", "give at least one step")
    table = TrainingLog(where, resume)
    paths.clear()
    with torch_threads(threads):
        started(3, "preparing")
        progress("recordings")
        tuning, tests = _prepared(network, training, test, steps, augment, options)
        progress("answers as given")
        given = tests.answers("as given", _as_given(network))
        progress("answers of rounded weights")
        rounded = tests.answers("rounded", tuning.model)
        checkpoint = paths.checkpoint(PHASE)
        if resume and checkpoint.exists():
            tuning.trainer.resume(checkpoint)

        def look(epoch: int) -> float | None:
            asked = test_every and epoch % test_every == 0 and test
            return tests.answers("", tuning.model).correct / len(test) if asked else None

        phase = Phase(PHASE, tuning.trainer, checkpoint, table, checkpoint_every, look, stopped)
        started(phase.left, phase.name)
        for text in phase.run():
            progress(text)
        answers = (given, rounded, tests.answers("fine-tuned", tuning.model))
    trained = tuning.network
    save_network(trained, paths.output, provenance=provenance(command), overwrite=overwrite or resume)
    return FineTuned(paths.output, trained, where, len(training), answers, phase.loss, monotonic() - begun)


@dataclass(frozen=True, eq=False)
class _Tests:
    """Test recordings in steps.

    Args:
        events, labels: of each.
        steps: length of a run.
        classes: of the network.
        outputs: its neurons.
    """

    events: Sequence[Events]
    labels: Sequence[int]
    steps: int
    classes: int | None
    outputs: int

    def answers(self, name: str, model: ChipNetwork) -> Answers:
        """Of a network as it is now."""
        none: IntArray = np.zeros((0, self.outputs), np.int64)
        counts = model.output_counts(self.events, self.steps) if self.events else none
        return Answers.of(name, counts, self.labels, self.classes)


def _prepared(
    network: Network,
    training: Sequence[Labelled],
    test: Sequence[Labelled],
    steps: int | None,
    augment: str,
    options: dict[str, Any],
) -> tuple[FineTuning, _Tests]:
    """The training, and what it is tested on."""
    import torch

    from neurodeploy.models.datasets.distort import Distortion
    from neurodeploy.models.datasets.events import BinnedInput, EventData
    from neurodeploy.models.slayer.fine_tuning import FineTuneOptions, FineTuning
    from neurodeploy.models.slayer.labelled import LabelledEvents

    distortion = Distortion.parse(augment)
    shape = network.input.shape or ()
    events = [_binned(item, network) for item in training]
    length = steps or network.steps or max(int(e.step.max(initial=0)) for e in events) + 1 + network.latency()
    tests = _Tests(
        [_binned(item, network).within(length)[0] for item in test],
        [item.label for item in test],
        length,
        network.classes,
        network.output.neurons,
    )
    about = f"{distortion}, {length} steps, network {_fingerprint(network)}"
    chosen: FineTuneOptions = FineTuneOptions(about=about, **options)
    recordings = LabelledEvents(
        [e.within(length)[0] for e in events], torch.tensor([item.label for item in training]), shape, length
    )
    distorted = None
    if distortion:
        distorted = EventData(training, BinnedInput(shape, length, network.timestep_ms), distortion, chosen.seed + 1)
    return FineTuning(network, recordings, chosen, distorted), tests


def _as_given(network: Network) -> ChipNetwork:
    from neurodeploy.models.slayer.chip_network import ChipNetwork

    return ChipNetwork(network, {})


def _binned(item: Labelled, network: Network) -> Events:
    try:
        return bin_recording(item.read(), network.input.shape or (), network.timestep_ms)
    except DataError as error:
        raise DataError(f"{item.name}: {error.subject}", error.problem, error.remedy) from error


def _fingerprint(network: Network) -> str:
    """What tells networks apart: a checkpoint is gone on with from the same one alone."""
    meta, arrays = network_to_parts(network, "network")
    hashed = sha256(repr(meta).encode())
    for name in sorted(arrays):
        hashed.update(name.encode())
        hashed.update(np.ascontiguousarray(arrays[name]).tobytes())
    return hashed.hexdigest()[:16]
