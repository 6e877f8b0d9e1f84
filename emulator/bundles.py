"""Synapses as the C core adds them up: by source neuron and target population, in long runs of neighbours.

The entries of all axons that one spike reaches in one population are joined, whatever cores they lie on. Runs with the
same weights, such as those of a convolution's kernel at every position, share one copy in the pool.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.program import Axons, Cores, Routes
from neurodeploy.emulator import _core
from neurodeploy.emulator.blocks import Compartments
from neurodeploy.emulator.columns import MAX_ROWS, broken, joint_row, owners
from neurodeploy.emulator.fragments import Fragments, fragments
from neurodeploy.emulator.sharing import shared
from neurodeploy.emulator.validation import population_starts
from neurodeploy.network import Network
from neurodeploy.precision import IntArray

PIECE = _core.PIECE


@dataclass(frozen=True, eq=False)
class Bundles:
    """What the spikes of every neuron do.

    Attributes:
        start: bundles of each neuron, all neurons in network order, (neurons + 1,).
        rows: target population, delay in steps, first run, number of runs, and the most that a spike adds to the sum
            of any compartment, at most NARROW; (bundles, 5).
        runs: (runs, 3), the columns of `nd_run`.
        byte_weight, word_weight: the two pools of weights, (pieces, PIECE).
        shift: the power of two that divides all weights of each target population, (populations,).
        words: whether its weights need 16 bits, (populations,).
        fan_in: Σ |weight| / 2^shift of the compartment with the most, at most MOST_FAN_IN; (populations,).
    """

    start: IntArray
    rows: IntArray
    runs: IntArray
    byte_weight: NDArray[np.int8]
    word_weight: NDArray[np.int16]
    shift: IntArray
    words: NDArray[np.bool_]
    fan_in: IntArray


#: Beyond it, sums are always added up in 64 bits.
MOST_FAN_IN = 1 << 24


def bundles(cores: Cores, axons: Axons, routes: Routes, cells: Compartments, network: Network) -> Bundles:
    """The synapses of a checked program.

    Raises:
        FormatError: more pieces than the core can count.
    """
    weight = scaled_weights(cores, axons)
    every = fragments(cores, axons, routes, cells, network)
    count, neurons = len(network.populations), int(population_starts(network)[-1])
    shift, words, fan_in = np.zeros(count, np.int64), np.zeros(count, bool), np.zeros(count, np.int64)
    rows, runs, source = [np.zeros((0, 5), np.int64)], [np.zeros((0, 3), np.int64)], [np.zeros(0, np.int64)]
    pools: dict[bool, list[NDArray[np.integer]]] = {
        False: [np.zeros((0, PIECE), np.int8)],
        True: [np.zeros((0, PIECE), np.int16)],
    }
    for i in range(count):
        part = every.of(i)
        if not len(part.source):
            continue
        shift[i], words[i] = _storage(weight, part)
        fan_in[i] = _fan_in(weight, part) >> shift[i]
        pool = pools[bool(words[i])]
        kind = np.int16 if words[i] else np.int8
        one = _population(part, weight, int(shift[i]), kind, sum(map(len, pool)))
        rows.append(np.column_stack([np.full(len(one.rows), i), one.rows[:, :1], one.rows[:, 1:]]))
        rows[-1][:, 2] += sum(map(len, runs))
        runs.append(one.runs)
        source.append(one.source)
        pool.append(one.pool)
    order = np.argsort(np.concatenate(source), kind="stable")
    start = np.searchsorted(np.concatenate(source)[order], np.arange(neurons + 1))
    byte, word = np.concatenate(pools[False]), np.concatenate(pools[True])
    joined = np.concatenate(runs)
    if max(len(byte), len(word), len(joined)) > MAX_ROWS:
        raise broken(f"its synapses fill more than {MAX_ROWS} pieces of {PIECE}")
    return Bundles(start, np.concatenate(rows)[order], joined, byte, word, shift, words, fan_in)


def scaled_weights(cores: Cores, axons: Axons) -> NDArray[np.int16]:
    """w · 2^exponent of every synapse, (synapses,): at most 256 · 2^7, so 16 bits hold it.

    Below exponent 0 a checked program has multiples of 2^−exponent only, so nothing is lost.
    """
    form = joint_row(cores.format_start, owners(axons.start), axons.format)
    exponent = cores.formats[form, 2].astype(np.int16)
    weight = np.asarray(axons.weight, np.int16)
    if not np.any(exponent):
        return weight
    each = np.repeat(exponent, np.diff(axons.weight_start[axons.entry_start]))
    result: NDArray[np.int16] = (weight << np.maximum(each, 0)) >> np.maximum(-each, 0)
    return result


def _storage(weight: NDArray[np.int16], part: Fragments) -> tuple[int, bool]:
    """The power of two in all weights of these fragments, and whether they need 16 bits without it."""
    union, least, most = 0, 0, 0
    for first in range(0, len(part.start), BATCH):
        here = weight[part.batch(first, BATCH).synapses()]
        union |= int(np.bitwise_or.reduce(here, initial=0))
        least, most = min(least, int(here.min(initial=0))), max(most, int(here.max(initial=0)))
    shift = (union & -union).bit_length() - 1 if union else 0
    return shift, least >> shift < -128 or most >> shift > 127


def _fan_in(weight: NDArray[np.int16], part: Fragments) -> int:
    """The largest Σ |weight| of any compartment of these fragments, at most MOST_FAN_IN.

    A source with several delays counts with each of them, though not all can arrive in the same step at once.
    """
    total = np.zeros(int((part.position + part.length).max()))
    for first in range(0, len(part.start), BATCH):
        batch = part.batch(first, BATCH)
        size = np.abs(weight[batch.synapses()].astype(np.int32))
        low = int(batch.position.min())
        sums = np.bincount(batch.spread(batch.position - low), size)
        total[low : low + len(sums)] += sums
    return int(min(total.max(), MOST_FAN_IN))


#: Fragments handled at a time, which bounds the memory needed.
BATCH = 1 << 16


@dataclass(frozen=True, eq=False)
class _Stored:
    """The bundles of one target population: source neuron, (delay, first run, runs, bound), runs, weights."""

    source: IntArray
    rows: IntArray
    runs: IntArray
    pool: NDArray[np.integer]


def _population(
    part: Fragments, weight: NDArray[np.int16], shift: int, kind: type[np.integer], pool_start: int
) -> _Stored:
    """Fragments of one population laid into rows of pieces, empty pieces left out, equal runs shared."""
    new_bundle = (np.diff(part.source, prepend=-1) != 0) | (np.diff(part.delay, prepend=-1) != 0)
    bundle = np.cumsum(new_bundle) - 1
    end = part.position + part.length
    first_piece, last_piece = part.position // PIECE, (end - 1) // PIECE
    joins = (part.position[1:] >= end[:-1]) & (first_piece[1:] <= last_piece[:-1] + 1) & ~new_bundle[1:]
    chain_first = np.flatnonzero(np.concatenate([[True], ~joins]))
    chain = np.repeat(np.arange(len(chain_first)), np.diff(chain_first, append=len(bundle)))
    chain_last = np.append(chain_first[1:], len(bundle)) - 1
    size = last_piece[chain_last] - first_piece[chain_first] + 1
    chain_start = np.concatenate([[0], np.cumsum(size)])
    table = np.zeros((int(chain_start[-1]), PIECE), kind)
    offset = (chain_start[:-1] - first_piece[chain_first])[chain] * PIECE + part.position
    for low in range(0, len(bundle), BATCH):
        batch = part.batch(low, BATCH)
        table.reshape(-1)[batch.spread(offset[low : low + BATCH])] = weight[batch.synapses()] >> shift
    used = np.any(table, axis=1)
    owner = owners(chain_start)[used]
    number = np.flatnonzero(used)
    table = table[used]
    crossing = part.position[1:] < np.maximum.accumulate(end + bundle * (end.max() + 1))[:-1] - bundle[1:] * (
        end.max() + 1
    )
    crossed = np.unique(bundle[1:][crossing & ~new_bundle[1:]])
    target = number - chain_start[owner] + first_piece[chain_first][owner]
    run_first = np.flatnonzero(np.concatenate([[True], (np.diff(number) != 1) | (np.diff(owner) != 0)])[: len(number)])
    run_bundle = bundle[chain_first][owner[run_first]]
    runs, bound, pool = _runs(table, target[run_first], run_first, pool_start)
    start = np.searchsorted(run_bundle, np.arange(bundle[-1] + 2))
    most = _per_owner(np.maximum, bound, start)
    summed = _per_owner(np.add, bound, start)
    most[crossed] = summed[crossed]
    head = np.flatnonzero(new_bundle)
    rows = np.column_stack([part.delay[head], start[:-1], np.diff(start), np.minimum(most, _core.NARROW)])
    kept = np.diff(start) > 0
    return _Stored(part.source[head][kept], rows[kept], runs, pool)


def _runs(
    table: NDArray[np.integer], target: IntArray, first: IntArray, pool_start: int
) -> tuple[IntArray, IntArray, NDArray[np.integer]]:
    """The rows of `nd_run`, the largest weight of each run, and the weights that are stored."""
    size = np.diff(first, append=len(table))
    if not len(first):
        return np.zeros((0, 3), np.int64), np.zeros(0, np.int64), table
    high = table.max(axis=1, initial=0).astype(np.int64)
    low = table.min(axis=1, initial=0).astype(np.int64)
    bound = np.maximum.reduceat(np.maximum(high, -low), first)
    single = np.add.reduceat(np.count_nonzero(table, axis=1), first) == 1
    lane = np.argmax(table[first[single]] != 0, axis=1)
    runs = np.column_stack([target, size, np.zeros(len(first), np.int64)])
    runs[single] = np.column_stack(
        [target[single] * PIECE + lane, np.zeros(len(lane), np.int64), table[first[single], lane]]
    )
    many = np.flatnonzero(~single)
    place, kept = shared(table, first[many], size[many])
    runs[many, 2] = place + pool_start
    return runs, bound, table[kept]


def _per_owner(combine: np.ufunc, values: IntArray, start: NDArray[np.integer]) -> IntArray:
    """`values` of each owner combined, 0 for an owner without any."""
    result = np.zeros(len(start) - 1, np.int64)
    owning = np.diff(start) > 0
    if np.any(owning):
        result[owning] = combine.reduceat(values, start[:-1][owning])
    return result
