"""The independent checker: correct programs pass, and every rule, broken alone, is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neurodeploy.compiler.checker import check, replay
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.target import StackLimits
from neurodeploy.network import (
    Bias,
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    Network,
    OneToOne,
    Population,
    Projection,
    Sparse,
    SumPool2d,
)
from neurodeploy.precision import SignMode, WeightFormat
from tests.unit.compiler.small_programs import edited, layer_program, with_core_limits, with_ranges

MIXED = WeightFormat()
LIF = CubaLif(1024, 128, 100, 3)


def dense_network(sizes: tuple[int, ...] = (3, 4, 2), delay: int | list[int] = 2, exponent: int = 0) -> Network:
    """A chain of dense layers, even weights that differ from one another; the first hidden layer has a delay."""
    random = np.random.default_rng(sum(sizes))
    populations = [Population("input", None, (sizes[0],))]
    projections = []
    for i, (before, size) in enumerate(pairwise(sizes)):
        axonal_delay: Any = (np.array(delay) if isinstance(delay, list) else delay) if i == 0 else 0
        populations.append(Population(f"fc{i}", LIF, (size,), axonal_delay=axonal_delay))
        weight = 2 * random.integers(-128, 128, (size, before))
        projections.append(Projection(populations[i].name, f"fc{i}", Dense(weight.astype(np.int32)), exponent, MIXED))
    return Network(tuple(populations), tuple(projections))


def limits_of(program: Program) -> set[tuple[str, int | None]]:
    return {(v.limit, v.core) for v in check(program)}


@pytest.fixture(scope="module")
def small() -> Program:
    """3 inputs, 4 neurons with delay 2 on core 0, 2 neurons on core 1."""
    return layer_program(dense_network())


def test_a_correct_program_passes(small: Program) -> None:
    assert check(small) == ()
    assert replay(small, seed=1, trials=3) is None


def every_kind() -> Network:
    """Each kind of synapse once, two projections into one population, a recurrent one, per-neuron parameters."""
    random = np.random.default_rng(7)

    def even(*shape: int) -> NDArray[np.int32]:
        return 2 * random.integers(-128, 128, shape, np.int32)

    pool = SumPool2d(np.full((2, 2), 28, np.int32), (2, 2), (1, 0, 0, 1))
    conv = Conv2d(even(4, 1, 3, 2), stride=(1, 2), padding=(1, 2), dilation=(2, 1), groups=2)
    per_neuron = CubaLif(4096, 0, np.arange(10) % 3, 1 + np.arange(10) % 5)
    populations = (
        Population("input", None, (2, 7, 6), axonal_delay=9),
        Population("pool", CubaLif(4096, 4095, 80)),
        Population("conv", LIF, bias=Bias(np.array(5), 3), axonal_delay=np.arange(24) % 4),
        Population("same", LIF),
        Population("out", per_neuron),
        Population("up", LIF),
        Population("twice", LIF),
    )
    transposed = ConvTranspose2d(even(4, 1, 2, 3), (2, 1), (1, 0), (1, 0), (1, 2), 2)
    unpool = ConvTranspose2d.unpooling(np.full((2, 3), 28, np.int32), 2, (2, 3))
    listed = Sparse(even(20), random.integers(0, 24, 20), random.permutation(20) % 10, 10)
    projections = (
        Projection("input", "pool", pool, 0, WeightFormat(SignMode.EXCITATORY)),
        Projection("pool", "conv", conv, 2, MIXED),
        Projection("conv", "same", OneToOne(even(24)), -1, MIXED),
        Projection("same", "up", transposed, 1, MIXED),
        Projection("up", "twice", unpool, 0, WeightFormat(SignMode.EXCITATORY)),
        Projection("same", "out", listed, 7, MIXED),
        Projection("conv", "out", Dense(64 * random.integers(-4, 4, (10, 24), np.int32)), -6, MIXED),
        Projection(
            "out", "out", Dense(-random.integers(0, 256, (10, 10), np.int32)), 1, WeightFormat(SignMode.INHIBITORY)
        ),
    )
    return Network(populations, projections)


def test_every_kind_of_synapse_passes() -> None:
    program = layer_program(every_kind())
    assert check(program) == ()
    assert replay(program, seed=2, trials=2) is None


@pytest.mark.parametrize("number", range(6))
def test_replay_sees_one_changed_weight_of_every_kind(number: int) -> None:
    program = layer_program(every_kind())
    axon = int(np.flatnonzero(program.axons.projection == number)[-1])
    synapse = int(program.axons.weight_start[program.axons.entry_start[axon]])
    weight = int(program.axons.weight[synapse])
    found = replay(edited(program, "axons", "weight", synapse, weight + 2), seed=3, trials=1)
    assert found is not None
    assert program.network.projections[number].target in found.detail


Edit = Callable[[Program], Program]

BROKEN: list[tuple[str, int | None, Edit]] = [
    ("compartments", 0, lambda p: with_core_limits(p, compartments=3)),
    ("input axons", 1, lambda p: with_core_limits(p, input_axons=3)),
    ("output slots", 0, lambda p: with_core_limits(p, output_slots=3)),
    ("words per axon", 0, lambda p: with_core_limits(p, words_per_axon=0)),
    ("neuron rows", 0, lambda p: with_core_limits(p, neuron_rows=0)),
    ("threshold rows", 1, lambda p: with_core_limits(p, threshold_rows=0)),
    ("synapse formats", 1, lambda p: with_core_limits(p, synapse_formats=0)),
    ("current decay", 0, lambda p: with_ranges(p, current_decay=(1025, 4096))),
    ("voltage decay", 0, lambda p: with_ranges(p, voltage_decay=(0, 127))),
    ("refractory delay", 1, lambda p: with_ranges(p, refractory_delay=(1, 2))),
    ("threshold mantissa", 1, lambda p: with_ranges(p, threshold_mantissa=(0, 99))),
    ("weight exponent", 0, lambda p: with_ranges(p, weight_exponent=(1, 7))),
    ("axonal delay", 1, lambda p: with_ranges(p, axonal_delay=(0, 1))),
    ("sign mode", 0, lambda p: edited(p, "cores", "formats", (0, 0), 4)),
    ("weight bits", 0, lambda p: edited(p, "cores", "formats", (0, 1), 9)),
    ("weight exponent", 1, lambda p: edited(p, "cores", "formats", (1, 2), -8)),
    ("delay bits", 1, lambda p: edited(p, "cores", "formats", (1, 3), 2)),
    ("delay bits", 1, lambda p: edited(p, "cores", "formats", (1, 3), 0)),
    ("delay bits", 0, lambda p: edited(p, "cores", "formats", (0, 3), 3)),
    ("weight grid", 0, lambda p: edited(p, "axons", "weight", 0, 256)),
    ("weight grid", 0, lambda p: edited(p, "axons", "weight", 0, -258)),
    ("weight grid", 1, lambda p: edited(p, "axons", "weight", 12, 3)),
    ("chip", 1, lambda p: edited(p, "cores", "chip", 1, 1)),
    ("slot", 1, lambda p: edited(p, "cores", "slot", 1, 128)),
    ("slot", 1, lambda p: edited(p, "cores", "slot", 1, 0)),
    ("router", 1, lambda p: replace(edited(p, "cores", "slot", 1, 9), target=replace(p.target, mesh=(2, 1)))),
    ("cores", None, lambda p: replace(p, target=replace(p.target, cores_per_chip=1))),
    ("placement", None, lambda p: edited(p, "cores", "neuron", 1, 0)),
    ("placement", 0, lambda p: edited(p, "cores", "neuron", 1, 0)),
    ("placement", 1, lambda p: edited(edited(p, "cores", "population", 5, 0), "cores", "neuron", 5, 2)),
    ("neuron parameters", 0, lambda p: edited(p, "cores", "neuron_rows", (0, 0), 1023)),
    ("neuron parameters", 1, lambda p: edited(p, "cores", "neuron_rows", (1, 2), 1)),
    ("neuron parameters", 1, lambda p: edited(p, "cores", "thresholds", 1, 101)),
    ("axon targets", 1, lambda p: edited(p, "axons", "projection", 3, 0)),
    ("axon delays", 1, lambda p: edited(p, "axons", "delay", 4, 3)),
    ("axon delays", 0, lambda p: edited(p, "axons", "delay", 0, 1)),
    ("routes", 0, lambda p: edited(p, "routes", "axon", 4, 0)),
    ("routes", 1, lambda p: edited(p, "routes", "axon", 4, 0)),
    ("routes", None, lambda p: edited(p, "routes", "axon", 1, 0)),
    ("routes", None, lambda p: edited(p, "routes", "start", 1, 2)),
    ("table structure", 0, lambda p: edited(p, "axons", "compartment", 0, 1)),
    ("table structure", 1, lambda p: edited(p, "axons", "source", 3, 4)),
    ("table structure", 1, lambda p: edited(p, "axons", "projection", 3, 2)),
    ("table structure", 1, lambda p: edited(p, "axons", "format", 3, 1)),
    ("table structure", 0, lambda p: edited(p, "cores", "neuron_row", 0, 1)),
    ("table structure", 0, lambda p: edited(p, "cores", "threshold_row", 0, -1)),
    ("table structure", 0, lambda p: edited(p, "cores", "population", 0, 3)),
    ("table structure", 1, lambda p: edited(p, "cores", "neuron", 5, 2)),
    ("table structure", None, lambda p: edited(p, "routes", "core", 0, 2)),
    ("table structure", None, lambda p: edited(p, "routes", "axon", 0, 3)),
    ("table structure", None, lambda p: edited(p, "routes", "start", 1, 5)),
    ("table structure", None, lambda p: edited(p, "axons", "start", 1, 8)),
    ("table structure", None, lambda p: edited(p, "axons", "entry_start", -1, 8)),
    ("table structure", None, lambda p: edited(p, "axons", "entry_start", 0, 1)),
    ("table structure", None, lambda p: replace(p, axons=replace(p.axons, delay=p.axons.delay[:-1]))),
    ("table structure", None, lambda p: replace(p, cores=replace(p.cores, formats=p.cores.formats[:, :3]))),
]


@pytest.mark.parametrize(("limit", "core", "edit"), BROKEN, ids=[f"{i}-{b[0]}" for i, b in enumerate(BROKEN)])
def test_each_broken_rule_is_named(small: Program, limit: str, core: int | None, edit: Edit) -> None:
    assert (limit, core) in limits_of(edit(small))


def test_a_violation_tells_amount_and_limit(small: Program) -> None:
    (violation,) = check(with_core_limits(small, input_axons=3))
    assert (violation.core, violation.used, violation.maximum) == (1, 4, 3)
    assert violation.detail == "core 1 takes 4 input axons, at most 3 are allowed"


def test_damaged_tables_are_reported_alone(small: Program) -> None:
    damaged = edited(with_core_limits(small, compartments=3), "axons", "source", 0, 3)
    assert limits_of(damaged) == {("table structure", 0)}
    found = replay(damaged, seed=1, trials=1)
    assert found is not None
    assert found.limit == "table structure"


@pytest.mark.parametrize(
    ("delay", "most"), [(0, 1024), (6, 1024), (7, 512), (14, 512), (15, 256), (30, 256), (31, 128), (62, 128)]
)
def test_delays_take_compartments(delay: int, most: int) -> None:
    fits, too_many = (layer_program(dense_network((1, 2, n), delay)) for n in (most, most + 1))
    assert check(fits) == ()
    (violation,) = (v for v in check(too_many) if v.limit == "compartments")
    assert (violation.core, violation.used, violation.maximum) == (1, most + 1, most)


def test_one_delayed_neuron_widens_the_whole_core() -> None:
    program = layer_program(dense_network((1, 3, 200), [0, 31, 2]))
    assert limits_of(program) == {("compartments", 1)}


def test_a_delay_must_stay_below_the_accumulators() -> None:
    program = layer_program(dense_network((1, 2, 3), 6))
    assert program.cores.formats[1, 3] == 3
    longer = replace(program.network.populations[1], axonal_delay=7)
    network = replace(program.network, populations=(program.network.input, longer, program.network.output))
    delayed = replace(program, network=network, axons=replace(program.axons, delay=np.array([0, 7, 7])))
    assert limits_of(delayed) == {("delay bits", 1)}


def across_chips(program: Program) -> Program:
    """The last core moved to a second chip."""
    moved = edited(edited(program, "cores", "chip", -1, 1), "cores", "slot", -1, 0)
    return replace(moved, target=replace(moved.target, chips=2))


def test_a_route_that_leaves_the_chip_takes_two_slots(small: Program) -> None:
    program = across_chips(small)
    assert check(with_core_limits(program, output_slots=8)) == ()
    (violation,) = check(with_core_limits(program, output_slots=7))
    assert (violation.limit, violation.core, violation.used) == ("output slots", 0, 8)


@pytest.mark.parametrize(("neurons", "passes"), [(512, True), (513, False)])
def test_a_core_that_sends_off_the_chip_has_1024_slots(neurons: int, passes: bool) -> None:
    program = layer_program(dense_network((1, neurons, 1), 0))
    assert check(program) == ()
    assert limits_of(across_chips(program)) == (set() if passes else {("output slots", 0)})


def test_bias_is_checked_against_the_target() -> None:
    network = dense_network()
    for bias in (Bias(np.array([0, 1, 2, -4096])), Bias(np.full((9, 4), -4096), 1)):
        biased = replace(network.populations[1], bias=bias)
        program = layer_program(replace(network, populations=(network.input, biased, network.output)))
        (violation,) = check(program)
        assert (violation.core, violation.limit) == (None, "bias mantissa of fc0")
        assert {v.limit for v in check(with_ranges(program, bias_exponent=(2, 7)))} >= {"bias exponent of fc0"}


def test_negative_exponents_need_multiples() -> None:
    assert limits_of(layer_program(dense_network(exponent=-1))) == set()
    assert limits_of(layer_program(dense_network(exponent=-3))) == {("weight grid", 0), ("weight grid", 1)}


@pytest.mark.parametrize(
    ("mode", "weight", "passes"),
    [(2, 255, True), (2, 1, True), (2, -1, False), (3, -255, True), (3, -256, False), (3, 1, False), (1, -256, True)],
)
def test_sign_modes(small: Program, mode: int, weight: int, passes: bool) -> None:
    zeros = replace(small.axons, weight=np.zeros_like(small.axons.weight))
    program = edited(replace(small, axons=zeros), "cores", "formats", (0, 0), mode)
    assert limits_of(edited(program, "axons", "weight", 5, weight)) == (set() if passes else {("weight grid", 0)})


@pytest.mark.parametrize(
    ("bits", "weight", "passes"), [(4, 32, True), (4, 16, False), (8, 254, True), (7, 254, False), (1, -256, True)]
)
def test_lost_bits(small: Program, bits: int, weight: int, passes: bool) -> None:
    zeros = replace(small.axons, weight=np.zeros_like(small.axons.weight))
    program = edited(replace(small, axons=zeros), "cores", "formats", (0, 1), bits)
    assert limits_of(edited(program, "axons", "weight", 5, weight)) == (set() if passes else {("weight grid", 0)})


def test_lost_and_doubled_routes_are_told_apart(small: Program) -> None:
    routes = small.routes
    lost = replace(routes, start=np.minimum(routes.start, 6), core=routes.core[:-1], axon=routes.axon[:-1])
    (violation,) = check(replace(small, routes=lost))
    assert violation.detail == "core 1: axon is reached by no route: 1 rows, the first is row 6"
    start = np.where(routes.start == 7, 8, routes.start)
    doubled = replace(routes, start=start, core=np.append(routes.core, 1), axon=np.append(routes.axon, 3))
    (violation,) = check(replace(small, routes=doubled))
    assert violation.detail == "core 1: axon is reached by several routes: 1 rows, the first is row 6"


def with_rule(program: Program, rule: str, words: int) -> Program:
    limited = with_core_limits(program, synapse_words=words)
    return replace(limited, target=replace(limited.target, memory_rule=rule))


def listed_network(lengths: list[int]) -> Network:
    """One sparse projection whose source i reaches the first `lengths[i]` of the targets."""
    source = np.repeat(np.arange(len(lengths)), lengths)
    target = np.concatenate([np.arange(n) for n in lengths])
    synapse = Sparse(np.full(len(source), 2, np.int32), source, target, max(lengths))
    populations = (Population("input", None, (len(lengths),)), Population("out", LIF))
    return Network(populations, (Projection("input", "out", synapse, 0, MIXED),))


@pytest.mark.parametrize(
    ("lengths", "rule", "words", "used"),
    [
        ([4, 4, 4], "nxtf", 4, 3),  # 10 + 6 + 32 = 48 bits each; strictly fewer than the limit
        ([4, 4, 4], "nengo-loihi", 3, 3 * 64),  # 32 + 10 = 42 bits each
        ([100, 1], "nxtf", 16, 15),  # 2 · 17 + 800 = 834 bits, 14 words, and 17 + 8 bits
        ([100, 1], "nengo-loihi", 15, 15 * 64),  # 490 and 330 bits: 8 + 6 words, and 1
        ([62], "nengo-loihi", 9, 9 * 64),  # lists of 60 and 2: 490 and 26 bits
        ([60, 60], "conservative", 17, 16),
    ],
)
def test_memory_of_a_core(lengths: list[int], rule: str, words: int, used: int) -> None:
    program = layer_program(listed_network(lengths))
    assert check(with_rule(program, rule, words)) == ()
    (violation, *_) = check(with_rule(program, rule, words - 1))
    assert violation.limit.startswith("synapse memory")
    assert violation.used == used


def padded(program: Program) -> Program:
    return replace(program, target=replace(program.target, stack=StackLimits(whole_projection_padding=True)))


def test_short_axons_are_padded_where_software_demands_it() -> None:
    program = padded(layer_program(listed_network([100, 1])))
    assert check(with_rule(program, "nxtf", 29)) == ()
    (violation,) = check(with_rule(program, "nxtf", 28))
    assert violation.used == 28


def test_each_projection_is_padded_by_itself() -> None:
    long = listed_network([100, 1])
    few = replace(long.projections[0], synapse=Sparse(np.full(2, 2, np.int32), np.arange(2), np.arange(2), 100))
    program = padded(layer_program(replace(long, projections=(*long.projections, few))))
    (violation,) = check(with_rule(program, "nxtf", 30))  # 2 · 14 words, and 2 · 1
    assert (violation.used, violation.maximum) == (30, 29)


def test_delay_bits_take_synapse_memory() -> None:
    network = listed_network([4, 4])
    delayed = replace(network, populations=(replace(network.input, axonal_delay=62), network.output))
    # 4 · (8 + 6) + 10 = 66 bits for nengo-loihi and 72 for NxTF: two words each instead of one.
    for rule, words in (("nengo-loihi", 4), ("nxtf", 5)):
        assert check(with_rule(layer_program(delayed), rule, words)) == ()
        assert len(check(with_rule(layer_program(delayed), rule, words - 1))) == 1


def test_conservative_means_both_rules() -> None:
    program = with_rule(layer_program(listed_network([100, 1])), "conservative", 14)
    assert limits_of(program) == {("synapse memory (nxtf)", 0), ("synapse memory (nengo-loihi)", 0)}


@pytest.mark.parametrize(("targets", "passes"), [(960, True), (1024, True)])
def test_the_longest_list_of_a_core_is_far_below_256_words(targets: int, passes: bool) -> None:
    program = layer_program(listed_network([targets]))
    assert (check(program) == ()) is passes
    assert limits_of(with_core_limits(program, words_per_axon=120)) == {("words per axon", 0)}


def recut(program: Program, *lengths: int) -> Program:
    """The only axon's neighbouring synapses cut into entries of these lengths."""
    start = np.concatenate(([0], np.cumsum(lengths)))
    axons = replace(program.axons, entry_start=np.array([0, len(lengths)]), compartment=start[:-1], weight_start=start)
    return replace(program, axons=axons)


def test_entries_have_1_to_60_synapses() -> None:
    program = layer_program(listed_network([64]))
    assert check(recut(program, 60, 4)) == ()
    assert check(recut(program, 30, 34)) == ()
    assert limits_of(recut(program, 61, 3)) == {("synapses per list", 0)}
    assert limits_of(recut(program, 0, 60, 4)) == {("synapses per list", 0)}
    assert check(with_rule(recut(program, 64), "nengo-loihi", 16384)) == ()


def test_replay_sees_exchanged_weights_that_check_cannot(small: Program) -> None:
    weight = small.axons.weight.copy()
    assert weight[0] != weight[1]
    weight[[0, 1]] = weight[[1, 0]]
    program = replace(small, axons=replace(small.axons, weight=weight))
    assert check(program) == ()
    found = replay(program, seed=4, trials=1)
    assert found is not None
    assert (found.limit, found.core) == ("replay", 0)
    assert "fc0 neuron 0 receives" in found.detail


def test_replay_sees_a_wrong_exponent_and_a_lost_axon(small: Program) -> None:
    assert replay(edited(small, "cores", "formats", (1, 2), 1), seed=5, trials=1) is not None
    assert replay(edited(small, "routes", "axon", 4, 0), seed=5, trials=1) is not None
    assert replay(edited(small, "axons", "projection", 3, 0), seed=5, trials=1) is not None
