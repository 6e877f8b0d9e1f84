"""Numbers and names as the page shows them."""

from __future__ import annotations

import json
import shlex
import unicodedata
from collections.abc import Mapping

from markupsafe import Markup, escape

#: Longer names are cut, with a remark; of a cut name so much stands in its title.
LONGEST_NAME, LONGEST_VALUE, LONGEST_TITLE = 60, 400, 400
#: Names that are told in full at the end of the page, and their characters together; the JSON has the others.
MAX_NAMES, MAX_CHARACTERS = 200, 500_000


class Names:
    """Names from files: shown in short, and remembered where that was not all of it."""

    def __init__(self) -> None:
        self._cut: dict[str, None] = {}

    def short(self, name: object, longest: int = LONGEST_NAME) -> str:
        """A name cut visibly when it is too long to show, its invisible characters made visible."""
        text = str(name)
        if len(text) <= longest:
            return visible(text)
        self._cut.setdefault(text)
        return f"{visible(text[:longest])}… ({len(text):,} characters)"

    def label(self, name: object, longest: int = LONGEST_NAME) -> Markup:
        """The short name in an element of its own, so that its direction of writing stays inside."""
        text, short = str(name), self.short(name, longest)
        if len(text) <= longest:
            return Markup(f"<bdi>{escape(short)}</bdi>")  # noqa: S704 - escaped here
        return Markup('<bdi title="{}">{}</bdi>').format(visible(text[:LONGEST_TITLE]), short)

    def value(self, value: object) -> Markup:
        """Anything that stands in provenance."""
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            return self.label(shlex.join(value), LONGEST_VALUE)  # a command line, as it can be given again
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return self.label(text, LONGEST_VALUE)

    def words(self, name: str) -> str:
        """The name of a limit, as one reads it."""
        return self.short(name.replace("_", " "))

    def cut(self) -> list[str]:
        """All that was cut until now, in full; as many as a page holds."""
        found, room = [], MAX_CHARACTERS
        for name in list(self._cut)[:MAX_NAMES]:
            room -= len(name)
            if room < 0:
                break
            found.append(visible(name))
        return found


def visible(text: str) -> str:
    """A text in which nothing is hidden: control characters, direction marks and broken halves by their numbers."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if _shows(c) else f"⟨U+{ord(c):04X}⟩" for c in text)


def _shows(character: str) -> bool:
    return character == " " or (character.isprintable() and unicodedata.category(character) not in ("Cf", "Cs", "Cc"))


def count(number: float | None) -> str:
    """A count with separators, a dash where nothing was counted."""
    return "–" if number is None else f"{number:,.0f}"


def counted(number: int, word: str) -> str:
    """So many of a thing: 1 core, 33 cores."""
    return f"{number:,} {word}{'s' * (number != 1)}"


def share(part: float) -> str:
    """A share of one in per cent."""
    return f"{100 * part:.1f}".removesuffix(".0") + " %"


def percent(part: float) -> str:
    """A share of one in per cent, with the digits by which networks differ; none only where there are none."""
    return f"{100 * part:.{0 if round(100 * part, 9).is_integer() else 2}f} %"


def brief(number: float) -> str:
    """A measured number in four digits."""
    return "0" if number == 0 else f"{number:.4g}"


def span(bits: Mapping[int, int]) -> str:
    """Bits of the weights of a layer, least and largest."""
    used = [width for width, synapses in bits.items() if synapses]
    return "" if not used else f"{min(used)}" if len(used) == 1 else f"{min(used)} … {max(used)}"


def fills(shares: Mapping[str, float]) -> str:
    """Cores that a layer fills by the limit that it takes most of."""
    limit = max(shares, key=lambda name: shares[name])
    return f"{shares[limit]:.2f} by {visible(limit.replace('_', ' '))}"


def joined(names: list[str]) -> Markup:
    """Names in a row."""
    return Markup(", ").join(escape(name) for name in names)
