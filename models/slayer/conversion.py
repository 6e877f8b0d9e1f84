"""From a trained SRM network to CUBA LIF neurons whose spikes, on calibration recordings, differ least from its own.

Decays that give the response kernel exist (`fit_alpha`), but SRM's refractoriness adds a kernel to the potential where
a CUBA neuron resets v and lets its current go on, so that its spikes come at other times, and with the threshold that
one spike asks for are as a rule more. Threshold, refractory delay and decays of every layer are therefore chosen by
what its spikes do to the layer behind it, first layer to last, each driven by the converted layers before it. Weights
stay floats; what their rounding costs is told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurodeploy.errors import DataError, NetworkError
from neurodeploy.models.formats.notation import Architecture, InputLayer
from neurodeploy.models.formats.slayer_alpha_fit import AlphaFit, converted, fit_alpha, judged
from neurodeploy.models.formats.slayer_network import FloatArray, Part, Slot, chained, read_parts
from neurodeploy.models.slayer.delays import Delay
from neurodeploy.models.slayer.filters import alpha_filter
from neurodeploy.models.slayer.neuron import integrate_compiled
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.recurrent import Recurrent
from neurodeploy.models.slayer.sparse import Spikes
from neurodeploy.models.slayer.spiking import RecurrentLayer, SpikingNetwork
from neurodeploy.models.slayer.srm import SrmNeuron
from neurodeploy.network import CubaLif, Network
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import DECAY_ONE

#: What is tried: thresholds in units of the one that a single spike's response asks for, the best of these in finer
#: steps; refractory delays in steps; and, beside the decays nearest to the kernel, time constants of current and
#: voltage in units of tauSr.
THRESHOLDS, FINER = np.geomspace(0.5, 2.0, 9), np.geomspace(0.5, 2.0, 9) ** (1 / 8)
REFRACTORY_DELAYS = (1, 2, 3)
TIME_CONSTANTS = ((0.5, 1.5), (0.5, 1.0))
LARGEST_MANTISSA = 2**17 - 1


@dataclass(frozen=True)
class LayerConversion:
    """What became of a layer's neurons.

    Attributes:
        name: of the layer.
        neuron: chosen.
        threshold_factor: its threshold over the one that a single spike's response asks for.
        kernel: RMS of the difference of response kernel and the neuron's response, both with peak 1, relative to the
            kernel's.
        refractory: RMS of the difference of refractory kernel and what a reset takes from v, relative to the kernel's.
        plain: disagreement (below) with that threshold, no refractory delay and the decays nearest to the kernel.
        disagreement: RMS of the difference of the layer's spikes, filtered with the response kernel, relative to that
            of the SRM layer's: the error in what the next layer sees, on the calibration recordings.
        rate: spikes over those of the SRM layer.
    """

    name: str
    neuron: CubaLif
    threshold_factor: float
    kernel: float
    refractory: float
    plain: float
    disagreement: float
    rate: float

    def __str__(self) -> str:
        return (
            f"{self.name}: iDecay {self.neuron.current_decay}, vDecay {self.neuron.voltage_decay}, threshold times "
            f"{self.threshold_factor:.3g}, refDelay {self.neuron.refractory_delay}; response off by {self.kernel:.1%}, "
            f"refractoriness by {self.refractory:.0%}; spikes disagree by {self.disagreement:.1%} (not calibrated "
            f"{self.plain:.1%}), {self.rate:.2f} times as many"
        )


@dataclass(frozen=True)
class ConversionReport:
    """What the conversion of a network cost, before any rounding of weights.

    Attributes:
        layers: first to last.
        recordings: that it was calibrated on.
    """

    layers: tuple[LayerConversion, ...]
    recordings: int

    def __str__(self) -> str:
        return "\n".join([f"calibrated on {self.recordings} recordings", *map(str, self.layers)])


@torch.no_grad()
def convert(
    model: SpikingNetwork, calibration: Spikes, progress: Callable[[str], None] = lambda text: None
) -> tuple[Network, ConversionReport]:
    """The CUBA network of a trained SRM network.

    Args:
        model: trained.
        calibration: input spikes, as `model.input` gives them, of recordings like those it will see.
        progress: told the layer before each neuron that is tried.

    Raises:
        NetworkError: a network of other neurons, or a layer that never fires.
        DataError: no recordings.
        FormatError: a time constant that no decays have.
    """
    neuron = model.neuron
    if not isinstance(neuron, SrmNeuron):
        raise NetworkError("network", "has no SRM neurons", "convert networks trained with them")
    if not calibration.recordings:
        raise DataError("calibration", "has no recordings", "give some")
    architecture, parts = _parts(model)
    scaled, cells, _ = converted(parts, neuron)
    model.eval()
    wanted = model.layer_spikes(calibration)
    arriving: Tensor | Spikes = calibration
    layers = []
    for index, (part, whole) in enumerate(zip(parts, scaled, strict=True)):
        sums = model.layer(part.name)(arriving, 1 if index else 0) * _factor(part, whole)
        delay = model.get_submodule(model.delays[part.name]) if part.name in model.delays else nn.Identity()
        search = _Search(sums, wanted[part.name], delay, cells[index], neuron, partial(progress, part.name))
        layers.append(search.chosen(part.name))
        arriving = search.spikes(layers[-1].neuron)
    chosen = [layer.neuron for layer in layers]
    network = chained(architecture, scaled, chosen, model.timestep_ms, model.steps, _delays(model, parts))
    return network, ConversionReport(tuple(layers), calibration.recordings)


class _Search:
    """The neurons tried for one layer, by what their spikes are off.

    Args:
        sums: that drive the layer, in the scale of the chip, (steps, recordings, …).
        wanted: its spikes as SRM neurons; step t + 1 is step t here.
        delay: of its spikes.
        plain: its neuron where nothing is calibrated.
        neuron: the SRM neuron.
        progress: told of each neuron that is tried.
    """

    def __init__(
        self,
        sums: Tensor,
        wanted: Tensor,
        delay: nn.Module,
        plain: CubaLif,
        neuron: SrmNeuron,
        progress: Callable[[], None],
    ) -> None:
        # Weights are large numbers here, so that whole sums are as good.
        self.sums, self.delay, self.plain, self.neuron = sums.round(), delay, plain, neuron
        self.progress = progress
        self.wanted = torch.cat([wanted[1:], torch.zeros_like(wanted[:1])])
        self.scale = float(alpha_filter(self.wanted, neuron.response).square().sum())
        self.gain = fit_alpha(neuron.synapse).gain

    def spikes(self, cell: CubaLif) -> Tensor:
        """Spikes of the layer with these neurons, delayed."""
        fired, _ = integrate_compiled(self.sums, _trained(cell))
        delayed: Tensor = self.delay(fired)
        return delayed

    def disagreement(self, spikes: Tensor) -> float:
        """RMS of the filtered difference, over that of what is wanted."""
        difference = spikes - self.wanted
        difference[-1] = 0  # SRM's step behind the end is not known
        return float(np.sqrt(float(alpha_filter(difference, self.neuron.response).square().sum()) / self.scale))

    def cells(self, fit: AlphaFit, factors: NDArray[np.float64]) -> Iterator[CubaLif]:
        """Neurons with these decays and thresholds."""
        for factor in factors:
            mantissa = round(int(self.plain.threshold_mantissa) * factor * fit.gain / self.gain)
            for delay in REFRACTORY_DELAYS if 1 <= mantissa <= LARGEST_MANTISSA else ():
                yield CubaLif(fit.current_decay, fit.voltage_decay, mantissa, delay)

    def best(self, cells: Iterable[CubaLif]) -> CubaLif:
        """The one whose spikes disagree least."""

        def off(cell: CubaLif) -> float:
            self.progress()
            return self.disagreement(self.spikes(cell))

        return min(cells, key=off)

    def factor(self, cell: CubaLif, fit: AlphaFit) -> float:
        """Its threshold over the one that a single spike's response asks for."""
        return int(cell.threshold_mantissa) / int(self.plain.threshold_mantissa) * self.gain / fit.gain

    def chosen(self, name: str) -> LayerConversion:
        """The neuron that disagrees least; raises NetworkError for a layer that never fires."""
        if not self.wanted.any():
            raise NetworkError(name, "never fires on the calibration recordings", "give others, or train it further")
        coarse = self.best(cell for fit in _decays(self.neuron.synapse) for cell in self.cells(fit, THRESHOLDS))
        fit = judged(int(coarse.current_decay), int(coarse.voltage_decay), self.neuron.synapse)
        cell = self.best(self.cells(fit, self.factor(coarse, fit) * FINER))
        spikes = self.spikes(cell)
        return LayerConversion(
            name=name,
            neuron=cell,
            threshold_factor=self.factor(cell, fit),
            kernel=fit.residual,
            refractory=refractory_residual(self.neuron, int(cell.voltage_decay)),
            plain=self.disagreement(self.spikes(self.plain)),
            disagreement=self.disagreement(spikes),
            rate=float(spikes[:-1].sum() / self.wanted.sum()),
        )


def refractory_residual(neuron: SrmNeuron, voltage_decay: int) -> float:
    """RMS of the difference between ν and what a reset takes from v, −θ (1 − d)^k k steps on, relative to ν's.

    Args:
        neuron: its ν, as far as SLAYER samples it.
        voltage_decay: d, of 4096.
    """
    kernel = neuron.refractoriness.samples()[1:] / neuron.threshold
    reset = -((1 - voltage_decay / DECAY_ONE) ** np.arange(1, len(kernel) + 1))
    return float(np.sqrt(np.sum((kernel - reset) ** 2) / np.sum(kernel**2)))


def _decays(tau: float) -> list[AlphaFit]:
    """Pairs of decays: those nearest to the kernel, and others whose current is faster."""
    fits = [fit_alpha(tau)]
    for current, voltage in TIME_CONSTANTS:
        pair = [round(DECAY_ONE * -np.expm1(-1 / (share * tau))) for share in (current, voltage)]
        fits.append(judged(pair[0], max(1, pair[1]), tau))
    return fits


def _trained(cell: CubaLif) -> TrainedNeuron:
    return TrainedNeuron(**{name: int(value) for name, value in cell.parameters().items()}, weight_exponent=0)


def _parts(model: SpikingNetwork) -> tuple[Architecture, tuple[Part, ...]]:
    """The layers of a model, with their weights, as the readers of checkpoints give them."""

    def read(slot: Slot) -> FloatArray:
        layer = model.layer(slot.name)
        assert not isinstance(layer, Recurrent)
        weight: FloatArray = layer.weight.detach().double().cpu().numpy()
        return weight.reshape(slot.weight_shape)

    # SRM neurons have no recurrent layers: `SpikingNetwork` refuses them.
    specs = tuple(spec for spec in model.specs if not isinstance(spec, RecurrentLayer))
    architecture = Architecture(InputLayer(model.input_shape), specs)
    return architecture, read_parts(architecture, read)


def _factor(part: Part, scaled: Part) -> float:
    """What a layer's weights were multiplied by."""
    largest = np.argmax(np.abs(part.synapse.weight))
    return float(scaled.synapse.weight.flat[largest] / part.synapse.weight.flat[largest])


def _delays(model: SpikingNetwork, parts: tuple[Part, ...]) -> dict[str, PerNeuron]:
    """Axonal delays in steps, one per neuron."""
    delays: dict[str, PerNeuron] = {}
    for part in parts:
        if part.name in model.delays:
            delay = model.get_submodule(model.delays[part.name])
            assert isinstance(delay, Delay)
            delays[part.name] = delay.steps().numpy().astype(np.int64).repeat(prod(part.shape[1:]))
    return delays
