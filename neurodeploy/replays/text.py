"""Names from files, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata

#: Longer names are cut, with a remark.
LONGEST = 120
_SPACE = re.compile(r"\s+")
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: object, longest: int = LONGEST) -> str:
    """One line of text without control characters, halves of surrogate pairs or marks that turn the direction.

    Args:
        text: anything from a file.
        longest: characters that are shown; what is cut is told.
    """
    line = _TURNS.sub("", _SPACE.sub(" ", str(text))).strip()
    shown = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cs") else c for c in line)
    return shown if len(shown) <= longest else f"{shown[:longest]}… ({len(shown):,} characters)"
