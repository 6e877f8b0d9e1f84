"""Which form a projection is laid out in."""

from __future__ import annotations

from neurodeploy.compiler.kernel import Planes
from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.listed import Listed
from neurodeploy.compiler.windows import Windows
from neurodeploy.network import Conv2d, Network, Projection, SumPool2d
from neurodeploy.precision import IntArray


def lay_out(network: Network, projection: Projection, order: IntArray) -> LaidOut:
    """One projection of an integer network; `order` is the layout of its target, see `compartment_order`."""
    source, target = network.population(projection.source), network.population(projection.target)
    planes = Planes.of(target, order) if isinstance(projection.synapse, Conv2d | SumPool2d) else None
    if planes is None or (planes.apart and not _one_to_one(projection)):
        return Listed.of(network, projection, order)
    return Windows(projection, source, planes)


def _one_to_one(projection: Projection) -> bool:
    """Whether each channel reaches one channel, its own: only then do planes apart keep axons in order."""
    synapse = projection.synapse
    return isinstance(synapse, SumPool2d) or (
        isinstance(synapse, Conv2d) and synapse.groups == synapse.weight.shape[0] and synapse.weight.shape[1] == 1
    )
