"""What is put into a page as it is: data, scripts and drawings that stay inside their place."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from html.parser import HTMLParser

from markupsafe import Markup

#: What could end a script element, or a line of JavaScript inside a JSON text.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_IDS = re.compile(r'(?P<before>\bid="|href="#|url\(#)(?P<id>[^")]+)')


def script_json(data: object) -> Markup:
    """JSON for `<script type="application/json">`.

    Raises:
        ValueError: a number that JSON does not have.
    """
    return Markup(json.dumps(data, separators=(",", ":"), allow_nan=False).translate(_UNSAFE))  # noqa: S704 - escaped


def script_sources(html: str) -> Iterator[str]:
    """What a policy calls the scripts that stand in a fragment: `'sha256-…'` each, data blocks left out."""
    parser = _Scripts()
    parser.feed(html)
    parser.close()
    for text in parser.found:
        yield f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def inline_svg(text: str, ids: str, say: str) -> str:
    """The `<svg>` element of a file as part of a page that holds several.

    Args:
        text: of a file that matplotlib wrote.
        ids: what every id is given in front, so that no two drawings share one.
        say: what it shows, for those who do not see it.
    """
    drawing = text[text.index("<svg") :]
    named = _IDS.sub(lambda found: f"{found['before']}{ids}-{found['id']}", drawing)
    return named.replace("<svg", f'<svg role="img" aria-label="{escape(say)}"', 1)


class _Scripts(HTMLParser):
    """Collects the scripts of a fragment."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("type") in (None, "", "text/javascript", "module")
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data
