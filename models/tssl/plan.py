"""Everything that a training with TSSL-BP is made of, checked before it begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.errors import OptionError
from neurodeploy.models.datasets.distort import Distortion
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.loss import CountEntropyLoss, SpikeCountLoss
from neurodeploy.models.slayer.train import Loss
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.tssl.loss import DESIRED, ClassTrainLoss
from neurodeploy.models.tssl.network import TsslNetwork
from neurodeploy.models.tssl.neuron import TsslNeuron

LOSSES = ("trains", "count", "entropy")
#: Shares of a run's steps in which the true class, and every other, should spike.
TRUE_RATE, FALSE_RATE = 0.5, 0.05
#: Logits per spike of the entropy of counts: runs are short, and some 10 spikes must be enough to be sure.
EVIDENCE = 0.6


@dataclass(frozen=True)
class TsslPlan:
    """A training; the defaults of learning rate, batch and neuron are Table 1's.

    Args:
        arch: the layers in SLAYER's notation: dense layers, convolutions and pools.
        neuron: of all layers.
        steps: length of a recording in training, at least 1; on the chip a run is a step longer for every hop between
            layers.
        timestep_ms: length of a step, above 0.
        planes: 0: the input are spikes; else each channel is a number in so many bit planes (`nd.bit_planes`).
        epochs: passes over the data.
        batch_size: recordings per update.
        learning_rate: of Adam, in thresholds.
        seed: of the initial weights, the order and the distortions.
        loss: trains (on traces, towards `desired`), count (half of the steps for the true class, a twentieth for the
            others) or entropy (of counts); None: trains for 5 steps or where `desired` is given, else entropy.
        desired: the spike train of the true class, a 0 or 1 for each step; others are silent.
        gain: factor on the initial weights' deviation.
        piece: recordings run at once; None: the whole batch.
        augment: distortions of the training data.

    Raises:
        NeurodeployError: a value outside its range.
    """

    arch: str
    neuron: TsslNeuron = field(default_factory=TsslNeuron)
    steps: int = len(DESIRED)
    timestep_ms: float = 1.0
    planes: int = 0
    epochs: int = 20
    batch_size: int = 50
    learning_rate: float = 0.005
    seed: int = 0
    loss: str | None = None
    desired: str | None = None
    gain: float = 0.3
    piece: int | None = None
    augment: Distortion = field(default_factory=Distortion)

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.timestep_ms > 0:
            problem = f"has {self.steps} steps of {self.timestep_ms} ms"
            raise OptionError("training", problem, "give at least 1 step, longer than 0 ms")
        if self.loss is not None and self.loss not in LOSSES:
            raise OptionError("loss", f"{self.loss!r} is unknown", f"choose from {', '.join(LOSSES)}")
        if self.planes and self.augment:
            raise OptionError("augmentation", "moves events, and images in bit planes have none", "leave it out")
        self.options()
        self.criterion()

    def network(self) -> TsslNetwork:
        """The untrained network; raises FormatError or NetworkError for an architecture that is none."""
        architecture = parse_architecture(self.arch)
        return TsslNetwork(architecture, self.neuron, self.steps, self.timestep_ms, self.planes, self.gain, self.seed)

    def options(self) -> TrainingOptions:
        """Of the trainer."""
        return TrainingOptions(
            self.epochs, self.batch_size, self.learning_rate, self.seed, piece=self.piece, about=repr(self)
        )

    def criterion(self) -> Loss:
        """The loss on output spikes.

        Raises:
            OptionError: a desired train that is none, of another length, or of no use to the loss.
        """
        loss = self.loss or ("trains" if self.desired or self.steps == len(DESIRED) else "entropy")
        if loss != "trains":
            if self.desired is not None:
                raise OptionError("desired spikes", f"mean nothing to the loss {loss}", "choose the loss trains")
            # At least one spike, so that classes differ in runs of few steps.
            counts = (max(1.0, TRUE_RATE * self.steps), FALSE_RATE * self.steps)
            return CountEntropyLoss(EVIDENCE) if loss == "entropy" else SpikeCountLoss(*counts)
        desired = DESIRED if self.desired is None else self.desired
        if len(desired) != self.steps:
            problem = f"{desired[:40]!r} have {len(desired)} steps, the run has {self.steps}"
            raise OptionError("desired spikes", problem, "write a 0 or 1 for each step, or choose the loss count")
        return ClassTrainLoss(self.neuron, desired, "0" * len(desired))
