"""The container: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.container import BLOCK_BYTES, checksum, decode, encode, read_container, write_container
from neurodeploy.errors import FormatError

META = {"name": "größe <&> \udcff", "list": [1, 2.5, None]}
ARRAYS = {
    "cores/weight": np.arange(-3000, 3000, dtype=np.int16).reshape(60, 100),
    "cores/start": np.arange(7, dtype=np.int64),
    "big_endian": np.arange(5000, dtype=">i4"),
    "noise": np.random.default_rng(0).normal(size=(3, 700)),
    "flags": np.arange(6000) % 3 == 0,
    "empty": np.zeros((0, 3), np.uint8),
    "scalar": np.float32(2.5) * np.ones((), np.float32),
}
DATA = encode("program", META, ARRAYS)
EMPTY_META = np.bytes_(b"{}")


def sealed(content: bytes, kind: bytes = b"program", version: int = 1) -> bytes:
    """`content` (HDF5 with a user block) with a valid header, as somebody with bad intent would write it."""
    head = struct.pack("<8s8sIIQ32s", b"\x89NDF\r\n\x1a\n", kind, version, 512, len(content), bytes(32))
    data = head + content[len(head) :]
    return data[:32] + hashlib.sha256(data).digest() + data[64:]


def crafted(build: Callable[[h5py.File], object], meta: Any = EMPTY_META) -> bytes:
    """A file with a valid header around whatever `build` puts into it."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=BLOCK_BYTES) as file:
        if meta is not None:
            file.create_dataset("meta", data=meta)
        build(file)
    return sealed(stream.getvalue())


def test_meta_and_arrays_come_back() -> None:
    meta, arrays = decode("program", DATA, "a.ndp")
    assert meta == META
    assert set(arrays) == set(ARRAYS)
    assert len(arrays) == len(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype.newbyteorder("=")
        assert not arrays[name].flags.writeable
        np.testing.assert_array_equal(arrays[name], array)


def test_equal_content_gives_equal_bytes() -> None:
    assert encode("program", META, ARRAYS) == DATA
    assert len(DATA) < sum(array.nbytes for array in ARRAYS.values())
    assert checksum(DATA) == hashlib.sha256(DATA).hexdigest()


def test_plain_hdf5_readers_can_open_it(tmp_path: Path) -> None:
    path = tmp_path / "a.ndp"
    write_container(path, "program", META, ARRAYS, overwrite=False)
    with h5py.File(path, "r") as file:
        assert file.userblock_size == BLOCK_BYTES
        np.testing.assert_array_equal(file["arrays/cores/weight"][()], ARRAYS["cores/weight"])
        assert json.loads(file["meta"][()]) == META


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_any_flipped_byte_is_refused(position: int, mask: int) -> None:
    data = bytearray(DATA)
    data[position] ^= mask
    with pytest.raises(FormatError):
        decode("program", bytes(data), "a.ndp")


def test_any_flipped_header_byte_is_called_damage() -> None:
    for position in range(BLOCK_BYTES):
        data = bytearray(DATA)
        data[position] ^= 1
        with pytest.raises(FormatError, match=r"damaged|no neurodeploy"):
            decode("program", bytes(data), "a.ndp")


@given(st.integers(0, len(DATA) - 1))
def test_any_truncation_is_refused(length: int) -> None:
    with pytest.raises(FormatError, match=r"cut short|no neurodeploy"):
        decode("program", DATA[:length], "a.ndp")


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(FormatError, match=f"has {len(DATA) + 1} bytes where its header says {len(DATA)}"):
        decode("program", DATA + b"\0", "a.ndp")


def test_kind_and_version_are_named() -> None:
    with pytest.raises(FormatError, match=r"a.ndp: holds a program, not a run; give a run file\."):
        decode("run", DATA, "a.ndp")
    with pytest.raises(FormatError, match=r"has schema version 4, this neurodeploy reads 1 … 3; update neurodeploy\."):
        decode("program", sealed(DATA, version=4), "a.ndp")
    with pytest.raises(FormatError, match="is no neurodeploy program file"):
        decode("program", b"PK" + bytes(1000), "a.ndp")


def test_paths_that_hold_no_container(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="does not exist"):
        read_container(tmp_path / "missing.ndp", "program")
    with pytest.raises(FormatError, match="is a folder"):
        read_container(tmp_path, "program")
    path = tmp_path / "a.ndp"
    write_container(path, "program", META, {}, overwrite=False)
    with pytest.raises(FormatError, match="--force"):
        write_container(path, "program", {}, {}, overwrite=False)
    assert read_container(path, "program")[0] == META
    write_container(path, "program", {}, {}, overwrite=True)
    assert read_container(path, "program")[0] == {}


def test_too_large_for_one_file() -> None:
    with pytest.raises(FormatError, match="2147483656 bytes of arrays"):
        encode("program", {}, {"zeros": np.broadcast_to(np.int64(0), (2**28 + 1,))})


def test_typed_access() -> None:
    _, arrays = decode("program", DATA, "a.ndp")
    assert arrays.integers("cores/weight", None, 100).shape == (60, 100)
    assert arrays.floats("scalar").dtype == np.float64
    with pytest.raises(FormatError, match=r"a.ndp: nothing: is missing"):
        arrays.integers("nothing")
    with pytest.raises(FormatError, match=r"int16 of shape \(60, 100\), not integers of shape \(…, 99\)"):
        arrays.integers("cores/weight", None, 99)
    for name, axes in (("cores/weight", 1), ("cores/weight", 3), ("noise", 2), ("flags", 1)):
        with pytest.raises(FormatError, match="not integers"):
            arrays.integers(name, *[None] * axes)


def _bomb(file: h5py.File) -> None:
    dataset = file.create_dataset("arrays/a", (100,), "u1", chunks=(100,), shuffle=True, compression="gzip")
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(10_000_000)))


def _unfinished(file: h5py.File) -> None:
    dataset = file.create_dataset("arrays/a", (100,), "u1", chunks=(100,), shuffle=True, compression="gzip")
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(100))[:-4])


def _many_chunks(file: h5py.File) -> None:
    file.create_dataset("arrays/a", data=np.zeros(5000), chunks=(2500,), shuffle=True, compression="gzip")


def _unshuffled(file: h5py.File) -> None:
    file.create_dataset("arrays/a", data=np.zeros(5000), chunks=(5000,), compression="gzip")


def _self_loop(file: h5py.File) -> None:
    group = file.create_group("arrays")
    group["again"] = group


def _enumeration(file: h5py.File) -> None:
    file.create_dataset("arrays/a", data=[1], dtype=h5py.enum_dtype({"x": 1}, "i1"))


def _bad_truth(file: h5py.File) -> None:
    dataset = file.create_dataset("arrays/a", (9000,), "?", chunks=(9000,), shuffle=True, compression="gzip")
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes([2]) * 9000))


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "i4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "a", (3,))
    file.create_virtual_dataset("arrays/a", layout)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda f: f.create_dataset("arrays/a", (10**12,), "i8"), "claims 8000000000000 bytes"),
        (lambda f: f.create_dataset("arrays/a", (10**12,), "i8", chunks=(8,)), "claims 8000000000000 bytes"),
        (lambda f: [f.create_dataset(f"arrays/{i}", (2**27,), "i8") for i in range(3)], "claims 3221225472 bytes"),
        (lambda f: f.create_dataset("arrays/a", (1000,), "i8"), "not as long as it claims"),
        (lambda f: f.create_dataset("arrays/a", (1000,), "i8", chunks=(8,)), "in a way"),
        (lambda f: f.create_dataset("arrays/a", data=np.zeros(1000), chunks=(1000,), fletcher32=True), "in a way"),
        (_unshuffled, "in a way"),
        (_many_chunks, "in a way"),
        (_unfinished, "not the data it claims"),
        (_bomb, "not the data it claims"),
        (_self_loop, "neither an array nor a shallow group"),
        (_enumeration, "unusual type"),
        (_bad_truth, "truth values"),
        (_virtual, "in a way"),
        (lambda f: f.create_dataset("arrays/a", data="text"), "not numbers"),
        (lambda f: f.create_dataset("arrays/a", data=np.zeros(3, "c16")), "not numbers"),
        (lambda f: f.create_dataset("arrays/a", data=np.zeros(3, "g")), "not numbers"),
        (lambda f: f.create_dataset("arrays/a", data=f.ref, dtype=h5py.ref_dtype), "not numbers"),
        (lambda f: f.create_dataset("arrays/a", data=h5py.Empty("i4")), "not numbers"),
        (lambda f: f.create_group("arrays").__setitem__("a", h5py.ExternalLink("/etc/passwd", "/")), "neither"),
        (lambda f: f.create_group("arrays").__setitem__("a", h5py.SoftLink("/meta")), "neither"),
        (lambda f: f.__setitem__("arrays/a", np.dtype("i4")), "neither"),
        (lambda f: f.create_dataset("arrays/a", (9,), "u1", external=[("/etc/passwd", 0, 9)]), "in a way"),
    ],
)
def test_well_signed_but_hostile_arrays(build: Callable[[h5py.File], object], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        decode("program", crafted(build), "a.ndp")


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        (None, "no meta data"),
        (np.arange(3), "no meta data"),
        ("variable length", "no meta data"),
        (np.bytes_(b"[1]"), "no JSON object"),
        (np.bytes_(b'{"a": NaN}'), "NaN is no number"),
        (np.bytes_(b"{" * 10), "no JSON"),
        (np.bytes_(b"[" * 100_000), "no JSON"),
        (np.bytes_(b'{"\xff": 1}'), "no JSON"),
    ],
)
def test_well_signed_but_hostile_meta(meta: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        decode("program", crafted(lambda f: None, meta), "a.ndp")


def test_signed_rubbish_is_refused() -> None:
    with pytest.raises(FormatError, match="no valid content"):
        decode("program", sealed(bytes(5000)), "a.ndp")
