"""Mixed precision for a number of cores: bits are taken from the layers where that loses least for what it saves.

Every step is counted by the compiler itself on the quantized network: what fewer bits save depends on zeros, formats
and on where layers are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.compiler.compile import CompileOptions, plan_network
from neurodeploy.compiler.quantization.options import QuantizeOptions
from neurodeploy.compiler.quantization.scores import Evaluate
from neurodeploy.compiler.quantization.search import calibrated
from neurodeploy.compiler.quantize import quantize
from neurodeploy.errors import DoesNotFitError, OptionError
from neurodeploy.network import LayerError, Network

#: Bits that a layer can be lowered to from each; the chip stores 7 bits as 8.
LOWER = {8: 6, 7: 6, 6: 5, 5: 4, 4: 3, 3: 2, 2: 1}
#: Bits that a layer is raised to.
HIGHER = {low: high for high, low in LOWER.items() if high != 7}

Bits = dict[str, int]


@dataclass(frozen=True, eq=False)
class _Trial:
    """A choice of bits.

    Attributes:
        bits: of every learned layer.
        network, errors: as `quantize` gives them.
        cores: that the compiler takes; None where it refuses.
        memory: bits of synapse memory of all cores, by nengo-loihi's rule.
        loss: of the scores, or the sum over layers of the relative squared weight error.
    """

    bits: Bits
    network: Network
    errors: tuple[LayerError, ...]
    cores: int | None
    memory: int
    loss: float


class _Budget:
    """Tries choices of bits, each only once."""

    def __init__(
        self,
        network: Network,
        options: QuantizeOptions,
        compiling: CompileOptions,
        evaluate: Evaluate | None,
        progress: Callable[[str], None],
    ) -> None:
        self._network, self._options, self._compiling = network, options, compiling
        self._evaluate, self._progress = evaluate, progress
        self._size = {
            p.name: sum(float(np.sum(q.trained_weights() ** 2)) for q in network.into(p.name))
            for p in network.populations
        }
        self.trials: dict[tuple[int, ...], _Trial] = {}
        self.refusal: DoesNotFitError | None = None

    def tried(self, bits: Bits, first: bool = False) -> _Trial:
        """A choice of bits, quantized and counted; the first keeps the bits that nobody asked for open."""
        key = tuple(bits.values())
        if key not in self.trials:
            self._progress(", ".join(f"{name} {n} bits" for name, n in bits.items()))
            options = (
                self._options if first else replace(self._options, layer_bits={**self._options.layer_bits, **bits})
            )
            network, errors = quantize(self._network, options)
            plan_cores, memory = self.counted(network)
            loss = self._weights_lost(errors) if self._evaluate is None else self._evaluate(network).loss
            self.trials[key] = _Trial(bits, network, errors, plan_cores, memory, loss)
        return self.trials[key]

    def counted(self, network: Network) -> tuple[int | None, int]:
        """Cores and bits of synapse memory of a quantized network."""
        try:
            plan = plan_network(network, self._compiling, lambda stage: None)
        except DoesNotFitError as error:
            self.refusal = error
            return None, 0
        return len(plan.cores), sum(core.load.nengo_bits for core in plan.cores)

    def _weights_lost(self, errors: tuple[LayerError, ...]) -> float:
        return sum(e.rms**2 * e.weights / self._size[e.target] for e in errors if self._size[e.target])


def quantize_to_fit(
    network: Network,
    options: QuantizeOptions,
    compiling: CompileOptions,
    max_cores: int,
    evaluate: Evaluate | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[Network, tuple[LayerError, ...]]:
    """The quantized network that takes at most so many cores and loses least, as far as a greedy search finds it.

    From the bits of `options`, or 8, one learned layer after the other is lowered: one that loses nothing if there is
    one, else the one that loses least for each core it saves, or for each bit of memory as long as none saves a core.
    Then layers are raised again as long as there is room.

    Args:
        network: float or integer.
        options: bits to start from, which are not exceeded.
        compiling: target and memory rule; its bits are not used.
        max_cores: at least 1.
        evaluate: scores candidates on recordings, and then tunes the result; None: weight error.
        progress: called with a text before each candidate.

    Raises:
        DoesNotFitError: one bit in every learned layer takes more cores.
        OptionError: fewer than one core.
        QuantizationError, FormatError: as `quantize` and the compiler.
    """
    options.check(network)
    if max_cores < 1:
        raise OptionError("cores", f"{max_cores} is less than 1", "allow at least one")
    budget = _Budget(network, options, compiling, evaluate, progress)
    learned = dict.fromkeys(p.target for p in network.projections if p.synapse.learned)
    start = {name: options.bits(name) or 8 for name in learned}
    best = budget.tried(start, first=True)
    while best.cores is None or best.cores > max_cores:
        lower = [budget.tried(bits) for bits in _changed(best.bits, LOWER, {})]
        if not lower:
            raise _refusal(budget, compiling.target, max_cores)
        best = min(lower, key=lambda trial: _price(best, trial))
    best = _raised(budget, best, start, max_cores)
    if evaluate is None:
        return best.network, best.errors
    tuned = with_bits(options, best.bits) if best.bits != start else options
    found = calibrated(network, tuned, evaluate, progress)
    cores, _ = budget.counted(found[0])
    return found if cores is not None and cores <= max_cores else (best.network, best.errors)


def with_bits(options: QuantizeOptions, bits: Bits) -> QuantizeOptions:
    """The options with these bits for single layers."""
    return replace(options, layer_bits={**options.layer_bits, **bits})


def _changed(bits: Bits, steps: Mapping[int, int], most: Bits) -> Iterator[Bits]:
    """The choices in which one layer has the next number of bits, none more than `most` where that says something."""
    for name, now in bits.items():
        if now in steps and steps[now] <= most.get(name, 8):
            yield bits | {name: steps[now]}


def _price(now: _Trial, then: _Trial) -> tuple[int, float]:
    """By which lowerings are ranked: those that cost nothing first, then those that save cores, by loss for each."""
    lost = then.loss - now.loss
    saved = (now.cores or 0) - (then.cores or 0)
    if lost <= 0:
        return 0, lost
    if then.cores is not None and (now.cores is None or saved > 0):
        return 1, lost / max(saved, 1)
    return 2, lost / max(now.memory - then.memory, 1)


def _raised(budget: _Budget, best: _Trial, start: Bits, max_cores: int) -> _Trial:
    """Bits given back to the layers that lose most, as long as the network still fits."""
    while True:
        higher = [budget.tried(bits) for bits in _changed(best.bits, HIGHER, start)]
        fitting = [t for t in higher if t.cores is not None and t.cores <= max_cores and t.loss < best.loss]
        if not fitting:
            return best
        best = min(fitting, key=lambda trial: trial.loss)


def _refusal(budget: _Budget, target: str, max_cores: int) -> DoesNotFitError:
    counted = [trial for trial in budget.trials.values() if trial.cores is not None]
    if not counted:
        assert budget.refusal is not None
        return budget.refusal
    least = min(counted, key=lambda trial: trial.cores or 0)
    bits = ", ".join(f"{name} {n}" for name, n in least.bits.items())
    rows = [{"cores": trial.cores, **trial.bits} for trial in counted]
    return DoesNotFitError(
        "network",
        f"takes {least.cores} cores of {target} at least, with so many bits: {bits}; {max_cores} are allowed",
        "allow more cores, or train a smaller network",
        rows,
    )
