"""Energy and time from counted events and a named set of constants.

energy = Σ events · energy of one + static power of the chips · time. The time of a step is that of the barrier and of
the busiest core, whose two stages work side by side (as SANA-FE's `simple` timing model has it): neurons are updated
and their packets sent, or packets received and their synapses read, whichever takes longer. Contention on links is
left out, so times are on the low side where the mesh is the bottleneck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.prediction.constants import Constants
from neurodeploy.compiler.prediction.counts import Counts, LayerCounts

PICO, NANO, MILLI = 1e-12, 1e-9, 1e-3
#: What a core does, as maxima are reported.
WORK = ("synaptic_ops", "words", "packets_in", "packets_out", "spikes")


@dataclass(frozen=True)
class Events:
    """One kind of event: how many there were, and what they cost together."""

    name: str
    count: float
    joules: float


@dataclass(frozen=True)
class LayerEnergy:
    """Joules of one population's own synapses (those into it), neurons and packets (those it sends)."""

    name: str
    synapses: float
    neurons: float
    packets: float

    @property
    def joules(self) -> float:
        """All three."""
        return self.synapses + self.neurons + self.packets


@dataclass(frozen=True)
class Maximum:
    """Most of one kind of work that a core has.

    Attributes:
        name: "neurons" or one of `WORK`.
        most: in any one step; of counts from mean rates, in the average step.
        core: where that was, in the program's order.
        busiest: mean per step of the core that has most of it over all steps.
    """

    name: str
    most: float
    core: int
    busiest: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a mapped network costs by one set of constants, over all its steps.

    Attributes:
        constants, source: name of the set and where its figures come from.
        steps: predicted.
        events: the dynamic energy, by kind of event.
        static_joules: static power of the chips in use over the whole time; static_source: of that figure.
        layers: the dynamic energy again, by population.
        barrier_seconds: spent in barriers; work_seconds: by the busiest core of each step.
        longest_step_seconds: the longest step, its barrier included.
        neuron_bound_steps: steps in which updates and sending took longer than receiving.
        core_most, core_total: of every kind of work, "neurons" and `WORK`, by core: most in any step, and
            the sum of all steps, (kinds, cores).
        chip_crossings: links between chips that packets passed. No public source has their energy: in that of the
            hops each counts as a link of the mesh.
        notes: what the figures leave out, one sentence each.
    """

    constants: str
    source: str
    steps: int
    events: tuple[Events, ...]
    static_joules: float
    static_source: str
    layers: tuple[LayerEnergy, ...]
    barrier_seconds: float
    work_seconds: float
    longest_step_seconds: float
    neuron_bound_steps: float
    core_most: NDArray[np.float64]
    core_total: NDArray[np.float64]
    chip_crossings: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def maxima(self) -> tuple[Maximum, ...]:
        """Most work of one core, for every kind."""
        return tuple(
            Maximum(name, float(most.max()), int(most.argmax()), float(total.max()) / self.steps)
            for name, most, total in zip(("neurons", *WORK), self.core_most, self.core_total, strict=True)
        )

    @property
    def dynamic_joules(self) -> float:
        """Energy of all events."""
        return sum(kind.joules for kind in self.events)

    @property
    def joules(self) -> float:
        """Dynamic and static energy."""
        return self.dynamic_joules + self.static_joules

    @property
    def seconds(self) -> float:
        """Barriers and work."""
        return self.barrier_seconds + self.work_seconds

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: joules and seconds over all steps, their means per step, and every line they are made of."""
        return {
            "constants": self.constants,
            "source": self.source,
            "steps": self.steps,
            "joules": {
                "total": self.joules,
                "dynamic": self.dynamic_joules,
                "static": self.static_joules,
                "per_step": self.joules / self.steps,
            },
            "seconds": {
                "total": self.seconds,
                "barrier": self.barrier_seconds,
                "work": self.work_seconds,
                "per_step": self.seconds / self.steps,
                "longest_step": self.longest_step_seconds,
            },
            "neuron_bound_steps": self.neuron_bound_steps,
            "events": [vars(kind) for kind in self.events],
            "chip_crossings": {
                "count": self.chip_crossings,
                "per_step": self.chip_crossings / self.steps,
                "joules": None,
                "energy": "not published",
            },
            "layers": [vars(layer) | {"joules": layer.joules} for layer in self.layers],
            "core_maxima": [vars(maximum) for maximum in self.maxima],
            "static_source": self.static_source,
            "notes": list(self.notes),
        }


def predicted(counts: Counts, constants: Constants) -> Prediction:
    """What the counted events cost by a set of constants."""
    step, neuron_bound = _step_seconds(counts, constants)
    each = counts.steps / len(step)
    barrier = constants.barrier.at(counts.tiles) * NANO
    work = float(step.sum()) * each
    seconds = barrier * counts.steps + work
    most, total = _core_work(counts)
    return Prediction(
        constants=constants.name,
        source=constants.source,
        steps=counts.steps,
        events=_events(counts.layers, constants),
        static_joules=constants.static_milliwatts * MILLI * counts.chips * seconds,
        static_source=constants.static_source,
        layers=tuple(_layer(layer, constants) for layer in counts.layers),
        barrier_seconds=barrier * counts.steps,
        work_seconds=work,
        longest_step_seconds=float(step.max()) + barrier,
        neuron_bound_steps=float(neuron_bound.sum()) * each,
        core_most=most,
        core_total=total,
        chip_crossings=sum(layer.crossings for layer in counts.layers),
        notes=_notes(counts, constants),
    )


def summed(predictions: Sequence[Prediction]) -> Prediction:
    """Several recordings of one program by one set of constants, one after the other.

    Args:
        predictions: at least one.
    """
    first, steps = predictions[0], sum(p.steps for p in predictions)
    columns = zip(*(p.events for p in predictions), strict=True)
    layers = zip(*(p.layers for p in predictions), strict=True)
    return replace(
        first,
        steps=steps,
        events=tuple(Events(c[0].name, sum(e.count for e in c), sum(e.joules for e in c)) for c in columns),
        layers=tuple(
            LayerEnergy(c[0].name, sum(x.synapses for x in c), sum(x.neurons for x in c), sum(x.packets for x in c))
            for c in layers
        ),
        static_joules=sum(p.static_joules for p in predictions),
        barrier_seconds=sum(p.barrier_seconds for p in predictions),
        work_seconds=sum(p.work_seconds for p in predictions),
        longest_step_seconds=max(p.longest_step_seconds for p in predictions),
        neuron_bound_steps=sum(p.neuron_bound_steps for p in predictions),
        core_most=np.max([p.core_most for p in predictions], axis=0),
        core_total=np.sum([p.core_total for p in predictions], axis=0),
        chip_crossings=sum(p.chip_crossings for p in predictions),
        notes=tuple(dict.fromkeys(note for p in predictions for note in p.notes)),
    )


def _events(layers: tuple[LayerCounts, ...], constants: Constants) -> tuple[Events, ...]:
    cost = constants.picojoules
    sparse = sum(layer.sparse_ops for layer in layers)
    lines = (
        ("synaptic_ops_dense", sum(layer.synaptic_ops for layer in layers) - sparse, cost.synaptic_op),
        ("synaptic_ops_sparse", sparse, cost.synaptic_op_sparse),
        ("neuron_updates_active", sum(layer.active for layer in layers), cost.neuron_active),
        ("neuron_updates_idle", sum(layer.idle for layer in layers), cost.neuron_idle),
        ("spikes", sum(layer.spikes for layer in layers if layer.neurons), cost.spike),
        ("packets", sum(layer.packets for layer in layers), cost.packet),
        ("hops_east_west", sum(layer.hops_east_west for layer in layers), cost.hop_east_west),
        ("hops_north_south", sum(layer.hops_north_south for layer in layers), cost.hop_north_south),
    )
    return tuple(Events(name, count, count * each * PICO) for name, count, each in lines)


def _layer(layer: LayerCounts, constants: Constants) -> LayerEnergy:
    own = {kind.name: kind.joules for kind in _events((layer,), constants)}
    return LayerEnergy(
        name=layer.name,
        synapses=own["synaptic_ops_dense"] + own["synaptic_ops_sparse"],
        neurons=own["neuron_updates_active"] + own["neuron_updates_idle"] + own["spikes"],
        packets=own["packets"] + own["hops_east_west"] + own["hops_north_south"],
    )


def _step_seconds(counts: Counts, constants: Constants) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Seconds of the busiest core in each row, and whether its neurons take them, (rows,) each."""
    time, cores = constants.nanoseconds, counts.cores
    update = time.neuron_idle + (time.neuron_active - time.neuron_idle) * cores.active
    send = cores.neurons * update + cores.spikes * time.spike + cores.packets_out * time.packet_out
    receive = (
        cores.packets_in * time.packet_in
        + cores.synaptic_ops * time.synaptic_op
        + cores.sparse_ops * (time.synaptic_op_sparse - time.synaptic_op)
    )
    longest_send, longest_receive = send.max(axis=1, initial=0), receive.max(axis=1, initial=0)
    busiest: NDArray[np.float64] = np.maximum(longest_send, longest_receive) * NANO
    return busiest, longest_send >= longest_receive


def _core_work(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Most in a step and sum over all steps of every kind of work, (kinds, cores) each."""
    neurons = np.asarray(counts.cores.neurons, np.float64)
    tables = [np.asarray(getattr(counts.cores, name)) for name in WORK]
    most = [neurons, *(table.max(axis=0) for table in tables)]
    total = [neurons * counts.steps, *(table.mean(axis=0) * counts.steps for table in tables)]
    return np.stack(most).astype(np.float64), np.stack(total)


def _notes(counts: Counts, constants: Constants) -> tuple[str, ...]:
    notes = []
    if counts.chip != constants.chip:
        notes.append(f"the constants are of {constants.chip}, not of {counts.chip}: scale, not a forecast")
    if counts.chips > 1:
        notes.append("links and barriers between chips: not published, a real board takes more time and energy")
    if len(counts.cores.synaptic_ops) < counts.steps:
        notes.append("from mean rates: maxima are those of the average step, and no step is longer than another")
    if not counts.updates_counted:
        notes.append("active and idle updates were not told apart: all count as active")
    return tuple(notes)
