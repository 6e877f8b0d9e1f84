"""What events cost: named sets of constants, each with its source, from the package's TOML files or the user's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path

from neurodeploy.compiler.described import Described
from neurodeploy.errors import OptionError

#: Sets that are shown where none is asked for.
SHOWN = ("davies2018", "sana-fe")
BETWEEN = ("lower", "linear")


@dataclass(frozen=True)
class Energies:
    """Picojoules of one event each; 0: the source has no figure."""

    synaptic_op: float
    synaptic_op_sparse: float
    neuron_active: float
    neuron_idle: float
    spike: float
    packet: float
    hop_east_west: float
    hop_north_south: float


@dataclass(frozen=True)
class Times:
    """Nanoseconds that one event keeps its part of a core busy; 0: the source has no figure."""

    synaptic_op: float
    synaptic_op_sparse: float
    neuron_active: float
    neuron_idle: float
    spike: float
    packet_out: float
    packet_in: float


@dataclass(frozen=True)
class Barrier:
    """Time of the barrier that ends every step, by the routers of a chip that it spans.

    Attributes:
        tiles: ascending; nanoseconds: at each of them.
        between: what holds between two of them: the "lower" one's time, or a "linear" course.
    """

    tiles: tuple[int, ...]
    nanoseconds: tuple[float, ...]
    between: str

    def at(self, tiles: int) -> float:
        """Nanoseconds over so many tiles; below the first and above the last as there."""
        above = next((i for i, known in enumerate(self.tiles) if known > tiles), len(self.tiles))
        if above in (0, len(self.tiles)) or self.between == "lower":
            return self.nanoseconds[max(above - 1, 0)]
        (x0, x1), (y0, y1) = self.tiles[above - 1 : above + 1], self.nanoseconds[above - 1 : above + 1]
        return y0 + (y1 - y0) * (tiles - x0) / (x1 - x0)


@dataclass(frozen=True)
class Constants:
    """A named set of constants.

    Attributes:
        name: as every prediction shows it.
        chip: that the figures are of, a target's name without its board.
        source: where they come from.
        picojoules, nanoseconds, barrier: see there.
        static_milliwatts: drawn by each chip in use, busy or not; static_source: where that comes from.
    """

    name: str
    chip: str
    source: str
    picojoules: Energies
    nanoseconds: Times
    barrier: Barrier
    static_milliwatts: float
    static_source: str


def known_constants() -> tuple[str, ...]:
    """Names of the sets that come with the package."""
    return tuple(constants.name for constants in _packaged())


def load_constants(name: str) -> Constants:
    """The set of that name, or the one that a `.toml` file describes; its name is then the file's.

    Raises:
        OptionError: no such set.
        FormatError: a file that is missing, no TOML, or holds nonsense; names the line.
    """
    for constants in _packaged():
        if constants.name == name:
            return constants
    if not name.endswith(".toml"):
        remedy = f"choose from {', '.join(known_constants())}, or give a .toml file"
        raise OptionError(f"constants {name}", "are unknown", remedy)
    return constants_of(Described.read(Path(name)))


def constants_of(described: Described) -> Constants:
    """A set from its description; see docs/targets.md for every key.

    Raises:
        FormatError: an unknown or missing key, or a value that makes no sense.
    """
    described.table((), ("name", "chip", "source", "picojoules", "nanoseconds", "barrier", "static"))
    energies, times = [f.name for f in fields(Energies)], [f.name for f in fields(Times)]
    described.table(("picojoules",), energies)
    described.table(("nanoseconds",), times)
    described.table(("static",), ("milliwatts_per_chip", "source"))
    return Constants(
        name=described.words(("name",)),
        chip=described.words(("chip",)),
        source=described.words(("source",)),
        picojoules=Energies(*(described.amount(("picojoules", key)) for key in energies)),
        nanoseconds=Times(*(described.amount(("nanoseconds", key)) for key in times)),
        barrier=_barrier(described),
        static_milliwatts=described.amount(("static", "milliwatts_per_chip")),
        static_source=described.words(("static", "source")),
    )


def _barrier(described: Described) -> Barrier:
    table = described.table(("barrier",), ("tiles", "nanoseconds", "between"))
    tiles, times = table["tiles"], table["nanoseconds"]
    if not isinstance(tiles, list) or not tiles or not all(type(t) is int and 1 <= t <= 1 << 20 for t in tiles):
        raise described.refused(
            ("barrier", "tiles"), f"{tiles!r} is no list of tile counts", "give for example [1, 32]"
        )
    if sorted(set(tiles)) != tiles:
        raise described.refused(("barrier", "tiles"), f"{tiles!r} does not ascend", "sort it")
    good = isinstance(times, list) and all(type(t) in (int, float) and 0 <= t <= 1e12 for t in times)
    if not good or len(times) != len(tiles):
        problem = f"{times!r} does not give a time for each of {len(tiles)} tile counts"
        raise described.refused(("barrier", "nanoseconds"), problem, "give one from 0 for each")
    between = described.one_of(("barrier", "between"), BETWEEN)
    return Barrier(tuple(tiles), tuple(float(time) for time in times), between)


def _packaged() -> Iterator[Constants]:
    folder = resources.files("neurodeploy.compiler") / "prediction"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            yield constants_of(Described.parse(file.read_text("utf-8"), file.name))
