"""What all commands share: options, messages, progress, and errors as one line."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from time import perf_counter
from typing import Any, NoReturn

import click

from neurodeploy.cli.scripts import SCRIPTS, given_options
from neurodeploy.errors import DoesNotFitError, FormatError, NeurodeployError

#: Rows of a refusal's table that one screen shows.
MOST_ROWS = 24
#: What makes a terminal change colours.
COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Verb(click.Command):
    """A command whose errors are one line on standard error and an exit code, unless `--debug` is given."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except NeurodeployError as error:
            if ctx.params.get("debug"):
                raise
            fail(ctx, error)
        except MemoryError:
            click.echo("Error: the machine's memory is not enough; give fewer recordings or shorter probes.", err=True)
            ctx.exit(1)


def fail(ctx: click.Context, error: NeurodeployError) -> NoReturn:
    """Print an error and leave with its exit code; what does not fit is told in numbers too."""
    click.echo(f"Error: {harmless(str(error))}", err=True)
    if isinstance(error, DoesNotFitError):
        if ctx.params.get("as_json"):
            click.echo(json.dumps(refusal_json(error), ensure_ascii=False))
        elif not ctx.params.get("quiet"):
            click.echo(_refusal(error), err=True)
    ctx.exit(error.exit_code)


def refusal_json(error: DoesNotFitError) -> dict[str, Any]:
    """What a command with `--json` prints where the answer is that a network does not fit."""
    return {
        "schema": "neurodeploy.refusal/1",
        "subject": error.subject,
        "problem": error.problem,
        "remedy": error.remedy,
        "rows": [dict(row) for row in error.rows[:MOST_ROWS]],
        "ways": list(error.ways),
    }


def _refusal(error: DoesNotFitError) -> str:
    """What is asked and what is there, on one screen."""
    parts = []
    if error.rows:
        shown = error.rows[:MOST_ROWS]
        parts.append(table(list(shown[0]), [list(row.values()) for row in shown], narrow=True))
        if len(error.rows) > len(shown):
            parts[-1] += f"\n{len(error.rows) - len(shown):,} more"
    if error.ways:
        parts.append("\n".join(fill(f"- {way}", 80, subsequent_indent="  ") for way in error.ways))
    return "\n" + "\n\n".join(parts) if parts else ""


class Console:
    """Messages of a command: results to standard output, everything else to standard error.

    Messages of `-v` begin with the seconds since the command began.

    Args:
        as_json: print one JSON object instead of text.
        quiet: no messages and no progress.
        verbose: more messages.
    """

    def __init__(self, as_json: bool, quiet: bool, verbose: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._verbose = verbose
        self._begun = perf_counter()

    def note(self, text: str) -> None:
        """A message on the way."""
        if not self.quiet:
            click.echo(harmless(text), err=True)

    def detail(self, text: str) -> None:
        """A message for `-v`."""
        if self._verbose:
            self.note(f"{perf_counter() - self._begun:8.2f} s  {text}")

    def result(self, data: dict[str, Any], text: Callable[[], str]) -> None:
        """The answer: `data` with `--json`, else `text`."""
        if self.quiet and not self.as_json:
            return
        shown = json.dumps(data, ensure_ascii=False, allow_nan=False) if self.as_json else _coloured(text())
        try:
            click.echo(shown)
        except BrokenPipeError:
            raise
        except OSError as error:
            problem = f"cannot be written ({error.strerror})"
            raise FormatError("standard output", problem, "send it where there is room") from error

    def next_step(self, text: str) -> None:
        """What to do after this command."""
        self.note(f"Next: {text}")

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Callable[..., None]]:
        """A bar on a terminal; the function it gives advances by a part or, told a text, by one and shows it.

        Args:
            label: what is being done.
            total: parts there are, so that the time left can be told; None: nobody knows, and the time gone is told.
        """
        self.detail(label)
        if self.quiet or not sys.stderr.isatty():
            yield lambda done="": self.detail(f"{label} {done}") if isinstance(done, str) else None
            return
        from neurodeploy.cli.bar import bar

        with bar(label, total) as advance:
            yield advance


def verb(**settings: Any) -> Callable[[Callable[..., Any]], Verb]:
    """Make a command: adds `--json`, `-q`, `-v`, `--debug`, where there is one `--gen-script`, and hands the function a
    `console`.
    """
    script = SCRIPTS.get(settings.get("name", ""))

    def decorate(function: Callable[..., Any]) -> Verb:
        def call(
            as_json: bool, quiet: bool, verbose: bool, debug: bool, gen_script: bool = False, **options: Any
        ) -> Any:
            if gen_script and script is not None:
                click.echo(script(given_options(click.get_current_context())).text)
                return None
            return function(console=Console(as_json, quiet, verbose), **options)

        call.__doc__ = function.__doc__
        call.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        if script is not None:
            call = click.option("--gen-script", is_flag=True, help="Print the same in Python, and do nothing.")(call)
        for option in (
            click.option("--debug", is_flag=True, help="Show the traceback of an error."),
            click.option("-v", "--verbose", is_flag=True, help="Say what is done when, in seconds from the start."),
            click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        ):
            call = option(call)
        return click.command(cls=Verb, **settings)(call)

    return decorate


def harmless(text: str) -> str:
    """A text that does nothing to a terminal: control characters and marks of direction as numbers, lines kept."""
    from neurodeploy.reporting.text import visible

    return "\n".join(visible(line) for line in text.split("\n"))


def _coloured(text: str) -> str:
    """The same of an answer, whose colours are its own."""
    return "".join(part if COLOUR.match(part) else harmless(part) for part in COLOUR.split(text))


def options(*decorators: Decorator) -> Decorator:
    """Several click options as one decorator, shown in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], narrow: bool = False) -> str:
    """Columns of text, numbers to the right; thin enough for 80 columns when the content is, the more so `narrow`."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console as RichConsole
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 0, 0, 1) if narrow else (0, 1))
    for i, heading in enumerate(headings):
        numeric = all(isinstance(row[i], (int, float)) or row[i] in (None, "") for row in rows)
        grid.add_column(Text(harmless(heading)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(harmless(_cell(value))) for value in row))
    text = io.StringIO()
    RichConsole(file=text, width=max(80, shutil.get_terminal_size().columns)).print(grid, highlight=False)
    return text.getvalue().rstrip()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}" if isinstance(value, float) else str(value)
