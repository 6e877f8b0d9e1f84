"""Reading with limits, writing all or nothing, and `.npy` files without numpy's unpickling."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neurodeploy.errors import FormatError
from neurodeploy.files import check_output, is_folder, list_folder, parse_npy, read_bytes, write_atomic


def npy(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version, allow_pickle=True)
    return file.getvalue()


def test_reading_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(FormatError, match="5 bytes, more than the 4"):
        read_bytes(path, 4)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="does not exist"):
        read_bytes(tmp_path / "missing", 1)
    with pytest.raises(FormatError, match="is a folder"):
        read_bytes(tmp_path, 1)
    with pytest.raises(FormatError, match="no regular file"):
        read_bytes(Path(os.devnull), 1)
    with pytest.raises(FormatError, match="cannot be read"):
        read_bytes(tmp_path / ("x" * 300), 1)
    with pytest.raises(FormatError, match="cannot be read"):
        read_bytes(Path("nul\0"), 1)


def test_folders_are_listed_sorted_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (tmp_path / name).touch()
    assert [p.name for p in list_folder(tmp_path)] == ["a", "b"]
    assert is_folder(tmp_path)
    assert not is_folder(tmp_path / "a")
    with pytest.raises(FormatError, match="cannot be read"):
        list_folder(tmp_path / "a")
    with pytest.raises(FormatError, match="does not exist"):
        is_folder(tmp_path / "c")


def test_writing_replaces_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "out"
    write_atomic(path, b"one")
    with pytest.raises(FormatError, match="--force"):
        write_atomic(path, b"two")
    assert path.read_bytes() == b"one"
    write_atomic(path, b"two", overwrite=True)
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    check_output(path)
    path.write_bytes(b"")
    check_output(path, overwrite=True)
    with pytest.raises(FormatError, match="x: exists already"):
        check_output(path)
    with pytest.raises(FormatError, match="missing: is no folder; make it first"):
        check_output(tmp_path / "missing" / "x")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FormatError, match="cannot be written to"):
        check_output(path, overwrite=True)


def test_devices_and_folders_are_never_replaced(tmp_path: Path) -> None:
    for path in (tmp_path, Path(os.devnull)):
        with pytest.raises(FormatError, match="no regular file"):
            write_atomic(path, b"", overwrite=True)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FormatError, match="no space left on device"):
        write_atomic(path, b"new", overwrite=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "out", b"new")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be written"):
        write_atomic(tmp_path / "missing" / "out", b"")


@given(
    hnp.arrays(
        hnp.integer_dtypes(endianness="?") | hnp.floating_dtypes(endianness="?"),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
    st.booleans(),
)
def test_npy_arrays_come_back(
    array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], version: tuple[int, int], fortran: bool
) -> None:
    if fortran:
        array = np.asfortranarray(array)
    result = parse_npy(npy(array, version), "a.npy")
    assert result.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no .npy file"),
        (b"\x93NUMPY\x01\x00\xff\xff{}", "declares a header of 65535 bytes"),
        (b"\x93NUMPY\x01\x00\x02\x00((", "damaged header"),
        (b"\x93NUMPY\x01\x00\x02\x00[]", "damaged header"),
        (b"\x93NUMPY\x01\x00\x02\x00{}", "damaged header"),
        (npy(np.array([{}], dtype=object)), "no plain numbers"),
        (npy(np.zeros(3))[:-1], "declares 24 bytes of numbers and holds 23"),
        (npy(np.zeros(3)).replace(b"(3,)", b"(9,)"), "declares 72 bytes"),
        (npy(np.zeros(3)).replace(b"(3,)", b"(-3,)"), "no plain numbers"),
        (npy(np.zeros(3)).replace(b"<f8", b"<i4,<i4"), "declares|no plain|damaged"),
    ],
)
def test_damaged_npy_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_npy(data, "a.npy")
