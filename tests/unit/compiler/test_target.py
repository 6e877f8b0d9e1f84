from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from neurodeploy.compiler import target as module
from neurodeploy.compiler.target import board_with, known_targets, load_target, target_from_dict
from neurodeploy.errors import FormatError, OptionError
from neurodeploy.network.neurons import NEURONS

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
    ("old", "new", "message"),
    [
        ("compartments = 1024", "compartments = -1", "core.compartments"),
        ("compartments = 1024", "compartments = 0", "core.compartments"),
        ("compartments = 1024", "compartments = true", "core.compartments"),
        ("compartments = 1024", "compartment = 1024", "compartment: is no known key"),
        ("cores_per_chip = 128", "cores_per_chip = 0", "cores_per_chip"),
        ("mesh = [8, 4]", "mesh = [1, 1]", "no room"),
        ("mesh = [8, 4]", 'mesh = "8x4"', "not two whole numbers"),
        ("voltage_decay = [0, 4095]", "voltage_decay = [4095, 0]", "4095 is more than 0"),
        ('memory_rule = "conservative"', 'memory_rule = "none"', "memory_rule"),
        ("[neuron]", "[nerve]", "nerve"),
        ("boards = [1, 2, 8, 32]", "boards = []", "boards"),
        ("[core]", "[core", "no TOML"),
    ],
)
def test_nonsense_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in TEXT
    path = tmp_path / "chip.toml"
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(FormatError, match=message):
        load_target(str(path))


def test_unknown_target() -> None:
    with pytest.raises(OptionError, match="loihi1"):
        load_target("loihi3")
    with pytest.raises(FormatError, match=r"nowhere\.toml"):
        load_target("nowhere.toml")


def test_text_is_toml() -> None:
    assert tomllib.loads(TEXT)["name"] == "loihi1"
