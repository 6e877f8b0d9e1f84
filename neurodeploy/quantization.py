"""`nd.quantize`: weights in the chip's formats, chosen by weight error, on recordings, or for a number of cores."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from neurodeploy.api import Data, inputs
from neurodeploy.compiler import CompileOptions
from neurodeploy.compiler.budget import quantize_to_fit
from neurodeploy.compiler.quantization.search import calibrated
from neurodeploy.compiler.quantize import QuantizeOptions
from neurodeploy.compiler.quantize import quantize as quantize_plainly
from neurodeploy.network import LayerError, Network
from neurodeploy.runtime.scoring import Scorer


def quantize(
    network: Network,
    weight_bits: int | None = None,
    *,
    calibrate: Data = None,
    per_channel: bool = False,
    layer_bits: Mapping[str, int] | None = None,
    max_cores: int | None = None,
    target: str = "loihi1",
    split: str | None = None,
    limit: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Network, tuple[LayerError, ...]]:
    """The integer network in chip formats, and what each projection lost.

    Args:
        network: float or integer.
        weight_bits: 1 … 8; None keeps what came as integers exact, and rounds floats to 8.
        calibrate: recordings, as `run` takes them: scale and threshold of every layer that loses something are then
            chosen so that spikes differ least from the float network's. None: by weight error, thresholds untouched.
        per_channel: split projections by output channels where that loses less, each part with its own exponent.
        layer_bits: bits of the weights into single populations, by name.
        max_cores: lower the bits of layers until the network takes so many cores of `target`, losing least.
        target: name of a target, or the path of a `.toml` file; used with `max_cores` alone.
        split: only the recordings of this split of the folder.
        limit: only so many recordings.
        progress: called with a text before each candidate.

    Raises:
        QuantizationError: integer weights that no format holds, without `weight_bits`; bits outside 1 … 8.
        DoesNotFitError: more cores than `max_cores` with one bit in every layer.
        NeurodeployError: recordings that cannot be read, or unknown layers and targets.
    """
    options = QuantizeOptions(weight_bits, dict(layer_bits or {}), per_channel)
    options.check(network)
    say = progress or (lambda text: None)
    evaluate = None if calibrate is None else Scorer(network, inputs(calibrate, split, limit), say)
    if max_cores is not None:
        return quantize_to_fit(network, options, CompileOptions(target), max_cores, evaluate, say)
    if evaluate is None:
        return quantize_plainly(network, options)
    return calibrated(network, options, evaluate, say)
