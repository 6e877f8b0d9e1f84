"""How weights are quantized, and what the weights of a network are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neurodeploy.errors import OptionError, QuantizationError
from neurodeploy.network import Network


@dataclass(frozen=True)
class QuantizeOptions:
    """How weights are quantized.

    Attributes:
        weight_bits: bits of every weight, 1 … 8. None: 8, and integer weights that do not survive are refused;
            any number given accepts rounding, which is counted.
        layer_bits: the same for the projections into single populations, by name; goes before `weight_bits`.
        per_channel: whether a projection that loses something may be split by output channels into several, each
            with its own exponent and sign mode.
    """

    weight_bits: int | None = None
    layer_bits: Mapping[str, int] = field(default_factory=dict)
    per_channel: bool = False

    def bits(self, layer: str) -> int | None:
        """Bits of the weights into a population, None where nothing was asked."""
        return self.layer_bits.get(layer, self.weight_bits)

    def check(self, network: Network) -> None:
        """Raises QuantizationError for bits outside 1 … 8, OptionError for bits of a layer that nothing drives."""
        for bits in (self.weight_bits, *self.layer_bits.values()):
            if bits is not None and not 1 <= bits <= 8:
                raise QuantizationError("weight bits", f"{bits} is outside 1 … 8", "choose 1 to 8")
        layers = dict.fromkeys(p.target for p in network.projections)
        for layer in self.layer_bits:
            if layer not in layers:
                remedy = f"choose from {', '.join(layers)}"
                raise OptionError(f"weight bits of {layer}", "no weights lead there", remedy)
