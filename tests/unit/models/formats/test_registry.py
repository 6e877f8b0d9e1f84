"""Formats of our own and of other packages: found by name, suffix or entry point."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from neurodeploy.errors import FormatError, MissingPackageError, OptionError
from neurodeploy.models.formats import (
    Format,
    Loaded,
    ReadOptions,
    WriteOptions,
    Written,
    broken_formats,
    formats,
    read_network,
)
from neurodeploy.models.formats.registry import format_of, load_function
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection

#: A package with one format: a number, the weight between two neurons.
MODULE = """
from neurodeploy.models.formats import Format
from tests.unit.models.formats.test_registry import read_number, written_number
NUMBER = Format("number", "one weight", (".num",),
    "number_format:read_number", "number_format:written_number")
"""
METADATA = "Metadata-Version: 2.1\nName: number-format\nVersion: 1.0\n"


def number_network(weight: int) -> Network:
    populations = (Population("input", shape=(1,)), Population("fc1", CubaLif(4096, 0, 10)))
    return Network(populations, (Projection("input", "fc1", Dense([[weight]])),))  # type: ignore[arg-type]


def read_number(path: Path, options: ReadOptions) -> Loaded:
    return Loaded(number_network(int(path.read_text())), (f"arch {options.arch}",), "number")


def written_number(network: Network, name: str, options: WriteOptions) -> Written:
    del options
    text = str(int(network.projections[0].synapse.weight[0, 0]))
    return Written({".num": text.encode(), ".txt": name.encode()}, ("as a number",))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package, installed."""
    (tmp_path / "number_format.py").write_text(MODULE)
    information = tmp_path / "number_format-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(METADATA)
    (information / "entry_points.txt").write_text("[neurodeploy.formats]\nnumber = number_format:NUMBER\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "number_format", raising=False)
    return tmp_path


def test_another_package_adds_a_format(package: Path) -> None:
    from neurodeploy import api

    assert [item.name for item in formats()][-1] == "number"
    (package / "a.num").write_text("14")
    loaded = read_network(package / "a.num", ReadOptions("x"))
    assert (loaded.network.projections[0].synapse.weight.tolist(), loaded.notes) == ([[14]], ("arch x",))
    files, notes = api.convert(loaded.network, package / "b.num")
    assert [file.read_text() for file in files] == ["14", "b"]
    assert ([file.name for file in files], notes) == (["b.num", "b.txt"], ("as a number",))


def test_nothing_is_overwritten(package: Path) -> None:
    """The second file is in the way: neither is written."""
    from neurodeploy import api

    (package / "b.txt").write_text("mine")
    with pytest.raises(FormatError, match=r"b\.txt: exists already"):
        api.convert(number_network(2), package / "b.num")
    assert not (package / "b.num").exists()
    api.convert(number_network(2), package / "b.num", overwrite=True)
    assert (package / "b.txt").read_text() == "b"


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ("number = nowhere:NUMBER", "format number cannot be loaded (No module named 'nowhere')"),
        ("number = number_raises:NUMBER", "format number cannot be loaded (broken)"),
        ("number = number_format:read_number", "entry point number leads to no Format"),
        ("pt = number_format:NUMBER\nagain = number_format:NUMBER", "entry point again names the format number, which"),
    ],
)
def test_broken_entry_points_harm_nobody_else(package: Path, points: str, message: str) -> None:
    (package / "number_raises.py").write_text("raise RuntimeError('broken')")
    (package / "number_format-1.0.dist-info" / "entry_points.txt").write_text(f"[neurodeploy.formats]\n{points}\n")
    assert {"pt", "net"} <= {item.name for item in formats()}
    (problem,) = broken_formats()
    assert message in problem
    with pytest.raises(FormatError, match="no reader knows; ") as caught:
        format_of(package / "x.other", "other", "reader")
    assert problem in str(caught.value)


def test_a_function_that_is_not_there() -> None:
    item = Format("odd", "odd", (".odd",), reader="tests.unit.models.formats.test_registry:nothing")
    with pytest.raises(FormatError, match=r"format odd: has no reader tests.*:nothing .*; repair its package"):
        load_function(item, "reader")


@pytest.mark.parametrize("suffix", [".net", ".nir", ".onnx", ".pt", ".ndn"])
def test_options_that_mean_nothing_are_refused(tmp_path: Path, suffix: str) -> None:
    from neurodeploy import api

    known: dict[str, dict[str, Any]] = {".nir": {"reset_interval": 5}, ".onnx": {"arch": "3-4"}}
    foreign = known.get(suffix, {"dt": 1.0})
    file = tmp_path / f"x{suffix}"
    file.write_bytes(b"")
    with pytest.raises(OptionError, match="means nothing for"):
        api.read(file, **foreign)


@pytest.mark.parametrize(("name", "options"), [("a.net", {"profile": "lava-0.10"}), ("a.ndn", {"traces": True}),
                                               ("a.c", {"traces": True})])  # fmt: skip
def test_options_that_mean_nothing_to_writers(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    from neurodeploy import api

    with pytest.raises(OptionError, match="means nothing for"):
        api.convert(number_network(2), tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_the_name_is_kept(tmp_path: Path) -> None:
    """Whatever its suffix, and never that of the file that was read."""
    from neurodeploy import api

    files, _ = api.convert(number_network(2), tmp_path / "a.v2", "net")
    assert files == [tmp_path / "a.v2"] == list(tmp_path.iterdir())
    with pytest.raises(FormatError, match="is the file that is read"):
        api.convert(number_network(2), tmp_path / "a.v2", "net", overwrite=True, source=tmp_path / "a.v2")
    for folder in (tmp_path, Path(), Path("/")):
        with pytest.raises(FormatError, match="is a folder; name the file"):
            api.convert(number_network(2), folder, "net", overwrite=True)


def test_by_name_and_suffix(tmp_path: Path) -> None:
    (tmp_path / "x.PT").write_text("")
    assert format_of(tmp_path / "x.PT", None, "reader").name == "pt"
    assert format_of(tmp_path, None, "reader").name == "slayer"
    assert format_of(Path("x.what"), "pt", "reader").name == "pt"
    (tmp_path / "x.what").write_text("")
    with pytest.raises(FormatError, match=r"x\.what: is of a format that no reader knows; give a folder or a \.pt"):
        format_of(tmp_path / "x.what", None, "reader")
    with pytest.raises(FormatError, match="format pt: is of a format that no writer knows"):
        format_of(tmp_path / "x.pt", "pt", "writer")


def test_a_missing_package_is_named() -> None:
    item = Format("odd", "odd", (".odd",), reader="not_installed_anywhere:read", extra="torch")
    with pytest.raises(MissingPackageError, match=r"not_installed_anywhere: .*pip install 'torch>=2"):
        load_function(item, "reader")
