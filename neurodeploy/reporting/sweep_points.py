"""The points of a sweep, and which of them are on the Pareto fronts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from neurodeploy.reporting.front import pareto_front
from neurodeploy.shown import Shown

SCHEMA = "neurodeploy.sweep/1"
#: What fronts are drawn against.
COSTS = ("bits", "cores")


@dataclass(frozen=True)
class Point:
    """The network with weights of so many bits on one target.

    Attributes:
        bits, target: what was asked; fits: whether the target holds it; problem: why not.
        cores: taken; changed, weights: how many weights quantization changed, of how many.
        accuracy: see `reporting.accuracy`, None without labels; silent: recordings without an answer.
        agreement: equal spikes of all layers against the baseline's; layers: of each.
        compared: recordings that these are of.
        pairing: `same` answers as the baseline, `only_baseline` and `only_this` right, `p_value` of the sign test.
        joules: predicted for a recording, mean, by name of the constants.
        front: which of "bits" and "cores" no other point of this target beats it in at as high an accuracy.
    """

    bits: int
    target: str
    fits: bool
    problem: str | None = None
    cores: int | None = None
    changed: int | None = None
    weights: int | None = None
    accuracy: dict[str, Any] | None = None
    silent: int | None = None
    agreement: dict[str, Any] | None = None
    layers: tuple[dict[str, Any], ...] = ()
    compared: int = 0
    pairing: dict[str, Any] | None = None
    joules: dict[str, float] | None = None
    front: tuple[str, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """What the points are compared with.

    Attributes:
        kind: "float", the network as it was trained, in backend torch; or "finest", the first point that fits with most
            bits, where there is no such backend or the network came as integers.
        accuracy: see `reporting.accuracy`, None without labels.
    """

    kind: str
    accuracy: dict[str, Any] | None


@dataclass(frozen=True)
class Sweep(Shown, drawn_by="neurodeploy.plotting.answers"):
    """All points, by target in the order given and falling bits.

    Attributes:
        recordings: that each was run on.
        baseline: None where nothing fits.
        points: one per target and number of bits.
        provenance: versions, command and options.
    """

    recordings: int
    baseline: Baseline | None
    points: tuple[Point, ...]
    provenance: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The object of `sweep --json`."""
        return {"schema": SCHEMA, **asdict(self)}


def with_fronts(points: Sequence[Point]) -> tuple[Point, ...]:
    """Mark the fronts of every target."""
    fronts: dict[int, list[str]] = {i: [] for i in range(len(points))}
    for target in dict.fromkeys(point.target for point in points):
        known = [(i, p, p.accuracy["share"]) for i, p in enumerate(points) if p.target == target and p.accuracy]
        mine = [i for i, _, _ in known]
        for cost in COSTS:
            places = [(float(getattr(point, cost)), float(share)) for _, point, share in known]
            for i, on_front in zip(mine, pareto_front(places), strict=True):
                fronts[i] += [cost] if on_front else []
    return tuple(replace(point, front=tuple(fronts[i])) for i, point in enumerate(points))
