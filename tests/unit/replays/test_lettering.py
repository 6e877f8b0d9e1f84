"""Names in scripts that the usual typeface lacks: another typeface, or the characters' numbers; never boxes."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from neurodeploy.replays import lettering as ours
from neurodeploy.replays.lettering import cut, lettering, letters
from neurodeploy.replays.picture import Painter
from neurodeploy.replays.replay import Showing
from tests.support.replays import made

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"


def test_what_the_usual_typeface_has_is_drawn_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_installed", lambda: pytest.fail("no other is asked for"))
    for text in ("Geste für Grüße – жест χέρι", ""):
        assert lettering(text, 14) == (text, letters(14))
        assert lettering(text, 14, bold=True) == (text, letters(14, bold=True))


def test_without_a_typeface_the_numbers_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_installed", lambda: (FONTS / "cmr10.ttf",))
    assert lettering("手 a.bs2", 14) == ("[U+624B] a.bs2", letters(14))


def test_an_installed_typeface_that_has_all_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    stix = FONTS / "STIXGeneral.ttf"
    only = chr(min(ours._characters(stix) - ours._characters(FONTS / "DejaVuSans.ttf")))
    monkeypatch.setattr(ours, "_installed", lambda: (Path(__file__), FONTS / "cmr10.ttf", stix))
    text, font = lettering(f"{only} a", 14)
    assert (text, font.getname()[0], font.size) == (f"{only} a", "STIXGeneral", 14)


def test_the_installed_ones_are_found() -> None:
    assert FONTS / "DejaVuSans.ttf" in ours._installed()
    assert FONTS / "DejaVuSans-Bold.ttf" not in ours._installed()
    private = 0x10FFFD  # no script is there, so what has it draws signs that stand for missing ones
    assert not any(private in ours._characters(path) for path in ours._installed())


def test_names_of_classes_are_spelled_in_a_film(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is the one of the spelled names."""
    monkeypatch.setattr(ours, "_installed", lambda: ())
    count = made().class_count
    pictures = [
        np.asarray(Painter(made(showing=Showing(names=tuple(f"{head}{k}" for k in range(count)))), "").paint(100.0))
        for head in ("手", "[U+624B]", "x")
    ]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()


def test_cut() -> None:
    font = letters(14)
    shown = cut("a" * 500, font, 100)
    assert shown.endswith("a…")
    assert 90 < font.getlength(shown) <= 100
    assert cut("abc", font, 100) == "abc"
