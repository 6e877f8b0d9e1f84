"""How the planes of a population are cut: into the strips whose stretches its sources send fewest packets to.

A stretch of whole rows is long and flat, and a kernel's window lies across many of them; in strips a stretch is about
as high as it is wide. Where each channel is reached by one channel alone, planes one after the other leave most
sources a single stretch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurodeploy.network import Network, Projection, Windowed, Windows, windows
from neurodeploy.precision import IntArray

#: Parts of the plane's width that are tried as the width of a strip.
PARTS = (1, 2, 3, 4, 5, 6, 8, 12, 16)
#: Window positions of all channels together beyond which planes one after the other are not tried.
MOST_WINDOWS = 1 << 24


def strip_packets(network: Network, index: int, per_core: int, spikes: Sequence[IntArray]) -> dict[int, int]:
    """Packets to the stretches of a population, by the strips of its planes as `compartment_order` takes them.

    Args:
        network: any.
        index: of the population.
        per_core: neurons of a stretch.
        spikes: of every population, (neurons,) each.

    Returns:
        By the width in columns, 0 for planes one after the other; nothing where no window decides.
    """
    population = network.populations[index]
    shape = population.shape or ()
    ways = [p for p in network.into(population.name) if isinstance(p.synapse, Windowed)]
    if index == 0 or len(shape) != 3 or population.neurons <= max(per_core, *shape) or not ways:
        return {}
    packets = {
        width: sum(_packets(network, p, tiles(shape, width, per_core), spikes) for p in ways)
        for width in dict.fromkeys(-(-shape[2] // part) for part in PARTS)
    }
    if all(_channels_alone(network, p) and _positions(network, p) <= MOST_WINDOWS for p in ways):
        stretch = np.arange(population.neurons).reshape(shape) // per_core
        packets[0] = sum(_packets_alone(network, p, stretch, spikes) for p in ways)
    return packets


def strip_pixels(height: int, columns: int, width: int) -> IntArray:
    """Pixels row · columns + column of a plane strip by strip, each row by row, every second one upwards, so that a
    stretch that ends a strip goes on beside it, (pixels,).
    """
    pixel = np.arange(height * columns).reshape(height, columns)
    strips = [pixel[:, first : first + width] for first in range(0, columns, width)]
    return np.concatenate([strip[:: -1 if i % 2 else 1].reshape(-1) for i, strip in enumerate(strips)])


def tiles(shape: tuple[int, ...], width: int, per_core: int) -> IntArray:
    """The stretch that the first channel of every pixel lies in, (height, width)."""
    channels, height, columns = shape
    stretch = np.empty(height * columns, np.int64)
    stretch[strip_pixels(height, columns, width)] = np.arange(height * columns) * channels // per_core
    return stretch.reshape(height, columns)


def _packets(network: Network, projection: Projection, stretch: IntArray, spikes: Sequence[IntArray]) -> int:
    """Packets to stretches (height, width) that each hold all channels of their pixels."""
    source = network.population(projection.source)
    fired = spikes[network.index(projection.source)].reshape(source.shape or ()).sum(axis=0)
    return int((_distinct(_stretches(_geometry(network, projection), stretch)) * fired).sum())


def _packets_alone(network: Network, projection: Projection, stretch: IntArray, spikes: Sequence[IntArray]) -> int:
    """Packets to stretches (channels, height, width) where each channel is reached by its own alone."""
    source = network.population(projection.source)
    fired, found = spikes[network.index(projection.source)].reshape(source.shape or ()), _geometry(network, projection)
    return sum(
        int((_distinct(_stretches(found, mine)) * plane).sum()) for plane, mine in zip(fired, stretch, strict=True)
    )


def _distinct(reached: IntArray) -> IntArray:
    """How many different stretches, −1 not counted, each pixel's windows lie in; (windows, height, width)."""
    ordered = np.sort(reached, axis=0)
    new = np.diff(ordered, axis=0, prepend=-1) > 0
    result: IntArray = np.count_nonzero(new, axis=0)
    return result


def _stretches(found: Windows, stretch: IntArray) -> IntArray:
    """The stretch of each target pixel whose window holds a source pixel, −1 where there is none, (windows, *plane)."""
    rows, columns = (
        axis.target(np.arange(axis.sources), np.arange(axis.taps)[:, None]) for axis in (found.rows, found.columns)
    )
    reached = stretch[rows[:, None, :, None], columns[None, :, None, :]]
    reached[np.broadcast_to((rows[:, None, :, None] < 0) | (columns[None, :, None, :] < 0), reached.shape)] = -1
    return reached.reshape(-1, found.rows.sources, found.columns.sources)


def _channels_alone(network: Network, projection: Projection) -> bool:
    """Whether each channel reaches one channel, and some pixel several of that."""
    found = _geometry(network, projection)
    several = any(axis.taps > (1 if axis.transposed else axis.stride) for axis in (found.rows, found.columns))
    return found.one_to_one and several


def _geometry(network: Network, projection: Projection) -> Windows:
    assert isinstance(projection.synapse, Windowed)
    return windows(projection.synapse, network.population(projection.source).shape or ())


def _positions(network: Network, projection: Projection) -> int:
    taps = int(projection.synapse.weight.shape[-2] * projection.synapse.weight.shape[-1])
    return network.population(projection.source).neurons * taps
