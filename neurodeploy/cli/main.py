"""The command `neurodeploy`: a table of verbs, each imported when it is called."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import click

from neurodeploy.cli.config import USUAL, defaults, read_config
from neurodeploy.cli.verb import fail
from neurodeploy.errors import NeurodeployError

COMMANDS = {
    "demo": "Try everything on shipped data: events, compile, run, verify, report.",
    "doctor": "Tell what is installed and what each missing piece costs.",
    "train": "Train a network on labelled recordings.",
    "inspect": "Show what a network or program is made of.",
    "quantize": "Round weights to the chip's formats, losing least; on recordings or for a number of cores.",
    "compile": "Quantize a network and map it to the cores of a chip.",
    "run": "Run recordings through a compiled program.",
    "verify": "Run backends on the same input and name the first difference and its cause.",
    "compare": "Put runs, or a program's float network and backends, side by side.",
    "sweep": "Draw accuracy against the bits of the weights and the cores they take.",
    "timestep": "Find the longest time step at which a network in continuous time keeps its accuracy.",
    "convert": "Write a network in another format.",
    "formats": "List the formats of networks, and what of each is covered.",
    "report": "Write the HTML and JSON report of a run.",
    "replay": "Show a recording and the network's answer, slowed down, as a page or a film.",
    "target": "List the chips, or show the limits of one.",
    "backend": "List the backends.",
    "lava": "Set up what backend lava needs, or tell whether it is there.",
    "completion": "Print what a shell needs to complete commands and options.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed; `--help` reads the table only."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of a first use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"neurodeploy.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words begin with, its defaults taken from the options file; a near one is suggested."""
        if (near := get_close_matches(args[0], COMMANDS, 1)) and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and command is not None:
            _take_config(ctx, name, command)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list under `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _take_config(ctx: click.Context, name: str, command: click.Command) -> None:
    """Let an options file give the command's defaults: the named one, or the usual one where it is there."""
    path: Path | None = ctx.params.get("config")
    if path is None and not USUAL.is_file():
        return
    path = path or USUAL
    try:
        ctx.default_map = defaults(path, read_config(path), list(COMMANDS), name, command)
    except NeurodeployError as error:
        fail(ctx, error)


@click.group(
    cls=LazyGroup, context_settings={"auto_envvar_prefix": "NEURODEPLOY", "help_option_names": ["-h", "--help"]}
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help=f"TOML file of options, one table per command; else {USUAL} of the current folder, if it is there.",
)
@click.version_option(package_name="neurodeploy-snn")
def cli(config: Path | None) -> None:
    """From a trained spiking network to a verified chip image.

    Start with `neurodeploy demo`, or with your own checkpoint: `neurodeploy inspect CHECKPOINT`.

    Options: a flag beats NEURODEPLOY_COMMAND_OPTION in the environment, that beats the options file.
    """


def main() -> None:
    """Entry point."""
    cli(prog_name="neurodeploy")
