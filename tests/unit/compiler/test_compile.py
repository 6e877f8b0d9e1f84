"""The passes on networks small enough to know the answer, and the file of a program."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.compiler.checker import check, replay
from neurodeploy.compiler.layout import compartment_order
from neurodeploy.compiler.program_file import load_program, program_bytes, save_program
from neurodeploy.compiler.target import load_target
from neurodeploy.compiler.traffic import traffic
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import Conv2d, CubaLif, Dense, Network, OneToOne, Population, Projection
from neurodeploy.network.codec import network_to_parts
from neurodeploy.precision import IntArray
from tests.property.targets import target_file

NEURON = CubaLif(1024, 128, 80)


def chain(*sizes: int, delay: int = 0, neuron: CubaLif = NEURON) -> Network:
    """Dense layers with weights that are nowhere zero and no narrower than 8 bits of one sign."""
    names = ["input", *(f"fc{i}" for i in range(1, len(sizes)))]
    populations = [Population("input", None, (sizes[0],), axonal_delay=delay)]
    populations += [Population(name, neuron, axonal_delay=delay) for name in names[1:]]
    projections = [
        Projection(names[i], names[i + 1], Dense(eight_bits(sizes[i + 1], sizes[i]))) for i in range(len(sizes) - 1)
    ]
    return Network(tuple(populations), tuple(projections))


def eight_bits(targets: int, sources: int) -> IntArray:
    """Weights that only 8 bits hold, of which no two neighbours take less."""
    return np.where(np.add.outer(np.arange(targets), np.arange(sources)) % 2, 255, 129)


def cores_of(program: Program, name: str) -> int:
    (row,) = [p for p in program.summary["populations"] if p["name"] == name]
    assert isinstance(row["cores"], int)
    return row["cores"]


def accepted(network: Network, target: str = "loihi1", **options: Any) -> Program:
    program = compile_network(network, CompileOptions(target, **options))
    assert check(program) == ()
    assert replay(program, seed=0, trials=1) is None
    return program


@pytest.mark.parametrize(
    ("fan_in", "per_core", "most"),
    [
        (128, 910, 972),
        (256, 454, 481),
        (512, 230, 238),
        (1024, 115, 115),
        (2048, 53, 53),
        (2312, 53, 53),
        (4096, 21, 21),
    ],
)
def test_memory_bound_dense_layers(fan_in: int, per_core: int, most: int) -> None:
    """The smaller number of both rules (nengo-loihi, NxTF) of neurons per core, as published for 8-bit weights, fits;
    what fits depends on where lists are cut, and not even NxTF takes more than `most`.
    """
    program = accepted(chain(fan_in, per_core))
    assert program.summary["cores"] == 1
    program = accepted(chain(fan_in, most + 1))
    assert program.summary["cores"] == 2
    assert program.summary["populations"][1]["binding_limit"] == "synapse_memory"


def test_synapses_of_a_layer_are_its_weights_that_are_not_zero() -> None:
    """Lists may store zeros in between, those are none."""
    weight = eight_bits(40, 30)
    weight[np.add.outer(np.arange(40), 3 * np.arange(30)) % 5 == 0] = 0
    populations = (Population("input", None, (30,)), Population("fc1", NEURON))
    program = accepted(Network(populations, (Projection("input", "fc1", Dense(weight)),)))
    assert [row["synapses"] for row in program.summary["populations"]] == [0, 32 * 30]
    assert program.summary["populations"][1]["stored_synapses"] > 32 * 30


@pytest.mark.parametrize(("delay", "per_core"), [(0, 1024), (6, 1024), (7, 512), (14, 512), (15, 256), (62, 128)])
def test_delays_cost_compartments(delay: int, per_core: int) -> None:
    """8, 16, 32, 64 dendritic accumulators must exceed the delay + 1; 2^(13 − bits) compartments remain."""
    network = chain(1, 1024, delay=delay)
    assert cores_of(accepted(network), "fc1") == 1024 // per_core


def test_output_slots_bind() -> None:
    """A neuron that reaches 10 cores needs 10 slots, so 409 such neurons fill a core."""
    program = accepted(chain(1, 1000, 1150), one_layer_per_core=True)
    assert cores_of(program, "fc2") == 10
    assert cores_of(program, "fc1") == 3
    assert program.summary["populations"][1]["binding_limit"] == "output_slots"


def test_recurrence_settles() -> None:
    """Slots that a population needs for itself are known only after it was cut."""
    network = chain(1, 1024)
    network = replace(
        network, projections=(*network.projections, Projection("fc1", "fc1", Dense(eight_bits(1024, 1024))))
    )
    program = accepted(network)
    assert cores_of(program, "fc1") >= 9


def test_configuration_rows_bind() -> None:
    decays = np.arange(1, 101)
    program = accepted(chain(1, 100, neuron=CubaLif(1024, decays, 80)))
    assert cores_of(program, "fc1") == 4
    assert program.summary["populations"][1]["binding_limit"] == "neuron_rows"
    program = accepted(chain(1, 100, neuron=CubaLif(1024, 128, decays)))
    assert cores_of(program, "fc1") == 13


def test_planes_are_laid_out_channel_innermost() -> None:
    order = compartment_order(Population("p", NEURON, (2, 2, 3)))
    assert order.tolist() == [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]


def test_boards_take_two_slots_an_axon(tmp_path: Path) -> None:
    """On several chips an axon costs two slots and 1,024 are there: 1,024 neurons to one core need two cores. What
    fits one chip is mapped as if there were no other.
    """
    network = chain(1, 1024, 1)
    assert cores_of(accepted(network, one_layer_per_core=True), "fc1") == 1
    assert cores_of(accepted(network, "loihi1-2", one_layer_per_core=True), "fc1") == 1
    path = target_file(load_target("loihi1").as_dict() | {"cores_per_chip": 1, "chips": 4}, tmp_path)
    assert cores_of(accepted(network, path, one_layer_per_core=True), "fc1") == 2


def test_too_many_cores_names_the_layer_and_the_board() -> None:
    with pytest.raises(DoesNotFitError, match=r"fc1: is on 129 of .* 129 cores.*1 too few.*--target loihi1-2"):
        compile_network(chain(4096, 21 * 128 + 1))


@pytest.mark.parametrize(
    ("neuron", "delay", "message"),
    [
        (CubaLif(0, 128, 80), 0, r"fc1: current_decay 0 is outside the 1 … 4096 of loihi1; the nearest value is 1"),
        (CubaLif(1024, 4096, 80), 0, r"voltage_decay 4096 .*nearest value is 4095"),
    ],
)
def test_parameters_the_chip_cannot_hold(neuron: CubaLif, delay: int, message: str) -> None:
    with pytest.raises(DoesNotFitError, match=message):
        compile_network(chain(1, 2, neuron=neuron, delay=delay))


def test_silent_axons_are_left_out() -> None:
    weight = np.array([[2, 0, 4], [6, 0, 8]])
    network = Network(
        (Population("input", shape=(3,)), Population("fc1", NEURON)), (Projection("input", "fc1", Dense(weight)),)
    )
    program = accepted(network)
    assert program.axons.source.tolist() == [0, 2]
    assert np.diff(program.routes.start).tolist() == [1, 0, 1, 0, 0]


def test_traffic_by_hand() -> None:
    """Core k hangs on router k // 4 = column · 4 + row."""
    program = accepted(chain(1, 1024, 1), one_layer_per_core=True)
    costs = traffic(program)
    assert costs.packets.tolist() == [1] + [1] * 1024 + [0]
    assert costs.hops.tolist() == [0] * 1026
    spread = accepted(chain(4096, 42, 1), one_layer_per_core=True)
    cores = spread.summary["cores"]
    assert cores == 3
    far = replace(spread, cores=replace(spread.cores, slot=np.array([0, 4, 37])))  # routers (0, 0), (0, 1), (2, 1)
    costs = traffic(far)
    assert costs.packets[:2].tolist() == [2, 2]
    assert costs.hops[4096:].tolist() == [3] * 21 + [2] * 21 + [0]
    assert costs.synapses[0] == 42


def test_program_file_round_trip(tmp_path: Path) -> None:
    network = chain(4, 300, 5, delay=3)
    floating = replace(
        network, projections=tuple(replace(p, synapse=Dense(p.synapse.weight * 1.3)) for p in network.projections)
    )
    program = compile_network(floating)
    save_program(program, tmp_path / "p.ndp")
    loaded, _ = load_program(tmp_path / "p.ndp")
    for table in ("cores", "axons", "routes", "storage"):
        for column in fields(getattr(program, table)):
            pair = [getattr(getattr(p, table), column.name) for p in (program, loaded)]
            np.testing.assert_array_equal(*pair)
    assert loaded.target == program.target
    assert loaded.quantization == program.quantization
    assert loaded.summary == program.summary
    assert loaded.source is not None
    assert network_to_parts(loaded.source, "x")[0] == network_to_parts(floating, "x")[0]
    np.testing.assert_array_equal(traffic(loaded).hops, traffic(program).hops)
    assert program_bytes(loaded) == (tmp_path / "p.ndp").read_bytes()


def test_source_can_be_left_out() -> None:
    network = Network(
        (Population("input", shape=(2,)), Population("fc1", NEURON)),
        (Projection("input", "fc1", Dense(np.full((2, 2), 1.5))),),
    )
    program = compile_network(network, CompileOptions(keep_source=False))
    assert (program.source, program.source_omitted) == (None, True)


def test_convolution_and_one_to_one() -> None:
    network = Network(
        (Population("input", shape=(3, 9, 7)), Population("conv1", NEURON), Population("copy", NEURON)),
        (
            Projection("input", "conv1", Conv2d(2 * np.arange(-54, 54).reshape(4, 3, 3, 3), (2, 1), (1, 0))),
            Projection("conv1", "copy", OneToOne(np.array([4]))),
        ),
    )
    accepted(network)
