"""The digits as events: the sensor on images worked out by hand, invariants on all 1,797, and the folder on disk."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.errors import DataError, FormatError, MissingPackageError, OptionError
from neurodeploy.models.datasets.augment import warp
from neurodeploy.models.datasets.digits import Digit, load_images, record_digits, write_digits
from neurodeploy.models.datasets.saccades import Sensor, record
from neurodeploy.spikes.binary import encode
from neurodeploy.spikes.files import read_recording

#: One pixel that moves one image pixel to the right and back, in four frames of 1 ms each way.
SWEEP = Sensor(pixels=1, pitch=1, path=((0, 0), (1, 0)), frames_per_saccade=4, frame_us=1000, contrast=1)


@pytest.fixture(scope="module")
def digits() -> list[Digit]:
    return record_digits()


def rows(image: list[list[float]], sensor: Sensor) -> list[tuple[int, int, int, int]]:
    """Events (x, y, polarity, µs) of one image."""
    (recording,) = record(np.array([image], np.float64), sensor)
    columns = (recording.x, recording.y, recording.polarity, recording.time_us)
    return list(zip(*(np.asarray(column).tolist() for column in columns), strict=True))


def test_a_ramp_makes_one_event_per_level_on_the_way_out_and_back() -> None:
    on = [(0, 0, 1, time) for time in (1000, 2000, 3000, 4000)]
    off = [(0, 0, 0, time) for time in (5000, 6000, 7000, 8000)]
    assert rows([[0, 4, 8]], SWEEP) == on + off


def test_levels_between_frames_are_interpolated_and_rounded_to_microseconds() -> None:
    # 4 → 8 in 4 ms; levels 4.75, 5.5, 6.25, 7, 7.75 are crossed after 3/4 ms each; then back from 8.
    on = [(0, 0, 1, time) for time in (750, 1500, 2250, 3000, 3750)]
    off = [(0, 0, 0, time) for time in (5000, 5750, 6500, 7250, 8000)]
    assert rows([[0, 4, 8]], replace(SWEEP, contrast=0.75)) == on + off
    assert rows([[0, 0, 3]], SWEEP)[:3] == [(0, 0, 1, 1333), (0, 0, 1, 2667), (0, 0, 1, 4000)]


def test_rows_and_columns_keep_their_places() -> None:
    sensor = Sensor(pixels=3, pitch=1, path=((0, 0), (0, 1)), frames_per_saccade=1, frame_us=100, contrast=1)
    image = np.zeros((3, 3))
    image[2, 0] = 1  # seen by pixel (0, 2), after the move down by (0, 1)
    assert rows(image.tolist(), sensor) == [(0, 1, 1, 100), (0, 2, 0, 100), (0, 1, 0, 200), (0, 2, 1, 200)]


def test_recordings_are_kept_apart() -> None:
    recordings = record(np.array([[[0, 0, 0]], [[0, 4, 8]], [[0, 0, 0]]], np.float64), SWEEP)
    assert [len(recording) for recording in recordings] == [0, 8, 0]


@given(st.lists(st.integers(0, 16), min_size=9, max_size=9))
def test_a_closed_path_ends_at_the_level_where_it_began(values: list[int]) -> None:
    (recording,) = record(np.array(values, np.float64).reshape(1, 3, 3), Sensor(pixels=6, contrast=2.0))
    assert recording.polarity is not None
    assert recording.y is not None
    net = np.zeros((6, 6), np.int64)
    np.add.at(net, (recording.y, recording.x), 2 * recording.polarity - 1)
    assert not net.any()


def test_all_digits_in_their_splits(digits: list[Digit]) -> None:
    assert [digit.index for digit in digits] == list(range(1797))
    splits = [digit.split for digit in digits]
    assert splits[:3] == ["train", "test", "train"]
    assert (splits.count("train"), splits.count("test")) == (899, 898)
    assert [digit.label for digit in digits[:12]] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_all_events_lie_in_the_field_and_in_time(digits: list[Digit]) -> None:
    for digit in digits:
        recording = digit.recording
        assert 300 < len(recording) < 800
        assert recording.y is not None
        assert recording.polarity is not None
        assert max(recording.x.max(), recording.y.max()) < 16
        assert set(np.unique(recording.polarity)) == {0, 1}
        assert np.all(np.diff(recording.time_us) >= 0)
        assert recording.time_us[-1] <= Sensor().duration_us == 72_000


def test_recordings_are_the_same_on_every_machine(digits: list[Digit]) -> None:
    content = b"".join(encode(digit.recording, ".bs2") for digit in digits)
    assert len(content) == 5 * 902_228
    assert hashlib.sha256(content).hexdigest() == "ce34da6e100908aa598b78a4f0fb38f8bb60e36961124ce43eebcfa4904a756b"


def test_a_folder_of_recordings_reads_back(digits: list[Digit], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "digits"
    write_digits(folder, digits[:3])
    assert sorted(path.name for path in folder.iterdir()) == ["0000.bs2", "0001.bs2", "0002.bs2", "labels.csv"]
    assert (folder / "labels.csv").read_text() == (
        "file,label,split\n0000.bs2,0,train\n0001.bs2,1,test\n0002.bs2,2,train\n"
    )
    for digit in digits[:3]:
        read = read_recording(folder / digit.file)
        for column in ("x", "y", "polarity", "time_us"):
            np.testing.assert_array_equal(getattr(read, column), getattr(digit.recording, column))


def test_an_existing_folder_is_replaced_only_on_demand(digits: list[Digit], tmp_path: Path) -> None:
    write_digits(tmp_path, digits[:1])
    with pytest.raises(FormatError, match="exists already"):
        write_digits(tmp_path, digits[:1])
    write_digits(tmp_path, digits[:2], overwrite=True)
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 3


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FormatError, match="cannot be made"):
        write_digits(tmp_path / "file", [])


def test_without_scikit_learn_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingPackageError, match="scikit-learn"):
        load_images()


def test_a_sensor_outside_its_ranges_is_refused() -> None:
    with pytest.raises(OptionError, match="257 pixels"):
        Sensor(pixels=257)
    with pytest.raises(OptionError, match="contrast 0 is not above 0"):
        Sensor(contrast=0)


def test_images_of_another_number_of_axes_are_refused() -> None:
    with pytest.raises(DataError, match=r"\(8, 8\)"):
        record(np.zeros((8, 8)), Sensor())


def test_warped_images_follow_their_seed_and_stay_close() -> None:
    images, _ = load_images()
    one, same, other = (warp(images[:200], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.shape == (200, 8, 8)
    assert 0 <= one.min() < one.max() <= 16
    correlation = np.corrcoef(images[:200].ravel(), one.ravel())[0, 1]
    assert 0.8 < correlation < 0.99
    np.testing.assert_array_equal(4 * one, np.rint(4 * one))


def test_warping_keeps_axes_apart() -> None:
    column = np.zeros((400, 8, 8))
    column[:, :, 3] = 16
    warped = warp(column, 0).mean(axis=0)
    assert warped[2:6, 3].min() > 2 * warped[2:6, [0, 1, 6, 7]].max()
