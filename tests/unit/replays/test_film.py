"""Films: as many pictures as asked for, each showing what its frame says."""

from __future__ import annotations

import builtins
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neurodeploy.errors import MissingPackageError, OptionError
from neurodeploy.replays import canvas
from neurodeploy.replays.film import FILMS, Pace, film
from neurodeploy.replays.picture import EDGE, SIDE, Painter
from neurodeploy.replays.replay import Showing
from tests.support.replays import made

PACE = Pace(0.5, 10)


def test_moments() -> None:
    """100 ms at half speed in ten pictures a second: every 50 ms, then the end for 1.5 s."""
    assert PACE.moments(100) == [0, 50] + [100] * 15
    assert len(Pace(0.1, 25).moments(1450)) == 363 + 38
    with pytest.raises(OptionError, match="raise the speed"):
        Pace(0.0001, 60).moments(1e6)
    for speed, fps in ((0, 25), (float("nan"), 25), (0.1, 0), (0.1, 61)):
        with pytest.raises(OptionError, match="outside"):
            Pace(speed, fps)


def test_a_gif_has_the_pictures_of_the_moments() -> None:
    replay, parts = made(), list[float]()
    data = film(replay, ".gif", PACE, parts.append)
    assert sum(parts) == pytest.approx(1)
    painter = Painter(replay, "2× slower")
    with Image.open(io.BytesIO(data)) as gif:
        assert gif.n_frames == 3  # type: ignore[attr-defined]
        durations = []
        for moment in (0.0, 50.0, 100.0):
            gif.seek(round(moment / 50))
            durations.append(gif.info["duration"])
            ours = np.asarray(painter.paint(moment), int)
            # pale colours are rounded to those of the palette
            assert np.abs(np.asarray(gif.convert("RGB"), int) - ours).max() <= 24
    assert durations == [100, 100, 1500]


def test_delays_of_a_gif_add_up() -> None:
    """30 pictures a second are 3.33 hundredths each."""
    data = film(made(), ".gif", Pace(0.5, 30))
    with Image.open(io.BytesIO(data)) as gif:
        total = 0
        for k in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(k)
            total += gif.info["duration"]
    assert total == 200 + 1500


def test_events_are_painted_where_they_are() -> None:
    replay = made()
    picture, frame = np.asarray(Painter(replay, "").paint(60), int), replay.frame(60)
    scale = SIDE // 8
    only_on, only_off = (frame.on > 0) & (frame.off == 0), (frame.off > 0) & (frame.on == 0)
    silent = (frame.on == 0) & (frame.off == 0)
    assert only_on.any()
    assert only_off.any()
    for places, test in (
        (only_on, lambda p: p[0] > p[2] + 20),
        (only_off, lambda p: p[2] > p[0] + 20),
        (silent, lambda p: tuple(p) == canvas.GROUND),
    ):
        for y, x in zip(*np.nonzero(places), strict=True):
            assert test(picture[76 + int((y + 0.5) * scale), EDGE + int((x + 0.5) * scale)])


def test_the_longest_bar_is_the_winners_and_green() -> None:
    replay = made()
    picture = np.asarray(Painter(replay, "").paint(replay.end_ms))
    greens = np.argwhere(
        (picture[:, 500:, :] == canvas.WINS).all(axis=2) & (np.arange(picture.shape[0]) < 316)[:, None]
    )
    middle = greens[:, 0].mean()
    assert replay.raster.prediction == int((middle - 76) / (max(240, 300) / 4))


def test_hostile_names_are_painted() -> None:
    names = ("<script>\n" * 2000, "手🖐\u202e\x00\ud800", "'\"", "")
    replay = made(file="\n".join("x" * 50), label=1, showing=Showing(names=names, credit="©" * 10_000))
    assert Painter(replay, "").paint(50).size[0] == 960


@pytest.mark.parametrize("shape", [(40,), (1, 3, 200), (2, 90, 2)])
def test_inputs_of_all_shapes_are_painted(shape: tuple[int, ...]) -> None:
    for outputs in (1, 300):
        replay = made(shape, outputs=outputs, label=None)
        for moment in (0, 2, 100):
            picture = Painter(replay, "").paint(moment)
            assert picture.size[1] % 2 == 0


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_videos_open(suffix: str) -> None:
    import av

    data = film(made(), suffix, PACE)
    with av.open(io.BytesIO(data), "r") as box:
        pictures = [frame.to_ndarray(format="rgb24") for frame in box.decode(video=0)]
        assert float(box.streams.video[0].average_rate or 0) == 10
    assert len(pictures) == 17
    ours = np.asarray(Painter(made(), "2× slower").paint(50), float)
    assert np.abs(pictures[1].astype(float) - ours).mean() < 6


def test_without_pyav_a_video_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def none(name: str, *rest: Any, **named: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(MissingPackageError, match=r"pip install 'av>=\d+', or write a \.gif"):
        FILMS[".mp4"].check()


def test_ticks() -> None:
    assert canvas.ticks(1450, 9) == [0, 200, 400, 600, 800, 1000, 1200, 1400]
    assert canvas.ticks(0.3, 3) == pytest.approx([0, 0.1, 0.2, 0.3])
