"""Everything that a training is made of, checked before it begins, and the files that a trained network becomes."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neurodeploy.errors import FormatError, NeurodeployError, OptionError
from neurodeploy.files import write_atomic
from neurodeploy.models.datasets.distort import Distortion
from neurodeploy.models.formats.notation import ConvLayer, TransposedLayer, WeightLayer, parse_architecture
from neurodeploy.models.formats.safe_yaml import load_yaml
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.models.formats.slayer_yaml import read_slayer_yaml
from neurodeploy.models.slayer.fire import Neuron
from neurodeploy.models.slayer.grids import SignedGrid
from neurodeploy.models.slayer.layers import Conv, Dense, TransposedConv
from neurodeploy.models.slayer.loss import CountEntropyLoss, SpikeCountLoss, SpikeProbabilityLoss, SpikeTimeLoss
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.spiking import Extras, SpikingNetwork, build_network
from neurodeploy.models.slayer.srm import SrmNeuron
from neurodeploy.models.slayer.train import Loss
from neurodeploy.models.slayer.training_options import TrainingOptions

#: The neuron of slayerPytorch's LOIHI examples.
DEFAULT_NEURON = TrainedNeuron(
    threshold_mantissa=80, voltage_decay=128, current_decay=1024, refractory_delay=1, weight_exponent=0
)
LOSSES = ("count", "entropy", "time", "probability")
#: Spikes per step that the true class, and every other, should have: 60 and 10 in 300 steps, as in SLAYER's N-MNIST.
TRUE_RATE, FALSE_RATE = 60 / 300, 10 / 300
#: Steps of a window of the loss on probabilities.
WINDOW = 20


@dataclass(frozen=True)
class TrainingPlan:
    """A training.

    Args:
        arch: the layers in SLAYER's notation.
        neuron: of all layers.
        steps: length of a recording.
        timestep_ms: length of a step, above 0.
        epochs: passes over the data with spikes.
        rate_epochs: passes before them as a network of rates (`neurodeploy.models.slayer.rates`).
        windows: into which a recording is cut there.
        batch_size: recordings per update.
        learning_rate: of the weights, in the chip's units.
        seed: of the initial weights, the order, dropout and distortions.
        delays: learn axonal delays.
        dropout: share of neurons silenced in training.
        loss: count, entropy, time or probability.
        weight_bits: 1 … 8 bits with a sign.
        gain: factor on the initial weights' deviation.
        piece: recordings run at once; None: the whole batch.
        augment: distortions of the training data.
        rate_augment: the same of the phase by rates; None: as `augment`.

    Raises:
        NeurodeployError: a value outside its range.
    """

    arch: str
    neuron: Neuron = DEFAULT_NEURON
    steps: int = 300
    timestep_ms: float = 1.0
    epochs: int = 20
    rate_epochs: int = 0
    windows: int = 3
    batch_size: int = 32
    learning_rate: float = 0.1
    seed: int = 0
    delays: bool = False
    dropout: float = 0.0
    loss: str = "count"
    weight_bits: int = 8
    gain: float = 1.0
    piece: int | None = None
    augment: Distortion = field(default_factory=Distortion)
    rate_augment: Distortion | None = None

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.timestep_ms > 0:
            problem = f"has {self.steps} steps of {self.timestep_ms} ms"
            raise OptionError("training", problem, "give at least 1 step, longer than 0 ms")
        if self.loss not in LOSSES:
            raise OptionError("loss", f"{self.loss!r} is unknown", f"choose from {', '.join(LOSSES)}")
        if self.rate_epochs < 0:
            raise OptionError("rate epochs", f"{self.rate_epochs} is below 0", "choose 0 to leave them out")
        if self.rate_epochs and not isinstance(self.neuron, TrainedNeuron):
            raise OptionError("rate epochs", "are for neurons of type LOIHI", "leave them out")
        self.options()

    def network(self) -> SpikingNetwork:
        """The untrained network; raises FormatError or NetworkError for an architecture that is none."""
        grid = None
        if isinstance(self.neuron, TrainedNeuron) or self.weight_bits != 8:
            grid = SignedGrid(self.weight_bits, 2.0 ** (9 - self.weight_bits))
        extras = Extras(self.delays, self.dropout, grid, self.gain, self.seed)
        return build_network(parse_architecture(self.arch), self.neuron, self.steps, self.timestep_ms, extras)

    def options(self, rates: bool = False) -> TrainingOptions:
        """Of the training with spikes, or of the one by rates, where weights are near 1."""
        about = repr(self)
        if rates:
            return TrainingOptions(self.rate_epochs, self.batch_size, 0.02, self.seed, about=about)
        return TrainingOptions(
            self.epochs, self.batch_size, self.learning_rate, self.seed, piece=self.piece, about=about
        )

    def criterion(self) -> Loss:
        """The loss with spikes."""
        wanted = (TRUE_RATE * self.steps, FALSE_RATE * self.steps)
        if self.loss == "count":
            return SpikeCountLoss(*wanted)
        if self.loss == "entropy":
            return CountEntropyLoss()
        if self.loss == "probability":
            return SpikeProbabilityLoss(TRUE_RATE, FALSE_RATE, min(WINDOW, self.steps))
        kernel = torch.from_numpy(self.neuron.srm_kernel / self.neuron.srm_kernel.max()).float()
        return EvenSpikesLoss(SpikeTimeLoss(kernel), *wanted)


@dataclass(frozen=True)
class EvenSpikesLoss:
    """The loss on spike times where classes are wanted: every output should spike evenly, the true one more often.

    Args:
        times: compares spike trains.
        true_count, false_count: spikes of the true class, and of every other, in a recording.
    """

    times: SpikeTimeLoss
    true_count: float
    false_count: float

    def __call__(self, spikes: Tensor, labels: Tensor) -> Tensor:
        """Sum over recordings; spikes (steps, recordings, outputs) and classes (recordings,)."""
        steps, recordings, outputs = spikes.shape
        trains = torch.stack([_even(steps, count) for count in (self.false_count, self.true_count)])
        chosen = torch.nn.functional.one_hot(labels, outputs)
        return self.times(spikes, trains[chosen].transpose(1, 2).reshape(recordings, steps, outputs))


def read_neuron(path: Path) -> tuple[Neuron, float, int | None]:
    """The neuron, the length of a step in milliseconds and the number of steps of a slayerPytorch yaml.

    Raises:
        FormatError: a damaged file; NetworkError: a neuron that cannot be trained.
    """
    read = read_slayer_yaml(path)
    section = load_yaml(path).take("neuron")
    assert isinstance(section, dict)
    values = {"tauRho": 1.0, "scaleRho": 1.0} | section
    try:
        if isinstance(read.neuron, LoihiNeuron):
            return TrainedNeuron.from_yaml(values), read.timestep_ms, read.steps
        return SrmNeuron.from_yaml(values, read.timestep_ms), read.timestep_ms, read.steps
    except (TypeError, ValueError) as error:
        if isinstance(error, NeurodeployError):
            raise
        raise FormatError(f"{path}: neuron", "holds values that are no numbers", "correct them") from error


def write_network(path: Path, plan: TrainingPlan, network: SpikingNetwork, overwrite: bool) -> Path:
    """Write a slayerPytorch checkpoint with the weights as they were used, and its yaml beside it.

    Returns:
        The yaml.

    Raises:
        FormatError: a file exists and `overwrite` is false, or the system refuses.
    """
    state = dict(network.state_dict())
    for name in network.names:
        layer = network.layer(name)
        if isinstance(layer, Dense | Conv | TransposedConv):
            state[f"{name}.weight"] = layer.grid(layer.weight.detach())
    buffer = io.BytesIO()
    torch.save(state, buffer)
    beside = path.with_suffix(".yaml")
    write_atomic(beside, _yaml(plan, network).encode(), overwrite)
    write_atomic(path, buffer.getvalue(), overwrite)
    return beside


def _yaml(plan: TrainingPlan, network: SpikingNetwork) -> str:
    architecture, neuron = parse_architecture(plan.arch), plan.neuron
    shape = architecture.input.shape
    size = "x".join(map(str, (shape[2], shape[1], shape[0]) if len(shape) == 3 else shape))
    lines = ["simulation:", f"    Ts: {plan.timestep_ms}", f"    tSample: {plan.steps * plan.timestep_ms}", "neuron:"]
    lines += [f"    {name}: {value}" for name, value in _neuron(neuron, plan.timestep_ms).items()]
    lines += ["layer:", f'    - {{dim: "{size}"}}']
    for name, layer, part in zip(network.names, architecture.layers, plan.arch.strip().split("-")[1:], strict=True):
        delay = ", delay: true" if name in network.delays else ""
        lines.append(f'    - {{dim: "{part}"{_padding(layer, part)}{delay}}}')
    return "\n".join(lines) + "\n"


def _padding(layer: WeightLayer, part: str) -> str:
    """What `16c5` means in the notation, where a yaml would pad."""
    plain = isinstance(layer, ConvLayer) and not isinstance(layer, TransposedLayer) and not part.endswith("z")
    return ", padding: 0" if plain else ""


def _neuron(neuron: Neuron, timestep_ms: float) -> dict[str, Any]:
    if isinstance(neuron, TrainedNeuron):
        values: dict[str, Any] = {
            "type": "LOIHI",
            "vThMant": neuron.threshold_mantissa,
            "vDecay": neuron.voltage_decay,
            "iDecay": neuron.current_decay,
            "refDelay": neuron.refractory_delay,
            "wgtExp": neuron.weight_exponent,
        }
    else:
        values = {
            "type": "SRMALPHA",
            "theta": neuron.threshold,
            "tauSr": neuron.synapse * timestep_ms,
            "tauRef": neuron.refractory * timestep_ms,
            "scaleRef": neuron.depth / neuron.threshold,
        }
    return values | {"tauRho": neuron.tau_rho, "scaleRho": neuron.scale_rho}


def _even(steps: int, count: float) -> Tensor:
    """A train of about `count` spikes at equal distances."""
    train = torch.zeros(steps)
    whole = max(1, round(count))
    train[torch.arange(whole) * steps // whole] = 1
    return train
