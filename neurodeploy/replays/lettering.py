"""Letters of films: the typeface that comes with matplotlib, another installed one for scripts that it lacks, and where
none has a character its number, `[U+6F22]`, so that nothing shows as an empty box.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

#: Weight of upright text in CSS and OpenType.
_REGULAR = 400
#: Typefaces that have every character and draw none of them; matplotlib comes with the first.
_EMPTY = ("Last Resort", "Adobe Blank")


@cache
def letters(size: int, bold: bool = False) -> FreeTypeFont:
    """The typeface that comes with matplotlib, in pixels."""
    return _opened(_own(bold), size)


def lettering(text: str, size: int, bold: bool = False) -> tuple[str, FreeTypeFont]:
    """A text as it can be drawn, and the typeface that has all of its characters.

    Args:
        text: one line.
        size: in pixels.
        bold: where matplotlib's typeface does; installed ones are taken as they are.
    """
    needed = frozenset(map(ord, text))
    missing = needed - _characters(_own(bold))
    if not missing:
        return text, letters(size, bold)
    other = next((path for path in _installed() if needed <= _characters(path)), None)
    if other is not None:
        return text, _opened(other, size)
    return "".join(f"[U+{ord(c):04X}]" if ord(c) in missing else c for c in text), letters(size, bold)


def cut(text: str, font: FreeTypeFont, width: float) -> str:
    """As much of a text as fits into a width."""
    if font.getlength(text) <= width:
        return text
    kept = text
    while kept and font.getlength(f"{kept}…") > width:
        kept = kept[: min(len(kept) - 1, int(len(kept) * width / font.getlength(f"{kept}…")) + 1)]
    return f"{kept.rstrip()}…"


def _own(bold: bool) -> Path:
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


@cache
def _opened(path: Path, size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(path, size)


@cache
def _characters(path: Path) -> frozenset[int]:
    """Code points that a typeface has; none where it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError):  # an installed file that is damaged, or of a kind that FreeType refuses
        return frozenset()


@cache
def _installed() -> tuple[Path, ...]:
    """Upright typefaces of this machine, in order of their files' names."""
    from matplotlib.font_manager import fontManager

    upright = [f for f in fontManager.ttflist if f.style == "normal" and f.weight in (_REGULAR, "regular", "normal")]
    return tuple(sorted({Path(font.fname) for font in upright if not font.name.startswith(_EMPTY)}))
