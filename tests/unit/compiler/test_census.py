"""What layers take, against the cores and the lists that the program really has."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.compiler.census import SHARED
from neurodeploy.compiler.explain import explained
from neurodeploy.errors import OptionError
from neurodeploy.network import Network
from tests.unit.compiler.test_compile import chain


def narrow(*sizes: int, delay: int = 0) -> Network:
    """Dense layers with weights of many widths, some zero."""
    network = chain(*sizes, delay=delay)
    random = np.random.default_rng(len(sizes))
    weights = [
        2 * (random.integers(-8, 9, p.synapse.weight.shape) ** 3 // 8) * random.integers(0, 2, p.synapse.weight.shape)
        for p in network.projections
    ]
    projections = [
        replace(p, synapse=replace(p.synapse, weight=w)) for p, w in zip(network.projections, weights, strict=True)
    ]
    return replace(network, projections=tuple(projections))


def stored_by_bits(program: Program) -> Counter[int]:
    """Stored synapses by their bits, from the program's lists: dense ones store their span, others what is not 0."""
    axons, storage = program.axons, program.storage
    assert storage is not None
    found: Counter[int] = Counter()
    for core, axon in ((c, a) for c in range(len(program.cores)) for a in range(axons.start[c], axons.start[c + 1])):
        row = np.zeros(1024, np.int64)
        for entry in range(axons.entry_start[axon], axons.entry_start[axon + 1]):
            weight = axons.weight[axons.weight_start[entry] : axons.weight_start[entry + 1]]
            row[axons.compartment[entry] + np.arange(len(weight))] = weight
        for each in range(storage.list_start[axon], storage.list_start[axon + 1]):
            form = storage.formats[storage.format_start[core] + storage.format[each]]
            first, span = int(storage.compartment[each]), int(storage.span[each])
            found[int(form[1])] += span if form[4] == 3 else int(np.count_nonzero(row[first : first + span]))
    return found


@pytest.mark.parametrize("rule", ["nxtf", "nengo-loihi"])
def test_layers_add_up_to_the_cores(rule: str) -> None:
    program = compile_network(narrow(400, 300, 200, 20, delay=7), CompileOptions(memory_rule=rule))
    layers, cores = program.summary["populations"], program.summary["core_table"]
    strict = 1 if rule == "nxtf" else 0  # NxTF's words must stay below the limit, which is told as one word more
    assert sum(row["synapse_words"] for row in layers) == sum(row["synapse_memory"] - strict for row in cores)
    assert sum(row["input_axons"] for row in layers) == sum(row["input_axons"] for row in cores)
    assert sum(row["output_slots"] for row in layers) == sum(row["output_slots"] for row in cores)
    assert sum(row["cores"] for row in layers) == sum(len(row["populations"]) for row in cores)
    assert sum(row["cores_alone"] for row in layers) == sum(len(row["populations"]) == 1 for row in cores)
    assert [sum(row["neurons"]) for row in cores] == np.diff(program.cores.compartment_start).tolist()


def test_fills_by_hand() -> None:
    """300 of 1,024 compartments; every neuron of 128 inputs has an axon in each of the cores of fc1."""
    program = compile_network(narrow(128, 300, 20))
    fc1 = program.summary["populations"][1]
    assert set(fc1["fills"]) == set(SHARED)
    assert fc1["fills"]["compartments"] == round(300 / 1024, 4)
    assert fc1["fills"]["input_axons"] == round(128 / 4096, 4)
    assert fc1["fills"]["output_slots"] == round(300 / 4096, 4)
    assert fc1["fills"]["synapse_memory"] == round(fc1["synapse_words"] / 16384, 4)
    host = program.summary["populations"][0]
    assert (host["cores_alone"], host["synapse_words"], host["formats"]) == (0, 0, [])


def test_delays_leave_a_core_fewer_compartments() -> None:
    program = compile_network(narrow(16, 100, delay=62))
    assert program.summary["populations"][1]["fills"]["compartments"] == round(100 / 128, 4)


def test_bits_are_those_of_the_lists() -> None:
    program = compile_network(narrow(300, 200, 20))
    counted: Counter[int] = Counter()
    for row in program.summary["populations"]:
        counted.update({width["bits"]: width["synapses"] for width in row["weight_bits"]})
        assert row["stored_synapses"] == sum(form["synapses"] for form in row["formats"])
    assert counted == stored_by_bits(program)
    assert len(counted) > 2


@pytest.mark.parametrize("rule", ["conservative", "nxtf", "nengo-loihi"])
def test_explained_words_are_the_stored_ones(rule: str) -> None:
    """What the compiler chose is the last of the ways, counted anew from the program's tables."""
    program = compile_network(narrow(1500, 250, 20, delay=7), CompileOptions(memory_rule=rule))
    told: list[str] = []
    data = explained(program, "fc1", told.append)
    assert data["cores"] == len(data["cut"]) == program.summary["populations"][1]["cores"] > 1
    assert sum(stretch["neurons"] for stretch in data["cut"]) == 250
    assert data["ways"][-1]["way"].startswith("the best")
    assert data["ways"][-1]["words"] == data["stored_words"]
    assert data["ways"][-1]["fills"] == data["fills"]["synapse_memory"]
    assert told == [way["way"] for way in data["ways"]]
    assert data["layout"].startswith("by the spread")
    dense = next(way for way in data["ways"] if "as quantized" in way["way"])
    assert dense["formats"] == ["8-bit mixed"]


def test_only_layers_on_cores_are_explained() -> None:
    program = compile_network(narrow(8, 4, 3))
    for name in ("input", "fc9"):
        with pytest.raises(OptionError, match=rf"layer {name}: is none on cores; choose from fc1, fc2"):
            explained(program, name, lambda text: None)
    assert explained(program, "fc2", lambda text: None)["shared_with"] == {"fc1": 1}
