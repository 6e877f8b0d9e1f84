"""The representation every room shares: populations, projections, neurons, synapses."""

from neurodeploy.network.connections import Connections, connections, synapse_count
from neurodeploy.network.network import Bias, Network, Population, Projection, Reset
from neurodeploy.network.neurons import CubaLif
from neurodeploy.network.synapses import Conv2d, Dense, OneToOne, Shape, Sparse, SumPool2d, Synapse

__all__ = [
    "Bias",
    "Connections",
    "Conv2d",
    "CubaLif",
    "Dense",
    "Network",
    "OneToOne",
    "Population",
    "Projection",
    "Reset",
    "Shape",
    "Sparse",
    "SumPool2d",
    "Synapse",
    "connections",
    "synapse_count",
]
