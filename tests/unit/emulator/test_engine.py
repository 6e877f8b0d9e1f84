"""The C core on programs of a few neurons, against numbers that plain Python works out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise, product

import numpy as np
import pytest

from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.simulation import Chunk, Options
from neurodeploy.errors import DataError
from neurodeploy.network import Bias, CubaLif, Dense, Network, OneToOne, Population, Projection, Reset, Sparse
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import MAX_PAYLOAD, Events
from tests.support.programs import one_core_program, placed_program, scattered_program
from tests.unit.emulator.by_hand import LIMIT, simulated

LAVA = Options(profile="lava-0.10")
SILENT = 2**17 - 1
#: A neuron that forgets its voltage at once and never fires on a few spikes: v = u.
PLAIN = CubaLif(4096, 4096, SILENT)


def emulator(network: Network, options: Options | None = None) -> Emulator:
    return Emulator(load(one_core_program(network)), options)


def events(rows: Sequence[tuple[int, int]] | Sequence[tuple[int, int, int]]) -> Events:
    """(step, neuron) or (step, neuron, payload)."""
    columns = [np.array(c, np.int64) for c in zip(*rows, strict=True)]
    return Events(*columns) if columns else Events.none()


def relay(
    neuron: CubaLif, weight: int = 1, exponent: int = 0, bias: Bias | None = None, reset: Reset | None = None
) -> Network:
    """One input neuron, one synapse, one neuron."""
    populations = (Population("input", None, (1,)), Population("out", neuron, bias=bias))
    projection = Projection("input", "out", Dense(np.array([[weight]])), exponent)
    return Network(populations, (projection,), reset=reset)


def driven(neuron: CubaLif, q: Sequence[int], options: Options | None = None) -> tuple[Emulator, Chunk]:
    """A neuron that gets q (multiples of 64) in successive steps."""
    rows = [(step, 0, value // 64) for step, value in enumerate(q) if value]
    run = emulator(relay(neuron), options)
    return run, run.advance(events(rows), len(q), [1])


def chain(*delays: int, neuron: CubaLif | None = None) -> Network:
    """Single neurons in a row, each firing at once when the one before it does; the first is the input."""
    fires = neuron or CubaLif(4096, 4096, 0)
    populations = [Population("n0", None, (1,), axonal_delay=delays[0])]
    populations += [Population(f"n{i}", fires, (1,), axonal_delay=d) for i, d in enumerate(delays[1:], 1)]
    names = [p.name for p in populations]
    joined = [Projection(a, b, OneToOne(np.array([1]))) for a, b in pairwise(names)]
    return Network(tuple(populations), tuple(joined))


def spikes_of(chunk: Chunk, population: int) -> list[tuple[int, int]]:
    spikes = chunk.spikes[population]
    return list(zip(spikes.step.tolist(), spikes.neuron.tolist(), strict=True))


#: Decay 4032 leaves 1/64: what 64 k leaves behind is k, so every integer can be the sum of a decayed u and q.
@pytest.mark.parametrize("options", [Options(), LAVA])
@pytest.mark.parametrize("distance", [-65, -64, -63, -2, -1, 0, 1, 2, 63, 64, 65])
@pytest.mark.parametrize("target", [LIMIT, -LIMIT, 2 * LIMIT, -2 * LIMIT, 3 * LIMIT])
def test_current_at_the_ends_of_its_24_bits(target: int, distance: int, options: Options) -> None:
    rest = distance % 64
    q = [64 * rest, target + distance - rest, 0]
    neuron = CubaLif(4032, 4096, SILENT)
    run, chunk = driven(neuron, q, options)
    expected = simulated(neuron, q, lava=options is LAVA)
    assert chunk.states[1].u[:, 0].tolist() == expected.u
    counters = run.counters()
    assert counters.current_wraps[1] == expected.wraps
    assert counters.accumulator_overflows[1] == expected.overflows == 1


def test_current_wraps_by_numbers_worked_out_here() -> None:
    q = [LIMIT - 64, LIMIT, -LIMIT, -LIMIT - 64, 3 * LIMIT]
    assert driven(PLAIN, q)[1].states[1].u[:, 0].tolist() == [LIMIT - 64, -LIMIT, -LIMIT, LIMIT - 64, -LIMIT]
    once = [LIMIT - 64, LIMIT, LIMIT, LIMIT - 64, LIMIT]
    run, chunk = driven(PLAIN, q, LAVA)
    assert chunk.states[1].u[:, 0].tolist() == once
    assert run.counters().current_wraps[1] == 3


def test_lava_current_leaves_24_bits_and_decays_there() -> None:
    neuron = CubaLif(1024, 4096, SILENT)
    q = [2**29, 0, -(2**29), 0, 64]
    run, chunk = driven(neuron, q, LAVA)
    expected = simulated(neuron, q, lava=True)
    assert expected.u[0] == 2**29 - 2**24
    assert chunk.states[1].u[:, 0].tolist() == expected.u
    assert chunk.states[1].v[:, 0].tolist() == expected.v
    assert (run.counters().current_wraps[1], run.counters().voltage_clips[1]) == (expected.wraps, expected.clips)


@pytest.mark.parametrize("options", [Options(), LAVA])
@pytest.mark.parametrize("decays", list(product((0, 1, 128, 1024, 4095, 4096), repeat=2)))
def test_decay_of_positive_and_negative_values(decays: tuple[int, int], options: Options) -> None:
    random = np.random.default_rng(sum(decays))
    neuron = CubaLif(*decays, SILENT)
    q = (64 * random.integers(-(2**14), 2**14, 60) * (random.random(60) < 0.2)).tolist()
    chunk = driven(neuron, q, options)[1]
    expected = simulated(neuron, q, lava=options is LAVA)
    assert chunk.states[1].u[:, 0].tolist() == expected.u
    assert chunk.states[1].v[:, 0].tolist() == expected.v


@pytest.mark.parametrize("options", [Options(), LAVA])
@pytest.mark.parametrize("sign", [1, -1])
def test_voltage_is_clipped_one_below_its_24_bits(sign: int, options: Options) -> None:
    neuron = CubaLif(4096, 0, SILENT, 3)
    q = [sign * (LIMIT - 64), sign * 64, sign * 64, 0, -sign * 64]
    run, chunk = driven(neuron, q, options)
    expected = simulated(neuron, q, lava=options is LAVA)
    assert chunk.states[1].v[:, 0].tolist() == expected.v
    assert run.counters().voltage_clips[1] == expected.clips == (1 if sign > 0 else 2)


def test_negative_voltage_is_clipped_at_minus_2_to_23_plus_1() -> None:
    assert driven(CubaLif(4096, 0, SILENT), [-LIMIT, -64])[1].states[1].v[:, 0].tolist() == [1 - LIMIT, 1 - LIMIT]


@pytest.mark.parametrize(("mantissa", "bias", "fires"), [(10, 0, False), (10, 1, True), (10, -1, False), (0, 1, True)])
def test_only_a_voltage_above_the_threshold_fires(mantissa: int, bias: int, fires: bool) -> None:
    network = relay(CubaLif(4096, 4096, mantissa), bias=Bias(np.array(bias)))
    chunk = emulator(network).advance(events([(0, 0, 10)] if mantissa else []), 1, [1])
    assert len(chunk.spikes[1].step) == fires
    assert chunk.states[1].v[0, 0] == (0 if fires else 640 + bias)


@pytest.mark.parametrize("delay", [1, 2, 3, 63])
@pytest.mark.parametrize("options", [Options(), LAVA])
def test_refractory_delay_n_holds_n_minus_1_steps(delay: int, options: Options) -> None:
    network = relay(CubaLif(0, 4096, 0, delay), bias=Bias(np.array([5])))
    chunk = emulator(network, options).advance(events([(0, 0)]), 130, [1])
    assert chunk.spikes[1].step.tolist() == list(range(0, 130, delay))
    assert chunk.states[1].v[:, 0].tolist() == [0] * 130
    assert chunk.states[1].u[:, 0].tolist() == [64] * 130


def test_a_neuron_at_rest_still_counts_down_its_refractory_period() -> None:
    rows = [(0, 0), (3, 0), (5, 0)]
    chunk = emulator(relay(CubaLif(4096, 4096, 0, 5))).advance(events(rows), 8, [1])
    assert chunk.spikes[1].step.tolist() == [0, 5]


@pytest.mark.parametrize(("first", "second"), [(0, 0), (8, 0), (0, 8), (62, 0), (0, 62), (62, 62), (7, 8), (31, 30)])
def test_delays_of_input_and_hop(first: int, second: int) -> None:
    chunk = emulator(chain(first, second, 0)).advance(events([(3, 0), (4, 0)]), 140)
    assert chunk.spikes[0].step.tolist() == [3, 4]
    assert chunk.spikes[1].step.tolist() == [3 + first, 4 + first]
    assert chunk.spikes[2].step.tolist() == [4 + first + second, 5 + first + second]


def test_delays_of_single_neurons() -> None:
    delays = np.array([0, 62, 5, 1])
    populations = (
        Population("input", None, (4,), axonal_delay=delays),
        Population("a", CubaLif(4096, 4096, 0), axonal_delay=delays[::-1].copy()),
        Population("b", CubaLif(4096, 4096, 0)),
    )
    one = OneToOne(np.array([1]))
    network = Network(populations, (Projection("input", "a", one), Projection("a", "b", one)))
    chunk = emulator(network).advance(events([(2, n) for n in range(4)]), 80)
    assert spikes_of(chunk, 1) == [(2, 0), (3, 3), (7, 2), (64, 1)]
    assert spikes_of(chunk, 2) == [(4, 0), (4, 3), (70, 1), (70, 2)]


def test_spikes_in_flight_survive_the_end_of_a_stretch() -> None:
    run = emulator(chain(10, 20, 0))
    chunks = [run.advance(events([(1, 0)]), 2), *(run.advance(Events.none(), 5) for _ in range(8))]
    assert [s for chunk in chunks for s in chunk.spikes[1].step.tolist()] == [11]
    assert [s for chunk in chunks for s in chunk.spikes[2].step.tolist()] == [32]
    assert [(c.first, c.steps) for c in chunks[:3]] == [(0, 2), (2, 5), (7, 5)]


@pytest.mark.parametrize("options", [Options(), LAVA])
@pytest.mark.parametrize("exponent", range(-7, 8))
def test_weight_exponents(exponent: int, options: Options) -> None:
    weight = 128 if exponent < 0 else 254
    for sign in (1, -1):
        chunk = emulator(relay(PLAIN, sign * weight, exponent), options).advance(events([(0, 0)]), 2, [1])
        q = sign * weight * 64 * 2**exponent
        assert chunk.states[1].u[:, 0].tolist() == [q, 0]


@pytest.mark.parametrize("payload", [0, 1, -1, 2, 1000, MAX_PAYLOAD, -MAX_PAYLOAD])
@pytest.mark.parametrize("exponent", [-7, 0, 7])
def test_payloads_multiply_weights_exactly(payload: int, exponent: int) -> None:
    q = [128 * payload * 64 * 2**exponent, 0]
    for options in (Options(), LAVA):
        run = emulator(relay(CubaLif(2048, 2048, SILENT), 128, exponent), options)
        chunk = run.advance(events([(0, 0, payload)]), 2, [1])
        expected = simulated(CubaLif(2048, 2048, SILENT), [int(v) for v in q], lava=options is LAVA)
        assert chunk.states[1].u[:, 0].tolist() == expected.u
        assert chunk.states[1].v[:, 0].tolist() == expected.v
        counters = run.counters()
        assert counters.current_wraps[1] == expected.wraps
        assert counters.accumulator_overflows[1] == expected.overflows


@pytest.mark.parametrize("q", [2**21 - 64, 2**21, 2**30 - 64, 2**30, 2**30 + 64, 2**31, 2**32 - 64, 2**38])
@pytest.mark.parametrize("sign", [1, -1])
def test_accumulator_overflows_at_2_to_21_and_far_beyond(q: int, sign: int) -> None:
    payloads = [sign * min(MAX_PAYLOAD, q // 64 - done) for done in range(0, q // 64, MAX_PAYLOAD)]
    run = emulator(relay(CubaLif(0, 4096, SILENT)))
    chunk = run.advance(events([(0, 0, p) for p in payloads]), 2, [1])
    expected = simulated(CubaLif(0, 4096, SILENT), [sign * q, 0])
    assert chunk.states[1].u[:, 0].tolist() == expected.u
    counters = run.counters()
    assert counters.accumulator_overflows[1] == expected.overflows == (q >= 2**21)
    assert counters.current_wraps[1] == expected.wraps


def test_many_large_spikes_that_cancel_are_still_exact() -> None:
    """No sum of the parts fits 32 bits, the whole does."""
    rows = [(0, n, MAX_PAYLOAD if n % 2 else -MAX_PAYLOAD) for n in range(20)] + [(0, 20, 3)]
    weight = np.full((1, 21), 254)
    populations = (Population("input", None, (21,)), Population("out", PLAIN))
    network = Network(populations, (Projection("input", "out", Dense(weight), 7),))
    for options in (Options(), LAVA):
        run = emulator(network, options)
        assert run.advance(events(rows), 1, [1]).states[1].u[0, 0] == 3 * 254 * 64 * 128
        assert run.counters().accumulator_overflows[1] == 1


def test_equal_events_add_up() -> None:
    chunk = emulator(relay(PLAIN, 3)).advance(events([(0, 0), (0, 0), (1, 0)]), 2, [1])
    assert chunk.states[1].u[:, 0].tolist() == [2 * 3 * 64, 3 * 64]
    assert chunk.spikes[0].step.tolist() == [0, 0, 1]


def test_constant_bias_per_neuron() -> None:
    neuron = CubaLif(4096, 1024, SILENT)
    mantissa = np.array([-4096, 4095, 0])
    populations = (Population("input", None, (3,)), Population("out", neuron, bias=Bias(mantissa, 7)))
    network = Network(populations, (Projection("input", "out", OneToOne(np.array([2]))),))
    run = emulator(network)
    chunk = run.advance(events([(4, 1)]), 6, [1])
    for n, value in enumerate(mantissa.tolist()):
        q = [0, 0, 0, 0, 128 * (n == 1), 0]
        assert chunk.states[1].v[:, n].tolist() == simulated(neuron, q, [value * 128] * 6).v
    assert (run.counters().active[1], run.counters().idle[1]) == (12, 6)


@pytest.mark.parametrize("options", [Options(), LAVA])
def test_bias_per_step(options: Options) -> None:
    neuron = CubaLif(4096, 128, 20, 2)
    mantissa = np.array([[100, 0], [0, 0], [0, -7], [2000, 30], [2000, 4000], [9, 0]])
    populations = (Population("input", None, (2,)), Population("out", neuron, bias=Bias(mantissa, 1)))
    run = emulator(Network(populations, (Projection("input", "out", OneToOne(np.array([2]))),)), options)
    chunks = [run.advance(Events.none(), 4, [1]), run.advance(Events.none(), 2, [1])]
    active = 0
    for n in range(2):
        expected = simulated(neuron, [0] * 6, (mantissa[:, n] * 2).tolist())
        assert [v for c in chunks for v in c.states[1].v[:, n].tolist()] == expected.v
        active += expected.active
    assert (run.counters().active[1], run.counters().idle[1]) == (active, 12 - active)
    with pytest.raises(DataError, match="has 6 rows for 7 steps"):
        run.advance(Events.none(), 1)


def test_reset_clears_state_before_the_update_and_keeps_what_arrives() -> None:
    network = relay(CubaLif(0, 0, SILENT), reset=Reset(5, 1))  # depth 1: resets before steps 2, 7, 12, ...
    chunk = emulator(network).advance(events([(0, 0, 1), (2, 0, 3)]), 9, [1])
    assert chunk.states[1].u[:, 0].tolist() == [64, 64, 192, 192, 192, 192, 192, 0, 0]
    assert chunk.states[1].v[:, 0].tolist() == [64, 128, 192, 384, 576, 768, 960, 0, 0]


def test_reset_ends_a_refractory_period_and_counts_layers() -> None:
    held = CubaLif(4096, 4096, 0, 63)
    populations = (Population("input", None, (1,)), Population("a", held), Population("b", held))
    one = OneToOne(np.array([1]))
    network = Network(populations, (Projection("input", "a", one), Projection("a", "b", one)), reset=Reset(4))
    chunk = emulator(network).advance(events([(t, 0) for t in range(12)]), 12)
    assert chunk.spikes[1].step.tolist() == [0, 1, 5, 9]
    assert chunk.spikes[2].step.tolist() == [1, 2, 6, 10]


def test_reset_keeps_spikes_in_flight() -> None:
    populations = chain(6, 6, 0).populations
    network = Network(populations, chain(6, 6, 0).projections, reset=Reset(1))
    assert emulator(network).advance(events([(0, 0)]), 20).spikes[2].step.tolist() == [13]


@pytest.mark.parametrize(("reset", "kept"), [(Reset(10**30), 1), (Reset(3, 10**30), 8)])
def test_a_reset_beyond_every_run(reset: Reset, kept: int) -> None:
    chunk = emulator(relay(CubaLif(0, 4096, SILENT), reset=reset)).advance(events([(0, 0)]), 8, [1])
    assert chunk.states[1].u[:, 0].tolist() == [64] * kept + [0] * (8 - kept)


def test_dropped_first_step_loses_input_bias_and_counts() -> None:
    neuron = CubaLif(0, 4096, 0)
    network = relay(neuron, bias=Bias(np.array(3)))
    run = emulator(network, Options(drop_first_step=True))
    chunk = run.advance(events([(0, 0), (2, 0)]), 4, [1])
    assert chunk.spikes[0].step.tolist() == [0, 2]
    assert chunk.states[1].u[:, 0].tolist() == [0, 0, 64, 64]
    assert chunk.spikes[1].step.tolist() == [1, 2, 3]
    counters = run.counters()
    assert (counters.active[1], counters.idle[1], counters.spikes.tolist()) == (3, 0, [2, 3])


def test_dropped_first_step_keeps_delayed_input() -> None:
    chunk = emulator(chain(1, 0), Options(drop_first_step=True)).advance(events([(0, 0)]), 3)
    assert chunk.spikes[1].step.tolist() == [1]


@pytest.mark.parametrize("options", [Options(), LAVA, Options(drop_first_step=True)])
def test_input_with_neurons_is_run_by_the_host(options: Options) -> None:
    cell = CubaLif(np.array([0, 4096, 100]), 512, np.array([100, 50, 7]), np.array([1, 3, 2]))
    mantissa = np.array([900, 2000, -5])
    populations = (
        Population("input", cell, (3,), Bias(mantissa, 2), axonal_delay=np.array([0, 4, 2])),
        Population("out", CubaLif(4096, 4096, 0)),
    )
    run = emulator(Network(populations, (Projection("input", "out", OneToOne(np.array([1]))),)), options)
    chunk = run.advance(Events.none(), 60, [0])
    skip = int(options.drop_first_step)
    for n, delay in enumerate((0, 4, 2)):
        decay, threshold, refractory = (
            int(np.asarray(x)[n]) for x in (cell.current_decay, cell.threshold_mantissa, cell.refractory_delay)
        )
        own = CubaLif(decay, 512, threshold, refractory)
        expected = simulated(own, [0] * (60 - skip), [int(mantissa[n]) * 4] * (60 - skip))
        assert chunk.states[0].v[:, n].tolist() == [0] * skip + expected.v
        fired = [t + skip for t in expected.spikes]
        assert chunk.spikes[0].step[chunk.spikes[0].neuron == n].tolist() == fired
        arrived = [t + 1 + delay for t in fired if t + 1 + delay < 60]
        assert chunk.spikes[1].step[chunk.spikes[1].neuron == n].tolist() == arrived
    counters = run.counters()
    assert counters.spikes.tolist() == [len(s.step) for s in chunk.spikes]
    assert (counters.active[0], counters.idle[0]) == (0, 0)
    with pytest.raises(DataError, match="takes no events"):
        run.advance(events([(60, 0)]), 1)


def test_recurrent_populations() -> None:
    """A ring of four neurons hands one spike round; every second one also reports to the output."""
    ring = np.arange(4)
    populations = (
        Population("input", None, (1,)),
        Population("ring", CubaLif(4096, 4096, 0), (4,)),
        Population("out", PLAIN),
    )
    projections = (
        Projection("input", "ring", Sparse(np.array([1]), np.array([0]), np.array([2]), 4)),
        Projection("ring", "ring", Sparse(np.ones(4, np.int32), ring, (ring + 1) % 4, 4)),
        Projection("ring", "out", Dense(np.array([[2, 0, -2, 0]]))),
    )
    chunk = emulator(Network(populations, projections)).advance(events([(1, 0)]), 9, [2])
    assert spikes_of(chunk, 1) == [(t, (t + 1) % 4) for t in range(1, 9)]
    assert chunk.states[2].u[:, 0].tolist() == [0, 0, -128, 0, 128, 0, -128, 0, 128]


def mixed_network(random: np.random.Generator, steps: int = 200) -> tuple[Network, Events]:
    neurons = (40, 150, 70)
    cells = [
        CubaLif(random.integers(0, 4097, n), 128, random.integers(10, 60, n), random.integers(1, 4, n)) for n in neurons
    ]
    populations = (
        Population("input", None, (30,), axonal_delay=random.integers(0, 9, 30)),
        *(Population(f"p{i}", cell, (n,)) for i, (cell, n) in enumerate(zip(cells, neurons, strict=True))),
    )

    def dense(a: int, b: int) -> Dense:
        return Dense(2 * random.integers(-20, 40, (b, a), np.int32))

    projections = (
        Projection("input", "p0", dense(30, 40)),
        Projection("p0", "p1", dense(40, 150)),
        Projection("input", "p1", dense(30, 150), 1),
        Projection("p1", "p2", dense(150, 70)),
        Projection("p2", "p0", dense(70, 40), -1),
    )
    return Network(populations, projections), Events.from_raster(random.random((steps, 30)) < 0.05)


def equal_chunks(a: Chunk, b: Chunk) -> bool:
    spikes = all(
        np.array_equal(x.step, y.step) and np.array_equal(x.neuron, y.neuron)
        for x, y in zip(a.spikes, b.spikes, strict=True)
    )
    return spikes and all(
        np.array_equal(a.states[i].u, b.states[i].u) and np.array_equal(a.states[i].v, b.states[i].v) for i in a.states
    )


def test_the_mapping_changes_nothing_and_traces_come_in_neuron_order() -> None:
    random = np.random.default_rng(1)
    network, spikes = mixed_network(random)
    chunks = [
        Emulator(load(program)).advance(spikes, 200, [1, 2, 3])
        for program in (one_core_program(network), one_core_program(network, 17), scattered_program(network, 7, random))
    ]
    assert all(len(s.step) for s in chunks[0].spikes)
    assert all(equal_chunks(chunks[0], other) for other in chunks[1:])


def test_stretches_of_any_length_add_up_to_one_run() -> None:
    network, spikes = mixed_network(np.random.default_rng(2))
    image = load(one_core_program(network))
    whole, parts = Emulator(image), Emulator(image)
    expected = whole.advance(spikes, 200, [2])
    u: list[IntArray] = []
    fired: list[tuple[int, int]] = []
    for first, last in ((0, 0), (0, 1), (1, 50), (50, 50), (50, 200)):
        low, high = np.searchsorted(spikes.step, (first, last))
        chunk = parts.advance(spikes.between(int(low), int(high)), last - first, [2])
        u.append(chunk.states[2].u)
        fired += spikes_of(chunk, 2)
    assert np.array_equal(np.concatenate(u), expected.states[2].u)
    assert fired == spikes_of(expected, 2)
    for population in range(4):
        assert np.array_equal(whole.state(population).u, parts.state(population).u)
        assert np.array_equal(whole.state(population).v, parts.state(population).v)
    assert np.array_equal(whole.state(2).u, expected.states[2].u[-1])
    assert np.array_equal(whole.counters().active, parts.counters().active)


def test_one_image_serves_many_threads() -> None:
    network, spikes = mixed_network(np.random.default_rng(3))
    image = load(one_core_program(network))
    expected = Emulator(image).advance(spikes, 200, [3])
    with ThreadPoolExecutor(4) as pool:
        chunks = list(pool.map(lambda _: Emulator(image).advance(spikes, 200, [3]), range(16)))
    assert all(equal_chunks(expected, chunk) for chunk in chunks)


def poll_state(run: Emulator, running: Future[Chunk]) -> None:
    while not running.done():
        run.state(1)


def test_the_interpreter_goes_on_while_an_emulator_runs_and_a_second_user_is_refused() -> None:
    neuron = CubaLif(4096, 128, SILENT)
    populations = (Population("input", None, (1,)), Population("out", neuron, (20_000,), Bias(np.array(9))))
    network = Network(populations, (Projection("input", "out", Dense(np.full((20_000, 1), 2))),))
    run = emulator(network)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run.advance, Events.none(), 10_000)
        with pytest.raises(RuntimeError, match="second thread"):
            poll_state(run, running)
    assert run.state(1).v[0] == simulated(neuron, [0] * 10_000, [9] * 10_000).v[-1]


def test_an_empty_recording_runs_and_all_is_idle() -> None:
    run = emulator(chain(0, 0, 3))
    chunk = run.advance(Events.none(), 50, [0, 1, 2])
    assert not any(len(s.step) for s in chunk.spikes)
    assert not any(t.u.any() or t.v.any() for t in chunk.states.values())
    assert run.counters().idle.tolist() == [0, 50, 50]
    assert run.state(0).u.tolist() == [0]


def test_a_core_without_compartments_is_allowed() -> None:
    chunk = Emulator(load(placed_program(chain(0, 0), np.array([3])))).advance(events([(0, 0)]), 2)
    assert spikes_of(chunk, 1) == [(0, 0)]


@pytest.mark.parametrize(
    ("rows", "steps", "problem"),
    [
        ([(5, 0)], 3, "outside steps 2 … 4"),
        ([(7, 0)], 5, "outside steps 2 … 6"),
        ([(1, 0)], 5, "outside steps 2 … 6"),
        ([(2, 1)], 5, "neuron 1 is outside"),
        ([], -1, "less than 0"),
    ],
)
def test_what_cannot_be_run_is_refused_and_changes_nothing(
    rows: list[tuple[int, int]], steps: int, problem: str
) -> None:
    run = emulator(chain(0, 0))
    run.advance(events([(0, 0)]), 2)
    with pytest.raises(DataError, match=problem):
        run.advance(events(rows), steps)
    assert run.advance(events([(2, 0)]), 1).spikes[1].step.tolist() == [2]
