"""`neurodeploy verify`: two or more backends, the same input, the first difference and its likely cause."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.shared import FILE, board_options, data_options, run_options
from neurodeploy.cli.verb import Console, table, verb

#: What each likely cause means, for people.
MEANING = {
    "weight": "one or more weights differ",
    "exponent": "a projection has another weight exponent",
    "kernel_orientation": "a kernel is flipped or transposed",
    "decay": "a current or voltage decay differs",
    "threshold": "a threshold differs",
    "bias": "a bias differs",
    "reset": "the clearing after a spike, the refractory hold or the periodic reset differs",
    "delay": "spikes of a source arrive earlier or later",
    "offset": "the whole run is shifted in time",
    "wrap": "u leaves its 24 bits in another way",
    "clip": "v is clipped in another way",
    "unknown": "no single mistake explains it",
}


@verb(name="verify")
@click.argument("program", type=FILE)
@data_options
@click.option(
    "--random", "rate", type=float, metavar="RATE", help="Random input instead: spikes per neuron and step, 0 … 1."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random input.")
@click.option(
    "--backends",
    default="reference,emulator",
    show_default=True,
    metavar="A,B,…",
    help="Two or more; each is compared with the first.",
)
@run_options
@board_options
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
    """Run PROGRAM in two or more backends and compare every spike, u and v; exits with 3 when they differ."""
    from neurodeploy import api
    from neurodeploy.compiler.program_file import load_program
    from neurodeploy.runtime.compare import Verifier
    from neurodeploy.runtime.run import RunOptions

    loaded, _ = load_program(program)
    items = api.verify_inputs(loaded, data, rate, seed, settings["steps"], split, limit)
    with console.progress("loading", None):
        verifier = Verifier(loaded, tuple(name for name in backends.split(",") if name), RunOptions(**settings))
    with console.progress("comparing", len(items)) as advance:
        for item in items:
            verifier.compare(item, advance)
    answer = verifier.result().as_dict()
    console.result(answer, lambda: _text(answer))
    console.next_step(_next_step(answer, program, data))
    if not answer["equal"]:
        click.get_current_context().exit(3)


def _next_step(answer: dict[str, Any], program: Path, data: Path | None) -> str:
    """What tells more: recordings for an answer, where all is equal; layer by layer, where it is not."""
    recordings = "RECORDINGS" if data is None else shlex.quote(str(data))
    named = shlex.quote(str(program))
    if answer["equal"]:
        return f"neurodeploy run {named} --data {recordings} -o {shlex.quote(f'{program.stem}.ndr')}"
    if answer["first_difference"] is None:
        return f"neurodeploy verify {named} --random 0.1"
    return f"neurodeploy compare {named} --data {recordings} --backends {','.join(answer['backends'])}"


def _text(answer: dict[str, Any]) -> str:
    names = answer["backends"]
    rows = [
        (la["name"], *(la["spikes"][n] for n in names), la["differing"], la["first_step"]) for la in answer["layers"]
    ]
    shown = table(["spikes of", *names, "differing", "first at step"], rows)
    return f"{shown}\n\n{_verdict(answer)}"


def _verdict(answer: dict[str, Any]) -> str:
    first = answer["first_difference"]
    if first:
        (left, right), cause = first["backends"], first["likely_cause"]
        where = f" of {first['recording']}" if first["recording"] else ""
        late = f" by {answer['offset_steps'][right]} step(s)" if cause == "offset" else ""
        return (
            f"different: first {first['variable']} of {first['population']} neuron {first['neuron']} "
            f"in step {first['step']}{where}: {first['values'][0]} ({left}), {first['values'][1]} ({right})\n"
            f"likely cause: {cause}, {MEANING[cause]}{late}"
        )
    if not answer["spikes_compared"]:
        return "nothing was compared: no population spiked; give other recordings or a higher --random rate"
    return f"equal: {answer['spikes_compared']:,} spikes, {answer['states_compared']:,} states compared"
