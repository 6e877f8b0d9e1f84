"""`neurodeploy verify`: two backends, the same input, the first difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.shared import FILE, data_options, run_options
from neurodeploy.cli.verb import Console, table, verb

DEFAULT_RANDOM_STEPS = 100


@verb(name="verify")
@click.argument("program", type=FILE)
@data_options
@click.option(
    "--random", "rate", type=float, metavar="RATE", help="Random input instead: spikes per neuron and step, 0 … 1."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random input.")
@click.option("--backends", default="reference,emulator", show_default=True, metavar="A,B", help="The two to compare.")
@run_options
def command(
    console: Console,
    program: Path,
    data: Path | None,
    split: str | None,
    limit: int | None,
    rate: float | None,
    seed: int,
    backends: str,
    **settings: Any,
) -> None:
    """Run PROGRAM in two backends and compare every spike, u and v; exits with 3 when they differ."""
    from neurodeploy import api
    from neurodeploy.compiler.program_file import load_program
    from neurodeploy.runtime.compare import Verifier
    from neurodeploy.runtime.run import RunOptions
    from neurodeploy.spikes.events import random_events

    loaded, _ = load_program(program)
    if rate is None:
        items = api.inputs(data, split, limit)
    else:
        settings["steps"] = settings["steps"] or loaded.network.steps or DEFAULT_RANDOM_STEPS
        items = [random_events(loaded.network.input.neurons, settings["steps"], rate, seed)]
    verifier = Verifier(loaded, tuple(name for name in backends.split(",") if name), RunOptions(**settings))
    with console.progress("comparing", len(items)) as advance:
        for item in items:
            verifier.compare(item)
            advance()
    answer = verifier.result().as_dict()
    console.result(answer, lambda: _text(answer))
    if not answer["equal"]:
        click.get_current_context().exit(3)


def _text(answer: dict[str, Any]) -> str:
    left, right = answer["backends"]
    rows = [
        (la["name"], la["spikes"][left], la["spikes"][right], la["differing"], la["first_step"])
        for la in answer["layers"]
    ]
    shown = table(["population", f"spikes, {left}", f"spikes, {right}", "differing", "first at step"], rows)
    first = answer["first_difference"]
    if first:
        where = f" of {first['recording']}" if first["recording"] else ""
        verdict = (
            f"different: first {first['variable']} of {first['population']} neuron {first['neuron']} "
            f"in step {first['step']}{where}: {first['values'][0]} ({left}), {first['values'][1]} ({right}); "
            f"likely cause: {first['likely_cause']}"
        )
    elif not answer["spikes_compared"]:
        verdict = "nothing was compared: no population spiked; give other recordings or a higher --random rate"
    else:
        verdict = f"equal: {answer['spikes_compared']:,} spikes, {answer['states_compared']:,} states compared"
    return f"{shown}\n\n{verdict}"
