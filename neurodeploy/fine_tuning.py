"""`nd.fine_tune`: win back in training what fewer weight bits lose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError, MissingPackageError, OptionError
from neurodeploy.extras import install_remedy
from neurodeploy.network import Network
from neurodeploy.runtime.session import Stimulus, stimulus
from neurodeploy.spikes.events import Events
from neurodeploy.spikes.samples import find_samples

if TYPE_CHECKING:
    from neurodeploy.models.updates import Epoch, Update

#: One recording and its class.
Labelled = tuple[Events | NDArray[np.generic], int]


def fine_tune(
    network: Network,
    data: str | Path | Iterable[Labelled],
    weight_bits: int = 4,
    epochs: int = 5,
    *,
    steps: int | None = None,
    split: str | None = None,
    limit: int | None = None,
    progress: Callable[[Update], None] = lambda update: None,
    report: Callable[[Epoch], None] = lambda epoch: None,
    **options: Any,
) -> Network:
    """Train a network on with its weights on the chip's grid of so many bits.

    The forward pass is the chip's integer neuron with rounded weights; gradients pass the rounding straight through to
    float weights behind it. Thresholds, decays and delays stay. The result compiles without changing any weight, and
    gives on every backend the spikes that it gave in training.

    >>> small = nd.fine_tune(network, "recordings/", weight_bits=4, split="train")
    >>> program = nd.compile(small)

    Args:
        network: float or integer; CUBA LIF, dense layers, convolutions and pools, synapses leading forward.
        data: a folder with labels, or recordings as `run` takes them, each with its class.
        weight_bits: of learned weights, 1 … 8.
        epochs: passes over the data.
        steps: length of every run; None: the network's, else that of the longest recording and the network's latency.
        split: only the recordings of this split of the folder.
        limit: only so many.
        progress: told of every update.
        report: told of every epoch.
        **options: the other fields of `FineTuneOptions`, for example layer_bits={"fc2": 6}, learning_rate=0.02.

    Raises:
        MissingPackageError: torch cannot be imported.
        DataError: recordings without labels or outside the network, or none.
        NetworkError: what training does not have, see `ChipNetwork`.
        OptionError: an option outside its range.
        FormatError: a file that cannot be read.
    """
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library that cannot be loaded
        remedy = install_remedy("torch")
        raise MissingPackageError("fine-tuning", "needs the package torch", remedy) from error
    from neurodeploy.models.slayer.fine_tuning import FineTuneOptions, FineTuning
    from neurodeploy.models.slayer.labelled import LabelledEvents
    from neurodeploy.models.updates import epochs as summed

    chosen = FineTuneOptions(weight_bits=weight_bits, epochs=epochs, **options)
    if steps is not None and steps < 1:
        raise OptionError("steps", f"{steps} is less than 1", "give at least one step")
    recordings = _recordings(network, data, split, limit)
    length = steps or network.steps or max(_length(r, network.latency()) for r in recordings)
    events = [r.events.within(length)[0] for r in recordings]
    labels = torch.tensor([r.label for r in recordings])
    tuning = FineTuning(network, LabelledEvents(events, labels, network.input.shape or (), length), chosen)

    def told(update: Update) -> Update:
        progress(update)
        return update

    for epoch in summed(told(update) for update in tuning.run()):
        report(epoch)
    return tuning.network


def _recordings(
    network: Network, data: str | Path | Iterable[Labelled], split: str | None, limit: int | None
) -> list[Stimulus]:
    """All recordings in steps; raises DataError for one without a label, or none at all."""
    if isinstance(data, (str, Path)):
        found = [stimulus(sample, network, "or") for sample in find_samples(data, split, limit)]
    else:
        if split is not None:
            raise OptionError("split", "is for folders", "give only the recordings that are meant")
        found = [_labelled(network, item, label) for item, label in list(data)[:limit]]
    if not found:
        raise DataError("training data", "has no recordings", "give some")
    for recording in found:
        recording.events.check(network.input.neurons)
        if recording.label is None:
            raise DataError(recording.file or "recording", "has no label", "give a folder with labels.csv")
    return found


def _labelled(network: Network, item: Events | NDArray[np.generic], label: int) -> Stimulus:
    return replace(stimulus(item, network, "or"), label=int(label))


def _length(recording: Stimulus, latency: int) -> int:
    """Steps of a raster, or until the last event has reached the output."""
    return recording.steps or int(recording.events.step.max(initial=0)) + 1 + latency
