"""`nd.calibrate_srm`: a float SRM network from its file to CUBA neurons, calibrated on recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.errors import MissingPackageError, OptionError
from neurodeploy.extras import install_remedy
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.reporting.answers import Answers, paired
from neurodeploy.spikes.events import bin_recording
from neurodeploy.spikes.files import read_recording
from neurodeploy.spikes.recording import Recording
from neurodeploy.spikes.sample import Sample
from neurodeploy.spikes.samples import find_samples

if TYPE_CHECKING:
    from neurodeploy.models.slayer.conversion import ConversionReport
    from neurodeploy.models.slayer.spiking import SpikingNetwork


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A converted network and what its neurons cost, apart from any rounding of weights.

    Attributes:
        network: CUBA LIF, float weights.
        report: by layer.
        answers: of the SRM network and of the converted one to the same labelled recordings; empty without labels.
        tested_on: the split they are of; None: the calibration recordings.
        notes: how the file was understood.
    """

    network: Network
    report: ConversionReport
    answers: tuple[Answers, ...]
    tested_on: str | None
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The object `calibration` of `convert --json`."""
        return {
            "recordings": self.report.recordings,
            "layers": [
                {
                    "name": layer.name,
                    "neuron": {name: int(value) for name, value in layer.neuron.parameters().items()},
                    "threshold_factor": layer.threshold_factor,
                    "kernel_residual": layer.kernel,
                    "refractory_residual": layer.refractory,
                    "disagreement": layer.disagreement,
                    "disagreement_not_calibrated": layer.plain,
                    "rate_ratio": layer.rate,
                }
                for layer in self.report.layers
            ],
            "tested_on": self.tested_on,
            **paired(self.answers),
        }


def calibrate_srm(
    path: str | Path,
    data: str | Path,
    *,
    arch: str | None = None,
    yaml: str | Path | None = None,
    split: str | None = None,
    limit: int | None = None,
    test_split: str | None = None,
    steps: int | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Calibrated:
    """The CUBA network whose spikes, on these recordings, differ least from those of a trained SRM network.

    >>> calibrated = nd.calibrate_srm("srm.pt", "recordings/", yaml="srm.yaml", split="train", limit=100)
    >>> program = nd.compile(calibrated.network, weight_bits=8)

    Args:
        path: a checkpoint of slayerPytorch, neurons of type SRMALPHA.
        data: recordings of the kind that the network will see, a file or a folder.
        arch: the layers in SLAYER's notation, where no yaml holds them.
        yaml: of the training.
        split: only the recordings of this split of the folder.
        limit: only so many.
        test_split: the split to count right answers on; None: on the calibration recordings that have labels.
        steps: length of a run; None: that of the yaml, else of the longest calibration recording.
        progress: told what is being done, before each neuron that is tried.

    Raises:
        MissingPackageError: torch cannot be imported.
        NetworkError: neurons of another type, a layer that the trainer does not have or one that never fires.
        DataError: recordings outside the network, or none.
        FormatError, OptionError: a file that cannot be read, or a split that is not there.
    """
    try:
        from neurodeploy.models.slayer.conversion import convert
        from neurodeploy.models.slayer.from_file import read_srm, srm_network
    except (ImportError, OSError) as error:  # OSError: a shared library that cannot be loaded
        remedy = install_remedy("torch")
        raise MissingPackageError("calibration", f"needs the package torch ({error})", remedy) from error
    if steps is not None and steps < 1:
        raise OptionError("steps", f"{steps} is less than 1", "give at least one step")
    read = read_srm(Path(path), ReadOptions(arch=arch, yaml=yaml))
    samples = find_samples(data, split, limit)
    tests = samples if test_split is None else find_samples(data, test_split)
    recordings = [read_recording(sample.path) for sample in samples]
    model = srm_network(read, steps or read.steps or _longest(recordings, read.timestep_ms))
    network, report = convert(model, model.input(recordings), progress)
    network = read.read_out(network)
    answers = _answers(model, network, tests, progress)
    return Calibrated(network, report, answers, test_split, read.notes)


def _longest(recordings: Sequence[Recording], timestep_ms: float) -> int:
    """Steps until the last event of all."""
    last = max((int(recording.time_us.max(initial=0)) for recording in recordings), default=0)
    return int(np.rint(last / 1000 / timestep_ms)) + 1


def _answers(
    model: SpikingNetwork, network: Network, samples: Sequence[Sample], progress: Callable[[str], None]
) -> tuple[Answers, ...]:
    """Of both networks to the samples that have labels."""
    from neurodeploy.models.slayer.chip_network import ChipNetwork

    labelled = [sample for sample in samples if sample.label is not None]
    if not labelled:
        return ()
    recordings = [read_recording(sample.path) for sample in labelled]
    labels = [sample.label for sample in labelled if sample.label is not None]
    progress("counting answers of SRM")
    theirs = model.output_counts(recordings)
    progress("counting answers of CUBA")
    shape = network.input.shape or ()
    events = [bin_recording(recording, shape, network.timestep_ms) for recording in recordings]
    ours: IntArray = ChipNetwork(network, {}).output_counts(events, model.steps)
    named = (("SRM, float", theirs), ("CUBA, float", ours))
    return tuple(Answers.of(name, counts, labels, network.classes) for name, counts in named)
