"""Finding recordings: single files, folders, label files."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodeploy.errors import DataError, FormatError, OptionError
from neurodeploy.spikes.sample import Sample
from neurodeploy.spikes.samples import find_samples


def folder(path: Path, *files: str, labels: str | None = None) -> Path:
    for file in files:
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        (path / file).touch()
    if labels is not None:
        (path / "labels.csv").write_text(labels, encoding="utf-8")
    return path


def test_one_file_is_one_sample(tmp_path: Path) -> None:
    folder(tmp_path, "3.bs2")
    assert find_samples(tmp_path / "3.bs2") == (Sample("3.bs2", tmp_path / "3.bs2"),)


def test_folders_are_in_natural_order(tmp_path: Path) -> None:
    folder(tmp_path, "10.bs2", "2.bs2", "1.bs2", "b1.npy", "a.BSN", "notes.txt", ".5.bs2", "7.bs1/x")
    assert [s.file for s in find_samples(tmp_path)] == ["1.bs2", "2.bs2", "10.bs2", "a.BSN", "b1.npy"]
    assert [s.file for s in find_samples(str(tmp_path), limit=2)] == ["1.bs2", "2.bs2"]


def test_label_files_give_order_labels_and_splits(tmp_path: Path) -> None:
    labels = "\ufefffile,label,split\r\nsub/b.bs2, 7 ,test\r\n\r\na.bs2,0,train\r\n"
    folder(tmp_path, "a.bs2", "sub/b.bs2", "unlisted.bs2", labels=labels)
    first = Sample("a.bs2", tmp_path / "a.bs2", 0, "train")
    second = Sample("sub/b.bs2", tmp_path / "sub/b.bs2", 7, "test")
    assert find_samples(tmp_path) == (second, first)
    assert find_samples(tmp_path, split="train") == (first,)
    assert find_samples(tmp_path, limit=1) == (second,)


def test_unknown_splits_and_limits_are_refused(tmp_path: Path) -> None:
    folder(tmp_path, "a.bs2", "b.bs2", labels="file,label,split\na.bs2,1,train\nb.bs2,1,test\n")
    with pytest.raises(OptionError, match="no split 'val'; choose one of test, train"):
        find_samples(tmp_path, split="val")
    with pytest.raises(OptionError, match="0 is less than 1"):
        find_samples(tmp_path, limit=0)
    with pytest.raises(OptionError, match="add a column split"):
        find_samples(tmp_path / "a.bs2", split="train")


def test_folders_without_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no recordings"):
        find_samples(folder(tmp_path, "notes.txt"))
    with pytest.raises(DataError, match="holds no recordings"):
        find_samples(folder(tmp_path, labels="file,label\n"))
    with pytest.raises(FormatError, match="does not exist"):
        find_samples(tmp_path / "missing")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("", "let its first line be file,label"),
        ("a.bs2,1\n", "let its first line be file,label"),
        ("file,label\na.bs2\n", "row 2: has 1 values for 2 columns"),
        ("file,label\na.bs2,1\nc.bs2,1\n", "row 3: names 'c.bs2', which is no file"),
        ("file,label\n../x/a.bs2,1\n", "not inside the folder"),
        ("file,label\n/a.bs2,1\n", "not inside the folder"),
        ("file,label\n,1\n", "not inside the folder"),
        ("file,label\nnotes.txt,1\n", "no spike file"),
        ("file,label\na.bs2,-1\n", "label '-1' is no class"),
        ("file,label\na.bs2,1.0\n", "label '1.0' is no class"),
        ("file,label\na.bs2,²\n", "is no class"),
        ("file,label\na.bs2,999999999\n", "is no class"),
        ("file,label\na.bs2,1\na.bs2,1\n", "row 3: lists a.bs2 again"),
        ('file,label\n"a.bs2,1\n', "no table"),
        (f"file,label\n{'x' * 300}.bs2,1\n", "is no file"),
    ],
)
def test_wrong_label_files_are_refused(tmp_path: Path, labels: str, message: str) -> None:
    folder(tmp_path, "a.bs2", "notes.txt", labels=labels)
    with pytest.raises(FormatError, match=message):
        find_samples(tmp_path)


def test_label_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"file,label\n\xff\xfe,1\n")
    with pytest.raises(FormatError, match="no table"):
        find_samples(tmp_path)


def test_the_nmnist_recordings_are_all_found(conformance: Path) -> None:
    samples = find_samples(conformance / "datasets" / "nmnist")
    assert len(samples) == 650
    assert {s.label for s in samples} == set(range(10))
    assert [len([s for s in samples if s.split == split]) for split in ("train", "test")] == [600, 50]
    assert [s.file for s in find_samples(conformance / "datasets" / "dvs_gesture")] == [f"{n}.bs2" for n in range(1, 6)]
