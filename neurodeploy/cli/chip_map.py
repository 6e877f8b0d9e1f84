"""The map of a chip in the terminal: every router with its cores, lettered by what they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from string import ascii_letters
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from neurodeploy.reporting.preflight import Core, Preflight

WIDTH = 80
#: Boards of more chips get one line per chip.
MOST_MAPS = 2
#: One step per eighth of the core's tightest limit.
LEVELS = "▁▂▃▄▅▆▇█"
COLORS = ("cyan", "yellow", "green", "magenta", "blue", "red")
#: Layers whose letters stand in a core.
LETTERS = 2
#: A core is its letters and a level, two stand beside each other with a blank between, routers with two.
CELL = LETTERS + 1
OTHERS = "+"


def chip_map(report: Preflight) -> Text:
    """Maps of the chips in use, or for boards of many chips, or chips too wide to draw, a line each; the legend behind.

    Args:
        report: of a program.
    """
    from rich.text import Text

    chips: dict[int, list[Core]] = {}
    for core in report.core_table:
        chips.setdefault(core.chip, []).append(core)
    letters = dict(zip((layer.name for layer in report.layers if layer.cores), ascii_letters, strict=False))
    drawn = len(chips) <= MOST_MAPS and _size(report)[0] <= WIDTH and report.mesh[1] <= WIDTH
    text = Text()
    for chip in sorted(chips):
        if drawn:
            text.append_text(_drawn(chip, chips[chip], report, letters))
        else:
            text.append_text(_line(chip, chips[chip], report, letters))
    if drawn:
        text.append_text(_legend(report, letters))
    text.rstrip()
    return text


def _across(report: Preflight) -> int:
    """Cores of a router that are drawn side by side."""
    return min(2, report.cores_per_router)


def _size(report: Preflight) -> tuple[int, int]:
    """Columns of a chip's map, and lines of one of its routers."""
    across = _across(report)
    return report.mesh[0] * (across * (CELL + 1) + 1) + 1, -(-report.cores_per_router // across)


def _drawn(chip: int, cores: Sequence[Core], report: Preflight, letters: dict[str, str]) -> Text:
    from rich.text import Text

    columns, rows = report.mesh
    across, (_, lines) = _across(report), _size(report)
    at = {core.slot: core for core in cores}
    text = Text(f"chip {chip}: {columns} x {rows} routers of {report.cores_per_router} cores\n")
    for row in range(rows):
        for line in range(lines):
            text.append("  ")
            for column in range(columns):
                first = (column * rows + row) * report.cores_per_router + line * across
                for k in range(across):
                    text.append_text(_cell(at.get(first + k), letters))
                    text.append(" ")
                text.append(" ")
            text.rstrip()
            text.append("\n")
        text.append("\n" if row < rows - 1 else "")
    return text


def _cell(core: Core | None, letters: dict[str, str]) -> Text:
    """The letters of the populations with most neurons, and how full the core is."""
    from rich.text import Text

    if core is None:
        return Text("·".center(CELL), "dim")
    held = sorted(core.neurons, key=lambda name: -core.neurons[name])
    text = Text()
    for position, name in enumerate(held[:LETTERS]):
        letter = letters.get(name, OTHERS)
        text.append(OTHERS if position == LETTERS - 1 and len(held) > LETTERS else letter, _color(letter))
    text.pad_right(LETTERS - len(text))
    text.append(LEVELS[min(int(core.share * len(LEVELS)), len(LEVELS) - 1)], _color(letters.get(held[0], OTHERS)))
    return text


def _color(letter: str) -> str:
    return "" if letter == OTHERS else COLORS[ascii_letters.index(letter) % len(COLORS)]


def _legend(report: Preflight, letters: dict[str, str]) -> Text:
    from rich.text import Text

    text = Text()
    column = 0
    for name, letter in letters.items():
        if column and column + len(name) + 4 > WIDTH:
            text.append("\n")
            column = 0
        text.append("  ")
        text.append(letter, _color(letter))
        text.append(f" {name}")
        column += len(name) + 4
    used = {name: letters.get(name) for core in report.core_table for name in core.neurons}
    more = any(len(core.neurons) > LETTERS for core in report.core_table) or None in used.values()
    text.append(f"\n  {LEVELS[0]} … {LEVELS[-1]} share of the core's tightest limit, · free")
    text.append(f", {OTHERS} more layers\n" if more else "\n")
    return text


def _line(chip: int, cores: Sequence[Core], report: Preflight, letters: dict[str, str]) -> Text:
    """How many cores of a chip are used and what they hold most."""
    from rich.text import Text

    held = Counter(name for core in cores for name in core.neurons)
    mean = sum(core.share for core in cores) / len(cores)
    text = Text(f"chip {chip:<5}{len(cores):>5} cores, {mean:4.0%} of their tightest limit  ")
    text.append(", ".join(_most(held)))
    text.truncate(WIDTH, overflow="ellipsis")
    text.append("\n")
    return text


def _most(held: Counter[str]) -> Iterator[str]:
    for name, cores in held.most_common(3):
        yield f"{name} {cores}"
    if len(held) > 3:
        yield f"{len(held) - 3} more"
