"""Tables of features, and their spikes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import DataError, FormatError, NeurodeployError, OptionError
from neurodeploy.spikes.latency import Latency
from neurodeploy.spikes.samples import find_samples, recording_of

LATENCY = Latency((0.0, 10.0), (1.0, 30.0), 0.5, 2.5, complement=True, bias_ms=0.9)


def _table(path: Path, text: str) -> Path:
    file = path / "t.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_rows_are_recordings_in_order_with_labels_and_splits(tmp_path: Path) -> None:
    file = _table(tmp_path, "\ufeffa, b ,label,split\n0.25,10,2,train\n\n1,2e1, 0 ,test\n")
    first, second = find_samples(file)
    assert (first.file, first.features, first.label, first.split) == ("t.csv:1", (0.25, 10.0), 2, "train")
    assert (second.file, second.features, second.label, second.split) == ("t.csv:2", (1.0, 20.0), 0, "test")
    assert find_samples(file, split="test") == (second,)
    assert find_samples(file, limit=1) == (first,)
    with pytest.raises(OptionError, match="no split 'nil'"):
        find_samples(file, split="nil")


def test_labels_and_splits_may_be_missing_and_columns_stand_anywhere(tmp_path: Path) -> None:
    (sample,) = find_samples(_table(tmp_path, "label,a,b\n1,0.5,20\n"))
    assert (sample.features, sample.label, sample.split) == ((0.5, 20.0), 1, None)
    (sample,) = find_samples(_table(tmp_path, "a,b\n0.5,20\n"))
    assert (sample.features, sample.label) == ((0.5, 20.0), None)


def test_features_become_times_in_microseconds(tmp_path: Path) -> None:
    (sample,) = find_samples(_table(tmp_path, "a,b,label\n0.25,10,0\n"))
    recording = recording_of(sample, LATENCY)
    np.testing.assert_allclose(recording.time_us, [1000, 500, 2000, 2500, 900])
    np.testing.assert_array_equal(recording.x, np.arange(5))


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ("", FormatError, "starts with ''"),
        ("label,split\n1,a\n", FormatError, "starts with"),
        ("a,a\n1,2\n", FormatError, "starts with"),
        ("a,b\n1\n", FormatError, "t.csv:1: has 1 values for 2 columns"),
        ("a,b\n1,x\n", DataError, "b is 'x'"),
        ("a,b\n1,nan\n", DataError, "b is 'nan'"),
        ("a,b\n1,inf\n", DataError, "b is 'inf'"),
        ("a,label\n1,-1\n", DataError, "label '-1' is no class"),
        ("a,label\n1,0.5\n", DataError, "is no class"),
        ('a,b\n"1,2\n', FormatError, "no table"),
        ("a,b\n", DataError, "no recordings"),
    ],
)
def test_tables_are_checked(tmp_path: Path, text: str, kind: type[NeurodeployError], problem: str) -> None:
    with pytest.raises(kind, match=problem):
        find_samples(_table(tmp_path, text))


def test_features_that_do_not_fit_the_coding_are_refused(tmp_path: Path) -> None:
    outside, short = find_samples(_table(tmp_path, "a,b\n0.5,31\n1.5,20\n"))
    with pytest.raises(DataError, match=r"t.csv:1: feature 1: is 31.0, outside 10 … 30"):
        recording_of(outside, LATENCY)
    with pytest.raises(DataError, match=r"t.csv:2: feature 0: is 1.5, outside 0 … 1"):
        recording_of(short, LATENCY)
    with pytest.raises(DataError, match="no latency coding"):
        recording_of(outside, None)
    with pytest.raises(DataError, match=r"give \(samples, 1\)"):
        recording_of(outside, Latency((0.0,), (1.0,)))
    with pytest.raises(OptionError, match="early"):
        Latency((0.0,), (1.0,), early_ms=-0.5)
    with pytest.raises(OptionError, match="bias spike"):
        Latency((0.0,), (1.0,), bias_ms=-1.0)
