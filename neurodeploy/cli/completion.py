"""`neurodeploy completion`: what a shell needs to complete commands, options and names."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from neurodeploy.cli.verb import Console, verb

#: Where each shell looks, and the line that it needs there.
HOMES = {
    "bash": ("~/.bashrc", 'eval "$(neurodeploy completion bash)"'),
    "zsh": ("~/.zshrc", 'eval "$(neurodeploy completion zsh)"'),
    "fish": ("~/.config/fish/completions/neurodeploy.fish", "neurodeploy completion fish | source"),
}


@verb(name="completion")
@click.argument("shell", metavar="bash|zsh|fish")
def command(console: Console, shell: str) -> None:
    """Print what SHELL needs to complete commands and options with the tab key."""
    from neurodeploy.errors import OptionError

    kind = get_completion_class(shell)
    if shell not in HOMES or kind is None:
        raise OptionError(f"shell {shell}", "is unknown", f"choose from {', '.join(HOMES)}")
    script = kind(click.Group(), {}, "neurodeploy", "_NEURODEPLOY_COMPLETE").source()
    file, line = HOMES[shell]
    console.result(
        {"schema": "neurodeploy.completion/1", "shell": shell, "file": file, "line": line, "script": script},
        lambda: script,
    )
    if sys.stdout.isatty():  # not where a shell reads it as it starts
        console.next_step(f"put this line into {file}: {line}")
