"""The search on calibration recordings: layer by layer, the scale and threshold that disturb fewest spikes.

From the input on, every layer that loses something is tried at the scales of least weight error, then with thresholds
somewhat higher and lower, which make up for weights that are rounded or saturate all to one side. Whatever lowers the
loss of the whole network is kept, so that the result is never worse on the recordings than the plain choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from neurodeploy.compiler.quantization.choice import likely_exponents
from neurodeploy.compiler.quantization.layer import Quantized, quantized_projection
from neurodeploy.compiler.quantization.options import QuantizeOptions
from neurodeploy.compiler.quantization.rescale import rescaled, scales
from neurodeploy.compiler.quantization.scores import Evaluate, Scores
from neurodeploy.network import CubaLif, LayerError, Network, Population, Projection
from neurodeploy.precision import WEIGHT_EXPONENTS

#: Scales of a layer that are run on the recordings.
KEPT_SCALES = 4
#: Relative steps by which a layer's thresholds are moved, one after the other, up and down.
THRESHOLD_STEPS = (1 / 8, 1 / 16, 1 / 32)
#: Steps of one length that are taken in a row.
MOST_STEPS = 4


@dataclass(frozen=True, eq=False)
class Layer:
    """A population and the projections into it, quantized.

    Attributes:
        population: with its threshold and bias scaled.
        parts: what became of each projection into it, by its position in the network.
        scale, threshold_scale: factors of the weights and bias, and of the thresholds.
    """

    population: Population
    parts: dict[int, Quantized]
    scale: float = 1.0
    threshold_scale: float = 1.0

    @property
    def loses(self) -> bool:
        """Whether any weight was rounded."""
        return any(error.changed for _, errors in self.parts.values() for error in errors)

    def with_threshold(self, original: Population, factor: float) -> Layer | None:
        """The same with thresholds of `factor` times those of the float network; None where they have no room."""
        population = rescaled(original, self.scale, factor)
        return None if population is None else replace(self, population=population, threshold_scale=factor)


def plain_layers(network: Network, options: QuantizeOptions) -> dict[str, Layer]:
    """Every driven population as `quantize` has it, by name."""
    return {p.name: _layer(network, p, options) for p in network.populations if network.into(p.name)}


def _layer(network: Network, population: Population, options: QuantizeOptions, scale: float = 1.0) -> Layer:
    parts = {}
    for j, projection in enumerate(network.projections):
        if projection.target == population.name:
            wanted = scale * projection.trained_weights()
            exponents = WEIGHT_EXPONENTS if scale == 1.0 else likely_exponents(wanted)
            parts[j] = quantized_projection(projection, options, scale, exponents)
    if scale == 1.0:
        return Layer(population, parts)
    scaled = rescaled(population, scale, scale)
    assert scaled is not None
    return Layer(scaled, parts, scale, scale)


def assembled(network: Network, layers: dict[str, Layer]) -> tuple[Network, tuple[LayerError, ...]]:
    """The network of these layers and what its projections lost, in the order of its projections."""
    projections: list[Projection] = []
    errors: list[LayerError] = []
    for j, projection in enumerate(network.projections):
        layer = layers[projection.target]
        parts, rows = layer.parts[j]
        projections += parts
        errors += [replace(row, threshold_scale=layer.threshold_scale) for row in rows]
    populations = tuple(layers[p.name].population if p.name in layers else p for p in network.populations)
    return replace(network, populations=populations, projections=tuple(projections)), tuple(errors)


def calibrated(
    network: Network,
    options: QuantizeOptions,
    evaluate: Evaluate,
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[Network, tuple[LayerError, ...]]:
    """The quantized network whose spikes on the recordings are nearest to the float network's, and what it lost.

    Args:
        network: float or integer.
        options: bits, and whether projections may be split.
        evaluate: runs a candidate; may raise what it likes.
        progress: called with a text before each candidate is run.

    Raises:
        QuantizationError, OptionError: as `quantize`.
    """
    options.check(network)
    search = _Search(network, plain_layers(network, options), evaluate, progress)
    for population in network.populations:
        layer = search.layers.get(population.name)
        if layer is not None and layer.loses and isinstance(population.neuron, CubaLif):
            search.scale(population, options)
            search.threshold(population)
    found, errors = assembled(network, search.layers)
    shares = search.scores.populations
    return found, tuple(replace(error, disagreement=shares[error.target]) for error in errors)


class _Search:
    """The best layers so far, and how they do."""

    def __init__(
        self, network: Network, layers: dict[str, Layer], evaluate: Evaluate, progress: Callable[[str], None]
    ) -> None:
        self.layers, self._network = layers, network
        self._evaluate, self._progress = evaluate, progress
        self.scores = self._run(layers, "as it is")

    def scale(self, population: Population, options: QuantizeOptions) -> None:
        """Keep the best of some scales of a layer."""
        for scale in scales(self._network, population.name, options)[:KEPT_SCALES]:
            candidate = _layer(self._network, population, options, scale)
            self._keep_better(candidate, f"{population.name}, weights times {scale:.3g}")

    def threshold(self, population: Population) -> None:
        """Move the thresholds of a layer as long as that helps."""
        for step in THRESHOLD_STEPS:
            for direction in (1 + step, 1 / (1 + step)):
                for candidate in self._moved(population, direction):
                    text = f"{population.name}, thresholds times {candidate.threshold_scale:.3g}"
                    if not self._keep_better(candidate, text):
                        break

    def _moved(self, population: Population, direction: float) -> Iterator[Layer]:
        for _ in range(MOST_STEPS):
            layer = self.layers[population.name]
            candidate = layer.with_threshold(population, layer.threshold_scale * direction)
            if candidate is None:
                return
            yield candidate

    def _keep_better(self, candidate: Layer, text: str) -> bool:
        layers = self.layers | {candidate.population.name: candidate}
        scores = self._run(layers, text)
        if scores.loss >= self.scores.loss:
            return False
        self.layers, self.scores = layers, scores
        return True

    def _run(self, layers: dict[str, Layer], text: str) -> Scores:
        self._progress(text)
        return self._evaluate(assembled(self._network, layers)[0])
