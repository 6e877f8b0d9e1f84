"""Targets: a chip's limits as data, read from the package's own TOML files or the user's."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from neurodeploy.errors import FormatError, OptionError
from neurodeploy.network.neurons import NEURONS, CubaLif

MAX_TOML_BYTES = 1 << 20
MEMORY_RULES = ("conservative", "nengo-loihi", "nxtf")


@dataclass(frozen=True)
class CoreLimits:
    """What one core can hold; the sources stand in the target's file."""

    compartments: int
    synapse_words: int
    words_per_axon: int
    input_axons: int
    output_slots: int
    output_slots_across: int
    neuron_rows: int
    threshold_rows: int
    synapse_formats: int


@dataclass(frozen=True)
class NeuronRanges:
    """Least and largest value of each parameter, both inclusive; decays as effective values."""

    current_decay: tuple[int, int]
    voltage_decay: tuple[int, int]
    threshold_mantissa: tuple[int, int]
    refractory_delay: tuple[int, int]
    axonal_delay: tuple[int, int]
    bias_mantissa: tuple[int, int]
    bias_exponent: tuple[int, int]
    weight_exponent: tuple[int, int]


@dataclass(frozen=True)
class Target:
    """A chip or board.

    Attributes:
        name, description: as shown to the user.
        chips, cores_per_chip: how many cores there are.
        mesh: routers of a chip (columns, rows); core k of a chip hangs on router k // cores_per_router,
            router = column · rows + row.
        memory_rule: "conservative", "nengo-loihi" or "nxtf".
        core, neuron: the limits.
        neuron_models: names of the neuron models that its cores hold.
    """

    name: str
    description: str
    chips: int
    cores_per_chip: int
    mesh: tuple[int, int]
    cores_per_router: int
    memory_rule: str
    core: CoreLimits
    neuron: NeuronRanges
    neuron_models: tuple[str, ...] = (CubaLif.NAME,)

    @property
    def total_cores(self) -> int:
        """Cores of all chips."""
        return self.chips * self.cores_per_chip

    def as_dict(self) -> dict[str, Any]:
        """The target as its TOML file has it; `target_from_dict` reads it back."""
        return asdict(self)


def known_targets() -> tuple[str, ...]:
    """Names of the targets that come with the package: each chip, and its boards as `chip-N`."""
    return tuple(name for name, _ in _boards())


def load_target(name: str) -> Target:
    """The target of that name, or the one described by a `.toml` file (its smallest board).

    Raises:
        OptionError: no such target.
        FormatError: a file that is missing, no TOML, or holds nonsense.
    """
    for known, (data, chips) in _boards():
        if known == name:
            return _target(data, chips, name)
    if not name.endswith(".toml"):
        raise OptionError(
            f"target {name}", "is unknown", f"choose from {', '.join(known_targets())}, or give a .toml file"
        )
    try:
        data = tomllib.loads(_read(Path(name)))
    except tomllib.TOMLDecodeError as error:
        raise FormatError(name, f"is no TOML file ({error})", "correct that line") from error
    boards = data.pop("boards", None)
    if not isinstance(boards, list) or not boards:
        raise FormatError(f"{name}: boards", f"{boards!r} is no list of chip counts", "give for example boards = [1]")
    return _target(data, boards[0], name)


def board_with(target: Target, cores: int) -> str | None:
    """Name of the smallest packaged board of the same chip with at least `cores` cores, if it is a larger one."""
    chip = target.name.split("-")[0]
    for name, (data, chips) in _boards():
        if data["name"] == chip and chips > target.chips and chips * data["cores_per_chip"] >= cores:
            return name
    return None


def _target(data: dict[str, Any], chips: int, name: str) -> Target:
    board = {
        "chips": chips,
        "name": name if name.endswith(".toml") else f"{data['name']}-{chips}" if chips > 1 else data["name"],
    }
    return target_from_dict(data | board, name)


def _boards() -> list[tuple[str, tuple[dict[str, Any], int]]]:
    """Every packaged target by name: its table and number of chips."""
    folder = resources.files("neurodeploy.compiler") / "targets"
    found = []
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            data = tomllib.loads(file.read_text("utf-8"))
            boards = data.pop("boards")
            found += [(data["name"] + (f"-{chips}" if chips > 1 else ""), (data, chips)) for chips in boards]
    return found


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_TOML_BYTES:
            raise FormatError(str(path), "is larger than 1 MiB", "give a target description")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(str(path), f"cannot be read ({error})", "check the path") from error


def target_from_dict(data: dict[str, Any], where: str) -> Target:
    """A target from the tables of its TOML file; every key is demanded and checked.

    Raises:
        FormatError: an unknown or missing key, or a value that makes no sense.
    """
    # files from before there were other models do not name any
    data = {"neuron_models": [CubaLif.NAME]} | data
    _check_keys(data, [f.name for f in fields(Target)], where)
    core = _table(data["core"], [f.name for f in fields(CoreLimits)], f"{where}: core")
    neuron = _table(data["neuron"], [f.name for f in fields(NeuronRanges)], f"{where}: neuron")
    for key in ("chips", "cores_per_chip", "cores_per_router"):
        _positive(data[key], f"{where}: {key}")
    for key, value in core.items():
        _positive(value, f"{where}: core.{key}")
    if data["memory_rule"] not in MEMORY_RULES:
        raise FormatError(
            f"{where}: memory_rule", f"{data['memory_rule']!r} is unknown", f"choose from {', '.join(MEMORY_RULES)}"
        )
    mesh = _pair(data["mesh"], f"{where}: mesh")
    if mesh[0] < 1 or mesh[1] < 1 or mesh[0] * mesh[1] * data["cores_per_router"] < data["cores_per_chip"]:
        raise FormatError(
            f"{where}: mesh", f"{mesh} has no room for {data['cores_per_chip']} cores", "give more routers"
        )
    ranges = {key: _pair(value, f"{where}: neuron.{key}") for key, value in neuron.items()}
    for key, (low, high) in ranges.items():
        if low > high:
            raise FormatError(f"{where}: neuron.{key}", f"{low} is more than {high}", "give the least value first")
    return Target(
        name=str(data["name"]),
        description=str(data["description"]),
        chips=data["chips"],
        cores_per_chip=data["cores_per_chip"],
        mesh=mesh,
        cores_per_router=data["cores_per_router"],
        memory_rule=data["memory_rule"],
        core=CoreLimits(**core),
        neuron=NeuronRanges(**ranges),
        neuron_models=_models(data["neuron_models"], f"{where}: neuron_models"),
    )


def _models(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not value or not all(name in NEURONS for name in value):
        raise FormatError(where, f"{value!r} does not list known neuron models", f"choose from {', '.join(NEURONS)}")
    return tuple(value)


def _table(value: object, keys: list[str], where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(where, "is no table", "describe the target as loihi1 is described")
    _check_keys(value, keys, where)
    return value


def _check_keys(data: dict[str, Any], keys: list[str], where: str) -> None:
    for key in data:
        if key not in keys:
            raise FormatError(f"{where}: {key}", "is no known key", f"use {', '.join(keys)}")
    for key in keys:
        if key not in data:
            raise FormatError(f"{where}: {key}", "is missing", "add it")


def _positive(value: object, where: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**31:
        raise FormatError(where, f"{value!r} is no positive whole number", "give at least 1")


def _pair(value: object, where: str) -> tuple[int, int]:
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(type(v) is int for v in value):
        raise FormatError(where, f"{value!r} is not two whole numbers", "give [first, second]")
    return value[0], value[1]
