"""One moment of a replay as a picture, for films."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray
from neurodeploy.replays import canvas
from neurodeploy.replays.canvas import Box, marks
from neurodeploy.replays.lettering import cut, lettering, letters
from neurodeploy.replays.replay import Frame, Replay
from neurodeploy.replays.text import plain

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

WIDTH = 960
EDGE = 28
SIDE = 400
#: Classes with a bar of their own: those with most spikes.
MOST_BARS = 24
#: Pixels for numbers, between columns, for the mark of the true class, and at most for names.
_NUMBER, _GAP, _TRUE, _NAMES = 62, 12, 48, 230


class Painter:
    """Paints the moments of a replay, all over the same ground.

    Args:
        replay: what is shown.
        pace: how fast time goes, in words.
    """

    def __init__(self, replay: Replay, pace: str) -> None:
        self.replay = replay
        self._pace = pace
        height, width = replay.plane if replay.is_image else (1, 1)
        scale = min(SIDE / width, SIDE / height)
        self._events = Box(EDGE, 76, max(1, round(width * scale)), max(1, round(height * scale)))
        self._bars = Box(EDGE + SIDE + 36, 76, WIDTH - 2 * EDGE - SIDE - 36, max(240, self._events.height))
        rows = replay.layer.neurons
        self._below = 8 if replay.is_image else 26  # an input in a row has an axis of time there
        top = max(self._events.bottom, self._bars.bottom) + 44 + self._below
        self._raster = Box(EDGE + 24, top, WIDTH - 2 * EDGE - 24, min(220, max(110, 15 * rows)))
        below = self._raster.bottom + 26
        self._membrane = None if replay.membrane is None else Box(EDGE + 24, below + 24, self._raster.width, 110)
        bottom = (self._membrane.bottom + 26 if self._membrane else below) + (24 if replay.showing.credit else 0) + 8
        self.size = (WIDTH, bottom + bottom % 2)
        final = replay.frame(replay.end_ms)
        self._most = max(1, int(final.counts.max(initial=0)))
        self._shown = np.sort(np.argsort(-final.counts, kind="stable")[:MOST_BARS])
        self._lines = self._bars.height / len(self._shown)
        self._size = int(min(14, max(8, 0.7 * self._lines)))
        widths = [self._room(k, self._width(k)) for k in self._shown.tolist()]
        self._names = min(_NAMES, round(max(widths)) + 1)

    def paint(self, time_ms: float) -> Image:
        """The picture of a moment, RGB."""
        from PIL import ImageDraw

        frame = self.replay.frame(time_ms)
        picture = self._ground.copy()
        draw = ImageDraw.Draw(picture)
        self._paint_events(picture, frame)
        self._paint_bars(draw, frame)
        self._paint_raster(picture, draw, frame)
        if self._membrane is not None and frame.v is not None:
            self._paint_membrane(draw, self._membrane, frame.v)
        now = f"{frame.steps * self.replay.raster.timestep_ms:,.5g}"
        text = f"{now} / {self.replay.end_ms:,.5g} ms"
        draw.text((WIDTH - EDGE, 22), text, canvas.INK, letters(18, bold=True), "ra")
        return picture

    @cached_property
    def _ground(self) -> Image:
        """What is the same in all pictures."""
        from PIL import Image, ImageDraw

        replay, raster = self.replay, self.replay.raster
        picture = Image.new("RGB", self.size, canvas.PAPER)
        draw = ImageDraw.Draw(picture)
        small, soft = letters(13), canvas.SOFT
        _write(draw, (EDGE, 20), plain(raster.file), 20, 600, canvas.INK, bold=True)
        _write(draw, (EDGE, 48), self._answer, 14, 680, soft)
        draw.text((WIDTH - EDGE, 48), self._pace, soft, letters(14), "ra")
        self._legend(draw, self._events.bottom + self._below)
        if not replay.is_image:
            self._axis(draw, self._events, 4)
        draw.text((self._bars.x, self._bars.bottom + 8), "output spikes so far", soft, small)
        left_out = replay.class_count - len(self._shown)
        if left_out:
            draw.text((WIDTH - EDGE, self._bars.bottom + 8), f"{left_out:,} classes not shown", soft, small, "ra")
        _write(draw, (self._raster.x, self._raster.y - 20), f"spikes of {plain(replay.layer.name)}", 13, 600, soft)
        self._axis(draw, self._raster)
        self._number_rows(draw)
        if self._membrane is not None and replay.membrane is not None:
            dashed = "" if replay.membrane.threshold is None else f", threshold {replay.membrane.threshold:,} dashed"
            told = f"membrane v of {plain(replay.membrane.population, 40)}:{replay.membrane.neuron}{dashed}"
            _write(draw, (self._membrane.x, self._membrane.y - 20), told, 13, 600, soft)
            draw.rectangle(
                (self._membrane.x, self._membrane.y, self._membrane.right, self._membrane.bottom), canvas.GROUND
            )
            self._axis(draw, self._membrane)
        if replay.showing.credit:
            line = plain(replay.showing.credit, 1000)
            _write(draw, (EDGE, self.size[1] - 26), line, 12, WIDTH - 2 * EDGE, soft)
        return picture

    @property
    def _answer(self) -> str:
        """What the run answers, and whether it is right."""
        raster, names = self.replay.raster, self.replay.names
        if raster.prediction is None:
            told = "no answer: the output stayed silent"
        else:
            told = f"recognised as {names[raster.prediction]}"
        if raster.label is None:
            return told
        label = raster.label
        named = names[label] if isinstance(label, int) and label < len(names) else plain(label)
        return f"{told}  ✓ right" if label == raster.prediction else f"{told}  ✗ it is {named}"

    def _legend(self, draw: ImageDraw, y: int) -> None:
        x = EDGE
        replay = self.replay
        of_row = "events" if replay.is_image else f"events of {replay.input.neurons:,} neurons, 0 at the top"
        entries = (("ON", canvas.ON), ("OFF", canvas.OFF)) if replay.has_polarity else ((of_row, canvas.ON),)
        for text, color in entries:
            draw.rectangle((x, y + 3, x + 9, y + 12), color)
            draw.text((x + 15, y), text, canvas.SOFT, letters(13))
            x += 30 + int(letters(13).getlength(text))

    def _axis(self, draw: ImageDraw, box: Box, most: int = 9) -> None:
        """Times below a box, at most about so many."""
        end, shown = self.replay.end_ms, canvas.ticks(self.replay.end_ms, most)
        for time in shown:
            x = box.x + box.width * time / end
            draw.line((x, box.bottom + 1, x, box.bottom + 4), canvas.BAR)
            text = f"{time:,.5g} ms" if time == shown[-1] else f"{time:,.5g}"
            draw.text((min(x, box.right - 18), box.bottom + 7), text, canvas.SOFT, letters(12), "ma")

    def _number_rows(self, draw: ImageDraw) -> None:
        rows, box = self.replay.layer.neurons, self._raster
        for row in range(rows) if rows <= MOST_BARS else (0, rows - 1):
            y = box.y + box.height * (row + 0.5) / rows
            draw.text((box.x - 6, y), str(row), canvas.SOFT, letters(11), "rm")

    def _paint_events(self, picture: Image, frame: Frame) -> None:
        from PIL import Image as Images

        box, replay = self._events, self.replay
        if replay.is_image:
            image = Images.fromarray(canvas.lit(frame.on_light, frame.off_light))
            picture.paste(image.resize((box.width, box.height), Images.Resampling.NEAREST), (box.x, box.y))
            return
        color = np.broadcast_to(np.array(canvas.ON, np.uint8), (len(frame.seen_step), 3))
        grid = (replay.input.neurons, replay.raster.steps)
        spikes = marks((box.height, box.width), grid, frame.seen_step, frame.seen_neuron, color)
        self._mark_time(spikes, frame.steps)
        picture.paste(Images.fromarray(spikes), (box.x, box.y))

    def _width(self, k: int) -> float:
        """Of the name of a class that wins."""
        name, font = lettering(self.replay.names[k], self._size, bold=True)
        return font.getlength(name)

    def _room(self, k: int, width: float) -> float:
        """What a name takes, with the mark of the true class."""
        return width + (_TRUE if k == self.replay.raster.label else 0)

    def _paint_bars(self, draw: ImageDraw, frame: Frame) -> None:
        box, high = self._bars, self._lines
        half = min(11.0, 0.31 * high)
        left, right = box.x + self._names + _GAP, box.right - _NUMBER
        for place, k in enumerate(self._shown.tolist()):
            y, count = box.y + (place + 0.5) * high, int(frame.counts[k])
            wins, mark = k == frame.winner, self._room(k, 0)
            color = canvas.WINS if wins else canvas.INK
            width, place_of = self._names - mark, (left - _GAP - mark, y)
            _write(draw, place_of, self.replay.names[k], self._size, width, color, bold=wins, anchor="rm")
            if mark:
                draw.text((left - _GAP, y), "◂ true", canvas.SOFT, letters(min(self._size, 12)), "rm")
            draw.rectangle((left, y - half, right, y + half), canvas.GROUND)
            if count:
                end = left + max(1, (right - left) * count / self._most)
                draw.rectangle((left, y - half, end, y + half), canvas.WINS if wins else canvas.BAR)
            draw.text((box.right, y), f"{count:,}", color, letters(self._size, wins), "rm")

    def _paint_raster(self, picture: Image, draw: ImageDraw, frame: Frame) -> None:
        from PIL import Image as Images

        box, layer = self._raster, self.replay.layer
        spikes = marks(
            (box.height, box.width),
            (layer.neurons, self.replay.raster.steps),
            frame.raster_step,
            frame.raster_neuron,
            self._colors(frame.raster_neuron, frame.winner),
        )
        self._mark_time(spikes, frame.steps)
        picture.paste(Images.fromarray(spikes), (box.x, box.y))

    def _colors(self, neuron: IntArray, winner: int | None) -> canvas.Pixels:
        """Of every spike of the raster."""
        replay = self.replay
        first, second, chosen = canvas.SOFT, canvas.WINS, np.zeros(len(neuron), bool)
        if replay.layer.name == replay.output.name:
            chosen = neuron // replay.votes == (-1 if winner is None else winner)
        elif replay.layer.name == replay.input.name and replay.has_polarity:
            first, second, chosen = canvas.OFF, canvas.ON, neuron >= replay.input.neurons // 2
        return np.where(chosen[:, None], np.array(second, np.uint8), np.array(first, np.uint8))

    def _mark_time(self, spikes: canvas.Pixels, steps: int) -> None:
        """The line that moves."""
        x = min(round(spikes.shape[1] * steps / self.replay.raster.steps), spikes.shape[1] - 1)
        spikes[:, max(x - 1, 0) : x + 1] = canvas.INK

    def _paint_membrane(self, draw: ImageDraw, box: Box, v: IntArray) -> None:
        assert self.replay.membrane is not None
        whole, threshold = self.replay.membrane.v, self.replay.membrane.threshold
        low = min(0, int(whole.min()))
        highest = max(1 if threshold is None else threshold, int(whole.max()))
        high = highest + (highest - low) * 0.05

        def y(value: IntArray | int) -> NDArray[np.float64]:
            return np.asarray(box.bottom - box.height * (np.asarray(value) - low) / (high - low))

        if threshold is not None:
            for x in range(box.x, box.right, 9):
                draw.line((x, float(y(threshold)), x + 4, float(y(threshold))), canvas.ON)
        middle = box.x + box.width * (np.arange(len(v)) + 0.5) / len(whole)
        if len(v) > 1:
            draw.line(np.stack([middle, y(v)], axis=1).ravel().tolist(), canvas.OFF)
        now = box.x + box.width * len(v) / len(whole)
        draw.line((now, box.y, now, box.bottom), canvas.INK, 2)


def _write(
    draw: ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    width: float,
    color: canvas.Color,
    *,
    bold: bool = False,
    anchor: str = "la",
) -> None:
    """A line of text from elsewhere, cut to a width; `anchor` says which of its corners is placed, as Pillow has it."""
    shown, font = lettering(text, size, bold)
    draw.text(place, cut(shown, font, width), color, font, anchor)
