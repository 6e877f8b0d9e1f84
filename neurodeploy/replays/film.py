"""Replays as films: GIF through Pillow, MP4 and WebM through PyAV."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, isfinite
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.errors import MissingPackageError, OptionError
from neurodeploy.extras import install_remedy
from neurodeploy.replays import canvas
from neurodeploy.replays.page import pace_in_words
from neurodeploy.replays.picture import Painter
from neurodeploy.replays.replay import Replay

if TYPE_CHECKING:
    from PIL.Image import Image

#: The last picture stands so long.
HOLD_S = 1.5
MAX_PICTURES = 20_000
MAX_FPS = 60
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Pace:
    """How fast a replay goes.

    Args:
        speed: shown time per time of the recording, 0.0001 … 1000.
        fps: pictures per second of a film, 1 … 60.

    Raises:
        OptionError: a number outside.
    """

    speed: float = 0.1
    fps: int = 25

    def __post_init__(self) -> None:
        if not (isfinite(self.speed) and 1e-4 <= self.speed <= 1e3):
            raise OptionError("speed", f"{self.speed} is outside 0.0001 … 1000", "0.1 is ten times slower")
        if not 1 <= self.fps <= MAX_FPS:
            raise OptionError("fps", f"{self.fps} is outside 1 … {MAX_FPS}", "25 is smooth enough")

    def moments(self, end_ms: float) -> list[float]:
        """The times of the recording that are painted, the last one as often as it stands.

        Raises:
            OptionError: more than 20,000.
        """
        gap = 1000 * self.speed / self.fps
        count = ceil(end_ms / gap)
        if count > MAX_PICTURES:
            problem = f"needs {count:,} pictures, at most {MAX_PICTURES:,} are drawn"
            raise OptionError("film", problem, "raise the speed or lower fps")
        return [k * gap for k in range(count)] + [end_ms] * ceil(HOLD_S * self.fps)


def film(replay: Replay, suffix: str, pace: Pace, progress: Progress = lambda part: None) -> bytes:
    """A film of a replay.

    Args:
        replay: what is shown.
        suffix: `.gif`, `.mp4` or `.webm`.
        pace: how fast it goes.
        progress: told now and then which part has been drawn since.

    Raises:
        OptionError: too many pictures.
        MissingPackageError: no PyAV, which the last two need.
    """
    moments = pace.moments(replay.end_ms)
    painter = Painter(replay, pace_in_words(pace.speed))
    return FILMS[suffix].write(painter, moments, pace.fps, progress)


class Gif:
    """One palette for all pictures, so that nothing flickers and what does not move costs nothing."""

    def check(self) -> None:
        """Nothing is needed that is not always there."""

    def write(self, painter: Painter, moments: list[float], fps: int, progress: Progress) -> bytes:
        """The film; see `film`."""
        from PIL import Image as Images

        palette = Images.new("P", (1, 1))
        palette.putpalette(canvas.palette())
        last = moments.index(moments[-1])
        # a GIF counts in hundredths of a second
        times = np.rint(np.arange(len(moments) + 1) * (100 / fps)).astype(int)
        durations = [10 * int(b - a) for a, b in pairwise(times[: last + 1])]
        durations.append(10 * int(times[-1] - times[last]))

        def pictures() -> Iterator[Image]:
            for moment in moments[: last + 1]:
                yield painter.paint(moment).quantize(palette=palette, dither=Images.Dither.NONE)
                progress(1 / (last + 1))

        stream, rest = io.BytesIO(), pictures()
        first = next(rest)
        first.save(stream, "GIF", save_all=True, append_images=rest, duration=durations, loop=0, disposal=1)
        return stream.getvalue()


@dataclass(frozen=True)
class Video:
    """A film that PyAV encodes.

    Attributes:
        container, codec: by FFmpeg's names.
        options: of the codec.
    """

    container: str
    codec: str
    options: tuple[tuple[str, str], ...]

    def check(self) -> None:
        """Raises MissingPackageError without PyAV."""
        try:
            from av import VideoFrame  # noqa: F401 - a folder of that name would pass `import av`
        except ImportError as error:
            remedy = f"{install_remedy('video')}, or write a .gif"
            raise MissingPackageError(f"a .{self.container}", "needs PyAV, which is not installed", remedy) from error

    def write(self, painter: Painter, moments: list[float], fps: int, progress: Progress) -> bytes:
        """The film; see `film`."""
        self.check()
        import av

        stream = io.BytesIO()
        with av.open(stream, "w", format=self.container) as box:
            track = box.add_stream(self.codec, rate=fps, options=dict(self.options))
            assert isinstance(track, av.VideoStream)
            track.width, track.height = painter.size
            track.pix_fmt = "yuv420p"
            track.time_base = Fraction(1, fps)
            picture, painted = None, None
            for moment in moments:
                if picture is None or moment != painted:
                    picture, painted = np.asarray(painter.paint(moment)), moment
                box.mux(track.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                progress(1 / len(moments))
            box.mux(track.encode())
        return stream.getvalue()


#: By suffix. Quality: constant rate factors of FFmpeg at which letters stay sharp.
FILMS: dict[str, Gif | Video] = {
    ".gif": Gif(),
    ".mp4": Video("mp4", "libx264", (("crf", "20"), ("preset", "medium"))),
    ".webm": Video("webm", "libvpx-vp9", (("crf", "30"), ("b", "0"), ("deadline", "good"), ("cpu-used", "4"))),
}
