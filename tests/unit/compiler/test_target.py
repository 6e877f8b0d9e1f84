from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from neurodeploy.compiler import target as module
from neurodeploy.compiler.target import (
    CHIP_RANGES,
    CORE_RANGES,
    MOST,
    NEURON_RANGES,
    StackLimits,
    board_with,
    known_targets,
    load_target,
    target_from_dict,
)
from neurodeploy.errors import FormatError, OptionError
from neurodeploy.network.neurons import NEURONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "targets.md"
TEXT = (Path(module.__file__).parent / "targets" / "loihi1.toml").read_text("utf-8")


def test_packaged_targets() -> None:
    assert known_targets() == ("loihi1", "loihi1-2", "loihi1-8", "loihi1-32", "loihi2", "loihi2-8")
    assert [load_target(name).total_cores for name in known_targets()] == [128, 256, 1024, 4096, 120, 960]
    assert load_target("loihi1").core.compartments == 1024


def test_larger_boards_are_found() -> None:
    assert board_with(load_target("loihi1"), 129) == "loihi1-2"
    assert board_with(load_target("loihi1-2"), 257) == "loihi1-8"
    assert board_with(load_target("loihi1-32"), 5000) is None


def test_own_chip(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text(TEXT.replace("compartments = 1024", "compartments = 7"))
    assert load_target(str(path)).core.compartments == 7
    assert target_from_dict(load_target(str(path)).as_dict(), "again") == load_target(str(path))


def test_neuron_models() -> None:
    assert load_target("loihi1-8").neuron_models == ("cuba_lif",)
    assert load_target("loihi2").neuron_models == tuple(NEURONS)
    data = load_target("loihi1").as_dict()
    del data["neuron_models"]  # as in programs from before there were other models
    assert target_from_dict(data, "old").neuron_models == ("cuba_lif",)
    for wrong in ([], ["izhikevich"], "cuba_lif", None):
        with pytest.raises(FormatError, match=r"neuron_models: .* does not list known neuron models"):
            target_from_dict(data | {"neuron_models": wrong}, "new")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("compartments = 1024", "compartments = -1", 12, "core.compartments: -1 is no whole number"),
        ("compartments = 1024", "compartments = 0", 12, "core.compartments"),
        ("compartments = 1024", "compartments = true", 12, "core.compartments"),
        ("compartments = 1024", "compartments = 4097", 12, "core.compartments"),
        ("compartments = 1024", "compartment = 1024", 12, "compartment: is no known key"),
        ("compartments = 1024", "", 11, "core.compartments: is missing"),
        ("cores_per_chip = 128", "cores_per_chip = 0", 6, "cores_per_chip"),
        ("cores_per_chip = 128", "cores_per_chip = -4", 6, "cores_per_chip"),
        ("mesh = [8, 4]", "mesh = [1, 1]", 7, "no room for 128"),
        ("mesh = [8, 4]", 'mesh = "8x4"', 7, "not two whole numbers"),
        ("mesh = [8, 4]", "mesh = [-8, 4]", 7, "-8 is outside"),
        ("voltage_decay = [0, 4095]", "voltage_decay = [4095, 0]", 24, "4095 is more than 0"),
        ("voltage_decay = [0, 4095]", "voltage_decay = [0, 4097]", 24, "4097 is outside"),
        ("refractory_delay = [1, 63]", "refractory_delay = [-1, 63]", 26, "-1 is outside"),
        ('memory_rule = "conservative"', 'memory_rule = "none"', 9, "memory_rule"),
        ("[neuron]", "[nerve]", 22, "nerve: is no known key"),
        ("boards = [1, 2, 8, 32]", "boards = []", 5, "boards"),
        ("boards = [1, 2, 8, 32]", "boards = [0]", 5, "boards: 0 is no number of chips"),
        ("boards = [1, 2, 8, 32]", "boards = [\n  1,\n  -2]", 5, "boards: -2 is no number of chips"),
        ("boards = [1, 2, 8, 32]", "colour = 3\nboards = [1]", 5, "colour: is no known key"),
        ("[core]", "[stack]\none_layer_per_core = 1\n[core]", 12, "neither true nor false"),
        ("[core]", "[stack]\none_layer = true\n[core]", 12, "no known key"),
    ],
)
def test_nonsense_is_refused_with_the_line(old: str, new: str, line: int, message: str, tmp_path: Path) -> None:
    assert old in TEXT
    path = tmp_path / "chip.toml"
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(FormatError) as caught:
        load_target(str(path))
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert message in str(caught.value)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    for text, message in (
        (TEXT.replace("[core]", "[core"), r"no TOML file .*line 11"),
        (TEXT.replace('name = "loihi1"', ""), "name: is missing"),
        ("x = " + "[" * 5000 + "]" * 5000, "no TOML file|no known key|line 1"),
        ("#" * 70000, "larger than 64 KiB"),
    ):
        path.write_text(text)
        with pytest.raises(FormatError, match=message):
            load_target(str(path))


def test_every_key_is_documented() -> None:
    """The tables of docs/targets.md give every key and the range that is checked."""
    rows = {
        cells[1].strip(" `"): cells[3].strip()
        for cells in (line.split("|") for line in DOCUMENT.read_text("utf-8").splitlines())
        if len(cells) == 7
    }
    ranges = {
        **CHIP_RANGES,
        **{f"core.{key}": limits for key, limits in CORE_RANGES.items()},
        **{f"neuron.{key}": limits for key, limits in NEURON_RANGES.items()},
    }
    del ranges["chips"]  # the file gives boards
    for key, (low, high) in ranges.items():
        assert rows.pop(key) == f"{low} … {'2³¹ − 1' if high == MOST else high}".replace(
            f"-{MOST}", "−(2³¹ − 1)"
        ).replace("-", "−"), key
    stack = {f"stack.{field.name}" for field in fields(StackLimits)}
    assert {"name", "description", "boards", "mesh", "memory_rule", "neuron_models", *stack} <= set(rows)


def test_example_of_the_documentation(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(name = .*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "chip.toml"
    path.write_text(text, "utf-8")
    target = load_target(str(path))
    assert (target.total_cores, target.core.compartments, target.stack.one_layer_per_core) == (16, 256, True)


def test_unknown_target() -> None:
    with pytest.raises(OptionError, match="loihi1"):
        load_target("loihi3")
    with pytest.raises(FormatError, match=r"nowhere\.toml"):
        load_target("nowhere.toml")


def test_text_is_toml() -> None:
    assert tomllib.loads(TEXT)["name"] == "loihi1"
