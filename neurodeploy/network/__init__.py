"""The representation every room shares: populations, projections, neurons, synapses."""

from neurodeploy.network.connections import Connections, connections, synapse_count
from neurodeploy.network.network import Bias, Network, Population, Projection, Reset
from neurodeploy.network.neurons import Alif, CubaLif, Delta, Neuron, ResonateFire, Sigma, SigmaDelta
from neurodeploy.network.synapses import Conv2d, Dense, OneToOne, Shape, Sparse, SumPool2d, Synapse

__all__ = [
    "Alif",
    "Bias",
    "Connections",
    "Conv2d",
    "CubaLif",
    "Delta",
    "Dense",
    "Network",
    "Neuron",
    "OneToOne",
    "Population",
    "Projection",
    "Reset",
    "ResonateFire",
    "Shape",
    "Sigma",
    "SigmaDelta",
    "Sparse",
    "SumPool2d",
    "Synapse",
    "connections",
    "synapse_count",
]
