"""The representation every room shares: populations, projections, neurons, synapses."""

from neurodeploy.network.connections import Connections, connections, synapse_count
from neurodeploy.network.convolutions import Conv2d, ConvTranspose2d, SumPool2d
from neurodeploy.network.geometry import Axis, Windows, windows
from neurodeploy.network.network import Bias, Network, Population, Projection, Reset
from neurodeploy.network.neurons import Alif, CubaLif, Delta, Neuron, ResonateFire, Sigma, SigmaDelta
from neurodeploy.network.quantized import LayerError, Quantized
from neurodeploy.network.synapses import Dense, OneToOne, Sparse, Synapse, Windowed
from neurodeploy.network.weights import Shape, Weights

__all__ = [
    "Alif",
    "Axis",
    "Bias",
    "Connections",
    "Conv2d",
    "ConvTranspose2d",
    "CubaLif",
    "Delta",
    "Dense",
    "LayerError",
    "Network",
    "Neuron",
    "OneToOne",
    "Population",
    "Projection",
    "Quantized",
    "Reset",
    "ResonateFire",
    "Shape",
    "Sigma",
    "SigmaDelta",
    "Sparse",
    "SumPool2d",
    "Synapse",
    "Weights",
    "Windowed",
    "Windows",
    "connections",
    "synapse_count",
    "windows",
]
