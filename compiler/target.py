"""Targets: a chip's limits as data, read from the package's own TOML files or the user's."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from neurodeploy.compiler.described import Described
from neurodeploy.errors import OptionError
from neurodeploy.network.neurons import NEURONS, CubaLif

#: What the widest index of a synapse list addresses.
MAX_COMPARTMENTS = 4096
MOST = 2**31 - 1
#: Least and largest value of the keys of a target file that are one whole number.
CHIP_RANGES = {"chips": (1, MOST), "cores_per_chip": (1, MOST), "cores_per_router": (1, MOST)}
CORE_RANGES = {
    "compartments": (1, MAX_COMPARTMENTS),
    "synapse_words": (1, MOST),
    "words_per_axon": (1, MOST),
    "input_axons": (1, MOST),
    "output_slots": (1, MOST),
    "output_slots_across": (1, MOST),
    "neuron_rows": (1, MOST),
    "threshold_rows": (1, MOST),
    "synapse_formats": (1, MOST),
}
#: Between what the two ends of a parameter's range may lie; a decay is a 12-bit fraction, 4096 all of it.
NEURON_RANGES = {
    "current_decay": (0, 4096),
    "voltage_decay": (0, 4096),
    "threshold_mantissa": (0, MOST),
    "refractory_delay": (0, MOST),
    "axonal_delay": (0, MOST),
    "bias_mantissa": (-MOST, MOST),
    "bias_exponent": (0, 31),
    "weight_exponent": (-31, 31),
}
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
class StackLimits:
    """What the vendor's software may not support; no public document settles any of it.

    Attributes:
        one_format_per_axon: all lists of an input axon share one synapse format.
        one_layer_per_core: a core holds neurons of one population.
        whole_projection_padding: every axon of a projection takes as many words as the core's longest (NxTF groups).
    """

    one_format_per_axon: bool = False
    one_layer_per_core: bool = False
    whole_projection_padding: bool = False


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
        stack: what software forbids; all allowed if a target does not say.
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
    stack: StackLimits = StackLimits()

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
        FormatError: a file that is missing, no TOML, or holds nonsense; names the line.
    """
    for known, (described, chips) in _boards():
        if known == name:
            return _board(described, chips, name)
    if not name.endswith(".toml"):
        raise OptionError(
            f"target {name}", "is unknown", f"choose from {', '.join(known_targets())}, or give a .toml file"
        )
    described = Described.read(Path(name))
    return _board(described, min(_chip_counts(described)), name)


def with_memory_rule(target: Target, rule: str | None) -> Target:
    """The target with another memory rule, or as it is.

    Raises:
        OptionError: an unknown rule.
    """
    if rule is not None and rule not in MEMORY_RULES:
        raise OptionError(f"memory rule {rule}", "is unknown", f"choose from {', '.join(MEMORY_RULES)}")
    return target if rule is None else replace(target, memory_rule=rule)


def board_with(target: Target, cores: int) -> str | None:
    """Name of the smallest packaged board of the same chip with at least `cores` cores, if it is a larger one."""
    chip = target.name.split("-")[0]
    for name, (described, chips) in _boards():
        data = described.data
        if data["name"] == chip and chips > target.chips and chips * data["cores_per_chip"] >= cores:
            return name
    return None


def target_from_dict(data: dict[str, Any], where: str) -> Target:
    """A target from what `Target.as_dict` gives.

    Raises:
        FormatError: an unknown or missing key, or a value that makes no sense.
    """
    return target_of(Described({"neuron_models": [CubaLif.NAME], "stack": {}} | data, where))


def target_of(described: Described) -> Target:
    """A target from its description; every key is demanded and checked, see docs/targets.md.

    Raises:
        FormatError: an unknown or missing key, or a value that makes no sense.
    """
    described.table((), [f.name for f in fields(Target) if f.default is MISSING], ("neuron_models", "stack"))
    described.table(("core",), CORE_RANGES)
    described.table(("neuron",), NEURON_RANGES)
    target = Target(
        name=described.words(("name",)),
        description=described.words(("description",)),
        **{key: described.whole((key,), *limits) for key, limits in CHIP_RANGES.items()},
        mesh=described.pair(("mesh",), 1, MOST),
        memory_rule=described.one_of(("memory_rule",), MEMORY_RULES),
        core=CoreLimits(**{key: described.whole(("core", key), *limits) for key, limits in CORE_RANGES.items()}),
        neuron=NeuronRanges(**{key: _range(described, key, *limits) for key, limits in NEURON_RANGES.items()}),
        neuron_models=_models(described),
        stack=_stack(described),
    )
    room = target.mesh[0] * target.mesh[1] * target.cores_per_router
    if room < target.cores_per_chip:
        problem = f"{list(target.mesh)} has no room for {target.cores_per_chip} cores, only for {room}"
        raise described.refused(("mesh",), problem, "give more routers")
    return target


def _range(described: Described, key: str, least: int, most: int) -> tuple[int, int]:
    low, high = described.pair(("neuron", key), least, most)
    if low > high:
        raise described.refused(("neuron", key), f"{low} is more than {high}", "give the least value first")
    return low, high


def _models(described: Described) -> tuple[str, ...]:
    if "neuron_models" not in described.data:
        return (CubaLif.NAME,)
    value = described.value(("neuron_models",))
    known = isinstance(value, (list, tuple)) and all(isinstance(name, str) and name in NEURONS for name in value)
    if not value or not known:
        problem = f"{value!r} does not list known neuron models"
        raise described.refused(("neuron_models",), problem, f"choose from {', '.join(NEURONS)}")
    return tuple(value)


def _stack(described: Described) -> StackLimits:
    if "stack" not in described.data:
        return StackLimits()
    table = described.table(("stack",), (), [f.name for f in fields(StackLimits)])
    for key, value in table.items():
        if not isinstance(value, bool):
            raise described.refused(("stack", key), f"{value!r} is neither true nor false", "say whether it holds")
    return StackLimits(**table)


def _board(described: Described, chips: int, name: str) -> Target:
    """The target of a file, on its board of so many chips; `name` is a packaged board's, or the file's own."""
    described.table((), ["boards", *_FILE_KEYS], ("neuron_models", "stack"))
    data = {key: value for key, value in described.data.items() if key != "boards"} | {"chips": chips}
    return replace(target_of(replace(described, data=data)), name=name)


def _chip_counts(described: Described) -> list[int]:
    described.table((), ["boards", *_FILE_KEYS], ("neuron_models", "stack"))
    boards = described.value(("boards",))
    if not isinstance(boards, list) or not boards:
        raise described.refused(("boards",), f"{boards!r} is no list of chip counts", "give for example boards = [1]")
    for chips in boards:
        if type(chips) is not int or not 1 <= chips <= MOST:
            problem = f"{chips!r} is no number of chips in 1 … {MOST}"
            raise described.refused(("boards",), problem, "give for example boards = [1]")
    return boards


def _boards() -> list[tuple[str, tuple[Described, int]]]:
    """Every packaged target by name: its description and number of chips."""
    folder = resources.files("neurodeploy.compiler") / "targets"
    found = []
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            described = Described.parse(file.read_text("utf-8"), file.name)
            name = described.data["name"]
            found += [(name + (f"-{n}" if n > 1 else ""), (described, n)) for n in described.data["boards"]]
    return found


_FILE_KEYS = [f.name for f in fields(Target) if f.default is MISSING and f.name != "chips"]
