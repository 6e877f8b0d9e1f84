"""Which of many runs a terminal shows side by side, and what is told of the others."""

from __future__ import annotations

from statistics import median
from textwrap import fill
from typing import Any

#: Runs shown side by side: their columns fit into 80.
SHOWN = 5


def chosen(answer: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A comparison of at most `SHOWN` runs, each with its pair with the first, and lines about all that there are.

    Shown are the first run, the best, the worst, and those whose answers differ most from the first's.

    Args:
        answer: of `Comparison.as_dict`.
    """
    runs = answer["runs"]
    if len(runs) <= SHOWN:
        return answer, []
    first = runs[0]["name"]
    with_first = {pair["runs"][1]: pair for pair in answer["pairs"] if pair["runs"][0] == first}
    changed = {name: len(pair["changed"]) for name, pair in with_first.items()}
    known = {run["name"]: run["accuracy"]["share"] for run in runs if run["accuracy"]}
    wanted = [first, *([max(known, key=known.__getitem__), min(known, key=known.__getitem__)] if known else [])]
    wanted = list(dict.fromkeys([*wanted, *sorted(changed, key=changed.__getitem__, reverse=True)]))[:SHOWN]
    shown = answer | {
        "runs": [run for run in runs if run["name"] in wanted],
        "pairs": [pair for name, pair in with_first.items() if name in wanted],
    }
    return shown, _about_all(first, known, changed, len(runs))


def _about_all(first: str, known: dict[str, float], changed: dict[str, int], runs: int) -> list[str]:
    """The accuracies of all runs, how many of them answer as the first does, and where the others are."""
    lines = []
    if known:
        low, middle, high = (100 * share(known.values()) for share in (min, median, max))
        best, worst = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
        spread = f"{low:.2f} … {high:.2f} %, median {middle:.2f} %; best {best}, worst {worst}"
        lines.append(f"accuracy of {len(known):,} runs: {spread if low < high else f'{low:.2f} % each'}")
    same = sum(not count for count in changed.values())
    lines.append(
        f"{same:,} of {len(changed):,} runs answer as {first} on every recording, {len(changed) - same:,} do not"
    )
    lines.append(
        f"shown are {SHOWN} of {runs:,}: the first, the best, the worst and those that differ most from the first; "
        "--json has all, -o PAGE.html draws them"
    )
    return [fill(line, 80, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) for line in lines]
