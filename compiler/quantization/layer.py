"""One projection in formats of the chip, and what it lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.quantization.channels import channel_axis, channel_forms, only
from neurodeploy.compiler.quantization.choice import Form, forms
from neurodeploy.compiler.quantization.options import QuantizeOptions
from neurodeploy.errors import QuantizationError
from neurodeploy.network import LayerError, Projection
from neurodeploy.precision import WEIGHT_EXPONENTS, IntArray, WeightFormat

#: A projection in formats of the chip, in as many parts as its output channels have forms, and a row for each.
Quantized = tuple[tuple[Projection, ...], tuple[LayerError, ...]]


def quantized_projection(
    projection: Projection, options: QuantizeOptions, scale: float = 1.0, exponents: Sequence[int] = WEIGHT_EXPONENTS
) -> Quantized:
    """A projection whose weights were multiplied by `scale`, in the forms in which they lose least.

    Args:
        projection: float or integer.
        options: for its bits, and whether it may be split.
        scale: above 0.
        exponents: that are tried.

    Raises:
        QuantizationError: integer weights that no form holds, where no bits were asked for.
    """
    wanted = scale * projection.trained_weights()
    asked = options.bits(projection.target)
    axis = channel_axis(projection.synapse) if options.per_channel else None
    found = channel_forms(wanted, axis, list(forms(projection, asked, exponents)))
    parts = [_part(projection, wanted, form, channels, scale) for form, channels in found]
    if asked is None and projection.is_integer and any(error.changed for _, error in parts):
        raise _refusal(projection, wanted)
    return tuple(p for p, _ in parts), tuple(e for _, e in parts)


def _part(
    projection: Projection, wanted: NDArray[np.float64], form: Form, channels: IntArray | None, scale: float
) -> tuple[Projection, LayerError]:
    """The part of a projection that ends in some output channels; its other weights are zero."""
    counted, axis = wanted, channel_axis(projection.synapse)
    if channels is not None:
        assert axis is not None
        counted, wanted = np.take(wanted, channels, axis), only(wanted, axis, channels)
    part = replace(
        projection,
        synapse=replace(projection.synapse, weight=form.stored(wanted).astype(np.int32)),
        weight_exponent=form.exponent,
        weight_format=form.format,
        weight_grid=None,
    )
    difference = form.apart(counted)
    low, high = form.range
    return part, LayerError(
        projection=projection.name,
        target=projection.target,
        bits=form.format.bits,
        sign_mode=form.format.sign_mode.name.lower(),
        exponent=form.exponent,
        weights=int(counted.size),
        changed=int(np.count_nonzero(difference)),
        clipped=int(np.count_nonzero((counted < low) | (counted > high))),
        rms=float(np.sqrt(np.mean(difference**2))) / scale if counted.size else 0.0,
        worst=float(difference.max(initial=0.0)) / scale,
        scale=scale,
        channels=None if channels is None else len(channels),
    )


def _refusal(projection: Projection, wanted: NDArray[np.float64]) -> QuantizationError:
    """Names what the layer's own exponent cannot hold, the farthest weight first."""
    form = Form(projection.weight_exponent, WeightFormat())
    apart = form.apart(wanted)
    low, high = form.range
    return QuantizationError(
        projection.target,
        f"{np.count_nonzero(apart):,} of {wanted.size:,} weights (the worst is {wanted.flat[int(np.argmax(apart))]:g}) "
        f"do not fit 8 bits ({low:g} … {high:g} in steps of {np.ldexp(float(form.format.step), form.exponent):g}), "
        "and no other exponent or sign mode holds them all",
        "rescale the layer, or accept rounding with --weight-bits 8",
    )
