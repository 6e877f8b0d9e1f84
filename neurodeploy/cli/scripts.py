"""What each command does, as Python: `--gen-script`.

A function here gets the options that were given, by the command line, the environment or the options file, and answers
with a script that makes the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from neurodeploy.cli.script import Script
from neurodeploy.cli.script_networks import (
    compile_script,
    convert_script,
    inspect_script,
    quantize_script,
    train_script,
)
from neurodeploy.cli.script_parts import Given
from neurodeploy.cli.script_runs import (
    compare_script,
    replay_script,
    report_script,
    run_script,
    sweep_script,
    timestep_script,
    verify_script,
)

#: Options of the command line alone.
_OUTSIDE = ("as_json", "quiet", "verbose", "debug", "gen_script")


def given_options(ctx: click.Context) -> Given:
    """The arguments, and the options whose value is not the default."""
    given = {}
    for parameter in ctx.command.params:
        name = parameter.name
        source = ctx.get_parameter_source(name) if name else None
        if name and name not in _OUTSIDE and source not in (None, click.core.ParameterSource.DEFAULT):
            given[name] = ctx.params[name]
    return given


SCRIPTS: Mapping[str, Callable[[Given], Script]] = {
    "inspect": inspect_script,
    "quantize": quantize_script,
    "compile": compile_script,
    "run": run_script,
    "verify": verify_script,
    "compare": compare_script,
    "sweep": sweep_script,
    "convert": convert_script,
    "report": report_script,
    "replay": replay_script,
    "timestep": timestep_script,
    "train": train_script,
}
