"""Training on of a network on the chip's own grids: quantization-aware, the chip's integer neuron in the forward pass.

Rounded weights are used forwards, and their gradients reach the float weights behind them straight through. Thresholds,
decays and delays stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from neurodeploy.errors import DataError, NetworkError, OptionError
from neurodeploy.models.slayer.chip_network import ChipNetwork
from neurodeploy.models.slayer.labelled import LabelledEvents
from neurodeploy.models.slayer.loss import SpikeCountLoss
from neurodeploy.models.slayer.train import Data, Trainer
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.updates import Update
from neurodeploy.network import Network
from neurodeploy.precision import WEIGHT_BITS, IntArray


@dataclass(frozen=True)
class FineTuneOptions:
    """How to fine-tune.

    Args:
        weight_bits: of learned weights, 1 … 8.
        layer_bits: the same for the weights into single populations, by name; goes before `weight_bits`.
        epochs: passes over the data.
        batch_size: recordings per update.
        learning_rate: first step of the optimizer in steps of each layer's grid; falls to 0 along half a cosine.
        true_count, false_count: desired spikes of the labelled class and of every other one; None: the mean counts of
            the network as it was given.
        tau_rho: width of the surrogate derivative in thresholds.
        seed: of the order of recordings.
        piece: recordings that are run at once, see `TrainingOptions`.
        about: whatever else belongs to it, as text; see `TrainingOptions`.

    Raises:
        OptionError: a value outside its range.
    """

    weight_bits: int = 4
    layer_bits: Mapping[str, int] = field(default_factory=dict)
    epochs: int = 5
    batch_size: int = 32
    learning_rate: float = 0.05
    true_count: float | None = None
    false_count: float | None = None
    tau_rho: float = 1.0
    seed: int = 0
    piece: int | None = None
    about: str = ""

    def __post_init__(self) -> None:
        for bits in (self.weight_bits, *self.layer_bits.values()):
            if bits not in WEIGHT_BITS:
                raise OptionError("weight bits", f"{bits} is outside 1 … 8", "choose 1 to 8")
        self.training()

    def training(self) -> TrainingOptions:
        """The same as the trainer takes it."""
        return TrainingOptions(
            self.epochs, self.batch_size, self.learning_rate, self.seed, piece=self.piece, about=repr(self)
        )

    def bits(self, network: Network) -> dict[str, int]:
        """Bits of the learned weights by population; raises OptionError for a layer without learned weights."""
        learned = list(dict.fromkeys(p.target for p in network.projections if p.synapse.learned))
        for name in self.layer_bits:
            if name not in learned:
                problem = "no learned weights lead there"
                raise OptionError(f"weight bits of {name}", problem, f"choose from {', '.join(learned)}")
        return {name: self.layer_bits.get(name, self.weight_bits) for name in learned}


class FineTuning:
    """A network being trained on; `network` gives what it is now.

    Args:
        network: float or integer, CUBA LIF.
        data: labelled recordings.
        options: how.
        distorted: the same recordings as updates see them; None: as they are.

    Attributes:
        model: being trained.
        trainer: that trains it, for checkpoints.

    Raises:
        NetworkError: what training does not have, see `ChipNetwork`; or outputs that do not tell classes apart.
        OptionError: bits for a layer that has no learned weights.
        DataError: no recordings, or a label without an output.
    """

    def __init__(
        self, network: Network, data: LabelledEvents, options: FineTuneOptions, distorted: Data | None = None
    ) -> None:
        bits = options.bits(network)
        if not bits:
            raise NetworkError("network", "has no learned weights", "fine-tune networks that have some")
        _check_labels(network, data)
        self.model = ChipNetwork(network, bits, options.tau_rho)
        loss = _loss(network, data, options)
        self.trainer = Trainer(self.model, distorted or data, loss, options.training())

    def run(self) -> Iterator[Update]:
        """Train on, one update each time the iterator is advanced; `epochs` sums them up."""
        return self.trainer.run()

    @property
    def network(self) -> Network:
        """With the weights as they are now, integers in the chip's formats: it compiles without any change."""
        return self.model.trained()


def _check_labels(network: Network, data: LabelledEvents) -> None:
    if not len(data):
        raise DataError("training data", "has no recordings", "give some")
    classes = network.classes or network.output.neurons
    low, high = int(data.labels.min()), int(data.labels.max())
    if low < 0 or high >= classes:
        problem = f"has the label {low if low < 0 else high}, the network classes 0 … {classes - 1}"
        raise DataError("training data", problem, "correct the labels")


def _loss(network: Network, data: LabelledEvents, options: FineTuneOptions) -> SpikeCountLoss:
    if options.true_count is None or options.false_count is None:
        true_count, false_count = mean_counts(network, data)
        if true_count <= false_count:
            problem = f"spikes {true_count:.3g} times for the labelled class and {false_count:.3g} for others (means)"
            raise NetworkError(network.output.name, problem, "give the counts to aim at, or train it first")
    true_count = true_count if options.true_count is None else options.true_count
    false_count = false_count if options.false_count is None else options.false_count
    return SpikeCountLoss(true_count, false_count)


def mean_counts(network: Network, data: LabelledEvents) -> tuple[float, float]:
    """Mean output spikes of the labelled class and of the others, with weights as they were given."""
    counts: IntArray = ChipNetwork(network, {}).output_counts(data.recordings, data.steps)
    by_class = counts if network.classes is None else counts.reshape(len(counts), network.classes, -1).mean(2)
    labelled = by_class[np.arange(len(by_class)), data.labels.numpy()]
    others = (by_class.sum() - labelled.sum()) / max(1, by_class.size - len(labelled))
    return float(labelled.mean()), float(others)
