"""Foreign HDF5 through the parser child: what comes back, and what happens to files that break a rule."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.errors import FormatError
from neurodeploy.models.formats import hdf5
from neurodeploy.models.formats.hdf5 import Hdf5Limits, read_foreign_hdf5
from neurodeploy.models.formats.hdf5_tree import Group, Text, Value


def write(path: Path, fill: Callable[[h5py.File], object]) -> Path:
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def test_all_that_is_taken(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays = {
        kind: random.integers(0, 100, (3, 4)).astype(kind) for kind in ("i1", "<u2", ">i4", "i8", "f2", ">f4", "f8")
    }
    arrays["squashed"] = np.arange(1000).reshape(10, 100)
    arrays["scalar"] = np.array(7)
    arrays["none"] = np.zeros((0, 3))

    def fill(file: h5py.File) -> None:
        for name, array in arrays.items():
            options = {"compression": "gzip", "shuffle": True, "fletcher32": True} if name == "squashed" else {}
            file.create_dataset(f"a/b/{name}", data=array, **options)
        file["flag"] = np.array([True, False])
        file["fixed"] = np.array([b"input"], "S10")
        file["text"] = "grüße"
        file["edges"] = np.array([["a", "b"], ["c", "d"], ["e", "f"]], h5py.string_dtype())
        file["kind"] = np.array([1, 0])
        file["kind"].attrs["unit"] = "ms"
        file.attrs["version"] = 3

    tree = read_foreign_hdf5(write(tmp_path / "x.h5", fill))
    assert list(tree) == ["a", "edges", "fixed", "flag", "kind", "text"]
    inner = tree.group("a").group("b")
    for name, array in arrays.items():
        found = inner.array(name)
        np.testing.assert_array_equal(found, array)
        assert found.dtype == array.dtype.newbyteorder("=")
        assert not found.flags.writeable
    assert tree.array("flag").tolist() == [1, 0]
    assert (tree.text("fixed"), tree.text("text")) == ("input", "grüße")
    assert (tree.texts("edges").values, tree.texts("edges").shape) == (tuple("abcdef"), (3, 2))
    kind = tree["kind"]
    assert isinstance(kind, Value)
    assert isinstance(kind.attributes["unit"].data, Text)
    assert kind.attributes["unit"].data.values == ("ms",)
    assert tree.attributes["version"].data == 3


@pytest.mark.parametrize(
    ("fill", "problem"),
    [
        (lambda f: f.update({"x": h5py.SoftLink("/y")}), "/x: is a link to another place"),
        (lambda f: f.update({"x": h5py.ExternalLink("other.h5", "/y")}), "/x: is a link to another place"),
        (lambda f: f.create_group("x").update({"self": f["x"]}), "/x/self: is a group that the file holds under"),
        (lambda f: f.update({"x": np.dtype("i4")}), "/x: is neither a group nor a dataset"),
        (lambda f: f.create_dataset("x", data=h5py.Empty("f4")), "/x: is empty"),
        (lambda f: f.create_dataset("x", (2,), "i4", external=[("out.bin", 0, 8)]), "/x: keeps its data in other"),
        (lambda f: f.create_virtual_dataset("x", _virtual()), "/x: keeps its data in other files"),
        (lambda f: f.create_dataset("x", data=np.zeros(2, [("a", "i4")])), "/x: holds .* neither plain numbers"),
        (lambda f: f.create_dataset("x", data=np.zeros(2, complex)), "/x: holds complex128, neither plain"),
        (lambda f: f.create_dataset("x", data=f.ref, dtype=h5py.ref_dtype), "/x: holds object, neither plain"),
        (lambda f: f.create_dataset("x", (2**40,), "i1"), "/x: brings the data to more than 268435456 bytes"),
        (lambda f: f.create_dataset("x", (8,), "i1", chunks=(2**31,), maxshape=(None,)), "/x: is stored in chunks"),
        (lambda f: f.create_dataset("x", data=np.zeros(9), scaleoffset=2), r"/x: is stored with the filters \[6\]"),
        (lambda f: f.create_dataset("x", data=["a" * 2**21], dtype=h5py.string_dtype()), "bytes of text"),
        (lambda f: f.create_dataset("x", data=np.array([b"\xff"])), "/x: holds text that is not UTF-8"),
        (lambda f: f.create_group("/".join("g" * 40)), "lies deeper than 32 groups"),
        (lambda f: f.create_dataset("x", data=["a"] * 20_001, dtype=h5py.string_dtype()), "more than 20000 objects"),
        (lambda f: f.create_group("n" * 257), "holds a name of 257 characters"),
        (lambda f: f.attrs.create("x", np.zeros(2, [("a", "i4")])), "@x: holds .* neither plain numbers"),
    ],
)
def test_what_is_refused(tmp_path: Path, fill: Callable[[h5py.File], object], problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        read_foreign_hdf5(write(tmp_path / "x.h5", fill))


def _virtual() -> h5py.VirtualLayout:
    layout = h5py.VirtualLayout((4,), "i4")
    layout[:] = h5py.VirtualSource("other.h5", "y", (4,))
    return layout


def test_files_that_are_no_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with pytest.raises(FormatError, match="does not exist"):
        read_foreign_hdf5(path)
    path.write_bytes(b"no")
    with pytest.raises(FormatError, match="is no HDF5 file, or a damaged one"):
        read_foreign_hdf5(path)
    with pytest.raises(FormatError, match="more than the 1 that are read here"):
        read_foreign_hdf5(path, Hdf5Limits(file_bytes=1))
    with pytest.raises(FormatError, match="is a folder"):
        read_foreign_hdf5(tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.kill(os.getpid(), 11)",
        "pass",
        "import time; time.sleep(60)",
        "import sys; sys.stdout.buffer.write(b'x' * 1000)",
        "import sys; sys.stdout.buffer.write((5).to_bytes(8, 'big') + b'never')",
        "import sys; sys.stdout.buffer.write((2).to_bytes(8, 'big') + b'{}')",
        'import sys; sys.stdout.buffer.write((36).to_bytes(8, "big") + b\'{"tree":{"text":["a"],"shape":[2,3]}}\')',
        'import sys; t = b\'{"tree":{"array":"<i8","shape":[9],"at":0}}\'; '
        "sys.stdout.buffer.write(len(t).to_bytes(8, 'big') + t + bytes(8))",
        'import sys; t = b\'{"tree":{"array":"<i8","shape":[1],"at":-8}}\'; '
        "sys.stdout.buffer.write(len(t).to_bytes(8, 'big') + t + bytes(8))",
        'import sys; t = b\'{"tree":\' * 50000; sys.stdout.buffer.write(len(t).to_bytes(8, "big") + t)',
    ],
)
def test_children_that_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    child = tmp_path / "child.py"
    child.write_text(code)
    monkeypatch.setattr(hdf5, "_CHILD", child)
    with pytest.raises(FormatError, match="its parser dies, or needs more time or memory than it is given"):
        read_foreign_hdf5(write(tmp_path / "x.h5", lambda f: None), Hdf5Limits(seconds=1))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_limits_of_the_child(tmp_path: Path) -> None:
    big = write(tmp_path / "x.h5", lambda f: f.create_dataset("x", (2**27,), "i1", fillvalue=1))
    with pytest.raises(FormatError, match=r"MemoryError|its parser dies"):
        read_foreign_hdf5(big, Hdf5Limits(memory_bytes=2**26))
    slow = write(tmp_path / "y.h5", lambda f: f.create_dataset("x", data=np.zeros(500_000, "i1"), chunks=(1,)))
    with pytest.raises(FormatError, match="its parser dies"):
        read_foreign_hdf5(slow, Hdf5Limits(cpu_seconds=1))


@pytest.mark.parametrize("name", ["lava_dl/tiny.net", "nir/lif_norse.nir", "nir/cnn_sinabs.nir"])
def test_real_files(conformance: Path, name: str) -> None:
    path = conformance / name
    tree = read_foreign_hdf5(path)
    found: dict[str, object] = {}

    def visit(group: Group, prefix: str) -> None:
        for key, member in group.items():
            if isinstance(member, Group):
                visit(member, f"{prefix}{key}/")
            else:
                found[prefix + key] = member.data

    def compare(key: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            held = found.pop(key)
            if isinstance(held, Text):
                assert [v.decode() for v in np.asarray(item[()]).reshape(-1).tolist()] == list(held.values)
            else:
                np.testing.assert_array_equal(held, item[()])

    visit(tree, "")
    with h5py.File(path) as file:
        file.visititems(compare)
    assert found == {}
