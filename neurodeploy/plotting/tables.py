"""Small tables as HTML, everything in them escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from neurodeploy.replays.text import plain

#: Rows beyond these are counted, not shown.
MOST_ROWS = 40
_NUMBERS = 'style="text-align:right"'
_WORDS = 'style="text-align:left"'


def html_table(title: str, headings: Sequence[str] = (), rows: Sequence[Sequence[object]] = ()) -> str:
    """A line, and a table below it if there are rows; numbers to the right, None as a dash."""
    parts = [f"<p><b>{_text(title)}</b></p>"]
    if rows:
        right = [all(isinstance(row[i], (int, float)) or row[i] is None for row in rows) for i in range(len(headings))]
        style = [_NUMBERS if numeric else _WORDS for numeric in right]
        head = "".join(f"<th {s}>{_text(text)}</th>" for s, text in zip(style, headings, strict=True))
        body = "".join(
            f"<tr>{''.join(f'<td {s}>{_cell(v)}</td>' for s, v in zip(style, row, strict=True))}</tr>"
            for row in rows[:MOST_ROWS]
        )
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    if len(rows) > MOST_ROWS:
        parts.append(f"<p>{len(rows) - MOST_ROWS:,} more</p>")
    return f"<div>{''.join(parts)}</div>"


def percent(accuracy: dict[str, object] | None) -> str | None:
    """An accuracy as text; None where nothing has a label."""
    if accuracy is None:
        return None
    share = accuracy["share"]
    assert isinstance(share, float)
    return f"{100 * share:.2f} %"


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else _text(value)


def _text(value: object) -> str:
    return escape(plain(value))
