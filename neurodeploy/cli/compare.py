"""`neurodeploy compare`: runs side by side, or one program in several backends."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.cli.compare_choice import SHOWN
from neurodeploy.cli.shared import FILE, command_line, data_options, run_options
from neurodeploy.cli.verb import Console, verb

if TYPE_CHECKING:
    from neurodeploy.comparison import Comparison


@verb(name="compare")
@click.argument("runs", nargs=-1, required=True, type=FILE, metavar="RUN.ndr RUN.ndr … | PROGRAM.ndp")
@data_options
@click.option(
    "--backends",
    metavar="A,B,…",
    help="Of a program: its stages, torch,emulator if not given; torch is the float network.",
)
@click.option("--threads", type=int, default=1, show_default=True, help="Of a program: recordings run side by side.")
@click.option("--readout", metavar="count|first|average", default="auto", help="Of a program: see run.")
@run_options
@click.option("--classes", is_flag=True, help="Show the accuracy of every class.")
@click.option("-o", "--output", type=FILE, metavar="PAGE.html", help="Write the report of all runs, see report.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def command(
    console: Console,
    runs: tuple[Path, ...],
    data: Path | None,
    split: str | None,
    limit: int | None,
    backends: str | None,
    threads: int,
    classes: bool,
    output: Path | None,
    force: bool,
    **settings: Any,
) -> None:
    """Put runs side by side over the recordings that all have; exits with 3 when they have none in common.

    With one PROGRAM.ndp and --data, its float network and its backends are run and compared, layer by layer.
    """
    from neurodeploy.cli.compare_text import comparison_text
    from neurodeploy.comparison import compare
    from neurodeploy.errors import OptionError
    from neurodeploy.files import check_output
    from neurodeploy.reporting import write_report

    if output is not None:
        check_output(output, force)
    is_program = len(runs) == 1 and runs[0].suffix == ".ndp"
    if is_program:
        names = tuple(name for name in (backends or "").split(",") if name)
        found = _stages(console, runs[0], data, names, threads, {"split": split, "limit": limit, **settings})
    else:
        if data is not None or backends is not None or split is not None or limit is not None:
            raise OptionError("--data, --split, --limit and --backends", "are of a program", "leave them out")
        with console.progress("comparing", len(runs)) as advance:
            found = compare(runs, advance)
    answer = found.as_dict()
    if output is not None and found.recordings:
        with console.progress("drawing", None):
            write_report(found, output, overwrite=force)
    console.result(answer, lambda: comparison_text(answer, classes))
    if not found.recordings:
        click.get_current_context().exit(3)
    if output is not None:
        console.next_step(f"open {output} in a browser")
        return
    console.next_step(
        f"neurodeploy verify {runs[0]} --data {data}" if is_program else f"neurodeploy report {_named(runs)}"
    )


def _named(runs: tuple[Path, ...]) -> str:
    """The runs as words of a command; of many the first."""
    return f"{shlex.join(map(str, runs[:SHOWN]))}{' …' if len(runs) > SHOWN else ''}"


def _stages(
    console: Console, path: Path, data: Path | None, backends: tuple[str, ...], threads: int, settings: dict[str, Any]
) -> Comparison:
    from neurodeploy import api
    from neurodeploy.compiler.program_file import load_program
    from neurodeploy.errors import OptionError
    from neurodeploy.staging import STAGES, stages

    if data is None:
        raise OptionError("--data", "is missing", "give recordings to run the program on, or two or more .ndr files")
    program, _ = load_program(path)
    chosen = backends or STAGES
    total = len(api.inputs(data, settings["split"], settings["limit"])) * len(chosen)
    with console.progress("running", total) as advance:
        return stages(program, data, chosen, threads=threads, progress=advance, command=command_line(), **settings)
