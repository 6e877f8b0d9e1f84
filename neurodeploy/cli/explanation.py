"""Why a layer takes what it takes, as `compile --explain` and `inspect --explain` print it."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from neurodeploy.cli.verb import table

WIDTH = 80
#: Limits as they stand in a narrow column.
SHORT = {"compartments": "neurons", "synapse_memory": "memory", "input_axons": "axons", "output_slots": "slots"}
#: Stretches whose neurons are listed.
MOST_CUTS = 12


def short(limit: str) -> str:
    """The name of a limit in a narrow column."""
    return SHORT.get(limit, limit.replace("_", " "))


def wrapped(text: str) -> str:
    """The text with no line longer than 80 columns."""
    lines = text.split("\n")
    return "\n".join(fill(line, WIDTH, subsequent_indent="    ") if len(line) > WIDTH else line for line in lines)


def explanation_text(data: dict[str, Any]) -> str:
    """The object of `api.explain` on one screen."""
    lines = [
        f"{data['layer']}: {data['neurons']:,} neurons on {data['cores']} core{'s' if data['cores'] != 1 else ''}",
        f"  laid out {data['layout']}",
        f"  cut into {_cut(data)}",
    ]
    if data["fills"]:
        lines.append(
            f"  fills cores {', '.join(f'{part:.2f} by {short(name)}' for name, part in data['fills'].items())}"
        )
    if data["shared_with"]:
        shared = ", ".join(f"{name} ({cores})" for name, cores in data["shared_with"].items())
        lines.append(f"  shares cores with {shared}")
    return wrapped("\n".join(lines)) + "\n\n" + _stored(data) + "\n\n" + _ways(data)


def _cut(data: dict[str, Any]) -> str:
    neurons = [str(stretch["neurons"]) for stretch in data["cut"]]
    shown = ", ".join(neurons[:MOST_CUTS]) + (" …" if len(neurons) > MOST_CUTS else "")
    reasons = ", ".join(
        f"{count} where {'the layer' if limit == 'end' else limit.replace('_', ' ')} ended"
        for limit, count in sorted(data["stretches"].items(), key=lambda item: -item[1])
    )
    return f"{shown} neurons: {reasons}" if reasons else f"{shown} neurons"


def _stored(data: dict[str, Any]) -> str:
    rows = [
        (
            row["projection"],
            f"{row['bits']}-bit {row['sign_mode']}",
            row["compression"].replace("_", " "),
            row["exponent"],
            row["delay_bits"],
            row["synapses"],
            row["lists"],
        )
        for row in data["formats"]
    ]
    return table(["stored", "weights", "lists are", "exponent", "delay bits", "synapses", "lists"], rows, narrow=True)


def _ways(data: dict[str, Any]) -> str:
    """At the same cut: what other formats would take."""
    rows: list[tuple[object, ...]] = [("as stored", data["stored_words"], data["fills"].get("synapse_memory"))]
    rows += [(_way(row, data), row["words"], row["fills"]) for row in data["ways"]]
    return table(["at this cut", "words", "cores full"], rows, narrow=True)


def _way(row: dict[str, Any], data: dict[str, Any]) -> str:
    """The projection is named where there are several."""
    several = len({way["projection"] for way in data["ways"]}) > 1
    return f"{row['projection']}: {row['way']}" if several else str(row["way"])
