"""The bar that a terminal shows while something lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Columns of the bar itself, and at most of what is told beside it: with times and per cent they fit into 80.
WIDTH, TOLD = 24, 34


@contextmanager
def bar(label: str, total: int | None) -> Iterator[Callable[[str | float], None]]:
    """A bar on standard error; see `Console.progress`. It is gone when it is done."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    told = TextColumn("{task.description}", table_column=Column(no_wrap=True, max_width=TOLD, overflow="ellipsis"))
    times = [TimeElapsedColumn()] if total is None else [TaskProgressColumn(), TimeRemainingColumn()]
    after = TextColumn("so far" if total is None else "left")
    with Progress(
        SpinnerColumn(), told, BarColumn(WIDTH), *times, after, console=Console(stderr=True), transient=True
    ) as shown:
        task = shown.add_task(escape(label), total=total)

        def advance(done: str | float) -> None:
            if isinstance(done, str):
                shown.update(task, advance=1, description=escape(f"{label} {done}"))
            else:
                shown.update(task, advance=done)

        yield advance
