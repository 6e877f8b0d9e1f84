"""Answers of networks to the same recordings as tables of 80 columns."""

from __future__ import annotations

from typing import Any

from neurodeploy.cli.compare_text import interval
from neurodeploy.cli.verb import table


def answers_text(found: dict[str, Any]) -> str:
    """What `neurodeploy.reporting.answers.paired` gives, for people."""
    rows = [
        (
            each["name"],
            f"{each['accuracy']['correct']:,} of {each['accuracy']['total']:,}",
            f"{each['accuracy']['share']:.2%}",
            interval(each["accuracy"]["interval_95"]),
            each["silent"],
        )
        for each in found["networks"]
        if each["accuracy"]
    ]
    if not rows:
        return "no recordings to test on"
    pairs = [
        (*pair["networks"], pair["right"]["only_first"], pair["right"]["only_second"], f"{pair['p_value']:.3g}")
        for pair in found["pairs"]
    ]
    parts = [table(["network", "right", "share", "95 % interval", "silent"], rows, narrow=True)]
    if pairs:
        parts.append(table(["first", "second", "right in first alone", "second alone", "p (sign)"], pairs, narrow=True))
    return "\n\n".join(parts)
