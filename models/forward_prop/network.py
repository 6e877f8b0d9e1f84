"""A network of spiking neurons in continuous time.

Source: Lee, Haghighatshoar, Karbasi, "Exact Gradient Computation for Spiking Neural Networks Through Forward
Propagation" (2023), eq. (1 … 5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ForwardNetwork:
    """Layers of leaky neurons: a spike raises the synaptic current by its weight, which decays with rate α and charges
    the membrane, which leaks with rate β; where V reaches θ the neuron fires and V drops by θ (to zero).

    Args:
        weights: of each layer, float64, shape (inputs, neurons); the first has one input per input neuron.
        synapse_rate: α = 1 / τ of the synaptic current, per ms, above 0.
        membrane_rate: β = 1 / τ of the membrane, per ms, above 0; may equal α.
        threshold: θ, above 0.
        horizon_ms: no neuron fires at or after it.
        refractory_ms: time after a spike in which the neuron does not fire, 0 or more; V goes on meanwhile.
        recurrent: of each layer, shape (neurons, neurons), from each neuron of the layer to each; None: none at all.

    Raises:
        NetworkError: shapes that do not fit together, or a value outside its range or not finite.
    """

    weights: tuple[FloatArray, ...]
    synapse_rate: float = 1.0
    membrane_rate: float = 0.99
    threshold: float = 1.0
    horizon_ms: float = 2.0
    refractory_ms: float = 0.0
    recurrent: tuple[FloatArray | None, ...] | None = None

    def __post_init__(self) -> None:
        if not self.weights:
            raise NetworkError("network", "has no layers", "give the weights of at least one")
        for name in ("synapse_rate", "membrane_rate", "threshold", "horizon_ms"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise NetworkError(name.replace("_", " "), f"is {value}", "choose a finite number above 0")
        if not (np.isfinite(self.refractory_ms) and self.refractory_ms >= 0):
            raise NetworkError("refractory ms", f"is {self.refractory_ms}", "choose 0 or more")
        object.__setattr__(self, "weights", tuple(_matrix(w, f"layer {k + 1}") for k, w in enumerate(self.weights)))
        for k, (before, after) in enumerate(zip(self.weights[:-1], self.weights[1:], strict=True)):
            if before.shape[1] != after.shape[0]:
                problem = f"has {after.shape[0]} inputs, the layer before it {before.shape[1]} neurons"
                raise NetworkError(f"layer {k + 2}", problem, "make them equal")
        self._check_recurrent()

    def _check_recurrent(self) -> None:
        if self.recurrent is None:
            return
        if len(self.recurrent) != len(self.weights):
            problem = f"are given for {len(self.recurrent)} layers of {len(self.weights)}"
            raise NetworkError("recurrent weights", problem, "give a matrix or None for each layer")
        checked = []
        for k, (own, weight) in enumerate(zip(self.recurrent, self.weights, strict=True)):
            matrix = None if own is None else _matrix(own, f"recurrent weights of layer {k + 1}")
            if matrix is not None and matrix.shape != (weight.shape[1],) * 2:
                problem = f"have shape {matrix.shape}, the layer has {weight.shape[1]} neurons"
                raise NetworkError(f"recurrent weights of layer {k + 1}", problem, "give (neurons, neurons)")
            checked.append(matrix)
        object.__setattr__(self, "recurrent", tuple(checked))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of inputs, then of neurons of each layer."""
        return (self.weights[0].shape[0], *(w.shape[1] for w in self.weights))


def _matrix(value: FloatArray, subject: str) -> FloatArray:
    array = np.array(value, np.float64)
    if array.ndim != 2 or not array.size or not np.all(np.isfinite(array)):
        raise NetworkError(subject, f"has weights of shape {array.shape} or not finite ones", "give (inputs, neurons)")
    array.flags.writeable = False
    return array
