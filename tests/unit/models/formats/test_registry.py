"""Formats of our own and of other packages: found by name, suffix or entry point."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neurodeploy.errors import FormatError, MissingPackageError
from neurodeploy.models.formats import Format, Loaded, ReadOptions, WriteOptions, Written, formats, read_network
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
        ("number = nowhere:NUMBER", "format number: cannot be loaded"),
        ("number = number_format:read_number", "entry point number: leads to no Format"),
        ("pt = number_format:NUMBER\nagain = number_format:NUMBER", "names a format that exists"),
    ],
)
def test_broken_entry_points(package: Path, points: str, message: str) -> None:
    (package / "number_format-1.0.dist-info" / "entry_points.txt").write_text(f"[neurodeploy.formats]\n{points}\n")
    with pytest.raises(FormatError, match=message):
        formats()


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
    with pytest.raises(MissingPackageError, match=r"not_installed_anywhere: .*pip install 'neurodeploy-snn\[torch\]'"):
        load_function(item, "reader")
