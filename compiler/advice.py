"""What one change would save: every change is really planned again, and only what saves cores is told.

Changes that come in degrees (bits of a layer's weights, longest delay) are tried by halving, so that the mildest that
saves a core is found in few plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from neurodeploy.compiler.compile import CompileOptions, Plan, mapped, plan_network
from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.memory import DELAYS
from neurodeploy.compiler.prediction import load_constants, predicted
from neurodeploy.compiler.prediction.counting import expected_counts
from neurodeploy.compiler.target import MEMORY_RULES, StackLimits, load_target
from neurodeploy.errors import DoesNotFitError
from neurodeploy.network import Network

#: Synapses that all trials together may plan without being asked for: about a second.
QUICK_SYNAPSES = 400_000
#: Layers whose weights are tried with fewer bits: those that take most synapse memory.
MOST_LAYERS = 3
#: Bounds that fewer bits do not lower.
WEIGHTLESS = ("compartments", "input_axons", "output_slots")
#: By which changes are priced, as objectives are.
CONSTANTS = "davies2018"
#: Part of a core's synapse memory below which a layer's weights are not tried.
WORTH_TRYING = 0.25


@dataclass(frozen=True)
class Change:
    """A change that saves cores.

    Attributes:
        text: what is changed; option: how to ask for it, empty where the network has to change.
        cores: that the network takes then.
        exact: whether the network computes the same bits.
        effect: what it does to the network, or what it demands.
        packets, joules: between cores, and of energy by the constants davies2018, in an average step at the measured
            rates, which a change of weights or delays would change too; None where none were measured.
    """

    text: str
    option: str
    cores: int
    exact: bool
    effect: str
    packets: float | None = None
    joules: float | None = None


@dataclass(frozen=True, eq=False)
class _Trial:
    """A change, what it makes of the network and the options, and the layer whose weights it rounds, if it does."""

    text: str
    option: str
    exact: bool
    effect: str
    network: Network
    options: CompileOptions
    layer: str = ""


def advise(
    network: Network,
    options: CompileOptions | None,
    summary: Mapping[str, Any],
    thorough: bool = False,
    progress: Callable[[str], None] | None = None,
    rates: Rates | None = None,
) -> tuple[Change, ...] | None:
    """Changes that save at least one core, or that make a network fit which does not; the best first, among equals
    the exact, then those that take least energy at the measured rates.

    Args:
        network: as it was compiled.
        options: as they were.
        summary: of the program, or of `TooManyCoresError`.
        thorough: try everything; else only as much as takes about as long as a second, which may be nothing.
        progress: called with the text of each change before it is tried.
        rates: how often neurons fire, with which every change is planned, placed and priced; None: unknown.

    Returns:
        None if nothing was tried, since the network is too large for a quick answer.
    """
    options = options or CompileOptions()
    say = progress or (lambda text: None)
    synapses = sum(row["synapses"] for row in summary["populations"])
    left = QUICK_SYNAPSES // max(synapses, 1)
    found: list[Change] = []
    goal = min(summary["cores"] - 1, summary["cores_available"])
    for ladder in _ladders(network, options, summary, goal):
        needed = len(ladder).bit_length()
        if not thorough and needed > left:
            return None if not found else _sorted(found)
        left -= needed
        mildest = _mildest(ladder, goal, say, rates)
        found += [mildest] if mildest else []
    return _sorted(found)


def _sorted(found: list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(found, key=lambda change: (change.cores, not change.exact, change.joules or 0.0)))


def _mildest(ladder: Sequence[_Trial], goal: int, say: Callable[[str], None], rates: Rates | None) -> Change | None:
    """The first rung that takes at most `goal` cores, if the later ones do too."""
    low, high, found = 0, len(ladder), None
    while low < high:
        middle = (low + high) // 2
        trial = ladder[middle]
        say(trial.text)
        try:
            plan = plan_network(trial.network, trial.options, lambda stage: None, rates)
        except DoesNotFitError:
            low = middle + 1
            continue
        if len(plan.cores) <= goal:
            found = trial, plan
            high = middle
        else:
            low = middle + 1
    return _change(*found, rates) if found else None


def _change(trial: _Trial, plan: Plan, rates: Rates | None) -> Change:
    """What a trial comes to, priced where it is known how often neurons fire."""
    effect = _loss(plan, trial) if trial.layer else trial.effect
    change = Change(trial.text, trial.option, len(plan.cores), trial.exact, effect)
    if rates is None or not rates.recordings:
        return change
    program, work = mapped(plan, rates, trial.options.seed)
    cost = predicted(expected_counts(program, rates), load_constants(CONSTANTS))
    return replace(change, packets=work.packets, joules=cost.joules / cost.steps)


def _ladders(
    network: Network, options: CompileOptions, summary: Mapping[str, Any], goal: int
) -> Iterator[list[_Trial]]:
    """Changes that no bound rules out, each list from the mildest to the strongest."""
    if goal < 1:
        return
    if goal >= summary["cores_proven"]:
        yield from _allowing(network, options, summary)
        yield from _counting(network, options, summary)
    yield from _delays(network, options)
    if goal >= max(summary["bounds"][name] for name in WEIGHTLESS):
        yield from _bits(network, options, summary)


def _allowing(network: Network, options: CompileOptions, summary: Mapping[str, Any]) -> Iterator[list[_Trial]]:
    """What an option forbids; what the target forbids is not the user's to allow."""
    target = load_target(options.target).stack
    for name in vars(StackLimits()):
        if getattr(options, name) and not getattr(target, name):
            words = name.replace("_", " ")
            option = f"drop --{name.replace('_', '-')}"
            allowed = _without(options, name)
            yield [_Trial(f"without {words}", option, True, "same bits", network, allowed)]


def _without(options: CompileOptions, name: str) -> CompileOptions:
    allowed: dict[str, Any] = {name: False}
    return replace(options, **allowed)


def _counting(network: Network, options: CompileOptions, summary: Mapping[str, Any]) -> Iterator[list[_Trial]]:
    """Memory as only one vendor stack counts it."""
    if summary["memory_rule"] == "conservative":
        for rule in MEMORY_RULES:
            if rule != "conservative":
                counted = replace(options, memory_rule=rule)
                text = f"memory as {rule} counts it"
                yield [_Trial(text, f"--memory-rule {rule}", True, "same bits", network, counted)]


def _delays(network: Network, options: CompileOptions) -> Iterator[list[_Trial]]:
    longest = max(int(p.delays().max(initial=0)) for p in network.populations)
    ladder = []
    for most in sorted((d for d in DELAYS if d < longest), reverse=True):
        populations = tuple(replace(p, axonal_delay=_shortened(p.axonal_delay, most)) for p in network.populations)
        late = sum(int(np.count_nonzero(p.delays() > most)) for p in network.populations)
        text = f"delays up to {most} instead of {longest}" if most else "no delays"
        effect = f"{late:,} neurons' spikes come sooner"
        shorter = replace(network, populations=populations)
        ladder.append(_Trial(text, "", False, effect, shorter, options))
    if ladder:
        yield ladder


def _shortened(delay: Any, most: int) -> Any:
    return min(delay, most) if isinstance(delay, int) else np.minimum(delay, most)


def _bits(network: Network, options: CompileOptions, summary: Mapping[str, Any]) -> Iterator[list[_Trial]]:
    """Fewer bits in the learned layers that take most synapse memory, one layer at a time."""
    learned = {p.target for p in network.projections if p.synapse.learned}
    rows = [row for row in summary["populations"] if row["name"] in learned and _fills_memory(row)]
    rows.sort(key=lambda row: -int(row["synapse_words"]))
    for row in rows[:MOST_LAYERS]:
        name = row["name"]
        widest = max(width["bits"] for width in row["weight_bits"])
        ladder = []
        for bits in range(min(widest, 7) - 1, 0, -1):
            text = f"{bits}-bit weights in {name}"
            fewer = replace(options, layer_bits={**options.layer_bits, name: bits})
            ladder.append(_Trial(text, _bits_option(fewer), False, "", network, fewer, name))
        if ladder:
            yield ladder


def _fills_memory(row: Mapping[str, Any]) -> bool:
    """Whether memory ended stretches of a layer, or it takes a good part of a core's memory."""
    return bool(row["stretches"].get("synapse_memory")) or row["fills"]["synapse_memory"] >= WORTH_TRYING


def _bits_option(options: CompileOptions) -> str:
    every = [] if options.weight_bits is None else [str(options.weight_bits)]
    return "--weight-bits " + ",".join([*every, *(f"{layer}={bits}" for layer, bits in options.layer_bits.items())])


def _loss(plan: Plan, trial: _Trial) -> str:
    """What quantization does to the weights into a layer."""
    rows = [error for error in plan.errors if error.target == trial.layer]
    weights = sum(row.weights for row in rows)
    squares = sum(row.rms**2 * row.weights for row in rows)
    whole = sum(float(np.sum(p.trained_weights() ** 2)) for p in trial.network.into(trial.layer))
    changed = sum(row.changed for row in rows) / max(weights, 1)
    return f"{changed:.0%} of its weights change, by {100 * (squares / whole) ** 0.5 if whole else 0:.2g}% (rms)"


def advice_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The list `advice` of `compile --json`."""
    rows = [asdict(change) for change in changes]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _cores_text(cores: int) -> str:
    """A number of cores in words."""
    return f"{cores:,} core{'s' if cores != 1 else ''}"


def ways(changes: Sequence[Change] | None) -> list[str]:
    """What would make a network fit, as sentences of a refusal."""
    if changes is None:
        return ["--advise tries which single change would make it fit"]
    return [
        f"{change.text}{f' ({change.option})' if change.option else ''}: {_cores_text(change.cores)}; {change.effect}"
        for change in changes
    ] or ["no single change that was tried makes it fit"]
