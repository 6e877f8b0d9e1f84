"""Synapse entries as the C core adds them up: chunks of a fixed number of scaled weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.program import Axons, Cores
from neurodeploy.emulator import _core
from neurodeploy.emulator.columns import MAX_ROWS, broken, joint_row, owners
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Chunks:
    """The synapses of every axon.

    Attributes:
        start, count: chunks of each axon, (axons,).
        bound: the most that one spike changes q of any compartment, in units of 64, at most NARROW; (axons,).
        rows: (chunks, 2 + LANES), the columns of `nd_chunk` in core.h: the compartment (in the core) of its first
            weight in two halves, then w · 2^exponent, zeros behind the last weight of an entry.
    """

    start: IntArray
    count: IntArray
    bound: IntArray
    rows: NDArray[np.int16]


def chunks(cores: Cores, axons: Axons, network: Network) -> Chunks:
    """The entries of every axon cut into chunks; chunks of nothing but zeros are left out.

    Raises:
        FormatError: more chunks than the core can count.
    """
    weight = scaled_weights(cores, axons)
    lengths = np.diff(axons.weight_start)
    first = np.concatenate([[0], np.cumsum(-(-lengths // _core.LANES))])
    if first[-1] > MAX_ROWS:
        raise broken(f"its synapses fill {first[-1]} chunks of {_core.LANES}, the limit is {MAX_ROWS}")
    rows = np.zeros((first[-1], 2 + _core.LANES), np.int16)
    place = np.arange(len(weight)) - np.repeat(axons.weight_start[:-1], lengths)
    rows[np.repeat(first[:-1], lengths) + place // _core.LANES, 2 + place % _core.LANES] = weight
    used = np.any(rows != 0, axis=1)
    entry = owners(first)
    offset = axons.compartment[entry] + _core.LANES * (np.arange(len(entry)) - first[entry])
    offset += _imaginary_shift(cores, axons, network)[owners(axons.entry_start)[entry]]
    rows[:, :2] = np.ascontiguousarray(offset, np.int32)[:, None].view(np.int16)
    start = np.concatenate([[0], np.cumsum(used)])[first[axons.entry_start]]
    return Chunks(start[:-1], np.diff(start), _bounds(axons, np.abs(weight)), rows[used])


def scaled_weights(cores: Cores, axons: Axons) -> IntArray:
    """w · 2^exponent of every synapse, (synapses,): at most 256 · 2^7, so 16 bits hold it.

    Below exponent 0 a checked program has multiples of 2^−exponent only, so nothing is lost.
    """
    form = joint_row(cores.format_start, owners(axons.start), axons.format)
    exponent = np.repeat(cores.formats[form, 2], np.diff(axons.weight_start[axons.entry_start]))
    weight = np.asarray(axons.weight, np.int64)
    result: IntArray = np.where(exponent >= 0, weight << np.maximum(exponent, 0), weight >> np.maximum(-exponent, 0))
    return result


def _imaginary_shift(cores: Cores, axons: Axons, network: Network) -> IntArray:
    """How far behind the compartments an axon's weights are added up: imaginary sums follow the real ones, (axons,)."""
    imaginary = np.array([p.imaginary for p in network.projections], np.int64)
    room: IntArray = np.diff(cores.compartment_start)[owners(axons.start)] + _core.LANES
    return room * imaginary[axons.projection]


def _bounds(axons: Axons, size: IntArray) -> IntArray:
    """An axon's largest weight, or the sum of all where its entries overlap or are out of order."""
    start = axons.weight_start[axons.entry_start]
    end = axons.compartment + np.diff(axons.weight_start)
    axon = owners(axons.entry_start)
    crossing = (end[:-1] > axons.compartment[1:]) & (axon[:-1] == axon[1:])
    summed = np.isin(np.arange(len(axons.delay)), axon[:-1][crossing])
    bound = np.where(summed, _per_owner(np.add, size, start), _per_owner(np.maximum, size, start))
    return np.minimum(bound, _core.NARROW)


def _per_owner(combine: np.ufunc, values: IntArray, start: NDArray[np.integer]) -> IntArray:
    """`values` of each owner combined, 0 for an owner without any."""
    result = np.zeros(len(start) - 1, np.int64)
    owning = np.diff(start) > 0
    if np.any(owning):
        result[owning] = combine.reduceat(values, start[:-1][owning])
    return result
