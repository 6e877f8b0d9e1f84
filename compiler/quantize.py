"""Quantization: every projection gets the sign mode and exponent in which its weights lose least.

Weights that some format holds exactly come through unchanged, with their own exponent if that one will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.program import LayerError
from neurodeploy.errors import OptionError, QuantizationError
from neurodeploy.network import Network, Projection
from neurodeploy.precision import WEIGHT_EXPONENTS, IntArray, SignMode, WeightFormat


@dataclass(frozen=True)
class QuantizeOptions:
    """How weights are quantized.

    Attributes:
        weight_bits: bits of every weight, 1 … 8. None: 8, and integer weights that do not survive are refused;
            any number given accepts rounding, which is counted.
        layer_bits: the same for the projections into single populations, by name; goes before `weight_bits`.
    """

    weight_bits: int | None = None
    layer_bits: Mapping[str, int] = field(default_factory=dict)

    def bits(self, layer: str) -> int | None:
        """Bits of the weights into a population, None where nothing was asked."""
        return self.layer_bits.get(layer, self.weight_bits)


@dataclass(frozen=True, eq=False)
class _Choice:
    """One format tried on one projection: stored weights, and the squared error of what they mean."""

    exponent: int
    format: WeightFormat
    stored: IntArray
    error: float


def quantize(network: Network, options: QuantizeOptions | None = None) -> tuple[Network, tuple[LayerError, ...]]:
    """The integer network in chip formats, and what each projection lost.

    Raises:
        QuantizationError: integer weights that no format holds, without `weight_bits`; or weight bits
            outside 1 … 8.
        OptionError: bits for a layer that is not there, or that nothing drives.
    """
    options = options or QuantizeOptions()
    _check(network, options)
    done = [_quantize_projection(p, options) for p in network.projections]
    return replace(network, projections=tuple(p for p, _ in done)), tuple(e for _, e in done)


def trained_weights(projection: Projection) -> NDArray[np.float64]:
    """The weights that the forward pass of training used, exponent included, in the synapse's own shape."""
    weight = projection.synapse.weight.astype(np.float64)
    if projection.weight_grid is not None and not projection.is_integer:
        weight = projection.weight_grid * np.rint(weight / projection.weight_grid)
    return np.ldexp(weight, projection.weight_exponent)


def _check(network: Network, options: QuantizeOptions) -> None:
    for bits in (options.weight_bits, *options.layer_bits.values()):
        if bits is not None and not 1 <= bits <= 8:
            raise QuantizationError("weight bits", f"{bits} is outside 1 … 8", "choose 1 to 8")
    layers = dict.fromkeys(p.target for p in network.projections)
    for layer in options.layer_bits:
        if layer not in layers:
            raise OptionError(f"weight bits of {layer}", "no weights lead there", f"choose from {', '.join(layers)}")


def _quantize_projection(projection: Projection, options: QuantizeOptions) -> tuple[Projection, LayerError]:
    wanted = trained_weights(projection)
    asked = options.bits(projection.target)
    best = _best(wanted, projection.weight_exponent, asked or 8)
    meant = np.ldexp(best.stored.astype(np.float64), best.exponent)
    difference = np.abs(meant - wanted)
    changed = int(np.count_nonzero(difference))
    low, high = (np.ldexp(float(edge), best.exponent) for edge in best.format.range)
    clipped = int(np.count_nonzero((wanted < low) | (wanted > high)))
    if changed and projection.is_integer and asked is None:
        raise _refusal(projection, wanted)
    weight = best.stored.astype(np.int32)
    quantized = replace(
        projection,
        synapse=replace(projection.synapse, weight=weight),
        weight_exponent=best.exponent,
        weight_format=best.format,
        weight_grid=None,
    )
    error = LayerError(
        projection=projection.name,
        target=projection.target,
        bits=best.format.bits,
        sign_mode=best.format.sign_mode.name.lower(),
        exponent=best.exponent,
        weights=int(wanted.size),
        changed=changed,
        clipped=clipped,
        rms=float(np.sqrt(np.mean(difference**2))) if wanted.size else 0.0,
        worst=float(difference.max(initial=0.0)),
    )
    return quantized, error


def _refusal(projection: Projection, wanted: NDArray[np.float64]) -> QuantizationError:
    """Names what the layer's own exponent cannot hold, the farthest weight first."""
    form, exponent = WeightFormat(), projection.weight_exponent
    apart = np.abs(np.ldexp(form.nearest(wanted, exponent).astype(np.float64), exponent) - wanted)
    low, high = (np.ldexp(float(edge), exponent) for edge in form.range)
    return QuantizationError(
        projection.target,
        f"{np.count_nonzero(apart):,} of {wanted.size:,} weights (the worst is {wanted.flat[int(np.argmax(apart))]:g}) "
        f"do not fit 8 bits ({low:g} … {high:g} in steps of {np.ldexp(float(form.step), exponent):g}), "
        "and no other exponent or sign mode holds them all",
        "rescale the layer, or accept rounding with --weight-bits 8",
    )


def _best(wanted: NDArray[np.float64], own_exponent: int, bits: int) -> _Choice:
    """The choice of least error; among equals the first tried: the layer's own exponent, then the nearest to 0."""
    best: _Choice | None = None
    for choice in _choices(wanted, own_exponent, bits):
        if best is None or choice.error < best.error:
            best = choice
        if best.error == 0.0:
            break
    assert best is not None
    return best


def _choices(wanted: NDArray[np.float64], own_exponent: int, bits: int) -> Iterator[_Choice]:
    for exponent in sorted(WEIGHT_EXPONENTS, key=lambda e: (e != own_exponent, abs(e), e)):
        for mode in SignMode:
            form = WeightFormat(mode, bits)
            stored = form.nearest(wanted, exponent)
            error = float(np.sum((np.ldexp(stored.astype(np.float64), exponent) - wanted) ** 2))
            yield _Choice(exponent, form, stored, error)
