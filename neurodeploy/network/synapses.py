"""Synapses: how the neurons of one population reach those of another, and with which weights.

Weights are float64 before quantization and int32 after it; arrays are read-only. Neurons are numbered
C,H,W-major in every population.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError
from neurodeploy.network.convolutions import Conv2d, ConvTranspose2d, SumPool2d
from neurodeploy.network.weights import Shape, Weights, checked_weights, shown


@dataclass(frozen=True, eq=False)
class Dense:
    """Every source neuron reaches every target neuron.

    Args:
        weight: (targets, sources).
    """

    weight: Weights
    learned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weights(self.weight, 2, "(targets, sources)"))

    def output_shape(self, source: Shape) -> Shape:
        """(targets,); raises NetworkError when the source has another number of neurons."""
        targets, sources = self.weight.shape
        if prod(source) != sources:
            raise NetworkError(
                "dense weight",
                f"has {sources} columns, the source {shown(source)} has {prod(source)} neurons",
                "check the architecture against the weights",
            )
        return (targets,)


@dataclass(frozen=True, eq=False)
class OneToOne:
    """Neuron i reaches neuron i.

    Args:
        weight: (neurons,), or (1,) for the same weight everywhere.
    """

    weight: Weights
    learned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weights(np.atleast_1d(self.weight), 1, "(neurons,)"))

    def output_shape(self, source: Shape) -> Shape:
        """The source's own shape; raises NetworkError when the number of weights differs from its neurons."""
        if self.weight.size not in (1, prod(source)):
            raise NetworkError(
                "one-to-one weight",
                f"has {self.weight.size} values for {prod(source)} neurons",
                "give one, or one per neuron",
            )
        return source


@dataclass(frozen=True, eq=False)
class Sparse:
    """Listed synapses; several between the same two neurons add up.

    Args:
        weight: (synapses,).
        source, target: neuron of each synapse, (synapses,).
        targets: number of target neurons.
    """

    weight: Weights
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    targets: int
    learned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weights(self.weight, 1, "(synapses,)"))
        for name in ("source", "target"):
            index = np.array(getattr(self, name))
            if index.dtype.kind not in "iu" or index.shape != self.weight.shape:
                raise NetworkError(
                    f"sparse {name}",
                    f"is no list of {self.weight.size} neuron numbers",
                    "give one whole number per weight",
                )
            index = index.astype(np.int64)
            index.flags.writeable = False
            object.__setattr__(self, name, index)
        self._check_index("target", self.targets)

    def _check_index(self, name: str, neurons: int) -> None:
        index = getattr(self, name)
        if index.size and (index.min() < 0 or index.max() >= neurons):
            worst = index.min() if index.min() < 0 else index.max()
            raise NetworkError(
                f"sparse {name}", f"neuron {worst} is outside 0 … {neurons - 1}", "renumber the synapses"
            )

    def output_shape(self, source: Shape) -> Shape:
        """(targets,); raises NetworkError when a synapse starts outside the source."""
        self._check_index("source", prod(source))
        return (self.targets,)


Windowed = Conv2d | ConvTranspose2d | SumPool2d
Synapse = Dense | Conv2d | ConvTranspose2d | SumPool2d | OneToOne | Sparse
