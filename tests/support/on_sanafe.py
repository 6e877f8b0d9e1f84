"""One projection of a program in SANA-FE: its sources replaced by recorded spikes, its targets silent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.prediction.deliveries import Deliveries
from neurodeploy.compiler.program import Program
from neurodeploy.precision import IntArray

CORES_PER_TILE = 4
ALL_INPUTS = "loihi_inputs[0..1023]"
NEVER = 1e9
EVENT_WEIGHT = 1.0


@dataclass(frozen=True)
class Measured:
    """What SANA-FE counted and what it cost, joules and seconds."""

    synaptic_events: int
    packets: int
    hops: int
    synapse_joules: float
    soma_joules: float
    network_joules: float
    seconds: float


def measured(
    program: Program,
    projection: int,
    raster: NDArray[np.bool_],
    threshold: float = NEVER,
    weight: float = EVENT_WEIGHT,
    timing: str = "simple",
) -> Measured:
    """Run one projection as it stands in the memory of the program's cores, zeros in dense lists included.

    Args:
        program: of one chip.
        projection: position in the network; its source lies on free cores if the host runs it.
        raster: spikes of the source population, (steps, neurons).
        threshold: of the target's neurons.
        weight: of every synapse.
        timing: SANA-FE's timing model.
    """
    import sanafe

    network = program.network
    source = network.index(network.projections[projection].source)
    target = network.index(network.projections[projection].target)
    deliveries = Deliveries.of(program)
    homes = [_homes(deliveries, population) for population in (source, target)]
    net, arch = sanafe.Network(), _chip(max(Counter(homes[0].tolist()).values()))
    place = program.placement.core.tolist()
    place += sorted(set(range(program.target.cores_per_chip)) - set(place))  # the host's neurons lie on free cores
    synapse = {"default_synapse_hw_name": "loihi_dense_synapse"}
    senders = net.create_neuron_group("senders", raster.shape[1], **synapse)
    receivers = net.create_neuron_group(
        "receivers",
        network.populations[target].neurons,
        model_attributes={"threshold": threshold, "leak_decay": 1.0},
        soma_hw_name="loihi_lif",
        **synapse,
    )

    def core(number: int) -> Any:
        return arch.tiles[place[number] // CORES_PER_TILE].cores[place[number] % CORES_PER_TILE]

    taken: Counter[int] = Counter()
    for i, home in enumerate(homes[0].tolist()):
        unit = f"loihi_inputs[{taken[home]}]"
        senders.neurons[i].set_attributes(soma_hw_name=unit, model_attributes={"spikes": raster[:, i].tolist()})
        senders.neurons[i].map_to_core(core(home))
        taken[home] += 1
    for i, home in enumerate(homes[1].tolist()):
        receivers.neurons[i].map_to_core(core(home))
    pairs = list(zip(*(side.tolist() for side in _stored(program, projection)), strict=True))
    senders.connect_neurons_sparse(receivers, {"weight": [weight] * len(pairs)}, pairs)
    chip = sanafe.SpikingChip(arch)
    chip.load(net)
    result = chip.sim(len(raster), timing_model=timing, perf_trace=True)
    return Measured(
        synaptic_events=result["spikes"],
        packets=result["packets_sent"],
        hops=sum(result["perf_trace"]["hops"]),
        synapse_joules=result["energy"]["synapse"],
        soma_joules=result["energy"]["soma"],
        network_joules=result["energy"]["network"],
        seconds=result["sim_time"],
    )


def _homes(deliveries: Deliveries, population: int) -> IntArray:
    """Core of every neuron, (neurons,); of the host's, 1,024 after the other on cores behind those of the program."""
    homes = deliveries.home[deliveries.offset[population] : deliveries.offset[population + 1]]
    return np.where(homes < 0, len(deliveries.compartments) + np.arange(len(homes)) // 1024, homes)


def _chip(inputs: int) -> Any:
    """SANA-FE's Loihi with so many input neurons per core; its own 1,024 take seconds to build."""
    import sanafe

    text = (files("sanafe") / "examples" / "loihi.yaml").read_text("utf-8")
    assert ALL_INPUTS in text
    with TemporaryDirectory() as folder:
        path = Path(folder) / "loihi.yaml"
        path.write_text(text.replace(ALL_INPUTS, f"loihi_inputs[0..{inputs - 1}]"), "utf-8")
        return sanafe.load_arch(path)


def _stored(program: Program, projection: int) -> tuple[IntArray, IntArray]:
    """Source and target neuron of every synapse that its dense lists hold, (synapses,) each."""
    axons, storage, cores = program.axons, program.storage, program.cores
    assert storage is not None
    core = np.repeat(np.arange(len(cores)), np.diff(axons.start))
    axon = np.repeat(np.arange(len(core)), np.diff(storage.list_start))
    mine = np.asarray(axons.projection)[axon] == projection
    axon, span = axon[mine], np.asarray(storage.span, np.int64)[mine]
    inside = np.arange(span.sum()) - np.repeat(np.cumsum(span) - span, span)
    compartment = np.repeat(np.asarray(storage.compartment, np.int64)[mine], span) + inside
    row = np.asarray(cores.compartment_start)[np.repeat(core[axon], span)] + compartment
    return np.repeat(np.asarray(axons.source, np.int64)[axon], span), np.asarray(cores.neuron, np.int64)[row]
