"""Quantization: every projection gets the sign mode and exponent in which its weights lose least.

Weights that some format holds exactly come through unchanged, with their own exponent if that one will do. The search
on recordings is in `neurodeploy.compiler.quantization.search`, the one for a number of cores in
`neurodeploy.compiler.budget`.
"""

from __future__ import annotations

from dataclasses import replace

from neurodeploy.compiler.quantization.layer import quantized_projection
from neurodeploy.compiler.quantization.options import QuantizeOptions
from neurodeploy.network import LayerError, Network

__all__ = ["QuantizeOptions", "quantize"]


def quantize(network: Network, options: QuantizeOptions | None = None) -> tuple[Network, tuple[LayerError, ...]]:
    """The integer network in chip formats, and what each projection lost, a row for each of its parts.

    Raises:
        QuantizationError: integer weights that no format holds, without `weight_bits`; or weight bits
            outside 1 … 8.
        OptionError: bits for a layer that is not there, or that nothing drives.
    """
    options = options or QuantizeOptions()
    options.check(network)
    done = [quantized_projection(p, options) for p in network.projections]
    projections = tuple(part for parts, _ in done for part in parts)
    return replace(network, projections=projections), tuple(error for _, errors in done for error in errors)
