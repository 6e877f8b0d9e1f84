"""Synapse entries: the runs of neighbouring compartments in which a program gives the weights of its axons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray

Integers = NDArray[np.integer[Any]]

#: Zeros that an entry may hold between two synapses rather than end: whoever adds it up reads about as many at once.
ENTRY_GAP = 8


@dataclass(frozen=True, eq=False)
class Entries:
    """The entries of some axons, one axon after the other.

    Attributes:
        per_axon: entries of each axon, (axons,).
        position: where each entry starts, (entries,).
        length: how many weights it has, (entries,).
        weight: of all entries, zeros included, (weights,).
    """

    per_axon: Integers
    position: Integers
    length: Integers
    weight: NDArray[np.int16]


def entries(start: IntArray, position: IntArray, weight: Integers) -> Entries:
    """Group synapses into entries.

    Args:
        start: first synapse of each axon, (axons + 1,).
        position: of each synapse, ascending within an axon, (synapses,).
        weight: (synapses,).
    """
    new = np.diff(position, prepend=-ENTRY_GAP - 2) - 1 > ENTRY_GAP
    new[start[:-1][np.diff(start) > 0]] = True
    begin = np.flatnonzero(new)
    end = np.append(begin, len(position))[1:] - 1
    length = position[end] - position[begin] + 1
    place = np.concatenate([[0], np.cumsum(length)])
    filled = np.zeros(int(place[-1]), np.int16)
    run = np.cumsum(new) - 1
    filled[place[run] + position - position[begin][run]] = weight
    per_axon = np.diff(np.searchsorted(begin, start))
    return Entries(per_axon, position[begin], length, filled)
