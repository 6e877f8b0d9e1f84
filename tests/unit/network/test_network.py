"""The network: what it infers, what it refuses, how long its ways are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError
from neurodeploy.network import (
    Bias,
    Conv2d,
    CubaLif,
    Dense,
    Network,
    OneToOne,
    Population,
    Projection,
    Reset,
    Sparse,
    SumPool2d,
    Synapse,
)
from neurodeploy.precision import SignMode, WeightFormat

LIF = CubaLif(1024, 128, 80)
MIXED = WeightFormat()
INPUT = Population("input", shape=(3,))
OUT = Population("out", LIF)


def whole(rows: int, columns: int, value: int = 2) -> NDArray[np.int32]:
    return np.full((rows, columns), value, np.int32)


def pair(projection: Projection, out: Population = OUT, **options: Any) -> Network:
    return Network((INPUT, out), (projection,), **options)


SIMPLE = Projection("input", "out", Dense(whole(2, 3)), 0, MIXED)


def test_shapes_follow_from_the_input() -> None:
    network = Network(
        (Population("input", shape=(2, 128, 128)), *(Population(n, LIF) for n in ("pool1", "conv1", "same", "fc1"))),
        (
            Projection("same", "fc1", Dense(np.ones((11, 16 * 32 * 32)))),
            Projection("conv1", "same", OneToOne(np.ones(1))),
            Projection("pool1", "conv1", Conv2d(np.ones((16, 2, 5, 5)), padding=(2, 2))),
            Projection("input", "pool1", SumPool2d(np.ones((4, 4)), (4, 4))),
        ),
    )
    shapes = [p.shape for p in network.populations]
    assert shapes == [(2, 128, 128), (2, 32, 32), (16, 32, 32), (16, 32, 32), (11,)]
    assert [p.neurons for p in network.populations] == [32768, 2048, 16384, 16384, 11]


def test_a_given_shape_may_lay_out_a_dense_layer() -> None:
    network = pair(Projection("input", "out", Dense(whole(8, 3))), Population("out", LIF, (2, 2, 2)))
    assert network.output.shape == (2, 2, 2)


def test_cycles_need_no_shapes() -> None:
    network = pair(SIMPLE)
    back = Projection("out", "out", Dense(whole(2, 2)))
    assert Network((INPUT, OUT), (back, *network.projections)).output.shape == (2,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"populations": (INPUT,)}, "network: has 1 populations; give an input and at least one more."),
        (
            {"populations": (INPUT, Population("a b", LIF))},
            "'a b': is no population name; use letters, digits, _ and -.",
        ),
        ({"populations": (INPUT, Population("-a", LIF))}, "'-a': is no population name"),
        ({"populations": (INPUT, OUT, OUT)}, "out: names two populations; rename one."),
        ({"populations": (INPUT, Population("out"))}, "out: has no neuron model; only the input may be without one."),
        (
            {"populations": (Population("input"), OUT)},
            "input: has no shape and none follows from its projections; give its",
        ),
        (
            {"populations": (INPUT, OUT, Population("far", LIF))},
            "far: has no shape and none follows from its projections",
        ),
        (
            {"populations": (Population("input", shape=(1, 3)), OUT)},
            "input: shape: (1, 3) is not (neurons,) or (channels,",
        ),
        (
            {"populations": (Population("input", shape=(3,)), replace(OUT, shape=(3,)))},
            "input->out: gives shape (2,), out has",
        ),
        (
            {"populations": (Population("input", shape=(4,)), OUT)},
            "input->out: dense weight: has 3 columns, the source 4 has 4",
        ),
        ({"populations": (INPUT, OUT, Population("big", LIF, (2**28 + 1,)))}, "big: shape: (268435457,) is not"),
        (
            {"populations": (INPUT, OUT, Population("big", LIF, (2**28,)))},
            "network: has more than 268435456 neurons; split",
        ),
        ({"populations": (INPUT, Population("out", LIF, (-2, -1, 1)))}, "out: shape: (-2, -1, 1) is not"),
        ({"projections": (replace(SIMPLE, source="in"),)}, "in->out: in is no population; choose from input, out."),
        ({"projections": (replace(SIMPLE, target="to"),)}, "input->to: to is no population; choose from input, out."),
        (
            {"projections": (SIMPLE, Projection("out", "input", Dense(whole(3, 2))))},
            "out->input: ends in the input; let",
        ),
        (
            {"projections": (replace(SIMPLE, weight_exponent=8),)},
            "input->out: weight exponent: 8 is outside -7 … 7; rescale",
        ),
        ({"projections": (replace(SIMPLE, weight_exponent=-8),)}, "input->out: weight exponent: -8 is outside -7 … 7"),
        (
            {"projections": (replace(SIMPLE, weight_grid=0),)},
            "input->out: weight grid: 0 is less than 1; give the step",
        ),
        ({"timestep_ms": 0.0}, "time step: 0.0 ms is outside 0.001 … 1000; give the length of a step in milliseconds."),
        ({"timestep_ms": float("nan")}, "time step: nan ms is outside 0.001 … 1000"),
        ({"timestep_ms": 1001.0}, "time step: 1001.0 ms is outside 0.001 … 1000"),
        ({"steps": 0}, "steps: 0 is less than 1; give at least one step."),
    ],
)
def test_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        Network(**{"populations": (INPUT, OUT), "projections": (SIMPLE,)} | change)
    assert message in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("population", "message"),
    [
        (replace(OUT, axonal_delay=63), "out: axonal delay: 63 is outside 0 … 62; choose a value from 0 to 62."),
        (replace(OUT, axonal_delay=-1), "out: axonal delay: -1 is outside 0 … 62"),
        (
            replace(OUT, axonal_delay=np.array([1, 2, 3])),
            "out: axonal delay: has 3 values for 2 neurons; give one, or one",
        ),
        (replace(OUT, neuron=CubaLif(1, 1, np.ones(1, int))), "out: threshold_mantissa: has 1 values for 2 neurons"),
        (
            replace(OUT, bias=Bias(np.ones(3, int))),
            "out: bias: has 3 values for 2 neurons; give one, or one per neuron.",
        ),
        (replace(OUT, bias=Bias(np.ones((2, 3), int))), "out: bias: has 3 values for 2 neurons"),
    ],
)
def test_population_refused(population: Population, message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        pair(SIMPLE, population)
    assert message in str(caught.value)


def test_bias_needs_neurons() -> None:
    with pytest.raises(NetworkError, match="input: bias: drives a population without neurons; give it a neuron model"):
        Network((replace(INPUT, bias=Bias(np.array(1))), OUT), (SIMPLE,))


@pytest.mark.parametrize(
    ("weight", "stored", "passes"),
    [
        (254, MIXED, True),
        (-256, MIXED, True),
        (256, MIXED, False),
        (-258, MIXED, False),
        (3, MIXED, False),
        (255, WeightFormat(SignMode.EXCITATORY), True),
        (-1, WeightFormat(SignMode.EXCITATORY), False),
        (-255, WeightFormat(SignMode.INHIBITORY), True),
        (-256, WeightFormat(SignMode.INHIBITORY), False),
        (32, WeightFormat(bits=4), True),
        (16, WeightFormat(bits=4), False),
    ],
)
def test_weights_must_suit_their_format(weight: int, stored: WeightFormat, passes: bool) -> None:
    projection = replace(SIMPLE, synapse=Dense(whole(2, 3, weight)), weight_format=stored)
    if passes:
        assert pair(projection).is_quantized
    else:
        with pytest.raises(
            NetworkError, match=r"input->out: weights: are not all multiples of \d+ in -?\d+ … \d+, as their"
        ):
            pair(projection)


def test_parallel_synapses_must_suit_the_format_together() -> None:
    together = Sparse(np.array([200, 200], np.int32), np.array([0, 0]), np.array([1, 1]), 2)
    with pytest.raises(NetworkError, match="input->out: weights: are not all multiples of 2 in -256 … 254"):
        pair(replace(SIMPLE, synapse=together))


def test_float_weights_have_no_format() -> None:
    with pytest.raises(NetworkError, match="input->out: weights: are not all multiples of 2"):
        pair(replace(SIMPLE, synapse=Dense(np.full((2, 3), 2.0))))
    network = pair(Projection("input", "out", Dense(np.full((2, 3), 2.0))))
    assert not network.is_integer
    assert not network.is_quantized
    assert pair(SIMPLE).is_integer


def test_populations_by_name() -> None:
    network = pair(SIMPLE)
    assert network.population("out") is network.output
    assert (network.index("input"), network.index("out")) == (0, 1)
    assert network.input.name == "input"
    assert network.into("out") == (SIMPLE,)
    assert network.into("input") == ()
    assert SIMPLE.name == "input->out"
    with pytest.raises(NetworkError, match="hidden: is no population of this network; choose one of input, out"):
        network.population("hidden")


def test_projections_and_populations_become_tuples() -> None:
    network = Network([INPUT, OUT], [SIMPLE], reset=Reset(3))  # type: ignore[arg-type]
    assert isinstance(network.populations, tuple)
    assert isinstance(network.projections, tuple)


def square(source: str, target: str) -> Projection:
    synapse: Synapse = Dense(whole(3, 3))
    return Projection(source, target, synapse)


def test_latency_and_depth_take_the_longest_way_forward() -> None:
    populations = (
        replace(INPUT, axonal_delay=np.array([0, 4, 1])),
        Population("a", LIF, axonal_delay=2),
        Population("b", LIF, axonal_delay=9),
        Population("out", LIF, axonal_delay=62),
    )
    ways = [square("input", "a"), square("a", "b"), square("a", "out"), square("input", "out")]
    network = Network(populations, tuple(ways))
    assert network.latency() == (1 + 4) + (1 + 2)
    assert network.depths() == {"input": 0, "a": 1, "b": 2, "out": 2}
    longer = Network(populations, (*ways, square("b", "out"), square("out", "a"), square("b", "b")))
    assert longer.latency() == (1 + 4) + (1 + 2) + (1 + 9)
    assert longer.depths() == {"input": 0, "a": 1, "b": 2, "out": 3}


def test_delays_of_every_neuron() -> None:
    network = pair(SIMPLE, replace(OUT, axonal_delay=np.array([0, 62])))
    assert network.input.delays().tolist() == [0, 0, 0]
    assert network.output.delays().tolist() == [0, 62]
