"""`neurodeploy formats`: what can be read and written."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from neurodeploy.cli.verb import Console, table, verb

_INDENT: dict[str, Any] = {"initial_indent": "  - ", "subsequent_indent": "    "}


@verb(name="formats")
def command(console: Console) -> None:
    """List the formats of networks, and what of each is covered."""
    from neurodeploy.models.formats import broken_formats, formats

    for problem in broken_formats():
        console.note(f"{problem}: repair or remove its package")
    rows: list[dict[str, Any]] = [
        {
            "name": item.name,
            "title": item.title,
            "suffixes": list(item.suffixes),
            "reads": list(item.reads) if item.reader else None,
            "writes": list(item.writes) if item.writer else None,
        }
        for item in formats()
    ]
    console.result({"schema": "neurodeploy.formats/1", "formats": rows}, lambda: _text(rows))
    console.next_step("neurodeploy convert IN OUT")


def _text(rows: list[dict[str, Any]]) -> str:
    listing = table(
        ["format", "suffix", "read", "written", "what it is"],
        [
            (
                row["name"],
                " ".join(row["suffixes"]) or "folder",
                "no" if row["reads"] is None else "yes",
                "no" if row["writes"] is None else "yes",
                row["title"],
            )
            for row in rows
        ],
    )
    details = [
        "\n".join([f"{row['name']} {action}", *(fill(phrase, 80, **_INDENT) for phrase in row[action])])
        for row in rows
        for action in ("reads", "writes")
        if row[action]
    ]
    return "\n\n".join([listing, *details])
