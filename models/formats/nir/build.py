"""From a flat graph to the discretised one: shapes, order, and every way between neurons as one synapse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from neurodeploy.models.formats.nir.compose import applied, compose, listed
from neurodeploy.models.formats.nir.float_graph import (
    FloatGraph,
    FloatNeuron,
    FloatPopulation,
    FloatProjection,
    Floats,
    Integers,
)
from neurodeploy.models.formats.nir.graph import Graph, Node
from neurodeploy.models.formats.nir.linear_nodes import (
    MAX_NEURONS,
    WEIGHTED,
    bias,
    checked_shape,
    output_shape,
    stated_shape,
    synapse,
)
from neurodeploy.models.formats.nir.neuron_nodes import NEURONS, TIMED, Clock, float_neuron, per_neuron
from neurodeploy.network import Conv2d, OneToOne, Shape, SumPool2d, Synapse
from neurodeploy.network.network import MAX_DELAY

_ZERO = np.zeros(())
_AT_ONCE = np.zeros((), np.int64)
MAX_WAYS = 64
#: What a read-out without neurons is: v of a step is the sum of the step.
_SUM = FloatNeuron(_ZERO, np.ones(()), _ZERO, np.ones(()), _ZERO, np.full((), np.inf), _ZERO)


@dataclass(frozen=True, eq=False)
class _Way:
    """How the spikes of a population contribute to a value: late by `delay`, through `synapse` (None: as they are)."""

    source: str
    delay: Integers
    synapse: Synapse | None


@dataclass(frozen=True, eq=False)
class _Signal:
    """What a node gives: a sum of ways and a constant."""

    ways: tuple[_Way, ...]
    constant: Floats


def discretised(graph: Graph, clock: Clock) -> FloatGraph:
    """The graph with a time step.

    Raises:
        FormatError: naming the node, the value and the remedy, for what the representation cannot hold.
    """
    shapes = _shapes(graph)
    notes = [note for n in graph.nodes.values() if (note := stated_shape(n, _into(graph, shapes, n)))]
    into = _signals(graph, shapes, clock)
    stems = [n for n in graph.nodes.values() if n.kind in ("Input", *NEURONS)]
    neurons = {n.name: float_neuron(n, shapes[n.name], clock) for n in stems if n.kind != "Input"}
    output = _output(graph, into, neurons)
    drive = {name: into[name] for name in (*neurons, output)}
    neurons.setdefault(output, _SUM)
    delays = _delays(graph, [way for signal in drive.values() for way in signal.ways], into[graph.one("Output").name])
    _check_graded(graph, neurons, drive)
    shapes = _unfolded(shapes, drive)
    order = _ordered(graph.one("Input").name, {name: {w.source for w in s.ways} for name, s in drive.items()})
    populations = [
        FloatPopulation(
            name,
            shapes[name],
            neurons.get(name),
            drive[name].constant if name in drive else _ZERO,
            delays.get(name, _AT_ONCE),
        )
        for name in order
    ]
    projections = [
        FloatProjection(
            way.source, name, _suited(way.synapse or OneToOne(np.ones(1)), shapes[way.source], shapes[name])
        )
        for name in order
        if name in drive
        for way in drive[name].ways
    ]
    if any(n.kind in ("IF", "I") for n in graph.nodes.values()):
        notes.append("IF and I nodes add r times their input in every step, as all frameworks do")
    return FloatGraph(tuple(populations), tuple(projections), output, clock.step_ms, tuple(notes))


def timed(graph: Graph) -> bool:
    """Whether a time step is needed to understand a graph."""
    return any(node.kind in TIMED for node in graph.nodes.values())


def _into(graph: Graph, shapes: Mapping[str, Shape], node: Node) -> Shape:
    """The shape of a node's input."""
    sources = graph.before()[node.name] if node.kind.startswith("Conv") else []
    return shapes[sources[0]] if sources else shapes[node.name]


def _shapes(graph: Graph) -> dict[str, Shape]:
    """The shape behind every node, computed from the input's; stated ones are only compared."""
    start = graph.one("Input")
    shapes = {start.name: checked_shape(start, start.wholes("shape"))}
    after: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        after[source].append(target)
    reached, total = [start.name], 0
    for name in reached:
        total += prod(shapes[name])
        if total > MAX_NEURONS:
            raise graph.nodes[name].error(f"makes more than {MAX_NEURONS:,} values", "use smaller layers")
        for target in after[name]:
            if target not in shapes:
                shapes[target] = output_shape(graph.nodes[target], shapes[name])
                reached.append(target)
    for name, node in graph.nodes.items():
        if name not in shapes:
            raise node.error("is not reached from the input", "remove it")
    for source, target in graph.edges:
        given = output_shape(graph.nodes[target], shapes[source])
        if prod(given) != prod(shapes[target]):
            raise graph.nodes[target].error(
                f"gives shape {shapes[target]}, but with the output of {source} it would give {given}",
                "repair the network",
            )
    return shapes


def _signals(graph: Graph, shapes: Mapping[str, Shape], clock: Clock) -> dict[str, _Signal]:
    """What every node gets: neurons and the input are where ways begin."""
    before = graph.before()
    waiting = {
        name: {s for s in sources if graph.nodes[s].kind not in ("Input", *NEURONS)} for name, sources in before.items()
    }
    after: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for origin, target in graph.edges:
        after[origin].append(target)
    into: dict[str, _Signal] = {}
    given: dict[str, _Signal] = {}
    ready = [name for name, missing in waiting.items() if not missing]
    for name in ready:
        node = graph.nodes[name]
        into[name] = _summed(node, [given.get(s, _start(s)) for s in before[name]])
        if node.kind in ("Input", *NEURONS):
            continue
        source = shapes[before[name][0]]
        given[name] = _passed(node, into[name], source, shapes, clock)
        for target in after[name]:
            waiting[target].discard(name)
            if not waiting[target] and target not in into and target not in ready:
                ready.append(target)
    for name in graph.nodes:
        if name not in into:
            raise graph.nodes[name].error("lies on a cycle without neurons", "put neurons on it")
    return into


def _start(name: str) -> _Signal:
    return _Signal((_Way(name, _AT_ONCE, None),), _ZERO)


def _summed(node: Node, signals: Iterable[_Signal]) -> _Signal:
    """The sum of signals; ways between the same neurons stay apart, so that each keeps its own weight exponent."""
    ways: list[_Way] = []
    constant = _ZERO
    for signal in signals:
        constant = constant + signal.constant
        ways += signal.ways
    if len(ways) > MAX_WAYS:
        raise node.error(f"is reached in more than {MAX_WAYS} ways", "put neurons between the nodes")
    return _Signal(tuple(ways), constant)


def _passed(node: Node, signal: _Signal, source: Shape, shapes: Mapping[str, Shape], clock: Clock) -> _Signal:
    """What a node without neurons makes of a signal."""
    if node.kind == "Delay":
        return _delayed(node, signal, source, clock)
    if node.kind not in WEIGHTED:
        return signal
    own = synapse(node, source)
    ways = tuple(
        _Way(w.source, w.delay, own if w.synapse is None else compose(w.synapse, own, shapes[w.source], source))
        for w in signal.ways
    )
    constant = applied(own, signal.constant, source) if np.any(signal.constant) else _ZERO
    return _Signal(ways, constant + bias(node, shapes[node.name]))


def _delayed(node: Node, signal: _Signal, shape: Shape, clock: Clock) -> _Signal:
    """A delay of spikes is their neuron's axonal delay; behind weights only one delay for all can be that."""
    delay = per_neuron(node, node.numbers("delay"), "delay", shape)
    steps = np.rint(delay / clock.step)
    if np.any(steps < 0) or np.any(steps > MAX_DELAY):
        worst = float(delay.min() if np.any(steps < 0) else delay.max())
        raise node.error(
            f"delays by {worst:g}, {worst / clock.step:g} steps; a neuron can delay 0 … {MAX_DELAY}",
            "check --time-unit and --dt, or chain neurons",
        )
    if np.any(signal.constant):
        raise node.error("delays a bias", "put the Delay directly behind the neurons")
    ways = []
    for way in signal.ways:
        elementwise = way.synapse is None or isinstance(way.synapse, OneToOne)
        if steps.ndim and not elementwise:
            raise node.error(
                f"has {len(np.unique(steps))} different delays behind weights, where the chip has none",
                "delay the spikes of the neurons in front of the weights",
            )
        ways.append(_Way(way.source, np.asarray(way.delay + steps.astype(np.int64)), way.synapse))
    return _Signal(tuple(ways), signal.constant)


def _delays(graph: Graph, ways: Iterable[_Way], output: _Signal) -> dict[str, Integers]:
    """The axonal delay of every population: the same on all ways that leave it."""
    delays: dict[str, Integers] = {}
    for way in (*ways, *output.ways):
        known = delays.setdefault(way.source, way.delay)
        if np.any(known != way.delay):
            raise graph.nodes[way.source].error(
                "is delayed by different times on different ways; its neurons have one axonal delay each",
                "delay all of them alike, or copy the neurons",
            )
        if np.any(way.delay > MAX_DELAY):
            raise graph.nodes[way.source].error(
                f"is delayed by {int(way.delay.max())} steps in all; a neuron can delay 0 … {MAX_DELAY}",
                "give a larger --dt, or chain neurons",
            )
    return delays


def _output(graph: Graph, into: Mapping[str, _Signal], neurons: Mapping[str, FloatNeuron]) -> str:
    """The population whose spikes the output node passes on, or that node itself as a read-out without neurons."""
    node = graph.one("Output")
    signal = into[node.name]
    if not signal.ways:
        raise node.error("gets nothing", "connect it")
    way = signal.ways[0]
    if len(signal.ways) == 1 and way.synapse is None and not np.any(signal.constant) and way.source in neurons:
        return way.source
    return node.name


def _unfolded(shapes: Mapping[str, Shape], drive: Mapping[str, _Signal]) -> dict[str, Shape]:
    """Shapes in which neurons behind a convolution and a Flatten are planes again, as their numbers stay the same."""
    planes = {
        name: way.synapse.output_shape(shapes[way.source])
        for name, signal in drive.items()
        for way in reversed(signal.ways)
        if len(shapes[name]) == 1 and isinstance(way.synapse, Conv2d | SumPool2d)
    }
    return {**shapes, **planes}


def _suited(synapse: Synapse, source: Shape, target: Shape) -> Synapse:
    """A synapse as a list where it gives planes of another shape than its target has."""
    return synapse if synapse.output_shape(source) in (target, (prod(target),)) else listed(synapse, source)


def _check_graded(graph: Graph, neurons: Mapping[str, FloatNeuron], drive: Mapping[str, _Signal]) -> None:
    """Raises FormatError where the voltage of neurons without threshold drives other nodes."""
    for name, signal in drive.items():
        for way in signal.ways:
            if way.source in neurons and not neurons[way.source].fires:
                node = graph.nodes[way.source]
                raise node.error(
                    f"passes its voltage on to {name}; only spikes can be sent", "end with it, or use LIF or CubaLIF"
                )


def _ordered(start: str, sources: Mapping[str, set[str]]) -> list[str]:
    """Populations so that ways lead forward, except those that close a cycle: depth first, finished last comes first.

    All are reached from `start`, as all nodes are.
    """
    after: dict[str, list[str]] = {}
    for target in sorted(sources, reverse=True):
        for source in sources[target]:
            after.setdefault(source, []).append(target)
    done: list[str] = []
    seen = {start}
    path = [(start, iter(after.get(start, ())))]
    while path:
        name, rest = path[-1]
        following = next((t for t in rest if t not in seen), None)
        if following is None:
            done.append(name)
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(after.get(following, ()))))
    return done[::-1]
