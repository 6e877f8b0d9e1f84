"""Which form a projection is laid out in."""

from __future__ import annotations

import numpy as np

from neurodeploy.compiler.layout import LaidOut, channels_innermost
from neurodeploy.compiler.listed import Listed
from neurodeploy.compiler.windows import Windows
from neurodeploy.network import Conv2d, Network, Projection, SumPool2d
from neurodeploy.precision import IntArray


def lay_out(network: Network, projection: Projection, order: IntArray) -> LaidOut:
    """One projection of an integer network; `order` is the layout of its target, see `compartment_order`."""
    target = network.population(projection.target)
    if isinstance(projection.synapse, Conv2d | SumPool2d) and np.array_equal(order, channels_innermost(target)):
        return Windows(projection, network.population(projection.source))
    return Listed.of(network, projection, order)
