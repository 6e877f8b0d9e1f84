"""One CUBA LIF neuron in plain Python integers, written from its equations alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from neurodeploy.network import CubaLif

LIMIT = 2**23


@dataclass
class Trace:
    """What a neuron did: u, v and spike of every step, and how often it wrapped, was clipped and overflowed."""

    u: list[int] = field(default_factory=list)
    v: list[int] = field(default_factory=list)
    spikes: list[int] = field(default_factory=list)
    wraps: int = 0
    clips: int = 0
    overflows: int = 0
    active: int = 0


def truncated(value: int, decay: int) -> int:
    """`value` · (4096 − decay) / 4096 toward zero."""
    size = abs(value) * (4096 - decay) // 4096
    return size if value > 0 else -size


def wrapped(x: int, lava: bool) -> int:
    if not lava:
        return (x + LIMIT) % (2 * LIMIT) - LIMIT
    if x > LIMIT:
        return x - 2 * LIMIT
    return x + 2 * LIMIT if x <= -LIMIT else x


def simulated(neuron: CubaLif, q: Sequence[int], bias: Sequence[int] | None = None, lava: bool = False) -> Trace:
    """The neuron driven by q and bias of every step."""
    parameters = {name: int(value) for name, value in neuron.parameters().items()}
    u = v = r = 0
    trace = Trace()
    for step, current in enumerate(q):
        extra = bias[step] if bias else 0
        trace.active += bool(u or v or current or extra)
        r = max(r - 1, 0)
        x = truncated(u, parameters["current_decay"]) + current
        u = wrapped(x, lava)
        y = truncated(v, parameters["voltage_decay"]) + u + extra
        v = max(min(y, LIMIT - 1), -(LIMIT - 1))
        trace.wraps += u != x
        trace.clips += v != y
        trace.overflows += abs(current) >= 2**21
        fires = r == 0 and v > parameters["threshold_mantissa"] * 64
        if fires:
            trace.spikes.append(step)
            r = parameters["refractory_delay"]
        if r > 0:  # it fired now, or is still held
            v = 0
        trace.u.append(u)
        trace.v.append(v)
    return trace
