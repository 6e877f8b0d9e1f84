"""Which form a projection is laid out in."""

from __future__ import annotations

from neurodeploy.compiler.kernel import Planes
from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.listed import Listed
from neurodeploy.compiler.windows import Windows
from neurodeploy.network import Network, Projection, Windowed, windows
from neurodeploy.precision import IntArray


def lay_out(network: Network, projection: Projection, order: IntArray) -> LaidOut:
    """One projection of an integer network; `order` is the layout of its target, see `compartment_order`."""
    source, target = network.population(projection.source), network.population(projection.target)
    synapse = projection.synapse
    planes = Planes.of(target, order) if isinstance(synapse, Windowed) else None
    if planes is None or not isinstance(synapse, Windowed):
        return Listed.of(network, projection, order)
    if planes.apart and not windows(synapse, source.shape or ()).one_to_one:  # axons would not stay in order
        return Listed.of(network, projection, order)
    return Windows(projection, source, planes)
