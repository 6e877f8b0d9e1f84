"""Neuron models: frozen parameter sets, in the chip's own integers."""

from neurodeploy.network.neurons.alif import Alif
from neurodeploy.network.neurons.cuba_lif import CubaLif
from neurodeploy.network.neurons.resonate_fire import ResonateFire
from neurodeploy.network.neurons.sigma_delta import Delta, Sigma, SigmaDelta
from neurodeploy.network.neurons.values import NeuronModel, PerNeuron, checked_integers

#: Any neuron model.
Neuron = CubaLif | Alif | SigmaDelta | Delta | Sigma | ResonateFire

#: The models by the names they have in files.
NEURONS: dict[str, type[Neuron]] = {
    model.NAME: model for model in (CubaLif, Alif, SigmaDelta, Delta, Sigma, ResonateFire)
}

__all__ = [
    "NEURONS",
    "Alif",
    "CubaLif",
    "Delta",
    "Neuron",
    "NeuronModel",
    "PerNeuron",
    "ResonateFire",
    "Sigma",
    "SigmaDelta",
    "checked_integers",
]
