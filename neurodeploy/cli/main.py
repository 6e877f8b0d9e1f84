"""The command `neurodeploy`: a table of verbs, each imported when it is called."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.verb import fail
from neurodeploy.errors import FormatError, NeurodeployError

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
    "convert": "Write a network in another format.",
    "formats": "List the formats of networks, and what of each is covered.",
    "report": "Write the HTML and JSON report of a run.",
    "replay": "Show a recording and the network's answer, slowed down, as a page or a film.",
    "target": "List the chips, or show the limits of one.",
    "backend": "List the backends.",
    "lava": "Set up what backend lava needs, or tell whether it is there.",
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list under `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup, context_settings={"auto_envvar_prefix": "NEURODEPLOY", "help_option_names": ["-h", "--help"]}
)
@click.option("--config", type=click.Path(path_type=Path), help="TOML file of options, one table per command.")
@click.version_option(package_name="neurodeploy-snn")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """From a trained spiking network to a verified chip image.

    Start with `neurodeploy demo`, or with your own checkpoint: `neurodeploy inspect CHECKPOINT`.

    Options: a flag beats NEURODEPLOY_COMMAND_OPTION in the environment, that beats --config.
    """
    if config is not None:
        try:
            ctx.default_map = _read_config(config)
        except NeurodeployError as error:
            fail(ctx, error)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(str(path), f"cannot be read as TOML ({error})", "check the path and that line") from error


def main() -> None:
    """Entry point."""
    cli(prog_name="neurodeploy")
