"""What fits where: the object of `compile --json` as its reader needs it, checked, since it may come from any file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from neurodeploy.errors import FormatError
from neurodeploy.runtime.contracts import CHANGE, COMPILE, PREFLIGHT
from neurodeploy.runtime.record import check_cores
from neurodeploy.runtime.schema import check

#: More than any board has (16,384 by the protocol, Davies 2018).
MAX_CHIPS = 16384
#: The bounds that speak of each limit.
_BOUNDS = {
    "compartments": ("compartments",),
    "synapse_memory": ("synapse_memory_proven", "synapse_memory_any", "synapse_memory_uniform"),
    "input_axons": ("input_axons",),
    "output_slots": ("output_slots",),
}


@dataclass(frozen=True)
class Layer:
    """What a population takes.

    Attributes:
        name, neurons, synapses: as in the network, synapses of weight zero left out.
        bits: stored synapses by the bits of their weight.
        cores, alone: cores that hold some of it, and those that hold nothing else.
        fills: cores that it would fill by itself, by each limit that adds up.
        bound: the limit that ended most of its stretches, None where it fits in what was left.
    """

    name: str
    neurons: int
    synapses: int
    bits: dict[int, int]
    cores: int
    alone: int
    fills: dict[str, float]
    bound: str | None

    @property
    def fullest(self) -> str:
        """The limit that it takes most of."""
        return max(self.fills, key=lambda limit: self.fills[limit])

    @property
    def span(self) -> str:
        """The bits of its weights, least and largest."""
        used = [bits for bits, synapses in self.bits.items() if synapses]
        return "" if not used else f"{min(used)}" if len(used) == 1 else f"{min(used)} … {max(used)}"


@dataclass(frozen=True)
class Limit:
    """How cores stand against a limit.

    Attributes:
        name, unit: of the limit.
        maximum, fullest: what the core that uses most of it has, and uses.
        mean: share that a core uses on average.
        demands: cores that this limit alone demands, by what that assumes; empty where there is no such bound.
    """

    name: str
    unit: str
    maximum: int
    fullest: int
    mean: float
    demands: dict[str, int]


@dataclass(frozen=True)
class Core:
    """A core of the map: where it is, its populations with their neurons, and the share of its tightest limit."""

    chip: int
    slot: int
    neurons: dict[str, int]
    tightest: str
    share: float


@dataclass(frozen=True)
class Change:
    """What one change would save; see `neurodeploy.compiler.advice`."""

    text: str
    option: str
    cores: int
    exact: bool
    effect: str
    packets: float | None = None
    joules: float | None = None


@dataclass(frozen=True)
class Preflight:
    """What fits where.

    Attributes:
        target, memory_rule, cores, available, chips: of the program.
        least: cores that no mapping can do with; optimal: whether the program takes no more.
        mesh, cores_per_router: of a chip.
        assumptions: what the bounds assume, by their names.
        forbidden: what the compiler had to do without.
        layers, limits, core_table: rows.
        advice: changes that were tried and save cores; None: none was tried.
    """

    target: str
    memory_rule: str
    cores: int
    available: int
    chips: int
    least: int
    optimal: bool
    mesh: tuple[int, int]
    cores_per_router: int
    assumptions: dict[str, str]
    forbidden: tuple[str, ...]
    layers: tuple[Layer, ...]
    limits: tuple[Limit, ...]
    core_table: tuple[Core, ...]
    advice: tuple[Change, ...] | None

    @classmethod
    def of(cls, summary: Mapping[str, Any], where: str = "program") -> Preflight | None:
        """Read the object of `compile --json`; None if an older version wrote it, without what this needs.

        Raises:
            FormatError: it is no such object.
        """
        if "optimal" not in summary:
            return None
        for schema in (COMPILE, PREFLIGHT):
            check(dict(summary), schema, where)
        check_cores(summary, where)
        advice = summary.get("advice")
        if advice is not None:
            check(advice, [CHANGE], f"{where}.advice")
        return _preflight(summary, where)


def _preflight(summary: Mapping[str, Any], where: str) -> Preflight:
    names = [limit["name"] for limit in summary["limits"]]
    advice = summary.get("advice")
    return Preflight(
        target=_plain(summary["target"]),
        memory_rule=_plain(summary["memory_rule"]),
        cores=summary["cores"],
        available=summary["cores_available"],
        chips=summary["chips"],
        least=summary.get("cores_proven", summary["cores_lower_bound"]),
        optimal=summary["optimal"],
        mesh=_mesh(summary, where),
        cores_per_router=summary["cores_per_router"],
        assumptions={_plain(name): _plain(str(text)) for name, text in summary["bounds_assume"].items()},
        forbidden=tuple(map(_plain, summary["forbidden"])),
        layers=tuple(map(_layer, summary["populations"])),
        limits=tuple(_limit(row, summary) for row in summary["limits"]),
        core_table=tuple(_core(row, names, summary, where) for row in summary["core_table"]),
        advice=None if advice is None else tuple(_change(row) for row in advice),
    )


def _layer(row: Mapping[str, Any]) -> Layer:
    return Layer(
        name=_plain(row["name"]),
        neurons=row["neurons"],
        synapses=row["synapses"],
        bits={width["bits"]: width["synapses"] for width in row["weight_bits"]},
        cores=row["cores"],
        alone=row["cores_alone"],
        fills=dict(row["fills"]),
        bound=row["binding_limit"] and _plain(row["binding_limit"]),
    )


def _limit(row: Mapping[str, Any], summary: Mapping[str, Any]) -> Limit:
    name = row["name"]
    shares = [core[name] / core.get("max", {name: row["max"]})[name] for core in summary["core_table"]]
    bounds = summary["bounds"]
    return Limit(
        name=_plain(name),
        unit=_plain(row["unit"]),
        maximum=row["max"],
        fullest=row["used_max"],
        mean=sum(shares) / max(len(shares), 1),
        demands={bound: bounds[bound] for bound in _BOUNDS.get(name, ()) if bound in bounds},
    )


def _core(row: Mapping[str, Any], names: list[str], summary: Mapping[str, Any], where: str) -> Core:
    if row["slot"] >= summary["cores_per_chip"] or row["chip"] >= MAX_CHIPS:
        raise FormatError(where, f"core {row['core']} sits at {row['slot']} of chip {row['chip']}", "compile it again")
    maxima = row.get("max", {limit["name"]: limit["max"] for limit in summary["limits"]})
    shares = {name: row[name] / maxima[name] for name in names}
    tightest = max(shares, key=lambda name: shares[name], default="")
    neurons = dict(zip(map(_plain, row["populations"]), row["neurons"], strict=False))
    return Core(row["chip"], row["slot"], neurons, _plain(tightest), shares.get(tightest, 0.0))


def _change(row: Mapping[str, Any]) -> Change:
    return Change(
        text=_plain(row["text"]),
        option=_plain(row["option"]),
        cores=row["cores"],
        exact=row["exact"],
        effect=_plain(row["effect"]),
        packets=row.get("packets"),
        joules=row.get("joules"),
    )


def _mesh(summary: Mapping[str, Any], where: str) -> tuple[int, int]:
    mesh = summary["mesh"]
    if len(mesh) != 2 or prod(mesh) * summary["cores_per_router"] < summary["cores_per_chip"]:
        raise FormatError(where, f"has no room for {summary['cores_per_chip']} cores on {mesh}", "compile it again")
    return mesh[0], mesh[1]


def _plain(text: str) -> str:
    """A text from a file as it may reach a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
